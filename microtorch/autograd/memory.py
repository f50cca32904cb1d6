"""Four devices that save memory or its cost. Without any of them every value would be the same.

Shells. A node keeps its input tensors, so that pictures show every value. Kept naively that holds memory which nobody
needs for backward: the input of a ReLU, the output of a batch norm. A large input whose values nobody saved is replaced
in the node by a shell: the same shape and dtype over one element of memory. Small networks keep everything, large ones
what was saved. The look at its size costs an operation 35 ns.

Spare gradients. Memory fresh from the system must be zeroed page by page. A large gradient that `zero_grad` drops while
nobody else holds it is kept, for the next backward to write into: a step of a 3072-3072-10 net has no page fault.

Memory that stays. The C library of Linux gives memory at the end of its heap back to the system as soon as there is
twice the largest block it was ever handed back, and a net whose step frees a little more pays for new pages at every
step: 64-2048-10 took 190 page faults, 1.0 ms instead of 0.5. A block of 32 MB, the most that counts, asked for and
handed back untouched, raises that to 64 MB. Elsewhere it does nothing.

Ownership. A backward may return its argument, one array twice, a saved array or a view, so a gradient is copied before
it is written into, or handed to the user. What has no other reference is ours already: `sys.getrefcount` tells, against
a count made once in the same situation.
"""

from sys import getrefcount
from types import SimpleNamespace

import numpy as np

from .graph import maker

SHELL_BYTES = 1 << 16
SPARE_BYTES = 1 << 20

np.empty((32 << 20) - (1 << 14), np.uint8)  # memory that stays

_NO_VALUES = bytes(16)  # the one element that all shells look at; no array of a user's lies over bytes of ours


class _Results:
    any_large = False  # whether one has been made in this process: before, nothing has to be looked at


results = _Results()


def drop_inputs(node, released=False, needed=None):
    """Replace large inputs of `node` whose values nobody saved by shells.

    `released`: the pass that needed what was saved has come by, so the maker of an input needs no longer be asked;
    `needed`: the places that this pass will come to, None for all.
    """
    for i, edge in enumerate(node.edges):
        made_by, _ = maker(edge)
        if made_by is not None and made_by.large and (needed is None or edge in needed):
            a = node.inputs[i]
            saved = () if released else (*(node.saved or ()), *(made_by.saved or ()))
            if not any(a._array is s for s in saved):
                node.inputs = (*node.inputs[:i], _shell(a, edge), *node.inputs[i + 1 :])


def _shell(a, edge):
    shell = a.__class__.__new__(a.__class__)
    shell._array = np.ndarray(a._array.shape, a._array.dtype, _NO_VALUES, 0, (0,) * a._array.ndim)
    shell._edge = edge
    return shell


def has_values(tensor):
    """Whether `tensor` is more than a shell."""
    return tensor._array.base is not _NO_VALUES


def references(gradient):
    """How many hold a gradient that is a tensor, and its array."""
    return getrefcount(gradient), getrefcount(gradient._array)


def _references_of_one_that_is_dropped():
    def setter(leaf):  # as the one of Tensor.grad
        old = getattr(leaf, "grad", None)
        return references(old)

    return setter(SimpleNamespace(grad=SimpleNamespace(_array=np.empty(0))))


DROPPED = _references_of_one_that_is_dropped()


def spare(tensor):
    """An array for the gradient of `tensor`, its content undefined: the memory of the last one, if that is free."""
    array = tensor._array
    if array.nbytes < SPARE_BYTES or (kept := getattr(tensor, "_spare", None)) is None:
        return np.empty(array.shape, array.dtype)
    tensor._spare = None
    return kept


def _references_of_a_local():
    array = np.empty(0)
    return getrefcount(array)


ALONE = _references_of_a_local()
