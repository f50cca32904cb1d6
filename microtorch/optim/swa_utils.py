"""Averages of a model's parameters along its training, with the names of torch.optim.swa_utils.

Parameters
----------
decay : float in [0, 1], default 0.999
    The share of the average that is kept.
device : optional
    Accepted for compatibility; there is only the CPU.
"""

import copy
import itertools
import math

import numpy as np

from ..autograd.inplace.changes import record_changes, watch
from ..autograd.mode import no_grad
from ..autograd.observe import one_call
from ..devices import check_device
from ..errors import ShapeError, user_line
from ..nn.module import Module
from ..tensor import Tensor, wrap
from .lr_scheduler import LRScheduler
from .lr_scheduler.base import for_each_group

__all__ = [
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]


def get_ema_avg_fn(decay=0.999):
    """A function for `AveragedModel`: the exponential moving average, decay · average + (1 − decay) · new."""
    _check_decay(decay)

    def average(averaged, new, num_averaged):
        return averaged * decay + new * (1 - decay)

    return average


def get_swa_avg_fn():
    """A function for `AveragedModel`: the mean of all, average + (new − average) / (n + 1)."""

    def average(averaged, new, num_averaged):
        return averaged + (new - averaged) / (int(num_averaged) + 1)

    return average


def get_ema_multi_avg_fn(decay=0.999):
    """As `get_ema_avg_fn`, for a list of tensors, which are overwritten."""
    _check_decay(decay)

    def average(averaged, new, num_averaged):
        _approach(averaged, new, 1 - decay)

    return average


def get_swa_multi_avg_fn():
    """As `get_swa_avg_fn`, for a list of tensors, which are overwritten."""

    def average(averaged, new, num_averaged):
        _approach(averaged, new, 1 / (int(num_averaged) + 1))

    return average


def _check_decay(decay):
    if not 0.0 <= decay <= 1.0:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")


def _approach(averaged, new, share):
    """Move each of `averaged` by `share` of the way towards `new`."""
    for mean, value in zip(averaged, new, strict=True):
        _write(mean, mean._array + (value._array - mean._array) * share)


def _write(tensor, array):
    np.copyto(tensor._array, array, casting="unsafe")
    record_changes((watch(tensor._array),), "AveragedModel.update_parameters", user_line())


class AveragedModel(Module):
    """A copy of a model whose parameters are averages of the model's parameters along its training.

    Parameters
    ----------
    model : Module
        What is copied, as it is now.
    avg_fn : callable, optional
        ``avg_fn(averaged, new, num_averaged)`` gives the new average of one tensor. Default: the mean of all.
    multi_avg_fn : callable, optional
        The same for lists of tensors of one dtype, in place.
    use_buffers : bool, default False
        Average buffers too. Otherwise they are copied from the model at each update.

    Notes
    -----
    Stochastic weight averaging takes the mean of the parameters late in training (call `update_parameters` once an
    epoch, with `SWALR`); ``multi_avg_fn=get_ema_multi_avg_fn(0.999)`` gives the exponential moving average (call it
    after each step). The first update copies. Afterwards the running statistics of batch normalisation belong to
    other weights: `update_bn` computes them anew.

    References
    ----------
    P. Izmailov et al., "Averaging weights leads to wider optima and better generalization", UAI 2018.

    Examples
    --------
    >>> from microtorch.optim.swa_utils import AveragedModel
    >>> class Scale(microtorch.nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.factor = microtorch.nn.Parameter(microtorch.ones(1))
    ...     def forward(self, x):
    ...         return self.factor * x
    >>> model = Scale()
    >>> averaged = AveragedModel(model)
    >>> averaged.update_parameters(model)
    >>> model.factor.data = microtorch.tensor([3.0])
    >>> averaged.update_parameters(model)
    >>> averaged.module.factor.data
    tensor([2.])
    """

    def __init__(self, model, device=None, avg_fn=None, multi_avg_fn=None, use_buffers=False):
        super().__init__()
        check_device(device)
        if avg_fn is not None and multi_avg_fn is not None:
            raise ValueError("AveragedModel takes avg_fn or multi_avg_fn, not both")
        self.module = copy.deepcopy(model)
        self.register_buffer("n_averaged", wrap(np.zeros((), np.int64)))
        self.avg_fn, self.multi_avg_fn, self.use_buffers = avg_fn, multi_avg_fn, use_buffers

    def forward(self, *args, **kwargs):
        """Run the averaged model."""
        return self.module(*args, **kwargs)

    @one_call
    def update_parameters(self, model):
        """Take the parameters of `model` into the average.

        Parameters
        ----------
        model : Module
            Of the same structure as the one that was copied.
        """
        pairs = list(zip(self.module.parameters(), model.parameters(), strict=True))
        buffers = list(zip(self.module.buffers(), model.buffers(), strict=True))
        for mean, new in itertools.chain(pairs, buffers):
            if mean.shape != new.shape:
                raise ShapeError(
                    f"update_parameters: the average has shape {mean.shape} where the model has {new.shape}. "
                    "It was made from a model of another structure."
                )
        if self.use_buffers:
            pairs, buffers = pairs + buffers, []
        count = int(self.n_averaged)
        if count == 0:
            buffers = pairs + buffers
        else:
            self._average([(mean.detach(), new.detach()) for mean, new in pairs], count)
        for mean, new in buffers:
            _write(mean, new._array)
        _write(self.n_averaged, count + 1)

    @no_grad()
    def _average(self, pairs, count):
        if self.avg_fn is not None:
            for mean, new in pairs:
                _write(mean, self.avg_fn(mean, new, count)._array)
            return
        average = self.multi_avg_fn or get_swa_multi_avg_fn()
        for dtype in {mean.dtype for mean, _ in pairs}:
            means, news = zip(*(pair for pair in pairs if pair[0].dtype == dtype), strict=True)
            average(list(means), list(news), count)


@no_grad()
def update_bn(loader, model, device=None):
    """Compute the running statistics of all batch normalisation in `model` anew, in one pass over the data.

    Parameters
    ----------
    loader : iterable
        Batches; of a tuple or list, the first entry is the input.
    model : Module
        What is run, in training mode; its mode is put back.
    """
    from ..nn.layers.batch_norm import AnyBatchNorm as BatchNorm

    check_device(device)
    momenta = {module: module.momentum for module in model.modules() if isinstance(module, BatchNorm)}
    if not momenta:
        return
    was_training = model.training
    model.train()
    for module in momenta:
        module.reset_running_stats()
        module.momentum = None  # the mean over all batches instead of a decaying one
    try:
        for batch in loader:
            model(batch if isinstance(batch, Tensor) else batch[0])
    finally:
        for module, momentum in momenta.items():
            module.momentum = momentum
        model.train(was_training)


class SWALR(LRScheduler):
    """The learning rate goes from what it is to a constant one, for averaging weights around a minimum.

    Parameters
    ----------
    swa_lr : float or list of float
        The learning rate at the end, for all groups or for each.
    anneal_epochs : int, default 10
        How many steps it takes.
    anneal_strategy : {"cos", "linear"}, default "cos"
        How it moves.

    Examples
    --------
    >>> optimizer = microtorch.optim.SGD([microtorch.ones(2, requires_grad=True)], lr=1.0)
    >>> scheduler = microtorch.optim.swa_utils.SWALR(optimizer, 0.5, anneal_epochs=2, anneal_strategy="linear")
    >>> optimizer.step(); scheduler.step()
    >>> scheduler.get_last_lr()
    [0.75]
    """

    def __init__(self, optimizer, swa_lr, anneal_epochs=10, anneal_strategy="cos", last_epoch=-1):
        for lr, group in zip(for_each_group("swa_lr", optimizer, swa_lr), optimizer.param_groups, strict=True):
            group["swa_lr"] = lr
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self.anneal_epochs, self.anneal_strategy = anneal_epochs, anneal_strategy
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._share(step - 1), self._share(step)
        lrs = []
        for group in self.optimizer.param_groups:
            # What the start was, seen from here: another schedule may act on the same optimizer.
            start = group["swa_lr"] if before == 1 else (group["lr"] - before * group["swa_lr"]) / (1 - before)
            lrs.append(start + (group["swa_lr"] - start) * now)
        return lrs

    def _share(self, step):
        share = max(0.0, min(1.0, step / max(1, self.anneal_epochs)))
        return (1 - math.cos(math.pi * share)) / 2 if self.anneal_strategy == "cos" else share
