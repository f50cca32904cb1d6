"""A tensor with another one put in where a view shows it: what a change in place through a view, or by index, is."""

import sys

import numpy as np

from ..function import ArrayFunction
from .views import owner, walk


class CopySlices(ArrayFunction):
    """y = x, with value where steps show it        dx = dy, with 0 there,  dvalue = dy there

    Why: Where something was put in the old value is gone and gets 0; what was put in gets the gradient of its
    place.
    Derivation: y = x with slope 1 where nothing was put, and y = value with slope 1 where it was.
    """

    # Nothing is saved and nothing copied: what x held is needed by no derivative of this operation.

    references = 0  # to a gradient that only the engine holds: counted there

    @staticmethod
    def forward(ctx, x, value, steps, then):
        ctx.steps, ctx.then = steps, then
        walk(x, steps)[... if then is None else then] = value
        return x.view()

    @staticmethod
    def explain(x, value, steps, then):
        part = walk(x, steps)
        named = part if then is None else part[then]
        return f"t[index] = value: a value of shape {value.shape} does not fill {named.shape}, which the index names."

    @staticmethod
    def backward(ctx, dy):
        dx = dvalue = None
        if ctx.edges[1] is not None:
            dvalue = walk(dy, ctx.steps)
            dvalue = dvalue if ctx.then is None else dvalue[ctx.then]
        if ctx.edges[0] is not None:
            dx = Cleared.apply(dy, ctx.steps, ctx.then)
        return dx, dvalue

    @staticmethod
    def backward_kernel(ctx, dy):
        # Note [Last reader]: a gradient that only the engine holds may be written into: a loop that fills n rows then
        # costs n rows going back, not n arrays. Hooks, `grad` of an intermediate and views of dy each hold it too.
        alone = sys.getrefcount(dy) <= CopySlices.references and dy.base is None and dy.flags.c_contiguous
        if not alone or not dy.flags.writeable or ctx.edges[0] is None:
            return CopySlices.backward(ctx, dy)
        dvalue = None
        if ctx.edges[1] is not None:
            dvalue = walk(dy, ctx.steps)
            dvalue = np.array(dvalue if ctx.then is None else dvalue[ctx.then])
        clear(dy, ctx.steps, ctx.then)
        return dy, dvalue


class Cleared(ArrayFunction):
    """y = x, with 0 where steps show it        dx = dy, with 0 there

    Why: Where 0 was put in the old value is gone and gets 0.
    Derivation: y = m · x with a constant mask m of 0 and 1.
    """

    @staticmethod
    def forward(ctx, x, steps, then):
        ctx.steps, ctx.then = steps, then
        y = np.array(x, order="C")
        clear(y, steps, then)
        return y

    @staticmethod
    def backward(ctx, dy):
        return Cleared.apply(dy, ctx.steps, ctx.then)


def clear(y, steps, then):
    """Set `y` to 0 where `steps` and `then` show it."""
    part = walk(y, steps)
    if owner(part) is owner(y):
        part[... if then is None else then] = 0
    else:  # in this layout a step has to copy: find the places by number
        places = walk(np.arange(y.size).reshape(y.shape), steps)
        y.reshape(-1)[places if then is None else places[then]] = 0  # contiguous: a new array, or a gradient of ours
