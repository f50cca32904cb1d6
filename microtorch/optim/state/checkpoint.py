"""The parts of a saved state matched with parameters, and all that does not fit."""

import math
import numbers

import numpy as np

from ...errors import CheckpointError, DTypeError, describe
from ...tensor import Tensor, wrap

_NOT_OPTIONS = {"params", "param_names", "foreach", "fused", "capturable", "differentiable"}


def read_state(optimizer, state_dict):
    """The groups and the state by parameter that a saved state makes of `optimizer`, which is not changed.

    Raises
    ------
    CheckpointError
        If it does not fit; the message lists every mismatch.
    """
    problems = []
    groups, origins = load_groups(optimizer, state_dict, problems)
    state = {} if problems else load_state(optimizer, state_dict, groups, origins, problems)
    if problems:
        raise CheckpointError(
            f"{type(optimizer).__name__}.load_state_dict: the state does not fit this optimizer; nothing was loaded.\n"
            + "\n".join(f"  {problem}" for problem in problems)
        )
    return groups, state


def load_groups(optimizer, state_dict, problems):
    """The parameter groups with the saved options, and {parameter: its key in the saved state}."""
    try:
        saved_groups = [dict(group) for group in state_dict["param_groups"]]
        saved_keys = [list(group["params"]) for group in saved_groups]
        if not isinstance(state_dict["state"], dict):
            raise TypeError
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
            problems += _options_problems(i, {**optimizer.defaults, **_extra(group)}, options)
            try:
                optimizer.check(options)
            except (ValueError, TypeError) as error:
                problems.append(f"group {i}: {error}")
        unfit = [key for key in keys if not isinstance(key, str | int)]
        if unfit:
            problems.append(f"group {i}: params has {describe(unfit[0])}, which is neither a name nor a number")
            continue
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


def _extra(group):
    """The entries of a group beyond the optimizer's options: ``initial_lr`` of a schedule."""
    return {"initial_lr": group["initial_lr"]} if "initial_lr" in group else {}


def _options_problems(i, known, options):
    """The complaint about saved options: each is of the kind of the one that is here, and numbers are finite."""
    for name, present in known.items():
        if name not in options:
            if name == "initial_lr":  # PyTorch's optimizers without a schedule have none
                options[name] = present
            continue
        problem = unlike(present, options[name])
        if problem is None and name == "initial_lr" and options[name] < 0:
            problem = "and learning rates are not negative"
        if problem is not None:
            yield f"group {i}: {name} is {describe(options[name])}, {problem}"


def unlike(present, saved):
    """Why `saved` cannot take the place of `present`, an option or a count, or None: kinds, lengths, infinities.

    What is None here says nothing about what may be saved.
    """
    if isinstance(present, bool | np.bool_):
        return None if isinstance(saved, bool | np.bool_) else "not True or False"
    if isinstance(present, numbers.Real | Tensor):
        if isinstance(saved, bool) or not isinstance(saved, numbers.Real | Tensor | np.ndarray):
            return "not a number"
        if np.size(saved) != 1:
            return "not one number"
        return None if _is_finite(saved) or not _is_finite(present) else "not a finite number"
    if isinstance(present, str):
        return None if isinstance(saved, str | None) else "not a text"
    if isinstance(present, list | tuple):
        if not isinstance(saved, list | tuple):
            return "not a list"
        if len(saved) != len(present):
            return f"which has {len(saved)} entries in place of {len(present)}"
        return next((why for p, s in zip(present, saved) if (why := unlike(p, s)) is not None), None)
    if isinstance(present, dict):
        return None if isinstance(saved, dict) else "not a dict"
    return None


def _is_finite(number):
    try:
        return math.isfinite(number)
    except OverflowError:  # an int that no float is as great as
        return False


def load_state(optimizer, state_dict, groups, origins, problems):
    """The saved state by parameter, as copies in the parameters' dtypes."""
    state = {}
    for group in groups:
        for param in group["params"]:
            origin = origins.get(param)
            kept = state_dict["state"].get(origin)
            if kept is None or (isinstance(kept, dict) and not kept):
                continue
            if not isinstance(kept, dict):
                problems.append(f"{origin}: its state is {describe(kept)}, not a dict")
                continue
            kinds = _kinds(optimizer, group, kept)
            problems += [f"{origin}: {key} was not saved" for key in kinds if key not in kept]
            state[param] = {k: _revive(optimizer, param, origin, k, kinds.get(k), v, problems) for k, v in kept.items()}
            lengths = {key: len(state[param][key]) for key, kind in kinds.items() if kind.endswith("s") and key in kept}
            if len(set(lengths.values())) > 1:
                problems.append(f"{origin}: of {', '.join(lengths)} there are {list(lengths.values())}, not as many")
    return state


def _kinds(optimizer, group, kept):
    """Of what kind each entry of a parameter's state must be, by name; empty where nothing is known."""
    kinds = {}
    for key, kind in (optimizer.kept or {}).items():
        kind, _, condition = kind.partition(" if ")
        if not condition or group.get(condition, kept.get(condition)):
            kinds[key] = kind
    return kinds


def _revive(optimizer, param, origin, key, kind, value, problems):
    """One entry of a state: arrays become tensors of their own, in the dtype of `param` if they are floating."""
    if kind in ("arrays", "numbers"):
        if not isinstance(value, list | tuple):
            problems.append(f"{origin}: {key} is {describe(value)}, not a list")
            return []
        return [_revive(optimizer, param, origin, key, kind[:-1], v, problems) for v in value]
    if kind in ("count", "number", "real"):
        return _number(origin, key, kind, value, problems)
    if kind is None and not isinstance(value, Tensor | np.ndarray):
        if isinstance(value, list | tuple):
            return type(value)(_revive(optimizer, param, origin, key, None, v, problems) for v in value)
        if value is None or isinstance(value, str | bool | int | float):
            return value
    try:
        array = value._array if isinstance(value, Tensor) else np.asarray(value)  # PyTorch's tensors too
    except Exception as error:
        problems.append(f"{origin}: {key} is no array ({error})")
        return value
    if kind == "array" and (not hasattr(value, "shape") or array.dtype.kind != "f"):
        problems.append(f"{origin}: {key} is {describe(value)}, not an array of floating-point numbers")
    elif array.dtype.kind not in "biuf":
        problems.append(f"{origin}: {key} holds {array.dtype}, not numbers")
    elif not optimizer.fits(param, key, array) and (kind == "array" or array.ndim > 0):
        problems.append(f"{origin}: {key} was saved with shape {array.shape}, the parameter has {param.shape}")
    return wrap(np.array(array, param.dtype if array.dtype.kind == "f" else array.dtype, order="C"))


def as_count(key, kind, value, who):
    """A number of a state as Python's; raise DTypeError if it is none, or as a count not whole or below 0."""
    problems = []
    number = _number(f"{who}: in its state", key, kind, value, problems)
    if problems:
        raise DTypeError(f"{problems[0]}.")
    return number


def _number(origin, key, kind, value, problems):
    """A number as Python has it; PyTorch keeps numbers as tensors without dimensions."""
    try:
        number = float(value) if not isinstance(value, bool | str) else math.nan
    except (TypeError, ValueError, RuntimeError, OverflowError):
        number = math.nan
    if not math.isfinite(number) or (kind != "real" and number < 0) or (kind == "count" and number != int(number)):
        wanted = {"count": "a count", "number": "a number that is not negative", "real": "a number"}[kind]
        problems.append(f"{origin}: {key} is {describe(value)}, not {wanted}")
        return 0
    return int(number) if kind == "count" else number
