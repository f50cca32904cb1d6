"""Normalisation of each sample by itself, over groups of its channels or single ones, and of vectors by their norm."""

from math import prod

from ...autograd.inplace.changes import record_change
from ...autograd.inplace.views import as_own
from ...autograd.observe import one_call
from ...errors import ShapeError, refuse_read_only, user_line
from .._promotion import given, only_tensors
from ..reduction.sum_and_mean import Mean
from ..reduction.variance import Var
from .batch_norm import batch_norm, check_parameters
from .layer_norm import LayerNorm

__all__ = ["group_norm", "instance_norm", "normalize"]


def scaled(name, y, weight, bias):
    """`y`, of shape (N, C, ...), times a weight and plus a bias for each channel."""
    check_parameters(name, y, y.shape[1:2], weight=weight, bias=bias)
    wide = (1, y.shape[1]) + (1,) * (y.ndim - 2)
    y = y if weight is None else y * weight.reshape(wide)
    return y if bias is None else y + bias.reshape(wide)


def group_norm(input, num_groups, weight=None, bias=None, eps=1e-5):
    """`input` with mean 0 and variance 1 in each group of channels of each sample, then scaled and shifted.

    Parameters
    ----------
    input : Tensor of shape (N, C, ...)
    num_groups : int
        A divisor of C.

    Raises
    ------
    ShapeError
        If `num_groups` does not divide the number of channels, or a parameter does not have shape (C,).

    Notes
    -----
    `layer_norm` over each group, then y = w·x̂ + b by channel.

    References
    ----------
    Y. Wu, K. He: Group Normalization, ECCV 2018.

    Examples
    --------
    >>> F.group_norm(microtorch.tensor([[1.0, 3.0, 10.0, 30.0]]), 2)
    tensor([[-1.,  1., -1.,  1.]])
    """
    only_tensors("group_norm", input=input, **given(weight=weight, bias=bias))
    if input.ndim < 2:
        raise ShapeError(f"group_norm: an input of shape {input.shape} has no channels. It needs shape (N, C, ...).")
    if num_groups <= 0 or input.shape[1] % num_groups:
        raise ShapeError(
            f"group_norm: {input.shape[1]} channels (input of shape {input.shape}) cannot be shared out among "
            f"{num_groups} groups. Choose a divisor."
        )
    size = prod(input.shape[1:]) // num_groups
    if input.shape[0] * size == 1:
        raise ShapeError(
            f"group_norm: an input of shape {input.shape} has one value for each of {num_groups} groups, whose "
            "variance is 0. Use fewer groups, or a larger batch."
        )
    groups = input.reshape(input.shape[0], num_groups, size)
    y = as_own(LayerNorm.apply(groups, None, None, (size,), float(eps)).reshape(input.shape))
    return scaled("group_norm", y, weight, bias)


@one_call
def follow(x, running_mean, running_var, momentum):
    """Move the running statistics of each channel towards those of `x`."""
    line, mean, var = user_line(), Mean.apply(x, (0, 2), False), Mean.apply(Var.apply(x, 2, False, 1), 0, False)
    for running, new in ((running_mean, mean), (running_var, var)):
        if running is not None:
            refuse_read_only("instance_norm", running._array, running.name or "a running average")
            running._array[...] = (1 - momentum) * running._array + momentum * new
            record_change(running._array, "instance_norm", line)


def instance_norm(
    input,
    running_mean=None,
    running_var=None,
    weight=None,
    bias=None,
    use_input_stats=True,
    momentum=0.1,
    eps=1e-5,
):
    """`input` with mean 0 and variance 1 in each channel of each sample, then scaled and shifted.

    Parameters
    ----------
    input : Tensor of shape (N, C, d1, ...)
    running_mean, running_var : Tensor of shape (C,), optional
        Used without `use_input_stats`; with it, they move towards the average over the samples, in place.
    use_input_stats : bool, default True
        Whether to use the mean and variance of each sample.
    momentum : float, default 0.1
        How far the running statistics move.

    Raises
    ------
    ShapeError
        If a parameter does not have shape (C,), or each channel has only one value.

    Notes
    -----
    `layer_norm` over each channel of each sample, then y = w·x̂ + b by channel; without `use_input_stats`,
    `batch_norm` in evaluation.

    References
    ----------
    D. Ulyanov, A. Vedaldi, V. Lempitsky: Instance Normalization, 2016.

    Examples
    --------
    >>> F.instance_norm(microtorch.tensor([[[1.0, 3.0], [10.0, 30.0]]]))
    tensor([[[-1.,  1.],
             [-1.,  1.]]])
    """
    statistics = given(running_mean=running_mean, running_var=running_var)
    only_tensors("instance_norm", input=input, **statistics, **given(weight=weight, bias=bias))
    if not use_input_stats:
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    if input.ndim < 2:
        raise ShapeError(f"instance_norm: an input of shape {input.shape} has no channels. It needs shape (N, C, ...).")
    size = prod(input.shape[2:])
    if size == 1:
        raise ShapeError(
            f"instance_norm: an input of shape {input.shape} has one value for each channel, whose variance is 0."
        )
    x = input.reshape(*input.shape[:2], size)
    if running_mean is not None or running_var is not None:
        check_parameters("instance_norm", input, input.shape[1:2], running_mean=running_mean, running_var=running_var)
        follow(x._array, running_mean, running_var, momentum)
    y = LayerNorm.apply(x, None, None, (size,), float(eps)).reshape(input.shape)
    return scaled("instance_norm", y, weight, bias)


def normalize(input, p=2.0, dim=1, eps=1e-12):
    """`input` divided by its norm along a dimension.

    Parameters
    ----------
    p : float, default 2.0
        Which norm.
    dim : int or tuple of int, default 1
        Along which dimensions the norm becomes 1.
    eps : float, default 1e-12
        The norm is taken to be at least this.

    Notes
    -----
    y = x/max(‖x‖ₚ, ε).

    Examples
    --------
    >>> F.normalize(microtorch.tensor([[3.0, 4.0]]))
    tensor([[0.6, 0.8]])
    """
    only_tensors("normalize", input=input)
    return input / input.norm(p, dim, keepdim=True).clamp(min=eps)
