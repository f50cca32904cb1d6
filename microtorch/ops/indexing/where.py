"""A choice between two tensors, by element."""

import numpy as np

from ...autograd.function import ArrayFunction, outside_graph
from ...dtypes import bool_
from ...errors import DTypeError
from ...from_data import as_tensor
from ...tensor import attach
from .._promotion import fitting_pair
from .index import refuse_counting

__all__ = ["where"]


class Where(ArrayFunction):
    """y = a where condition, else b        da = dy where condition, else 0,  db = 0 where condition, else dy

    Why: Whichever was chosen gets the gradient; the other had no influence.
    Derivation: y = a with slope 1 where the condition holds, y = b with slope 1 elsewhere.
    """

    @staticmethod
    def forward(ctx, condition, a, b):
        ctx.save_for_backward(condition)
        return np.where(condition, a, b)

    @staticmethod
    def backward(ctx, dy):
        (condition,) = ctx.saved_tensors
        _, need_a, need_b = ctx.needs_input_grad
        return None, np.where(condition, dy, 0.0) if need_a else None, np.where(condition, 0.0, dy) if need_b else None


def where(condition, input=None, other=None):
    """The elements of `input` where `condition` holds, of `other` elsewhere.

    Parameters
    ----------
    condition : Tensor
        Of dtype bool (or uint8).
    input, other : Tensor or number, optional
        Of shapes that broadcast together with `condition`.

    Returns
    -------
    Tensor or tuple of Tensor
        Of the broadcast shape, in the common dtype of `input` and `other`. Without them: the indices of the elements
        where `condition` holds, a tensor for each dimension.

    Raises
    ------
    DTypeError
        If `condition` is of another dtype.

    Notes
    -----
    y = a where c, else b; da = dy where c, else 0; db the other way round. The branch that was not taken gets the
    gradient 0 and, since zero absorbs, hands on 0, even where its own derivative is infinite or NaN.

    Examples
    --------
    >>> x = microtorch.tensor([0.0, 1.0, 4.0], requires_grad=True)
    >>> y = microtorch.where(x > 0, microtorch.log(x), 0.0)
    >>> y
    tensor([0.    , 0.    , 1.3863], grad_fn=<Where>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([0.  , 1.  , 0.25])
    """
    condition = as_tensor(condition)
    if condition._array.dtype is not bool_:
        if condition._array.dtype != np.uint8:
            raise DTypeError(
                f"where: condition is {condition.dtype}, not bool. Compare it with something, as in condition != 0."
            )
        condition = condition.to(bool_)
    if input is None and other is None:
        refuse_counting("where(condition)")
        return tuple(outside_graph(lambda c, k=k: np.nonzero(c)[k], condition) for k in range(condition.ndim))
    if input is None or other is None:
        raise TypeError("where: takes a condition alone, or with both input and other")
    return Where.apply(condition, *fitting_pair("where", input, other))


attach(numpy=np.where)(where)
attach("where")(lambda self, condition, other: where(condition, self, other))
