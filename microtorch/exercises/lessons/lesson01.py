"""Checks of lesson 1."""

from ..grading import Step, equal

TITLE = "the chain rule as a graph"


def steps(student):
    """Each gradient by itself, then the sum over paths on a line, with a reused node, and on many paths."""

    def gradient(i, letter):
        def check():
            for a, b, c in ((2.0, 3.0, 1.0), (-1.0, 0.5, 2.0)):
                found = student.gradients(a, b, c)
                right = (2 * (a * b + c) * b, 2 * (a * b + c) * a, 2 * (a * b + c))
                equal(found[i], right[i], f"d{letter} at a={a}, b={b}, c={c}")

        return check

    def line():
        equal(student.derivative({"x": [("u", 2.0)], "u": [("y", 5.0)]}, "x", "y"), 10.0, "y by x along x → u → y")

    def diamond():
        edges = {"x": [("u", 2.0), ("v", 3.0)], "u": [("y", 5.0)], "v": [("y", 7.0)]}
        equal(student.derivative(edges, "x", "y"), 31.0, "y by x over the two paths u and v")
        equal(student.derivative(edges, "u", "v"), 0.0, "v by u, which no path connects,")

    def many():
        edges = {i: [(i + 1, 0.5), (i + 1, 0.5)] for i in range(12)}
        equal(student.derivative(edges, 0, 12), 1.0, "the last of 12 doublings by the first, over 4096 paths,")

    return [
        *(Step(f"(ab + c)²: the gradient of {letter}", gradient(i, letter)) for i, letter in enumerate("abc")),
        Step("one path", line),
        Step("two paths, and none", diamond),
        Step("many paths", many),
    ]
