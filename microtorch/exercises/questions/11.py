"""Lesson 11: second derivatives."""

from microtorch.autograd import grad  # noqa: F401


def hessian_vector(f, x, v):
    """H v for the Hessian H of the scalar function f at the tensor x, without making H. x requires a gradient."""
    raise NotImplementedError


def newton_step(f, x):
    """x − f'(x) / f''(x) for the scalar function f of one number: x is a 0-d tensor that requires a gradient.

    Return a float.
    """
    raise NotImplementedError


def gradient_penalty(f, x):
    """The mean over the rows of x (N, D) of (‖∂f/∂row‖ − 1)², as a tensor that can itself be differentiated.

    f gives one number for each row, (N,).
    """
    raise NotImplementedError
