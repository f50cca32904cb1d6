"""Distances and similarities of vectors, as modules."""

from . import functional as F
from .module import Module

__all__ = ["CosineSimilarity", "PairwiseDistance"]


class CosineSimilarity(Module):
    """The cosine of the angle between vectors that lie along a dimension.

    Parameters
    ----------
    dim : int, default 1
        Along which dimension the vectors lie.
    eps : float, default 1e-8
        The least length that is divided by.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch import nn
    >>> nn.CosineSimilarity()(microtorch.tensor([[1.0, 0.0]]), microtorch.tensor([[2.0, 0.0]]))
    tensor([1.])
    """

    def __init__(self, dim=1, eps=1e-8):
        super().__init__()
        self.dim, self.eps = dim, eps

    def forward(self, x1, x2):
        """Two tensors of one shape -> that shape without `dim`."""
        return F.cosine_similarity(x1, x2, self.dim, self.eps)


class PairwiseDistance(Module):
    """The distance of each row of one tensor from the same row of another.

    Parameters
    ----------
    p : float, default 2
        The order of the norm.
    eps : float, default 1e-6
        Added to each difference.
    keepdim : bool, default False
        Keep the dimension that is summed over, with length 1.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch import nn
    >>> nn.PairwiseDistance()(microtorch.zeros(1, 2), microtorch.tensor([[3.0, 4.0]]))
    tensor([5.])
    """

    def __init__(self, p=2.0, eps=1e-6, keepdim=False):
        super().__init__()
        self.norm, self.eps, self.keepdim = p, eps, keepdim

    def forward(self, x1, x2):
        """(N, D) twice -> (N,)."""
        return F.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)
