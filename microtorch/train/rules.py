"""Update rules by name: the optimizers with the settings that courses give them, and the schedule of their rates."""

import difflib
import inspect

import numpy as np

from .. import optim
from ..optim.lr_scheduler import ExponentialLR

__all__ = ["make_optimizer"]

# name -> (optimizer, settings where they differ from its defaults)
RULES = {
    "sgd": ("SGD", {"lr": 1e-2}),
    "sgd_momentum": ("SGD", {"lr": 1e-2, "momentum": 0.9}),
    "momentum": ("SGD", {"lr": 1e-2, "momentum": 0.9}),
    "nesterov": ("SGD", {"lr": 1e-2, "momentum": 0.9, "nesterov": True}),
    "rmsprop": ("RMSprop", {}),
    "adagrad": ("Adagrad", {}),
    "adadelta": ("Adadelta", {}),
    "adam": ("Adam", {}),
    "adamw": ("AdamW", {}),
    "adamax": ("Adamax", {}),
    "nadam": ("NAdam", {}),
    "radam": ("RAdam", {}),
}
_COURSE_NAMES = {"learning_rate": "lr", "epsilon": "eps", "decay_rate": "alpha"}


def make_optimizer(model, update_rule, config=None):
    """An optimizer of the parameters of `model`, by name.

    Parameters
    ----------
    model : Module
    update_rule : str or type
        ``"sgd"``, ``"momentum"`` (or ``"sgd_momentum"``), ``"nesterov"``, ``"rmsprop"``, ``"adagrad"``,
        ``"adadelta"``, ``"adam"``, ``"adamw"``, ``"adamax"``, ``"nadam"``, ``"radam"``, or an optimizer class.
    config : dict, optional
        Settings, in PyTorch's names or in those of courses: ``learning_rate``, ``epsilon``, ``decay_rate``,
        ``beta1`` and ``beta2``.

    Returns
    -------
    Optimizer
        Its state is kept under the parameters' names.

    Raises
    ------
    ValueError
        If there is no such rule, or it has no such setting.

    Examples
    --------
    >>> from microtorch.train import make_optimizer
    >>> make_optimizer(nn.Linear(2, 1), "momentum", {"learning_rate": 0.1}).param_groups[0]["lr"]
    0.1
    """
    settings = {}
    if isinstance(update_rule, str):
        if update_rule not in RULES:
            close = difflib.get_close_matches(update_rule.lower(), RULES, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise ValueError(f"update rule {update_rule!r} is none of {', '.join(RULES)}.{hint}")
        name, settings = RULES[update_rule]
        kind = getattr(optim, name)
    else:
        kind = update_rule
    known = inspect.signature(kind).parameters
    config = dict(config or {})
    betas = [config.pop(name, None) for name in ("beta1", "beta2")]
    if any(beta is not None for beta in betas):
        defaults = known["betas"].default if "betas" in known else (None, None)
        config["betas"] = tuple(default if beta is None else beta for beta, default in zip(betas, defaults))
    config = {_COURSE_NAMES.get(name, name): value for name, value in config.items()}
    for name in config:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise ValueError(f"{kind.__name__} has no setting {name!r}.{hint}")
    return kind(model.named_parameters(), **{**settings, **config})


def rule_of(model, optimizer, update_rule, optim_config):
    """The optimizer of a Solver: the one that it was given, or one made by name."""
    if optimizer is not None and optim_config is not None:
        raise ValueError("Solver: optim_config is for update_rule; the optimizer has its settings already.")
    return optimizer or make_optimizer(model, update_rule, optim_config)


def schedule_of(optimizer, scheduler, lr_decay, schedule_by):
    """The schedule of a Solver, or None."""
    if scheduler is not None and lr_decay != 1.0:
        raise ValueError("Solver: lr_decay and scheduler both set the learning rate. Pass one of them.")
    if schedule_by not in ("epoch", "step"):
        raise ValueError(f'Solver: schedule_by is {schedule_by!r}. Pass "epoch" or "step".')
    if lr_decay != 1.0:
        return ExponentialLR(optimizer, lr_decay)
    if scheduler is not None and not hasattr(scheduler, "step"):
        return scheduler(optimizer)
    return scheduler


def check_counts(**given):
    """Raise ValueError for one of `given`, by name, that is neither None nor a positive integer."""
    for name, value in given.items():
        if value is not None and (not isinstance(value, int | np.integer) or value < 1):
            raise ValueError(f"Solver: {name} is {value!r}. Pass a positive integer.")
