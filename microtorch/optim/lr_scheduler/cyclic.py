"""Schedules that go up and down, and move the momentum the other way."""

import math

from .base import LRScheduler, for_each_group


class _WithMomentum(LRScheduler):
    """A schedule that sets `momentum`, or the first of `betas`, along with the learning rate."""

    def _take_over_momentum(self, optimizer, base_momentum, max_momentum, last_epoch):
        if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
            raise ValueError(
                "optimizer must support momentum or beta1 with `cycle_momentum` option enabled: "
                f"{type(optimizer).__name__} has neither. Set cycle_momentum=False."
            )
        self.use_beta1 = "betas" in optimizer.defaults
        self.base_momentums = for_each_group("base_momentum", optimizer, base_momentum)
        self.max_momentums = for_each_group("max_momentum", optimizer, max_momentum)
        if last_epoch == -1:
            for group, low, high in zip(optimizer.param_groups, self.base_momentums, self.max_momentums, strict=True):
                group["base_momentum"], group["max_momentum"] = low, high
                self._set_momentum(group, high)

    def _set_momentum(self, group, momentum):
        if self.use_beta1:
            group["betas"] = (momentum, *group["betas"][1:])
        else:
            group["momentum"] = momentum


class CyclicLR(_WithMomentum):
    """The learning rate goes up and down between two values, once a cycle.

    Parameters
    ----------
    base_lr, max_lr : float or list of float
        The lowest and the highest learning rate, for all groups or for each.
    step_size_up : int, default 2000
        Steps upwards.
    step_size_down : int, optional
        Steps downwards. Default: as many.
    mode : {"triangular", "triangular2", "exp_range"}, default "triangular"
        Cycles of one height, of half the height each time, or of the height gamma^step.
    gamma : float, default 1.0
        For ``"exp_range"``.
    scale_fn : callable, optional
        The height of a cycle, in the place of `mode`.
    scale_mode : {"cycle", "iterations"}, default "cycle"
        Whether `scale_fn` takes the number of the cycle, from 1, or that of the step.
    cycle_momentum : bool, default True
        Move the momentum (of Adam: β₁) the other way.
    base_momentum, max_momentum : float or list of float, default 0.8 and 0.9
        Its lowest and highest value.

    References
    ----------
    L. N. Smith, "Cyclical learning rates for training neural networks", WACV 2017.

    Examples
    --------
    >>> optimizer = microtorch.optim.SGD([microtorch.ones(2, requires_grad=True)], lr=1.0, momentum=0.9)
    >>> scheduler = microtorch.optim.lr_scheduler.CyclicLR(optimizer, base_lr=0.25, max_lr=0.75, step_size_up=2)
    >>> optimizer.step(); scheduler.step()
    >>> scheduler.get_last_lr()
    [0.5]
    """

    def __init__(
        self,
        optimizer,
        base_lr,
        max_lr,
        step_size_up=2000,
        step_size_down=None,
        mode="triangular",
        gamma=1.0,
        scale_fn=None,
        scale_mode="cycle",
        cycle_momentum=True,
        base_momentum=0.8,
        max_momentum=0.9,
        last_epoch=-1,
    ):
        if scale_fn is None and mode not in ("triangular", "triangular2", "exp_range"):
            raise ValueError(f"mode {mode!r} is none of triangular, triangular2, exp_range, and scale_fn is None")
        base_lrs = for_each_group("base_lr", optimizer, base_lr)
        self.max_lrs = for_each_group("max_lr", optimizer, max_lr)
        if last_epoch == -1:
            for group, lr in zip(optimizer.param_groups, base_lrs, strict=True):
                group["lr"] = lr
        self.total_size = float(step_size_up + (step_size_up if step_size_down is None else step_size_down))
        self.step_ratio = step_size_up / self.total_size
        self.mode, self.gamma, self._scale_fn_custom = mode, gamma, scale_fn
        self.scale_mode = scale_mode
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self._take_over_momentum(optimizer, base_momentum, max_momentum, last_epoch)
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def scale_fn(self, x):
        """The height of cycle or step `x`."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        return {"triangular": 1.0, "triangular2": 2.0 ** (1 - x), "exp_range": self.gamma**x}[self.mode]

    def get_lr(self):
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        height = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        by_step = self.scale_mode != "cycle" if self._scale_fn_custom else self.mode == "exp_range"
        height *= self.scale_fn(self.last_epoch if by_step else cycle)
        if self.cycle_momentum:
            groups = zip(self.optimizer.param_groups, self.base_momentums, self.max_momentums, strict=True)
            for group, low, high in groups:
                self._set_momentum(group, high - (high - low) * height)
        return [low + (high - low) * height for low, high in zip(self.base_lrs, self.max_lrs, strict=True)]


class OneCycleLR(_WithMomentum):
    """The learning rate rises to `max_lr` and falls far below its start, once in a training.

    Parameters
    ----------
    max_lr : float or list of float
        The highest learning rate, for all groups or for each.
    total_steps : int, optional
        All steps of the training; otherwise `epochs` × `steps_per_epoch`.
    epochs, steps_per_epoch : int, optional
        As above.
    pct_start : float in [0, 1], default 0.3
        The share of the steps in which it rises.
    anneal_strategy : {"cos", "linear"}, default "cos"
        How it moves.
    cycle_momentum : bool, default True
        Move the momentum (of Adam: β₁) the other way.
    base_momentum, max_momentum : float or list of float, default 0.85 and 0.95
        Its lowest and highest value.
    div_factor : float, default 25.0
        It starts at max_lr / div_factor.
    final_div_factor : float, default 1e4
        It ends at max_lr / div_factor / final_div_factor.
    three_phase : bool, default False
        Fall back to the start as fast as it rose, then to the end.

    Notes
    -----
    Call ``step()`` after each batch.

    References
    ----------
    L. N. Smith, N. Topin, "Super-convergence: very fast training of neural networks using large learning rates", 2018.

    Examples
    --------
    >>> optimizer = microtorch.optim.SGD([microtorch.ones(2, requires_grad=True)], lr=1.0, momentum=0.9)
    >>> scheduler = microtorch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.5, total_steps=10)
    >>> for _ in range(2):
    ...     optimizer.step(); scheduler.step()
    >>> scheduler.get_last_lr(), optimizer.param_groups[0]["momentum"]
    ([0.5], 0.85)
    """

    def __init__(
        self,
        optimizer,
        max_lr,
        total_steps=None,
        epochs=None,
        steps_per_epoch=None,
        pct_start=0.3,
        anneal_strategy="cos",
        cycle_momentum=True,
        base_momentum=0.85,
        max_momentum=0.95,
        div_factor=25.0,
        final_div_factor=1e4,
        three_phase=False,
        last_epoch=-1,
    ):
        max_lrs = for_each_group("max_lr", optimizer, max_lr)
        if total_steps is None and (epochs is None or steps_per_epoch is None):
            raise ValueError("You must define either total_steps OR (epochs AND steps_per_epoch)")
        counts = (
            {"total_steps": total_steps}
            if total_steps is not None
            else {"epochs": epochs, "steps_per_epoch": steps_per_epoch}
        )
        for name, value in counts.items():
            if not isinstance(value, int) or value <= 0:
                raise ValueError(f"Expected positive integer {name}, but got {value}")
        if not 0 <= pct_start <= 1:
            raise ValueError(f"Expected float between 0 and 1 pct_start, but got {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        self.total_steps = math.prod(counts.values())
        self.anneal_strategy = anneal_strategy
        rise, end = float(pct_start * self.total_steps), self.total_steps - 1
        # (last step, from, to) as keys of a group; the momentum is high where the learning rate is not
        up, back = (rise - 1, "initial_lr", "max_lr"), (2 * rise - 2, "max_lr", "initial_lr")
        self._phases = [up, back, (end, "initial_lr", "min_lr")] if three_phase else [up, (end, "max_lr", "min_lr")]
        if last_epoch == -1:
            for group, top in zip(optimizer.param_groups, max_lrs, strict=True):
                group["max_lr"], group["initial_lr"] = top, top / div_factor
                group["min_lr"] = group["initial_lr"] / final_div_factor
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self._take_over_momentum(optimizer, base_momentum, max_momentum, last_epoch)
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        step = self.last_epoch
        if step > self.total_steps:
            raise ValueError(
                f"Tried to step {step} times. The specified number of total steps is {self.total_steps}. "
                "OneCycleLR is stepped once after each batch."
            )
        i = next((i for i, (last, _, _) in enumerate(self._phases) if step <= last), len(self._phases) - 1)
        first = self._phases[i - 1][0] if i > 0 else 0.0
        last, start, end = self._phases[i]
        share = (step - first) / (last - first)
        if self.cycle_momentum:
            for group in self.optimizer.param_groups:
                low, high = group["base_momentum"], group["max_momentum"]
                from_, to = (low if key == "max_lr" else high for key in (start, end))
                self._set_momentum(group, self._between(from_, to, share))
        return [self._between(group[start], group[end], share) for group in self.optimizer.param_groups]

    def _between(self, start, end, share):
        if self.anneal_strategy == "cos":
            return end + (start - end) * (1 + math.cos(math.pi * share)) / 2
        return start + (end - start) * share
