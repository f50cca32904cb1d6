"""Distances between vectors, and how far they point the same way.

Raises
------
ValueError
    If `p` is negative.
"""

import numpy as np

from ...errors import ShapeError
from ...tensor import attach, wrap
from .. import _dimensions as dimensions
from .._promotion import only_tensors, pair
from ..pointwise.clamp_and_maximum import clamp_min, minimum
from ..reduction.norm import norm
from ..shape.expand import broadcast_shapes, expand
from .regression import as_reduction, reduce_by

__all__ = [
    "cdist",
    "cosine_similarity",
    "dist",
    "pairwise_distance",
    "pdist",
    "triplet_margin_with_distance_loss",
]


def cosine_similarity(x1, x2, dim=1, eps=1e-8):
    """The cosines of the angles between vectors: 1 where they point the same way, −1 where opposite.

    Parameters
    ----------
    x1, x2 : Tensor
        Floating, of shapes that broadcast together.
    dim : int, default 1
        The dimension along which the vectors lie.
    eps : float, default 1e-8
        Norms below count as this, so that a zero vector has cosine 0 with all others.

    Returns
    -------
    Tensor
        Of the broadcast shape without `dim`.

    Notes
    -----
    y = a·b / (max(‖a‖, ε) · max(‖b‖, ε)); da = dy · (b/‖b‖ − y · a/‖a‖) / ‖a‖.

    Examples
    --------
    >>> a = microtorch.tensor([[1.0, 0.0], [1.0, 1.0]])
    >>> F.cosine_similarity(a, microtorch.tensor([[2.0, 0.0]]))
    tensor([1.    , 0.7071])
    """
    only_tensors("cosine_similarity", x1=x1, x2=x2)
    a, b = pair(x1, x2)
    shape = broadcast_shapes(a.shape, b.shape)
    a, b = expand(a, shape), expand(b, shape)
    dim = dimensions.one("cosine_similarity", dim, len(shape))
    a, b = (t / clamp_min(norm(t, 2, dim, keepdim=True), eps) for t in (a, b))
    return (a * b).sum(dim)


def pairwise_distance(x1, x2, p=2.0, eps=1e-6, keepdim=False):
    """The p-norm of the differences of vectors in pairs.

    Parameters
    ----------
    x1, x2 : Tensor of shape (N, D) or (D,)
    p : float, default 2.0
    eps : float, default 1e-6
        Added to each difference, so that equal vectors have a gradient.
    keepdim : bool, default False
        Keep the last dimension, with length 1.

    Returns
    -------
    Tensor of shape (N,) or ()

    Notes
    -----
    y = ‖a − b + ε‖ₚ; see `norm` for the gradient.

    Examples
    --------
    >>> F.pairwise_distance(microtorch.tensor([[0.0, 0.0]]), microtorch.tensor([[3.0, 4.0]]))
    tensor([5.])
    """
    only_tensors("pairwise_distance", x1=x1, x2=x2)
    return norm(x1 - x2 + eps, p, -1, keepdim)


@attach("dist")
def dist(input, other, p=2):
    """The p-norm of the difference of two tensors.

    Parameters
    ----------
    input, other : Tensor
        Floating, of shapes that broadcast together.
    p : number, default 2

    Returns
    -------
    Tensor, shape ()

    Notes
    -----
    y = ‖a − b‖ₚ over all elements; see `norm` for the gradient.

    Examples
    --------
    >>> microtorch.dist(microtorch.tensor([0.0, 0.0]), microtorch.tensor([3.0, 4.0]))
    tensor(5.)
    """
    return norm(input - other, p)


def cdist(x1, x2, p=2.0, compute_mode="use_mm_for_euclid_dist_if_necessary"):
    """The p-norms of the differences of all pairs of rows.

    Parameters
    ----------
    x1 : Tensor, shape (..., P, D)
    x2 : Tensor, shape (..., R, D)
    p : float, default 2.0
        Not negative.
    compute_mode : str
        PyTorch's choice of algorithm; here differences are always taken, which loses no digits to cancellation.

    Returns
    -------
    Tensor, shape (..., P, R)

    Notes
    -----
    y[i, j] = ‖aᵢ − bⱼ‖ₚ; where it is 0 so is the gradient. All P·R·D differences are in memory at once.

    Examples
    --------
    >>> microtorch.cdist(microtorch.tensor([[0.0], [1.0]]), microtorch.tensor([[3.0]]))
    tensor([[3.],
            [2.]])
    """
    only_tensors("cdist", x1=x1, x2=x2)
    if x1.ndim < 2 or x2.ndim < 2 or x1.shape[-1] != x2.shape[-1]:
        raise ShapeError(
            f"cdist: x1 {x1.shape} and x2 {x2.shape} are not rows of one length. They need (…, P, D), (…, R, D)."
        )
    if p < 0:
        raise ValueError(f"cdist: p = {p} must not be negative.")
    if not x1.shape[-1]:
        shape = (*broadcast_shapes(x1.shape[:-2], x2.shape[:-2]), x1.shape[-2], x2.shape[-2])
        return expand(x1.sum(-1)[..., None] * 0 + x2.sum(-1)[..., None, :] * 0, shape)
    return norm(x1.unsqueeze(-2) - x2.unsqueeze(-3), p, -1)


def pdist(input, p=2.0):
    """The p-norms of the differences of all pairs of rows of one matrix, each pair once.

    Parameters
    ----------
    input : Tensor, shape (N, D)
    p : float, default 2.0
        Not negative.

    Returns
    -------
    Tensor, shape (N · (N − 1) / 2,)
        In the order (0, 1), (0, 2), …, (1, 2), …

    Raises
    ------
    ShapeError
        If it is not a matrix.

    Examples
    --------
    >>> F.pdist(microtorch.tensor([[0.0], [1.0], [3.0]]))
    tensor([1., 3., 2.])
    """
    only_tensors("pdist", input=input)
    if input.ndim != 2:
        raise ShapeError(f"pdist: takes a matrix of rows, not shape {input.shape}.")
    if p < 0:
        raise ValueError(f"pdist: p = {p} must not be negative.")
    first, second = (wrap(i) for i in np.triu_indices(len(input), 1))
    if not input.shape[1]:
        return input.sum(1)[first] * 0
    return norm(input[first] - input[second], p, -1)


def triplet_margin_with_distance_loss(
    anchor, positive, negative, *, distance_function=None, margin=1.0, swap=False, reduction="mean"
):
    """By how much `anchor` fails to be closer to `positive` than to `negative` by `margin`, in any distance.

    Parameters
    ----------
    anchor, positive, negative : Tensor
    distance_function : callable, optional
        From two tensors to their distance; default `pairwise_distance`.
    margin : float, default 1.0
        Positive.
    swap : bool, default False
        Measure the negative from the positive where that is closer.

    Returns
    -------
    Tensor
        0-d, or as the distance function gives it under "none".

    Raises
    ------
    ValueError
        If `margin` is not positive.
    ShapeError
        If the numbers of dimensions differ.

    Notes
    -----
    loss = max(0, margin + d(a, p) − d(a, n)).

    Examples
    --------
    >>> a, p, n = (microtorch.tensor([v]) for v in ([0.0, 0.0], [3.0, 4.0], [0.0, 5.0]))
    >>> F.triplet_margin_with_distance_loss(a, p, n)
    tensor(1.)
    """
    only_tensors("triplet_margin_with_distance_loss", anchor=anchor, positive=positive, negative=negative)
    reduction = as_reduction("triplet_margin_with_distance_loss", reduction, None, None)
    if margin <= 0:
        raise ValueError(f"triplet_margin_with_distance_loss: margin is {margin}. It must be positive.")
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise ShapeError(
            f"triplet_margin_with_distance_loss: anchor {anchor.shape}, positive {positive.shape} and negative "
            f"{negative.shape} must have the same number of dimensions."
        )
    distance = pairwise_distance if distance_function is None else distance_function
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = minimum(far, distance(positive, negative))
    return reduce_by(reduction, clamp_min(margin + near - far, 0))
