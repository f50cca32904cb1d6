"""The whole state of a training, and how it is taken over: all of it or nothing."""

from .. import random
from ..tensor import Tensor
from .fitting import check
from .ranks import states_by_rank


def state_of(solver):
    """All that a training consists of, to be saved between two steps; `fitting.check` says what each entry is."""
    optimizer, history = solver.optimizer.state_dict(), solver.history
    keys = [key for group in optimizer["param_groups"] for key in group["params"]]
    generators, *others = solver._ranks.gathered([generator.get_state() for generator in generators_of(solver)])
    state = {
        "model": solver.model.state_dict(),
        "optimizer": optimizer,
        "untouched": [key for key in keys if key not in optimizer["state"]],  # else a lost state would look like none
        "scheduler": solver.scheduler and solver.scheduler.state_dict(),
        "generators": generators,
        "epoch_start": solver._epoch_start,
        "counts": {
            "step": solver.step,
            "epoch": solver.epoch,
            "position": solver.position,
            "batches": len(solver.loader),
        },
        "seconds": solver.seconds,
        "best": {"value": solver.best_val_acc, "params": solver.best_params, "stale": solver._stale},
        "stopped": solver.stopped,
        "history": history.state_dict(),
        "columns": {"steps": list(history.steps.columns), "evaluations": list(history.evaluations.columns)},
    }
    return state | {"ranks": others} if others else state


def load_state(solver, state_dict):
    """Go on from a saved state; raises CheckpointError if it does not fit, and leaves everything as it was."""
    check(solver, state_dict, generators_of(solver))
    before = _copied(state_of(solver))
    try:
        _load(solver, state_dict)
    except BaseException:  # nothing of what was checked; perhaps Ctrl-C, or no memory
        _load(solver, before)
        raise


def _load(solver, state):
    best, counts = state["best"], state["counts"]
    solver.model.load_state_dict(state["model"])
    solver.optimizer.load_state_dict(state["optimizer"])
    if solver.scheduler is not None:
        solver.scheduler.load_state_dict(state["scheduler"])
    solver.history.load_state_dict(state["history"])
    if solver._norms is not None:
        norms = solver.history.steps.columns.setdefault("grad_norm", [float("nan")] * len(solver.history.steps))
        solver._norms = norms
    states, own = states_by_rank(state, solver._ranks)
    set_states(generators_of(solver), states)
    if not own:
        solver._ranks.part_ways(generators_of(solver))
    solver._epoch_start = state["epoch_start"]
    solver.step, solver.epoch, solver.position = counts["step"], counts["epoch"], counts["position"]
    solver.seconds, solver.stopped = state["seconds"], state["stopped"]
    solver.best_val_acc, solver.best_params, solver._stale = best["value"], best["params"], best["stale"]


def generators_of(solver):
    """Every generator that the training draws from, each once, always in the same order."""
    dataset = solver.loader.dataset
    sources = [solver.loader, solver.loader.sampler, *solver.model.modules()]
    while dataset is not None:
        transform = getattr(dataset, "transform", None)
        sources += [dataset, transform, *getattr(transform, "transforms", ())]
        dataset = getattr(dataset, "dataset", None)
    # not getattr: a module that has none would look for names like it, at 1 ms a module
    found = [random.default_generator, *(getattr(s, "__dict__", {}).get("generator") for s in sources)]
    return list({id(g): g for g in found if isinstance(g, random.Generator)}.values())


def set_states(generators, states):
    for generator, state in zip(generators, states, strict=True):
        generator.set_state(state)


def _copied(tree):
    """A tree with every tensor copied."""
    if isinstance(tree, Tensor):
        return tree.clone()
    if isinstance(tree, dict):
        return {key: _copied(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return type(tree)(_copied(value) for value in tree)
    return tree
