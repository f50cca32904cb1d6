"""Schedules that multiply the learning rate by a factor, at some steps or at each."""

import bisect
import collections

from ..state.options import as_number
from .base import LRScheduler


class StepLR(LRScheduler):
    """The learning rate times gamma, every `step_size` steps.

    Parameters
    ----------
    step_size : int
        How many steps a learning rate stays.
    gamma : float, default 0.1
        The factor.

    Examples
    --------
    >>> optimizer = microtorch.optim.SGD([microtorch.ones(2, requires_grad=True)], lr=1.0)
    >>> scheduler = microtorch.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
    >>> for _ in range(4):
    ...     optimizer.step(); scheduler.step()
    >>> scheduler.get_last_lr()
    [0.25]
    """

    def __init__(self, optimizer, step_size, gamma=0.1, last_epoch=-1):
        if step_size < 1:
            raise ValueError(f"StepLR: step_size {step_size} must be at least 1")
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        due = self.last_epoch != 0 and self.last_epoch % self.step_size == 0
        return [lr * self.gamma if due else lr for lr in self._current()]

    def _get_closed_form_lr(self):
        return [lr * self.gamma ** (self.last_epoch // self.step_size) for lr in self.base_lrs]


class MultiStepLR(LRScheduler):
    """The learning rate times gamma, at each milestone.

    Parameters
    ----------
    milestones : iterable of int
        The steps; one that comes twice counts twice.
    gamma : float, default 0.1
        The factor.

    Examples
    --------
    >>> optimizer = microtorch.optim.SGD([microtorch.ones(2, requires_grad=True)], lr=1.0)
    >>> scheduler = microtorch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[1, 3], gamma=0.5)
    >>> for _ in range(3):
    ...     optimizer.step(); scheduler.step()
    >>> scheduler.get_last_lr()
    [0.25]
    """

    def __init__(self, optimizer, milestones, gamma=0.1, last_epoch=-1):
        self.milestones, self.gamma = collections.Counter(as_number("milestones", m) for m in milestones), gamma
        super().__init__(optimizer, last_epoch)

    def load_state_dict(self, state_dict):
        super().load_state_dict(state_dict)
        # JSON makes the keys strings and the counter a dict.
        self.milestones = collections.Counter({int(step): int(n) for step, n in self.milestones.items()})

    def get_lr(self):
        return [lr * self.gamma ** self.milestones[self.last_epoch] for lr in self._current()]

    def _get_closed_form_lr(self):
        passed = bisect.bisect_right(sorted(self.milestones.elements()), self.last_epoch)
        return [lr * self.gamma**passed for lr in self.base_lrs]


class ConstantLR(LRScheduler):
    """The learning rate times `factor` during the first `total_iters` steps.

    Parameters
    ----------
    factor : float in [0, 1], default 1/3
        The factor.
    total_iters : int, default 5
        How many steps it holds.

    Examples
    --------
    >>> optimizer = microtorch.optim.SGD([microtorch.ones(2, requires_grad=True)], lr=1.0)
    >>> scheduler = microtorch.optim.lr_scheduler.ConstantLR(optimizer, factor=0.5, total_iters=2)
    >>> scheduler.get_last_lr()
    [0.5]
    """

    def __init__(self, optimizer, factor=1.0 / 3, total_iters=5, last_epoch=-1):
        if not 0 <= factor <= 1:
            raise ValueError(f"Constant multiplicative factor expected to be between 0 and 1, not {factor}.")
        self.factor, self.total_iters = factor, total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        if self.last_epoch == 0:
            return [lr * self.factor for lr in self._current()]
        if self.last_epoch != self.total_iters:
            return self._current()
        if self.factor == 0:  # nothing is left that could be multiplied
            return list(self.base_lrs)
        return [lr / self.factor for lr in self._current()]

    def _get_closed_form_lr(self):
        return [lr if self.last_epoch >= self.total_iters else lr * self.factor for lr in self.base_lrs]


class LinearLR(LRScheduler):
    """The learning rate times a factor that goes from `start_factor` to `end_factor` in `total_iters` equal steps.

    Parameters
    ----------
    start_factor : float in (0, 1], default 1/3
        The factor at the first step.
    end_factor : float in [0, 1], default 1.0
        The factor from step `total_iters` on.
    total_iters : int, default 5
        How many steps it takes.

    Examples
    --------
    >>> optimizer = microtorch.optim.SGD([microtorch.ones(2, requires_grad=True)], lr=1.0)
    >>> scheduler = microtorch.optim.lr_scheduler.LinearLR(optimizer, start_factor=0.5, total_iters=2)
    >>> optimizer.step(); scheduler.step()
    >>> scheduler.get_last_lr()
    [0.75]
    """

    def __init__(self, optimizer, start_factor=1.0 / 3, end_factor=1.0, total_iters=5, last_epoch=-1):
        if not 0 < start_factor <= 1:
            raise ValueError(
                f"Starting multiplicative factor expected to be greater than 0 and less or equal to 1, not "
                f"{start_factor}."
            )
        if not 0 <= end_factor <= 1:
            raise ValueError(f"Ending multiplicative factor expected to be between 0 and 1, not {end_factor}.")
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        if self.last_epoch == 0:
            return [lr * self.start_factor for lr in self._current()]
        if self._is_initial or self.last_epoch > self.total_iters:
            return self._current()
        return [lr * self._factor(self.last_epoch) / self._factor(self.last_epoch - 1) for lr in self._current()]

    def _factor(self, epoch):
        share = min(epoch, self.total_iters) / self.total_iters
        return self.start_factor + (self.end_factor - self.start_factor) * share

    def _get_closed_form_lr(self):
        return [lr * self._factor(self.last_epoch) for lr in self.base_lrs]


class ExponentialLR(LRScheduler):
    """The learning rate times gamma, at each step.

    Parameters
    ----------
    gamma : float
        The factor.

    Examples
    --------
    >>> optimizer = microtorch.optim.SGD([microtorch.ones(2, requires_grad=True)], lr=1.0)
    >>> scheduler = microtorch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
    >>> optimizer.step(); scheduler.step()
    >>> scheduler.get_last_lr()
    [0.5]
    """

    def __init__(self, optimizer, gamma, last_epoch=-1):
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        return self._current() if self._is_initial else [lr * self.gamma for lr in self._current()]

    def _get_closed_form_lr(self):
        return [lr * self.gamma**self.last_epoch for lr in self.base_lrs]


class PolynomialLR(LRScheduler):
    """The learning rate falls to zero as a power of the steps that are left.

    Parameters
    ----------
    total_iters : int, default 5
        The step at which it reaches zero.
    power : float, default 1.0
        The exponent.

    Notes
    -----
    lr_t = lr_0 · (1 − t / total_iters)^power.

    Examples
    --------
    >>> optimizer = microtorch.optim.SGD([microtorch.ones(2, requires_grad=True)], lr=1.0)
    >>> scheduler = microtorch.optim.lr_scheduler.PolynomialLR(optimizer, total_iters=4, power=2.0)
    >>> optimizer.step(); scheduler.step()
    >>> scheduler.get_last_lr()
    [0.5625]
    """

    def __init__(self, optimizer, total_iters=5, power=1.0, last_epoch=-1):
        self.total_iters, self.power = total_iters, power
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        if self._is_initial or self.last_epoch > self.total_iters:
            return self._current()
        factor = (self._left(self.last_epoch) / self._left(self.last_epoch - 1)) ** self.power
        return [lr * factor for lr in self._current()]

    def _left(self, epoch):
        return 1.0 - min(epoch, self.total_iters) / self.total_iters

    def _get_closed_form_lr(self):
        return [lr * self._left(self.last_epoch) ** self.power for lr in self.base_lrs]
