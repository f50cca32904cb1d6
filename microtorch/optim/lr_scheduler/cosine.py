"""Schedules along a cosine."""

import math

from .base import LRScheduler


class CosineAnnealingLR(LRScheduler):
    """The learning rate swings along a cosine between its start and `eta_min`, half a period in `T_max` steps.

    Parameters
    ----------
    T_max : int
        The step at which it reaches `eta_min`; then it rises again.
    eta_min : float, default 0.0
        The lowest learning rate.

    Notes
    -----
    lr_t = eta_min + (lr_0 − eta_min) (1 + cos(π t / T_max)) / 2, computed from lr_{t−1}.

    References
    ----------
    I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017, eq. 5.

    Examples
    --------
    >>> optimizer = microtorch.optim.SGD([microtorch.ones(2, requires_grad=True)], lr=1.0)
    >>> scheduler = microtorch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=2)
    >>> optimizer.step(); scheduler.step()
    >>> scheduler.get_last_lr()
    [0.5]
    """

    def __init__(self, optimizer, T_max, eta_min=0.0, last_epoch=-1):
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        if self._is_initial:
            return self._current()
        if self._step_count == 1 and self.last_epoch > 0:
            return self._get_closed_form_lr()
        if (self.last_epoch - 1 - self.T_max) % (2 * self.T_max) == 0:
            # At the bottom the wave before is zero, and a ratio says nothing: the first step up is added.
            up = self._wave(self.T_max - 1)
            return [lr + (base - self.eta_min) * up for lr, base in zip(self._current(), self.base_lrs, strict=True)]
        ratio = self._wave(self.last_epoch) / self._wave(self.last_epoch - 1)
        return [self.eta_min + (lr - self.eta_min) * ratio for lr in self._current()]

    def _wave(self, epoch):
        return (1 + math.cos(math.pi * epoch / self.T_max)) / 2

    def _get_closed_form_lr(self):
        return [self.eta_min + (lr - self.eta_min) * self._wave(self.last_epoch) for lr in self.base_lrs]


class CosineAnnealingWarmRestarts(LRScheduler):
    """The learning rate falls along half a cosine, jumps back, and falls again, each time `T_mult` times as long.

    Parameters
    ----------
    T_0 : int
        The steps of the first fall.
    T_mult : int, default 1
        The factor on the length after each restart.
    eta_min : float, default 0.0
        The lowest learning rate.

    References
    ----------
    I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017, eq. 5.

    Examples
    --------
    >>> optimizer = microtorch.optim.SGD([microtorch.ones(2, requires_grad=True)], lr=1.0)
    >>> scheduler = microtorch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=2)
    >>> for _ in range(2):
    ...     optimizer.step(); scheduler.step()
    >>> scheduler.get_last_lr()
    [1.0]
    """

    def __init__(self, optimizer, T_0, T_mult=1, eta_min=0.0, last_epoch=-1):
        if not isinstance(T_0, int) or T_0 <= 0:
            raise ValueError(f"Expected positive integer T_0, but got {T_0}")
        if not isinstance(T_mult, int) or T_mult < 1:
            raise ValueError(f"Expected integer T_mult >= 1, but got {T_mult}")
        if not isinstance(eta_min, float | int):
            raise ValueError(f"Expected float or int eta_min, but got {eta_min} of type {type(eta_min).__name__}")
        self.T_0, self.T_mult, self.eta_min = T_0, T_mult, eta_min
        self.T_i, self.T_cur = T_0, last_epoch  # the length of the current fall, and how far it is
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        wave = (1 + math.cos(math.pi * self.T_cur / self.T_i)) / 2
        return [self.eta_min + (lr - self.eta_min) * wave for lr in self.base_lrs]

    def _update_lr(self, epoch=None):
        """`epoch` may be a fraction, as ``epoch + batch / batches``."""
        if epoch is None and self.last_epoch < 0:
            epoch = 0
        if epoch is None:
            self.last_epoch += 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur, self.T_i = self.T_cur % self.T_i, self.T_i * self.T_mult
        elif epoch < 0:
            raise ValueError(f"Expected non-negative epoch, but got {epoch}")
        else:
            self.T_cur, self.T_i = epoch, self.T_0
            if self.T_mult == 1:
                self.T_cur = epoch % self.T_0
            else:
                while self.T_cur >= self.T_i:
                    self.T_cur, self.T_i = self.T_cur - self.T_i, self.T_i * self.T_mult
            self.last_epoch = math.floor(epoch)
        for group, lr in zip(self.optimizer.param_groups, self.get_lr(), strict=True):
            group["lr"] = lr
        self._last_lr = self._current()
