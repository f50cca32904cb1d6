"""Loading a state dict: everything is compared before anything is changed, and every mismatch is told at once."""

import difflib
from collections import namedtuple

import numpy as np

from ..autograd.inplace import record_change
from ..errors import CheckpointError, user_line, visible
from ..tensor import Tensor

IncompatibleKeys = namedtuple("IncompatibleKeys", ["missing_keys", "unexpected_keys"])


def load(module, state_dict, strict):
    """Copy the values of `state_dict` into the tensors of `module`, or change nothing and raise CheckpointError."""
    if not hasattr(state_dict, "keys"):
        raise TypeError(f"load_state_dict takes a mapping of names to tensors, not {type(state_dict).__name__}")
    ours = module.state_dict(keep_vars=True)
    theirs = {key: _as_array(key, state_dict[key]) for key in state_dict}
    missing = [key for key in ours if key not in theirs]
    unexpected = [key for key in theirs if key not in ours]
    unfit = [key for key, t in ours.items() if key in theirs and not _fits(theirs[key], t._array)]
    if unfit or (strict and (missing or unexpected)):
        rows = _account(ours, theirs, missing if strict else [], unexpected if strict else [], unfit)
        raise CheckpointError(
            f"load_state_dict: the state dict does not fit {type(module).__name__}; nothing was loaded.\n"
            + "\n".join(rows)
        )
    line = user_line()
    for key, t in ours.items():
        if key in theirs:
            np.copyto(t._array, theirs[key], casting="same_kind")
            record_change(t._array, "load_state_dict", line)
    return IncompatibleKeys(missing, unexpected)


def _as_array(key, value):
    if isinstance(value, Tensor):
        return value._array
    try:
        array = np.asarray(value)  # PyTorch's tensors too
    except Exception as error:
        raise CheckpointError(f"load_state_dict: {key!r} is no array: {error}") from error
    if array.dtype.kind not in "biuf":
        raise CheckpointError(f"load_state_dict: {key!r} holds {array.dtype}, not numbers; nothing was loaded.")
    return array


def _fits(theirs, ours):
    return theirs.shape == ours.shape and np.can_cast(theirs.dtype, ours.dtype, "same_kind")


def _account(ours, theirs, missing, unexpected, unfit):
    """One line for every mismatch, in columns, with the name that was probably meant."""
    lines = []
    for key in missing:
        close = _near(key, ours[key].shape, {k: theirs[k] for k in unexpected})
        hint = f"the state dict has {close!r}: is that it?" if close else ""
        lines.append(("missing", key, _what(ours[key]._array), hint))
    for key in unexpected:
        close = _near(key, theirs[key].shape, {k: ours[k] for k in missing})
        hint = f"did you mean {close!r}?" if close else ""
        lines.append(("unexpected", key, _what(theirs[key]), hint))
    for key in unfit:
        same = theirs[key].shape == ours[key].shape
        hint = f"the module has {_what(ours[key]._array)}"
        if theirs[key].T.shape == ours[key].shape and not same:
            hint += ": transposed? Linear keeps its weight as (out_features, in_features)"
        lines.append(("wrong dtype" if same else "wrong shape", key, _what(theirs[key]), hint))
    lines = [tuple(visible(cell, 300) for cell in row) for row in lines]  # names come from files too
    widths = [max(len(row[i]) for row in lines) for i in range(3)]
    rows = [
        "  " + "  ".join([*(c.ljust(w) for c, w in zip(row, widths, strict=False)), row[3]]).rstrip() for row in lines
    ]
    prefix = _common_prefix(missing, unexpected)
    if prefix:
        rows.append(
            f"Every name begins with {prefix!r} there. Take it off: "
            f"{{name.removeprefix({prefix!r}): value for name, value in state_dict.items()}}"
        )
    return rows


def _what(array):
    return f"{array.shape} {array.dtype}"


def _near(key, shape, candidates):
    """The candidate {name: array or tensor} most like `key`, rather one of the same shape; None if none is like it."""
    close = difflib.get_close_matches(key, candidates, n=3, cutoff=0.6)
    return min(close, key=lambda name: candidates[name].shape != shape, default=None)


def _common_prefix(missing, unexpected):
    """What the unexpected names have before the missing ones, as DataParallel's ``module.``; else None."""
    if missing and len(missing) == len(unexpected) and unexpected[0].endswith(missing[0]):
        prefix = unexpected[0].removesuffix(missing[0])
        if prefix and {prefix + key for key in missing} == set(unexpected):
            return prefix
    return None
