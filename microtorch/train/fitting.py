"""Whether a saved state is whole and of this training: looked at entirely, before anything is changed."""

import inspect
import math

import numpy as np

from ..errors import CheckpointError, describe
from ..optim.lr_scheduler import ReduceLROnPlateau
from ..optim.state.checkpoint import read_state, unlike
from ..random import Generator
from ..tensor import Tensor
from .history import columns_of
from .ranks import check_ranks


def check(solver, state, generators):
    """Raise CheckpointError, and name the entry, unless `state` can be that of `solver`.

    Parameters
    ----------
    solver : Solver
    state : dict
        As `state_of` makes it.
    generators : list of Generator
        From which the training draws.
    """
    parts = _entries(state, "", _PARTS)
    counts = _entries(parts["counts"], "counts.", dict.fromkeys(("step", "epoch", "position", "batches"), _count))
    _check_model(solver, parts["model"], "model.")
    _check_optimizer(solver, parts)
    _check_scheduler(solver, parts["scheduler"], parts["optimizer"]["param_groups"])
    _check_counts(solver, counts)
    _check_generators(generators, parts["generators"], "generators")
    check_ranks(solver, parts, lambda states, place: _check_generators(generators, states, place))
    if parts["epoch_start"] is not None:
        _check_generators(generators, parts["epoch_start"], "epoch_start")
    elif counts["position"]:
        _refuse("epoch_start", None, f"and position {counts['position']} in the epoch cannot be found again")
    tables = _check_history(parts["history"], parts["columns"], counts, len(solver.loader))
    _check_best(solver, _entries(parts["best"], "best.", _BEST), tables["evaluations"])


# -- entries by their kind: None where a value is of it, else what it is not -------------------------------------------


def _count(value):
    return None if type(value) is int and 0 <= value < 1 << 63 else "not a count"


def _flag(value):
    return None if isinstance(value, bool) else "not True or False"


def _dict(value):
    return None if isinstance(value, dict) else "not a dict"


def _named(value):
    return None if isinstance(value, dict) else "not the best parameters by their names"


def _list(value):
    return None if isinstance(value, list | tuple) else "not a list"


def _time(value):
    return None if _number(value) is None and 0 <= value < 1e300 else "not a time in seconds"


def _number(value):
    return None if isinstance(value, int | float) and not isinstance(value, bool) else "not a number"


def _or_none(kind):
    return lambda value: None if value is None else kind(value)


_PARTS = {
    "counts": _dict,
    "model": _dict,
    "optimizer": _dict,
    "untouched": _list,
    "scheduler": _or_none(_dict),
    "generators": _list,
    "epoch_start": _or_none(_list),
    "seconds": _time,
    "best": _dict,
    "stopped": _flag,
    "history": _dict,
    "columns": _dict,
}
_BEST = {"value": _number, "params": _or_none(_named), "stale": _count}


def _entries(saved, place, kinds):
    """`saved`, a dict in which each of `kinds` is and is of its kind."""
    if not isinstance(saved, dict):
        _refuse(place or "state", saved, "not a dict")
    for name, kind in kinds.items():
        if name not in saved:
            raise CheckpointError(f"Solver: the state is damaged or of something else: {place}{name} is missing.")
        if (problem := kind(saved[name])) is not None:
            _refuse(place + name, saved[name], problem)
    return saved


def _refuse(name, value, problem):
    raise CheckpointError(
        f"Solver: the state is damaged or of another training: {name} is {describe(value)}, {problem}."
    )


# -- part by part ------------------------------------------------------------------------------------------------------


def _check_model(solver, saved, place):
    """Names, shapes and dtypes are those of the model, else bit for bit the same could not follow."""
    present = solver.model.state_dict()
    missing, unexpected = ([n for n in a if n not in b] for a, b in ((present, saved), (saved, present)))
    if missing or unexpected:
        raise CheckpointError(
            f"Solver: the state is of another model: missing {', '.join(place + n for n in missing) or 'nothing'}; "
            f"unexpected {', '.join(place + str(n) for n in unexpected) or 'nothing'}."
        )
    for name, t in present.items():
        value = saved[name]
        if not isinstance(value, Tensor) or value.shape != t.shape or value.dtype != t.dtype:
            _refuse(place + name, value, f"and {describe(t)} in the model")


def _check_optimizer(solver, parts):
    groups = solver.optimizer.param_groups
    saved = _entries(parts["optimizer"], "optimizer.", {"state": _dict, "param_groups": _list})
    for i, (group, its) in enumerate(zip(solver.optimizer.state_dict()["param_groups"], saved["param_groups"])):
        place = f"optimizer.param_groups.{i}."
        params = _entries(its, place, {"params": _list})["params"]
        if sorted(map(repr, params)) != sorted(map(repr, group["params"])):
            _refuse(f"{place}params", params, f"and there are {describe(group['params'])}")
    read_state(solver.optimizer, saved)
    for i, (group, its) in enumerate(zip(groups, saved["param_groups"], strict=True)):
        for name in group:
            if name not in its and name != "param_names":
                raise CheckpointError(f"Solver: the state is damaged: optimizer.param_groups.{i}.{name} is missing.")
    keys = [key for group in saved["param_groups"] for key in group["params"]]
    for key in parts["untouched"]:
        if key not in keys:
            _refuse("untouched", parts["untouched"], "not the names of parameters")
    for key in keys:
        if (key in parts["untouched"]) == (key in saved["state"]):
            raise CheckpointError(
                f"Solver: the state is damaged: optimizer.state.{key} is "
                + ("there, and named as untouched." if key in saved["state"] else "missing.")
            )
        if key in saved["state"] and not saved["state"][key]:
            _refuse(f"optimizer.state.{key}", saved["state"][key], "not a parameter's state")


def _check_scheduler(solver, saved, groups):
    scheduler = solver.scheduler
    if (saved is None) != (scheduler is None):
        raise CheckpointError(
            f"Solver: scheduler is {describe(saved)} in the state, which was saved with another schedule. "
            "Resume with the same schedule."
        )
    if scheduler is None:
        return
    scheduler.check_state(saved, "scheduler.")
    _check_settings(scheduler, saved, "scheduler.", [group.get("initial_lr") for group in groups])
    if isinstance(scheduler, ReduceLROnPlateau) and math.isnan(saved["best"]):
        _refuse("scheduler.best", saved["best"], "which nothing is better than")


def _check_settings(scheduler, saved, place, initial):
    """The options of a schedule are as they were; what has become of it since is not known here."""
    present = scheduler.state_dict()
    for setting in inspect.signature(type(scheduler)).parameters:
        for name in (setting, f"{setting}s", f"_{setting}"):  # one min_lr for each group is in min_lrs
            if name in present and name not in ("last_epoch", "_schedulers") and not _same(present[name], saved[name]):
                raise CheckpointError(
                    f"Solver: {place}{name} was saved as {describe(saved[name])} and is {describe(present[name])} now. "
                    "Resume with the same schedule; what it is to be from then on is set after resume()."
                )
    if "base_lrs" in present and None not in initial and not _same(saved["base_lrs"], initial):
        _refuse(f"{place}base_lrs", saved["base_lrs"], f"and the groups' initial_lr are {initial}")
    for i, (part, its) in enumerate(zip(getattr(scheduler, "_schedulers", ()), saved.get("_schedulers", ()))):
        _check_settings(part, its, f"{place}_schedulers.{i}.", initial)


def _same(a, b):
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(_same(x, y) for x, y in zip(a, b))
    return unlike(a, b) is None and a == b


def _check_counts(solver, counts):
    batches = len(solver.loader)
    if counts["batches"] != batches:
        raise CheckpointError(
            f"Solver: the state was saved with {counts['batches']} batches an epoch (counts.batches), and there are "
            f"{batches} now. Resume with the same data and batch_size."
        )
    if counts["position"] > batches:
        _refuse("counts.position", counts["position"], f"and an epoch has {batches} batches")
    if counts["epoch"] > counts["step"]:
        _refuse("counts.epoch", counts["epoch"], f"more than the steps, of which there are {counts['step']}")
    if counts["step"] > counts["epoch"] * batches + counts["position"]:
        _refuse("counts.step", counts["step"], f"more than the batches of {counts['epoch']} epochs and the position")


def _check_generators(generators, states, place):
    if len(states) != len(generators):
        raise CheckpointError(
            f"Solver: the state was saved with other generators: {place} has {len(states)}, and there are "
            f"{len(generators)}. Resume with the same model and data."
        )
    for i, state in enumerate(states):
        try:
            Generator().set_state(state)
        except ValueError as error:
            raise CheckpointError(f"Solver: the state is damaged: {place}.{i}: {error}.") from error


def _check_history(history, columns, counts, batches):
    """The tables as lists by their columns."""
    tables = {}
    for table in ("steps", "evaluations"):
        names = _entries(columns, "columns.", {table: _list})[table]
        found = tables[table] = columns_of(_entries(history, "history.", {table: _dict})[table], f"history.{table}.")
        for name in found:
            if name not in names:
                _refuse(f"columns.{table}", names, f"without {name}, which is in history.{table}")
        if len(names) != len(found):
            raise CheckpointError(
                f"Solver: the state is damaged: history.{table} has the columns {', '.join(found) or 'none'}, and "
                f"columns.{table} names {', '.join(map(str, names)) or 'none'}."
            )
        for name, values in found.items():
            known = name in ("loss", "epoch", "lr", "seconds", "grad_norm") or name.startswith(("train_", "val_"))
            if known and any(type(value) is not float for value in values):
                _refuse(f"history.{table}.{name}", np.array(values), "not of float64")
    steps, evaluations = tables["steps"], tables["evaluations"]
    needed = {"steps": ("loss",), "evaluations": ("step", "epoch", "loss", "lr", "seconds") if evaluations else ()}
    for table, names in needed.items():
        for name in names:
            if name not in tables[table]:
                raise CheckpointError(f"Solver: the state is damaged: history.{table}.{name} is missing.")
    if len(steps["loss"]) != counts["step"]:
        raise CheckpointError(
            f"Solver: the state is damaged: history.steps.loss has {len(steps['loss'])} rows, and counts.step is "
            f"{counts['step']}."
        )
    at = evaluations.get("step", [])
    if any(type(step) is not int or not 0 <= step <= counts["step"] for step in at) or at != sorted(at):
        _refuse("history.evaluations.step", np.array(at), "not the steps of evaluations")
    if at and not 0 <= max(evaluations["epoch"]) <= counts["epoch"] + counts["position"] / batches + 1e-9:
        _refuse("history.evaluations.epoch", max(evaluations["epoch"]), f"and counts.epoch is {counts['epoch']}")
    return tables


def _check_best(solver, best, evaluations):
    if best["params"] is None:
        if not math.isnan(best["value"]) or best["stale"]:
            _refuse("best.params", None, f"and best.value is {best['value']}, best.stale {best['stale']}")
        return
    _check_model(solver, best["params"], "best.params.")
    values = evaluations.get(solver.monitor)
    if values is None:
        raise CheckpointError(
            f"Solver: the state has best.params, and no {solver.monitor} in history.evaluations. "
            "Resume with the same monitor and metrics."
        )
    same = [i for i, v in enumerate(values) if v == best["value"] or (math.isnan(v) and math.isnan(best["value"]))]
    if not same:
        _refuse("best.value", best["value"], f"and never was the {solver.monitor}. Resume with the same monitor")
    if len(values) - 1 - best["stale"] not in same:
        _refuse("best.stale", best["stale"], f"and best.value came in evaluation {same[0] + 1} of {len(values)}")
