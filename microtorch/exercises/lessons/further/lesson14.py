"""Checks of lesson 14."""

import functools

import numpy as np

import microtorch

from ...grading import Step, equal, holds, values

TITLE = "vector-Jacobian and Jacobian-vector products"

F = "lambda x: microtorch.stack([x[0] * x[1], x[0] + x[1], x[0] ** 2])"
J = np.array([[3.0, 2.0], [1.0, 1.0], [4.0, 0.0]])  # of F at (2, 3)


def steps(student):
    """Both products of a function with more results than inputs, its Jacobian, and what they are of a ReLU."""
    table = [
        ("dy @ J", left, 1),
        ("dy @ J in the shape of x", rows, 1),
        ("J @ v", right, 2),
        ("J @ v of a linear function", linear, 1),
        ("the Jacobian", whole, 2),
        ("relu: dy @ J", relu(0, "dy @ J"), 1),
        ("relu: J @ v", relu(1, "J @ v"), 1),
        ("which side", counted, 1),
    ]
    return [Step(title, functools.partial(check, student), points) for title, check, points in table]


def leaf(student, numbers):
    """A tensor there that requires a gradient."""
    return student.there("microtorch.tensor(np.array(numbers), requires_grad=True)", numbers=numbers)


def vector(*numbers):
    """A tensor here."""
    return microtorch.tensor(np.array(numbers))


def left(student):
    """dy @ J, with dy."""
    dy = (1.0, 10.0, 100.0)
    found = student.vjp(student.there(F), leaf(student, [2.0, 3.0]), vector(*dy))
    if found is not None:
        holds(
            not same(found, J.sum(0)),
            "dy @ J is the plain sum of the rows of J: dy is not used. grad takes it after the inputs",
        )
    equal(found, dy @ J, "dy @ J")


def rows(student):
    """dy @ J keeps the shape of x."""
    x, w = leaf(student, [[1.0, 2.0], [3.0, -1.0]]), np.array([[2.0, 0.0, 1.0], [1.0, -1.0, 0.0]])
    dy = np.array([[1.0, 2.0, 3.0], [0.0, 1.0, -1.0]])
    found = student.vjp(student.there("lambda x: x @ w", w=vector(*w)), x, vector(*dy))
    equal(found, dy @ w.T, "dy @ J of y = x @ w, in the shape of x")


def right(student):
    """J @ v by two backwards."""
    v = (1.0, -2.0)
    try:
        found = student.jvp(student.there(F), leaf(student, [2.0, 3.0]), vector(*v))
    except Exception as error:
        holds(
            "does not require a gradient" not in str(error),
            f"{error}\nThe first product has to be recorded: grad(..., create_graph=True), and the dy in it has to "
            "require a gradient",
        )
        raise
    if found is not None:
        holds(
            np.shape(values(found)) != (2,),
            "J @ v has the shape of x; it has the shape of f(x): the second derivative is that by dy, not by x",
        )
    equal(found, J @ v, "J @ v")


def linear(student):
    """J of a linear function is its matrix."""
    w = np.array([[2.0, 0.0], [1.0, -1.0], [0.5, 3.0]])
    f = student.there("lambda x: w @ x", w=vector(*w))
    equal(student.jvp(f, leaf(student, [0.3, 0.7]), vector(1.0, 4.0)), w @ [1.0, 4.0], "J @ v of y = w @ x")


def whole(student):
    """The Jacobian, row by row."""
    found = student.jacobian(student.there(F), leaf(student, [2.0, 3.0]))
    if found is not None:
        holds(np.shape(values(found)) != (2, 3), "the Jacobian is transposed: a row belongs to a result")
    equal(found, J, "the Jacobian")


def relu(i, title):
    """Both products of a ReLU; `i` says which."""

    def check(student):
        x, dy, v = np.array([1.0, -2.0, 3.0]), np.array([1.0, 2.0, 3.0]), np.array([-1.0, 5.0, 2.0])
        found = student.relu_products(x, dy, v)
        if found is None:
            raise NotImplementedError
        equal(found[i], (dy, v)[i] * (x > 0), f"{title} of a ReLU")

    return check


def counted(student):
    """Which side is cheaper."""
    for n, m in ((1000, 10), (3, 500), (7, 7)):
        found, wanted = student.products(n, m), ("rows", m) if m <= n else ("columns", n)
        if found is None:
            raise NotImplementedError
        holds(
            tuple(found) == wanted,
            f"of {n} inputs and {m} results it says {found!r}: a row is one backward and there is one for each "
            "result, a column one direction and there is one for each input",
        )


def same(found, wanted):
    """Whether they are equal up to rounding."""
    found = values(found)
    return found.shape == wanted.shape and bool(np.allclose(found, wanted))
