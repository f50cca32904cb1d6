"""Loading a state dict: everything is compared before anything is changed, and every mismatch is told at once."""

import difflib
from collections import namedtuple
from typing import NamedTuple

import numpy as np

from ..autograd.inplace.changes import record_change
from ..errors import CheckpointError, refuse_read_only, user_line, visible
from ..tensor import Tensor, wrap
from .parameter import Parameter, is_lazy

IncompatibleKeys = namedtuple("IncompatibleKeys", ["missing_keys", "unexpected_keys"])


def load(module, state_dict, strict, assign):
    """Copy the values of `state_dict` into the tensors of `module`, or change nothing and raise CheckpointError."""
    if not hasattr(state_dict, "keys"):
        raise TypeError(f"load_state_dict takes a mapping of names to tensors, not {type(state_dict).__name__}")
    odd = [key for key in state_dict if not isinstance(key, str)]
    if odd:
        raise TypeError(f"load_state_dict: the names of tensors are strings, not {odd[0]!r}")
    given = _past_the_hooks(module, dict(state_dict), strict)
    ours, takers = _places(module)
    extra = {key: given.pop(key) for key in takers if key in given}
    theirs = {key: _as_tensor(key, value, key in ours) for key, value in given.items()}
    missing = [key for key in ours if key not in theirs] + [key for key in takers if key not in extra]
    unexpected = [key for key in theirs if key not in ours]
    unfit = [key for key in ours if key in theirs and not _fits(theirs[key], ours[key].tensor, assign)]
    inside_out = reversed(list(module.modules()))
    hooks = [(m, hook) for m in inside_out for hook in m._hooks_for("load after")]
    if unfit or (strict and (missing or unexpected) and not hooks):
        raise _mismatch(module, ours, theirs, missing if strict else [], unexpected if strict else [], unfit)
    if not assign:
        for key in theirs.keys() & ours.keys():
            if not is_lazy(ours[key].tensor):
                refuse_read_only("load_state_dict", ours[key].tensor._array, key)
    here = [(key, place) for key, place in ours.items() if hooks and not assign and not is_lazy(place.tensor)]
    before = {key: place.tensor._array.copy() for key, place in here}
    for key, state in extra.items():
        takers[key].set_extra_state(state)
    for key in ours:  # in the order of the module: what is loaded twice, through a shared parameter, is settled by it
        if key in theirs:
            ours[key].take(theirs[key], assign)
    keys = IncompatibleKeys(missing, unexpected)
    for owner, hook in hooks:
        if hook(owner, keys) is not None:
            raise RuntimeError("a load_state_dict post-hook changes the keys it is given and returns None")
    if strict and (keys.missing_keys or keys.unexpected_keys):
        for key in ours:
            ours[key].restore(before.get(key))
        raise _mismatch(module, ours, theirs, keys.missing_keys, keys.unexpected_keys, [])
    return keys


class _Place(NamedTuple):
    """Where a tensor of a module is kept."""

    module: object
    name: str
    tensor: Tensor

    def take(self, theirs, assign):
        """Have the value of `theirs`, or `theirs` itself."""
        if is_lazy(theirs):
            return  # neither has values yet
        if is_lazy(self.tensor) and not assign:
            self.tensor.materialize(theirs.shape)
        if not assign:
            np.copyto(self.tensor._array, theirs._array, casting="same_kind")
            record_change(self.tensor._array, "load_state_dict", user_line())
        elif isinstance(self.tensor, Parameter):
            wanted = self.tensor.requires_grad
            new = theirs if isinstance(theirs, Parameter) else Parameter(theirs.detach(), requires_grad=wanted)
            setattr(self.module, self.name, new.requires_grad_(wanted))
        else:
            setattr(self.module, self.name, theirs.detach())

    def restore(self, values):
        """The former content: the tensor, and its `values` where they were overwritten."""
        setattr(self.module, self.name, self.tensor)
        if values is not None:
            np.copyto(self.tensor._array, values)
            record_change(self.tensor._array, "load_state_dict", user_line())


def _places(module):
    """Where tensors go, and which modules take an extra state: two dicts by key."""
    ours, takers = {}, {}
    for path, m in module.named_modules(remove_duplicate=False):
        prefix = f"{path}." if path else ""
        for name, t in m._of_kind("parameter", "buffer").items():
            if t is not None:
                ours[prefix + name] = _Place(m, name, t)
        if m._defines("set_extra_state"):
            takers[prefix + "_extra_state"] = m
    return ours, takers


def _past_the_hooks(module, given, strict):
    """`given` as the modules' hooks leave it, which may rename and convert."""
    wrong = []
    for path, m in module.named_modules(remove_duplicate=False):
        for hook, with_module in m._hooks_for("load before"):
            first = (m,) if with_module else ()
            metadata = {"version": getattr(m, "_version", 1)}
            hook(*first, given, f"{path}." if path else "", metadata, strict, [], [], wrong)
    if wrong:
        raise CheckpointError(f"load_state_dict: {'; '.join(map(str, wrong))}; nothing was loaded.")
    return given


def _as_tensor(key, value, wanted):
    """`value` as a tensor; None, rather than an error, if it is none and nobody has `wanted` it."""
    if isinstance(value, Tensor):
        return value
    try:
        array = np.asarray(value)  # PyTorch's tensors too
    except Exception as error:
        if not wanted:
            return None
        raise CheckpointError(f"load_state_dict: {key!r} is no array: {error}; nothing was loaded.") from error
    if array.dtype.kind not in "biuf":
        if not wanted:
            return None
        what = f"is a {type(value).__name__}" if array.dtype.kind == "O" else f"holds {array.dtype}"
        raise CheckpointError(f"load_state_dict: {key!r} {what}, not a tensor of numbers; nothing was loaded.")
    return wrap(array)


def _fits(theirs, ours, assign):
    if is_lazy(ours):
        return True
    if is_lazy(theirs):
        return False
    if theirs.shape != ours.shape:
        return False
    if assign:
        return theirs.dtype.kind == "f" or not ours.requires_grad
    return np.can_cast(theirs.dtype, ours.dtype, "same_kind")


def _mismatch(module, ours, theirs, missing, unexpected, unfit):
    """The error with a line for each mismatch."""
    have = {key: place.tensor for key, place in ours.items()}
    rows = _account(have, theirs, missing, unexpected, unfit)
    return CheckpointError(
        f"load_state_dict: the state dict does not fit {type(module).__name__}; nothing was loaded.\n" + "\n".join(rows)
    )


def _account(ours, theirs, missing, unexpected, unfit):
    """One line for every mismatch, in columns, with the name that was probably meant."""
    lines = []
    for key in missing:
        if key not in ours:
            lines.append(("missing", key, "extra state", ""))
            continue
        close = _near(key, ours[key].shape, {k: theirs[k] for k in unexpected if theirs[k] is not None})
        hint = f"the state dict has {close!r}: is that it?" if close else ""
        lines.append(("missing", key, _what(ours[key]), hint))
    for key in unexpected:
        if theirs[key] is None:
            lines.append(("unexpected", key, "no tensor", ""))
            continue
        close = _near(key, theirs[key].shape, {k: ours[k] for k in missing if k in ours})
        hint = f"did you mean {close!r}?" if close else ""
        lines.append(("unexpected", key, _what(theirs[key]), hint))
    for key in unfit:
        if is_lazy(theirs[key]):
            lines.append(("wrong", key, _what(theirs[key]), f"the module has {_what(ours[key])}"))
            continue
        same = theirs[key].shape == ours[key].shape
        hint = f"the module has {_what(ours[key])}"
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
    if is_lazy(array):
        return f"not initialised, {array.dtype}"
    return f"{array.shape} {array.dtype}"


def _near(key, shape, candidates):
    """The candidate {name: array or tensor} most like `key`, rather one of the same shape; None if none is like it."""
    close = difflib.get_close_matches(key, candidates, n=3, cutoff=0.6)
    return min(close, key=lambda name: candidates[name].shape != shape, default=None)


def _common_prefix(missing, unexpected):
    """The prefix that the unexpected names have before the missing ones, as DataParallel's ``module.``; else None."""
    if missing and len(missing) == len(unexpected) and unexpected[0].endswith(missing[0]):
        prefix = unexpected[0].removesuffix(missing[0])
        if prefix and {prefix + key for key in missing} == set(unexpected):
            return prefix
    return None
