"""The arrays that a step updates: the arrays of a group's parameters, found once and looked at again at each step.

Looking is cheap because nothing is computed: a parameter's array and those of its state must be the objects that they
were, and `first_misfit` reads shapes, dtypes and flags where numpy keeps them. Gradients may be others at each step.
"""

import numpy as np

from ...autograd.inplace.changes import watch
from ...errors import CheckpointError, DTypeError, ShapeError, describe
from ...kernels import _address
from ...kernels import optim as kernels
from ...kernels._jit import ready
from ...tensor import Tensor, wrap
from .checkpoint import as_count

_KERNELS_TAKE = (np.dtype(np.float32), np.dtype(np.float64))


class Entry:
    """A parameter with a gradient: its array, what is kept for it, the arrays there, and what is still to be made."""

    __slots__ = ("arrays", "kept", "missing", "new", "p", "param")

    def __init__(self, optimizer, group, param):
        self.param, self.p = param, param._array
        self.kept = optimizer.state.get(param)
        self.new = self.kept is None
        if self.new:
            self.kept = {}
        self.arrays = {}  # key -> its tensor, or None where an option is off
        self.missing = {}  # key -> the number that its array is filled with
        for key in optimizer.arrays:
            option = optimizer.optional.get(key)
            tensor = self.kept.get(key) if option is None or group[option] else None
            self.arrays[key] = tensor
            if tensor is None and (option is None or group[option]):
                self.missing[key] = optimizer.initial(group, key)


class Batch:
    """Parameters that one call updates: of one dtype, with the same numbers in their states.

    A parameter that the kernel cannot take, as one that is not row-major, is a batch of its own, for the formula.
    """

    def __init__(self, optimizer, entries, by_kernel):
        self.formula, self.entries = optimizer.formula, entries
        self.states = [entry.kept for entry in entries]
        self.kernel = ready(getattr(kernels, self.formula.__name__)) if by_kernel else None
        self.like = np.empty(0, entries[0].p.dtype)  # of the dtype, for kernels
        self.dtype = id(self.like.dtype)
        self.rows = np.zeros((len(entries), 2 + len(optimizer.arrays)), np.int64)
        self.cells = memoryview(self.rows).cast("B").cast("q") if by_kernel else None
        self.counts = {}  # the numbers that the last step has put into the states

    def start(self, optimizer, counts):
        """Make what the states do not have yet."""
        for row, entry in zip(self.rows, self.entries, strict=True):
            made = {key: wrap(_filled(entry.p, value)) for key, value in entry.missing.items()}
            if entry.new:
                optimizer.state[entry.param] = entry.kept
            entry.kept.update(made if entry.kept else {**counts, **made})
            entry.arrays.update(made)
            entry.missing = {}
            row[0], row[1] = id(entry.p), id(entry.param._grad._array)
            row[2:] = [0 if tensor is None else id(tensor._array) for tensor in entry.arrays.values()]

    def run(self, numbers, counts):
        """Update the parameters, and the numbers in their states."""
        if self.kernel is not None:
            self.kernel(self.rows, self.like, numbers)
        else:
            for entry in self.entries:
                arrays = [None if tensor is None else tensor._array for tensor in entry.arrays.values()]
                self.formula(entry.p, entry.param._grad._array, *arrays, numbers)
        self.count(counts)

    def count(self, counts):
        """Put the numbers that a step leaves into the states."""
        if counts:
            self.counts = counts
            for key, value in counts.items():
                for kept in self.states:
                    kept[key] = value


class Batches:
    """The batches of a parameter group.

    Raises
    ------
    ShapeError, DTypeError, CheckpointError, ValueError
        If a parameter is read-only, or its gradient or its state does not fit it; nothing has been changed then.
    """

    def __init__(self, optimizer, group):
        self.group, self.fresh = group, True
        self.filled_by = None  # the `SameStep` whose gradients are in the rows
        self.misfit = ready(_address.first_misfit)
        self.options = [(option, bool(group[option])) for option in optimizer.optional.values()]
        self.gradients, found, counted = [], {}, []
        for param in group["params"]:
            grad = getattr(param, "_grad", None)
            if grad is None:
                continue
            self.gradients.append(grad._array)
            entry = Entry(optimizer, group, param)
            counts = _checked(optimizer, entry, grad._array)
            counted.append((entry.kept, counts))
            alike = _row_major(entry, grad._array)
            kind = entry.p.dtype if alike else id(param), tuple(counts.items()), tuple(entry.missing)
            found.setdefault(kind, []).append(entry)
        for kept, counts in counted:
            kept.update(counts)
        self.batches = [Batch(optimizer, entries, type(kind) is not int) for (kind, *_), entries in found.items()]
        places = {}
        for batch in self.batches:
            width = batch.rows.shape[1]
            for k, entry in enumerate(batch.entries):
                places[entry.param] = (entry.param, entry.p, entry.kept, batch.cells, k * width + 1)
        self.places = [places.get(p, (p, None, None, None, 0)) for p in group["params"]]
        self.watched = [watch(p) for _, p, *_ in self.places if p is not None]

    def start(self, optimizer, numbers):
        """Make what the states do not have yet."""
        for batch, (_, counts) in zip(self.batches, numbers, strict=True):
            batch.start(optimizer, counts)
        self.arrays = [
            (entry.kept, key, tensor, tensor._array)
            for batch in self.batches
            for entry in batch.entries
            for key, tensor in entry.arrays.items()
            if tensor is not None
        ]
        self.fresh = False

    def hold(self, state):
        """Whether these batches are still what a step has to update; then the rows have the gradients of now."""
        params, gradients = self.group["params"], []
        self.filled_by = None
        if len(params) != len(self.places):
            return False
        for here, (param, p, _, cells, i) in zip(params, self.places):
            grad = getattr(here, "_grad", None)
            if here is not param or (grad is None) is not (p is None):
                return False
            if grad is not None:
                gradient = grad._array
                gradients.append(gradient)
                if cells is not None:
                    cells[i] = id(gradient)
                elif gradient.shape != p.shape or not p.flags.writeable:
                    return False
        if not self.hold_states(state):
            return False
        for batch in self.batches:
            if batch.kernel is not None and self.misfit(batch.rows, batch.dtype) >= 0:
                return False
        self.gradients = gradients  # alive, for the rows have only their ids
        return True

    def hold_states(self, state):
        """Whether the options, and all arrays and numbers but the gradients, are those that they were."""
        for option, on in self.options:
            if bool(self.group[option]) is not on:
                return False
        for param, p, kept, _, _ in self.places:
            if p is not None and (param._array is not p or state.get(param) is not kept):
                return False
        for kept, key, tensor, array in self.arrays:
            if kept.get(key) is not tensor or tensor._array is not array:
                return False
        for batch in self.batches:
            for key, value in batch.counts.items():
                for kept in batch.states:
                    if kept.get(key) is not value:
                        return False
        return True


def _filled(p, value):
    """A new array like `p`, in row-major order; zeros come without being written."""
    return np.full(p.shape, value, p.dtype) if value else np.zeros(p.shape, p.dtype)


def _row_major(entry, g):
    """Whether the kernel can take the arrays of a parameter."""
    arrays = [entry.p, g, *(tensor._array for tensor in entry.arrays.values() if tensor is not None)]
    return entry.p.dtype in _KERNELS_TAKE and all(
        a.dtype is entry.p.dtype and a.flags.c_contiguous and a.flags.aligned for a in arrays
    )


def _checked(optimizer, entry, g):
    """The numbers in the state of a parameter; raises where something does not fit."""
    p, kept, who = entry.p, entry.kept, f"{type(optimizer).__name__}.step: parameter {optimizer.called(entry.param)}"
    replaced = "Was its data replaced? Call zero_grad(), and make a new optimizer."
    if not isinstance(kept, dict):
        raise DTypeError(f"{who}: its state is {describe(kept)}, not a dict. {_REMEDY}")
    if g.shape != p.shape:
        raise ShapeError(f"{who} has shape {p.shape} and its grad {g.shape}. {replaced}")
    if not p.flags.writeable:
        raise ValueError(
            f"{who} of shape {p.shape} lies in read-only memory. Give it memory of its own: p.data = p.data.clone()"
        )
    if not kept:
        return {}
    for key in (*optimizer.counts, *entry.missing):
        if key not in kept and key not in optimizer.optional:
            raise CheckpointError(f"{who}: its state has no {key!r}, only {', '.join(map(repr, kept))}. {_REMEDY}")
    for key, tensor in entry.arrays.items():
        if tensor is None and key in optimizer.optional:
            continue
        if not isinstance(tensor, Tensor):
            raise DTypeError(f"{who}: {key!r} in its state is {describe(tensor)}, not a tensor. {_REMEDY}")
        if tensor.shape != p.shape:
            raise ShapeError(f"{who} has shape {p.shape} and its {key} {tensor.shape}. {replaced}")
        if tensor.dtype != p.dtype:
            raise DTypeError(f"{who} is {p.dtype} and its {key} {tensor.dtype}. {_REMEDY}")
        if not tensor._array.flags.writeable:
            raise ValueError(f"{who}: {key!r} in its state lies in read-only memory. Use a copy: tensor.clone().")
    return {key: as_count(key, kind, kept[key], who) for key, kind in optimizer.counts.items()}


_REMEDY = "Load a state with load_state_dict, or start anew with optimizer.state.clear()."
