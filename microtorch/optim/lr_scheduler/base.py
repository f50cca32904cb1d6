"""The base of all schedules, and the two that take a function."""

import collections
import types
import warnings

from ...autograd.observe import taking_part
from ...errors import CheckpointError, describe
from ..optimizer import Optimizer
from ..state.checkpoint import unlike
from ..state.options import as_number


class LRScheduler:
    """The base of all schedules; to write one, override `get_lr`.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates are set, one in each parameter group.
    last_epoch : int, default -1
        The step to go on from. -1 starts anew; otherwise each group must have its ``initial_lr``, as it has after
        ``optimizer.load_state_dict``.

    Attributes
    ----------
    base_lrs : list of float
        The learning rate of each group at the start.
    last_epoch : int
        The number of the current step.

    Notes
    -----
    Call ``scheduler.step()`` after ``optimizer.step()``, once an epoch or once a batch, whichever the schedule's
    numbers count. As in PyTorch, most schedules compute a learning rate from the one before, so that several can act
    on one optimizer.

    Examples
    --------
    >>> from microtorch.optim.lr_scheduler import LRScheduler
    >>> class Halving(LRScheduler):
    ...     def get_lr(self):
    ...         return [lr * 0.5**self.last_epoch for lr in self.base_lrs]
    >>> optimizer = microtorch.optim.SGD([microtorch.ones(2, requires_grad=True)], lr=0.8)
    >>> scheduler = Halving(optimizer)
    >>> optimizer.step(); scheduler.step()
    >>> scheduler.get_last_lr()
    [0.4]
    """

    _is_initial = False  # during the step that the constructor makes

    def __init__(self, optimizer, last_epoch=-1):
        check_optimizer(optimizer)
        self.optimizer = optimizer
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{i}] when resuming with last_epoch "
                    f"{last_epoch}. Load the optimizer's state first, or start with last_epoch=-1."
                )
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._initial_step()

    def __setattr__(self, name, value):
        object.__setattr__(self, name, as_number(name, value))  # a tensor may be changed later

    def _initial_step(self):
        self._step_count = 0
        self._is_initial = True
        try:
            self._advance()
        finally:
            del self._is_initial

    def get_lr(self):
        """The learning rate of each group at step `last_epoch`, from those before; `get_last_lr` gives the current."""
        raise NotImplementedError(f"{type(self).__name__} has no get_lr()")

    def get_last_lr(self):
        """The current learning rates, a list with one float for each group."""
        return self._last_lr

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "step" in cls.__dict__:
            cls.step = taking_part(cls.step)

    @taking_part
    def step(self, epoch=None):
        """Set the learning rates of the next step.

        Parameters
        ----------
        epoch : int, optional
            Go to this step instead.
        """
        theirs = type(self.optimizer).step is not Optimizer.step  # an own step() does not say that it was called
        if self._step_count == 1 and not self.optimizer.stepped and not theirs:
            warnings.warn(
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`: the first learning rate of the "
                "schedule is never used. Call optimizer.step() first.",
                stacklevel=2,
            )
        self._advance(epoch)

    def _advance(self, epoch=None):
        self._step_count += 1
        self._update_lr(epoch)

    def _update_lr(self, epoch=None):
        if epoch is None:
            self.last_epoch += 1
            lrs = self.get_lr()
        else:
            self.last_epoch = epoch
            lrs = self._get_closed_form_lr()
        for group, lr in zip(self.optimizer.param_groups, lrs, strict=True):
            group["lr"] = lr
        self._last_lr = self._current()

    def _get_closed_form_lr(self):
        """The learning rates at `last_epoch`, whatever they were before; by default the same formula."""
        return self.get_lr()

    def _current(self):
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self):
        """Everything but the optimizer, to be saved. Functions are left out; of other callables, their attributes."""
        return {k: _packed(v) for k, v in self.__dict__.items() if k != "optimizer"}

    def load_state_dict(self, state_dict):
        """Go on from a saved state. The learning rates themselves come back with the optimizer's state.

        Raises
        ------
        CheckpointError
            If it was saved by another kind of schedule, or is damaged. Nothing has been changed then.
        """
        self.check_state(state_dict)
        for key in self.state_dict():
            self.__dict__[key] = _unpacked(self.__dict__[key], state_dict[key])

    def check_state(self, state_dict, place=""):
        """Raise CheckpointError, and name the entry, if `load_state_dict` cannot take this state.

        Parameters
        ----------
        state_dict : dict
        place : str, default ""
            What to put before the names of entries.
        """
        where = f"{type(self).__name__}.load_state_dict: "
        if not isinstance(state_dict, dict):
            raise CheckpointError(f"{where}{place or 'this'} is {describe(state_dict)}, not the state of a schedule.")
        missing = sorted(set(self.state_dict()) - set(state_dict))
        if missing:
            raise CheckpointError(
                f"{where}{', '.join(place + name for name in missing)} was not saved. "
                "The state is from another kind of schedule; nothing was loaded."
            )
        for key, packed in self.state_dict().items():
            saved, problem = state_dict[key], None
            if key == "_schedulers":
                if not isinstance(saved, list | tuple) or len(saved) != len(self._schedulers):
                    problem = f"not the states of {len(self._schedulers)} schedules"
                else:
                    for i, (scheduler, its) in enumerate(zip(self._schedulers, saved, strict=True)):
                        scheduler.check_state(its, f"{place}{key}.{i}.")
            elif key in _COUNTS:
                if isinstance(saved, bool) or not isinstance(saved, int) or not -1 <= saved < 1 << 63:
                    problem = "not a count"
            elif key == "_last_lr":
                if (problem := unlike([0.0] * len(packed), saved)) is None and min(saved, default=0) < 0:
                    problem = "and learning rates are not negative"
            elif packed is None and not callable(self.__dict__[key]):
                problem = None  # what it may become is not known
            elif packed is None and saved is not None:
                problem = "and functions are not saved"
            else:
                problem = unlike(packed, saved)
            if problem is not None:
                raise CheckpointError(f"{where}{place}{key} is {describe(saved)}, {problem}; nothing was loaded.")


# What counts steps in schedules. It starts at −1.
_COUNTS = ("last_epoch", "_step_count", "num_bad_epochs", "cooldown_counter")


def _packed(value):
    if isinstance(value, LRScheduler):
        return value.state_dict()
    if isinstance(value, list):
        return [_packed(v) for v in value]
    if callable(value):
        return None if isinstance(value, types.FunctionType | types.MethodType) else dict(value.__dict__)
    return value


def _unpacked(current, saved):
    """The successor of `current`: the saved value, or `current` itself with the saved attributes."""
    if isinstance(current, LRScheduler):
        current.load_state_dict(saved)
        return current
    if isinstance(current, list) and isinstance(saved, list):
        if any(isinstance(c, LRScheduler) or callable(c) for c in current):
            return [_unpacked(c, s) for c, s in zip(current, saved, strict=True)]
        return list(saved)
    if callable(current):
        if saved is not None:
            current.__dict__.update(saved)
        return current
    if isinstance(current, collections.Counter):  # files hold it as a dict, which does not answer 0 for the others
        return collections.Counter(saved)
    return saved


def check_optimizer(optimizer):
    """Raise TypeError unless `optimizer` is one."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")


def for_each_group(name, optimizer, value):
    """`value` as a list with one entry for each parameter group."""
    check_optimizer(optimizer)
    groups = len(optimizer.param_groups)
    if not isinstance(value, list | tuple):
        return [as_number(name, value)] * groups
    if len(value) != groups:
        raise ValueError(
            f"{name} must have the same length as optimizer.param_groups. "
            f"{name} has {len(value)} values, param_groups has {groups}."
        )
    return [as_number(name, v) for v in value]  # numbers: a tensor may be changed later


class LambdaLR(LRScheduler):
    """The learning rate at the start times a function of the step.

    Parameters
    ----------
    lr_lambda : callable or list of callable
        Takes the number of the step; one for all groups or one for each.

    Notes
    -----
    lr_t = lr_0 · f(t). Functions are not saved by `state_dict`; of objects with ``__call__``, the attributes are.

    Examples
    --------
    >>> optimizer = microtorch.optim.SGD([microtorch.ones(2, requires_grad=True)], lr=1.0)
    >>> scheduler = microtorch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: 1 / (1 + t))
    >>> optimizer.step(); scheduler.step()
    >>> scheduler.get_last_lr()
    [0.5]
    """

    def __init__(self, optimizer, lr_lambda, last_epoch=-1):
        self.lr_lambdas = for_each_group("lr_lambda", optimizer, lr_lambda)
        for function in self.lr_lambdas:
            if not callable(function):
                raise TypeError(f"lr_lambda should be a function, but got {type(function).__name__}")
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        return [lr * f(self.last_epoch) for lr, f in zip(self.base_lrs, self.lr_lambdas, strict=True)]


class MultiplicativeLR(LambdaLR):
    """The learning rate before times a function of the step.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates are set.
    lr_lambda : callable or list of callable
        Takes the number of the step; one for all groups or one for each.
    last_epoch : int, default -1
        The step to go on from.

    Notes
    -----
    lr_t = lr_{t−1} · f(t).

    Examples
    --------
    >>> optimizer = microtorch.optim.SGD([microtorch.ones(2, requires_grad=True)], lr=1.0)
    >>> scheduler = microtorch.optim.lr_scheduler.MultiplicativeLR(optimizer, lambda t: 0.5)
    >>> optimizer.step(); scheduler.step(); scheduler.step()
    >>> scheduler.get_last_lr()
    [0.25]
    """

    def get_lr(self):
        if self._is_initial:
            return self._current()
        return [lr * f(self.last_epoch) for lr, f in zip(self._current(), self.lr_lambdas, strict=True)]
