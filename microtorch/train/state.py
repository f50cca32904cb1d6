"""The whole state of a training, and how it is taken over: all of it or nothing."""

from ..tensor import Tensor
from .fitting import check
from .generators import generators_of


def state_of(solver):
    """All that a training consists of, to be saved between two steps; `fitting.check` says what each entry is."""
    optimizer, history = solver.optimizer.state_dict(), solver.history
    keys = [key for group in optimizer["param_groups"] for key in group["params"]]
    return {
        "model": solver.model.state_dict(),
        "optimizer": optimizer,
        "untouched": [key for key in keys if key not in optimizer["state"]],  # else a lost state would look like none
        "scheduler": solver.scheduler and solver.scheduler.state_dict(),
        "generators": [generator.get_state() for generator in generators_of(solver)],
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
        **solver._ranks.private(solver),
    }


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
    solver._ranks.take(solver, state)
    solver._epoch_start = state["epoch_start"]
    solver.step, solver.epoch, solver.position = counts["step"], counts["epoch"], counts["position"]
    solver.seconds, solver.stopped = state["seconds"], state["stopped"]
    solver.best_val_acc, solver.best_params, solver._stale = best["value"], best["params"], best["stale"]


def _copied(tree):
    """A tree with every tensor copied."""
    if isinstance(tree, Tensor):
        return tree.clone()
    if isinstance(tree, dict):
        return {key: _copied(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return type(tree)(_copied(value) for value in tree)
    return tree
