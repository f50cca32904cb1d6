"""Schedules made of others, and the one that waits for a measure to stop improving."""

import bisect
import math

from ..state.options import as_number
from .base import LRScheduler, check_optimizer


def _check_all(name, schedulers, optimizer):
    if not schedulers:
        raise ValueError(f"{name} expects at least one scheduler, but got no scheduler.")
    for i, scheduler in enumerate(schedulers):
        if not hasattr(scheduler, "optimizer"):
            raise TypeError(f"{name} at index {i} should have `optimizer` as its attribute.")
        if isinstance(scheduler, ReduceLROnPlateau):
            raise ValueError(
                f"{name} does not support `ReduceLROnPlateau` (index {i}): its step() needs the measure. "
                "Call its step(measure) beside this one's step()."
            )
        if scheduler.optimizer is not optimizer:
            raise ValueError(
                f"{name} expects all schedulers to belong to the same optimizer, but that of "
                f"{type(scheduler).__name__} at index {i} is another one."
            )


class SequentialLR(LRScheduler):
    """One schedule after the other.

    Parameters
    ----------
    schedulers : list of LRScheduler
        The schedules.
    milestones : list of int
        The steps at which the second and each further one takes over, each from its own step 0.

    Examples
    --------
    >>> from microtorch.optim.lr_scheduler import ConstantLR, ExponentialLR, SequentialLR
    >>> optimizer = microtorch.optim.SGD([microtorch.ones(2, requires_grad=True)], lr=1.0)
    >>> warmup = ConstantLR(optimizer, factor=0.5, total_iters=2)
    >>> scheduler = SequentialLR(optimizer, [warmup, ExponentialLR(optimizer, gamma=0.5)], milestones=[2])
    >>> for _ in range(3):
    ...     optimizer.step(); scheduler.step()
    >>> scheduler.get_last_lr()
    [0.5]
    """

    def __init__(self, optimizer, schedulers, milestones, last_epoch=-1):
        check_optimizer(optimizer)
        schedulers = list(schedulers)
        _check_all(type(self).__name__, schedulers, optimizer)
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                "Sequential Schedulers expects number of schedulers provided to be one more than the number of "
                f"milestone points, but got number of schedulers {len(schedulers)} and the number of milestones to be "
                f"equal to {len(milestones)}"
            )
        self.optimizer = optimizer
        self._schedulers, self._milestones = schedulers, list(milestones)
        self.last_epoch = last_epoch + 1
        # Each of them has made its first step when it was made; take those back and make only the one that is due.
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"]
        _take_back(self._schedulers)
        first = schedulers[bisect.bisect_right(self._milestones, 0)]
        first._initial_step()
        self._step_count = 1
        self._last_lr = first.get_last_lr()

    def _advance(self, epoch=None):
        if epoch is not None:
            raise ValueError("SequentialLR.step takes no epoch: what its schedules do depends on the steps before")
        self._step_count += 1
        self.last_epoch += 1
        i = bisect.bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[i]
        if i > 0 and self._milestones[i - 1] == self.last_epoch:
            scheduler._update_lr(0)
        else:
            scheduler._advance()
        self._last_lr = scheduler.get_last_lr()


def _take_back(schedulers):
    for scheduler in schedulers:
        if hasattr(scheduler, "_schedulers"):
            _take_back(scheduler._schedulers)
        else:
            scheduler.last_epoch -= 1


class ChainedScheduler(LRScheduler):
    """Several schedules at once, each acting on what the one before has set.

    Parameters
    ----------
    schedulers : sequence of LRScheduler
        The schedules.
    optimizer : Optimizer, optional
        Default: that of the first schedule.

    Examples
    --------
    >>> from microtorch.optim.lr_scheduler import ChainedScheduler, ConstantLR, ExponentialLR
    >>> optimizer = microtorch.optim.SGD([microtorch.ones(2, requires_grad=True)], lr=1.0)
    >>> scheduler = ChainedScheduler([ConstantLR(optimizer, factor=0.5), ExponentialLR(optimizer, gamma=0.5)])
    >>> optimizer.step(); scheduler.step()
    >>> scheduler.get_last_lr()
    [0.25]
    """

    def __init__(self, schedulers, optimizer=None):
        schedulers = list(schedulers)
        if optimizer is None and schedulers:
            optimizer = getattr(schedulers[0], "optimizer", None)
        _check_all(type(self).__name__, schedulers, optimizer)
        self.optimizer, self._schedulers, self._step_count = optimizer, schedulers, 1
        self._last_lr = self._current()

    def _advance(self, epoch=None):
        self._step_count += 1
        for scheduler in self._schedulers:
            scheduler._advance(epoch)
        self._last_lr = self._current()


class ReduceLROnPlateau(LRScheduler):
    """The learning rate times `factor` when a measure has not improved for more than `patience` steps.

    Parameters
    ----------
    mode : {"min", "max"}, default "min"
        Whether lower or higher is better.
    factor : float below 1, default 0.1
        The factor.
    patience : int, default 10
        How many steps without improvement are let pass.
    threshold : float, default 1e-4
        How much better it must be to count.
    threshold_mode : {"rel", "abs"}, default "rel"
        Whether `threshold` is a share of the best value or a difference.
    cooldown : int, default 0
        Steps after a change in which bad ones are not counted.
    min_lr : float or list of float, default 0
        The lowest learning rate, for all groups or for each.
    eps : float, default 1e-8
        Smaller changes are not made.

    Examples
    --------
    >>> optimizer = microtorch.optim.SGD([microtorch.ones(2, requires_grad=True)], lr=1.0)
    >>> scheduler = microtorch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    >>> for loss in (3.0, 2.0, 2.0, 2.0):
    ...     scheduler.step(loss)
    >>> scheduler.get_last_lr()
    [0.5]
    """

    def __init__(
        self,
        optimizer,
        mode="min",
        factor=0.1,
        patience=10,
        threshold=1e-4,
        threshold_mode="rel",
        cooldown=0,
        min_lr=0,
        eps=1e-8,
    ):
        check_optimizer(optimizer)
        if factor >= 1.0:
            raise ValueError(f"Factor should be < 1.0, not {factor}.")
        if mode not in ("min", "max"):
            raise ValueError(f"mode {mode} is unknown! It is 'min' or 'max'.")
        if threshold_mode not in ("rel", "abs"):
            raise ValueError(f"threshold mode {threshold_mode} is unknown! It is 'rel' or 'abs'.")
        groups = len(optimizer.param_groups)
        if isinstance(min_lr, list | tuple) and len(min_lr) != groups:
            raise ValueError(f"expected {groups} min_lrs, got {len(min_lr)}")
        self.optimizer = optimizer
        self.mode, self.threshold, self.threshold_mode = mode, threshold, threshold_mode
        self.factor, self.patience, self.cooldown, self.eps = factor, patience, cooldown, eps
        self.min_lrs = [as_number("min_lr", m) for m in min_lr] if isinstance(min_lr, list | tuple) else min_lr
        self.best = math.inf if mode == "min" else -math.inf
        self.num_bad_epochs = self.cooldown_counter = self.last_epoch = 0
        self._last_lr = self._current()

    @property
    def in_cooldown(self):
        """bool: whether bad steps are not counted yet."""
        return self.cooldown_counter > 0

    def step(self, metrics, epoch=None):
        """Take in the measure of a step.

        Parameters
        ----------
        metrics : float or Tensor
            The measure.
        epoch : int, optional
            The number of the step. Default: one more than the last.
        """
        current = float(metrics)
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        if self._is_better(current):
            self.best, self.num_bad_epochs = current, 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce_lr()
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
        self._last_lr = self._current()

    def _is_better(self, value):
        sign = 1 if self.mode == "max" else -1
        if self.threshold_mode == "rel":
            bound = self.best * (1 + sign * self.threshold)
        else:
            bound = self.best + sign * self.threshold
        return value > bound if self.mode == "max" else value < bound

    def _reduce_lr(self):
        groups = self.optimizer.param_groups
        lowest = self.min_lrs if isinstance(self.min_lrs, list) else [self.min_lrs] * len(groups)
        if len(lowest) != len(groups):
            raise RuntimeError(
                f"The number of param groups in the optimizer ({len(groups)}) differs from that of min_lr "
                f"({len(lowest)}). Append the new group's to scheduler.min_lrs."
            )
        for group, least in zip(groups, lowest, strict=True):
            lr = max(group["lr"] * self.factor, least)
            if group["lr"] - lr > self.eps:
                group["lr"] = lr
