"""What of a saved state belongs to which parameter, and all that does not fit."""

import numpy as np

from ..errors import CheckpointError, DTypeError, describe
from ..tensor import Tensor, wrap

# PyTorch keeps these as tensors without dimensions; here they are Python numbers.
_NUMBERS = {"step": int, "mu_product": float, "eta": float, "mu": float}
_NOT_OPTIONS = {"params", "param_names", "foreach", "fused", "capturable", "differentiable"}


def load_groups(optimizer, state_dict, problems):
    """The parameter groups with the saved options, and {parameter: its key in the saved state}."""
    try:
        saved_groups = [dict(group) for group in state_dict["param_groups"]]
        saved_keys = [list(group["params"]) for group in saved_groups]
        dict(state_dict["state"])
    except (KeyError, TypeError, ValueError):
        raise CheckpointError(
            f"{type(optimizer).__name__}.load_state_dict: this is not the state of an optimizer, which has the entries "
            "'state' and 'param_groups', each group with its 'params'."
        ) from None
    if len(saved_groups) != len(optimizer.param_groups):
        problems.append(f"{len(saved_groups)} parameter groups were saved, {len(optimizer.param_groups)} are here")
        return [], {}
    groups, origins, names, start = [], {}, optimizer.names(), 0
    for i, (group, saved, keys) in enumerate(zip(optimizer.param_groups, saved_groups, saved_keys, strict=True)):
        options = {k: v for k, v in saved.items() if k not in _NOT_OPTIONS}
        missing = sorted(set(optimizer.defaults) - set(options))
        if missing:
            problems.append(f"group {i}: the option {', '.join(missing)} was not saved; from another optimizer?")
        else:
            try:
                optimizer.check(options)
            except (ValueError, TypeError) as error:
                problems.append(f"group {i}: {error}")
        count = len(group["params"])
        mine = names[start : start + count] if names is not None else None
        start += count
        origins.update(_match(i, group["params"], mine, keys, saved.get("param_names"), problems))
        groups.append({**{k: group[k] for k in ("params", "param_names") if k in group}, **options})
    return groups, origins


def _match(i, params, names, keys, saved_names, problems):
    """{parameter: key in the saved state} for group `i`; by name where both sides have names, else by number."""
    if saved_names is None and keys and all(isinstance(key, str) for key in keys):
        saved_names = keys
    if saved_names is not None and names is None:
        problems.append(
            f"group {i} was saved by name ({', '.join(saved_names[:3])}, ...), and this optimizer does not know its "
            "parameters' names. Make it from model.named_parameters()."
        )
    elif saved_names is not None:
        by_name = dict(zip(saved_names, keys, strict=True))
        problems += [f"group {i}: {n} is not in the saved state" for n in names if n not in by_name]
        problems += [f"group {i}: {n} was saved and is not here" for n in saved_names if n not in set(names)]
        return {p: by_name[n] for p, n in zip(params, names, strict=True) if n in by_name}
    elif len(keys) != len(params):
        problems.append(f"group {i}: {len(keys)} parameters were saved, {len(params)} are here")
    else:
        return dict(zip(params, keys, strict=True))
    return {}


def load_state(optimizer, state_dict, origins, problems):
    """The saved state by parameter, as copies in the parameters' dtypes."""
    state = {}
    for param, origin in origins.items():
        kept = state_dict["state"].get(origin)
        if not kept:
            continue
        if not isinstance(kept, dict):
            problems.append(f"{origin}: the state is {describe(kept)}, not a dict")
            continue
        needed = [k for k in (*optimizer.counts, *optimizer.arrays) if k not in optimizer.optional]
        problems += [f"{origin}: {key} was not saved" for key in needed if key not in kept]
        state[param] = {k: _revive(optimizer, param, origin, k, v, problems) for k, v in kept.items()}
    return state


def as_count(key, value, who):
    """A number of a state, `value`, as Python's; PyTorch keeps such numbers as tensors.

    Raises
    ------
    DTypeError
        If it is no number, or as a count of steps not whole or below 0.
    """
    kind, array = _NUMBERS[key], value._array if isinstance(value, Tensor) else value
    if type(array) is kind is not int:
        return array
    if isinstance(array, bool) or not (
        isinstance(array, int | float | np.ndarray | np.generic) and np.size(array) == 1
    ):
        raise DTypeError(f"{who}: {key!r} in its state is {describe(value)}, not a number.")
    number = np.asarray(array)
    if number.dtype.kind not in "iuf" or (kind is int and not (number >= 0 and number == np.floor(number))):
        raise DTypeError(
            f"{who}: {key!r} in its state is {number.item()!r}, not a {'count' if kind is int else 'number'}."
        )
    return kind(number.item())


def _revive(optimizer, param, origin, key, value, problems):
    """One entry of a state: arrays become tensors of their own, in the dtype of `param` if they are floating."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, list | tuple):
        return type(value)(_revive(optimizer, param, origin, key, v, problems) for v in value)
    if key in optimizer.counts:
        try:
            return as_count(key, value, origin)
        except DTypeError as error:
            problems.append(str(error))
            return value
    if isinstance(value, int | float) and key not in optimizer.arrays:
        return value
    array = value._array if isinstance(value, Tensor) else np.asarray(value)
    if array.dtype.kind not in "fiub" or (key in optimizer.arrays and array.dtype.kind != "f"):
        problems.append(f"{origin}: {key} was saved as {describe(value)}")
        return value
    if not optimizer.fits(param, key, array):
        problems.append(f"{origin}: {key} was saved with shape {array.shape}, the parameter has {param.shape}")
    return wrap(np.array(array, param.dtype if array.dtype.kind == "f" else array.dtype, order="C"))
