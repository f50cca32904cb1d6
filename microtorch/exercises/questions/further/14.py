"""Lesson 14: vector-Jacobian and Jacobian-vector products. All with `grad` alone."""

from microtorch.autograd import grad  # noqa: F401


def vjp(f, x, dy):
    """dy @ J for the Jacobian J of f at x: one backward, a tensor of the shape of x, which requires a gradient."""
    raise NotImplementedError


def jvp(f, x, v):
    """J @ v, a tensor of the shape of f(x), by two backwards: dy @ J is linear in dy, and so is its product with v."""
    raise NotImplementedError


def jacobian(f, x):
    """J itself for x of shape (n,) and f(x) of shape (m,): a tensor (m, n), row by row."""
    raise NotImplementedError


def relu_products(x, dy, v):
    """(dy @ J, J @ v) for y = relu(x): x, dy and v are numpy arrays (n,). Nothing of the size n × n is made."""
    raise NotImplementedError


def products(n, m):
    """How many products make the whole Jacobian of n inputs and m results, by its cheaper side.

    Return ("rows", number) or ("columns", number); a row and a column count alike, and at a tie it is rows.
    """
    raise NotImplementedError
