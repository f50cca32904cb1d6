"""Checks of lesson 4."""

from ..grading import Step, equal, holds

TITLE = "why creation order suffices"


def steps(student):
    """The order and the gradients: on a small graph, on one where every node is used twice, and on a long chain."""

    def small():
        x, y = student.Node(2.0), student.Node(3.0)
        p = x * y
        q = p * x
        return x, y, p, q, p + q

    def order():
        x, y, p, q, out = small()
        found = student.newest_first(out)
        if found is None:
            raise NotImplementedError
        numbers, right = [n.number for n in found], [n.number for n in (out, q, p, y, x)]
        holds(numbers == right, f"the numbers came as {numbers}; newest first is {right}")

    def gradients():
        x, y, p, q, out = small()
        student.backward(out)
        for node, wanted, name in ((out, 1, "the root"), (q, 1, "q"), (p, 3, "p"), (x, 15, "x"), (y, 6, "y")):
            equal(node.grad, wanted, f"the gradient of {name} in p + q with p = x·y, q = p·x at x = 2, y = 3")

    def doublings():
        x = student.Node(1.0)
        node = student.there("reduce(lambda node, _: node + node, range(60), x)", x=x)  # 2⁶⁰ paths: nobody follows all
        holds(len(list(student.newest_first(node))) == 61, "each of the 61 nodes comes once, however often it is used")
        student.backward(node)
        equal(x.grad / 2.0**60, 1.0, "the gradient of x after 60 doublings, divided by 2⁶⁰,")

    def chain():
        x, zero = student.Node(1.0), student.Node(0.0)
        node = student.there("reduce(lambda node, _: node + zero, range(50_000), x)", x=x, zero=zero)
        student.backward(node)
        equal(x.grad, 1.0, "the gradient through a chain of 50,000 sums")

    return [
        Step("newest first", order),
        Step("the gradients of a small graph", gradients),
        Step("60 doublings", doublings, 2),
        Step("a chain of 50,000", chain, 2),
    ]
