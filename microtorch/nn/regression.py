"""Losses of values, distances and distributions, as modules. Formulas and gradients: `nn.functional`."""

from . import functional as F
from .loss import Loss

__all__ = [
    "CosineEmbeddingLoss",
    "GaussianNLLLoss",
    "HingeEmbeddingLoss",
    "HuberLoss",
    "L1Loss",
    "MSELoss",
    "MarginRankingLoss",
    "PoissonNLLLoss",
    "SmoothL1Loss",
    "TripletMarginLoss",
]


class MSELoss(Loss):
    """(x - y)².

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}, default "mean"
        How elements are combined.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch import nn
    >>> x = microtorch.tensor([1.0, 3.0], requires_grad=True)
    >>> loss = nn.MSELoss()(x, microtorch.zeros(2))
    >>> loss.item()
    5.0
    >>> loss.backward()
    >>> x.grad
    tensor([1., 3.])
    """

    def __init__(self, size_average=None, reduce=None, reduction="mean"):
        super().__init__(reduction, size_average, reduce)

    def forward(self, input, target):
        """Any shape, the same shape -> ()"""
        return F.mse_loss(input, target, reduction=self.reduction)


class L1Loss(Loss):
    """|x - y|.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}, default "mean"
        How elements are combined.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch import nn
    >>> nn.L1Loss()(microtorch.tensor([1.0, 3.0]), microtorch.zeros(2)).item()
    2.0
    """

    def __init__(self, size_average=None, reduce=None, reduction="mean"):
        super().__init__(reduction, size_average, reduce)

    def forward(self, input, target):
        """Any shape, the same shape -> ()"""
        return F.l1_loss(input, target, reduction=self.reduction)


class SmoothL1Loss(Loss):
    """d² / (2 beta) where d = |x - y| < beta, else d - beta / 2.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}, default "mean"
        How elements are combined.
    beta : float, default 1
        Where the parabola meets the line; 0 is L1.

    References
    ----------
    R. Girshick, "Fast R-CNN", 2015, eq. 3.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch import nn
    >>> nn.SmoothL1Loss()(microtorch.tensor([1.0, 3.0]), microtorch.zeros(2)).item()
    1.5
    """

    def __init__(self, size_average=None, reduce=None, reduction="mean", beta=1.0):
        super().__init__(reduction, size_average, reduce)
        self.beta = beta

    def forward(self, input, target):
        """Any shape, the same shape -> ()"""
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(Loss):
    """d² / 2 where d = |x - y| ≤ delta, else delta · (d - delta / 2).

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}, default "mean"
        How elements are combined.
    delta : float, default 1
        Where the parabola meets the line.

    References
    ----------
    P. J. Huber, "Robust estimation of a location parameter", 1964.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch import nn
    >>> nn.HuberLoss()(microtorch.tensor([1.0, 3.0]), microtorch.zeros(2)).item()
    1.5
    """

    def __init__(self, reduction="mean", delta=1.0):
        super().__init__(reduction)
        if not isinstance(delta, int | float):
            raise TypeError(f"HuberLoss: delta is a number, not {type(delta).__name__} {delta!r}")
        self.delta = delta

    def forward(self, input, target):
        """Any shape, the same shape -> ()"""
        return F.huber_loss(input, target, reduction=self.reduction, delta=self.delta)


class HingeEmbeddingLoss(Loss):
    """x for labels 1, max(0, margin - x) for labels -1, where x is a distance.

    Parameters
    ----------
    margin : float, default 1
        How far apart unlike pairs should be.
    reduction : {"mean", "sum", "none"}, default "mean"
        How elements are combined.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch import nn
    >>> nn.HingeEmbeddingLoss()(microtorch.tensor([0.25, 0.25]), microtorch.tensor([1, -1])).item()
    0.5
    """

    def __init__(self, margin=1.0, size_average=None, reduce=None, reduction="mean"):
        super().__init__(reduction, size_average, reduce)
        self.margin = margin

    def forward(self, input, target):
        """Any shape, the same shape -> ()"""
        return F.hinge_embedding_loss(input, target, margin=self.margin, reduction=self.reduction)


class CosineEmbeddingLoss(Loss):
    """1 - cos(x₁, x₂) for labels 1, max(0, cos(x₁, x₂) - margin) for labels -1.

    Parameters
    ----------
    margin : float in [-1, 1], default 0
        How much alike unlike pairs may be.
    reduction : {"mean", "sum", "none"}, default "mean"
        How samples are combined.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch import nn
    >>> x = microtorch.tensor([[1.0, 0.0]])
    >>> nn.CosineEmbeddingLoss()(x, -x, microtorch.tensor([1])).item()
    2.0
    """

    def __init__(self, margin=0.0, size_average=None, reduce=None, reduction="mean"):
        super().__init__(reduction, size_average, reduce)
        self.margin = margin

    def forward(self, input1, input2, target):
        """(N, D), (N, D), (N,) -> ()"""
        return F.cosine_embedding_loss(input1, input2, target, margin=self.margin, reduction=self.reduction)


class MarginRankingLoss(Loss):
    """max(0, -y · (x₁ - x₂) + margin) for labels y: 1 where x₁ should be larger, -1 where x₂ should.

    Parameters
    ----------
    margin : float, default 0
        By how much it should be larger.
    reduction : {"mean", "sum", "none"}, default "mean"
        How elements are combined.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch import nn
    >>> one = microtorch.ones(1)
    >>> nn.MarginRankingLoss(0.5)(one, one, one).item()
    0.5
    """

    def __init__(self, margin=0.0, size_average=None, reduce=None, reduction="mean"):
        super().__init__(reduction, size_average, reduce)
        self.margin = margin

    def forward(self, input1, input2, target):
        """(N,), (N,), (N,) -> ()"""
        return F.margin_ranking_loss(input1, input2, target, margin=self.margin, reduction=self.reduction)


class TripletMarginLoss(Loss):
    """max(0, ‖a - p‖ - ‖a - n‖ + margin) for anchors a, positives p and negatives n.

    Parameters
    ----------
    margin : float, default 1
        By how much farther the negative should be.
    p : float, default 2
        Of the norm.
    eps : float, default 1e-6
        Added to the differences.
    swap : bool, default False
        Whether the distance of p and n is taken where it is smaller than that of a and n.
    reduction : {"mean", "sum", "none"}, default "mean"
        How samples are combined.

    References
    ----------
    V. Balntas, E. Riba, D. Ponsa, K. Mikolajczyk, "Learning local feature descriptors with triplets and shallow
    convolutional neural networks", 2016.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch import nn
    >>> x = microtorch.zeros(1, 2)
    >>> nn.TripletMarginLoss()(x, x, x).item()
    1.0
    """

    def __init__(self, margin=1.0, p=2.0, eps=1e-6, swap=False, size_average=None, reduce=None, reduction="mean"):
        super().__init__(reduction, size_average, reduce)
        if margin <= 0:
            raise ValueError(f"TripletMarginLoss: the margin must be positive, not {margin}")
        self.margin, self.p, self.eps, self.swap = margin, p, eps, swap

    def forward(self, anchor, positive, negative):
        """(N, D), (N, D), (N, D) -> ()"""
        return F.triplet_margin_loss(
            anchor,
            positive,
            negative,
            margin=self.margin,
            p=self.p,
            eps=self.eps,
            swap=self.swap,
            reduction=self.reduction,
        )


class PoissonNLLLoss(Loss):
    """The negative log-likelihood of counts under Poisson's distribution.

    Parameters
    ----------
    log_input : bool, default True
        Whether the input is the logarithm of the rate: exp(x) - y · x; else x - y · log(x + eps).
    full : bool, default False
        Whether Stirling's approximation of log(y!) is added.
    eps : float, default 1e-8
        Added to the rate in the logarithm.
    reduction : {"mean", "sum", "none"}, default "mean"
        How elements are combined.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch import nn
    >>> nn.PoissonNLLLoss()(microtorch.zeros(1), microtorch.ones(1)).item()
    1.0
    """

    def __init__(self, log_input=True, full=False, size_average=None, eps=1e-8, reduce=None, reduction="mean"):
        super().__init__(reduction, size_average, reduce)
        self.log_input, self.full, self.eps = log_input, full, eps

    def forward(self, log_input, target):
        """Any shape, the same shape -> ()"""
        return F.poisson_nll_loss(
            log_input, target, log_input=self.log_input, full=self.full, eps=self.eps, reduction=self.reduction
        )


class GaussianNLLLoss(Loss):
    """The negative log-likelihood of values under normal distributions of given means and variances.

    Parameters
    ----------
    full : bool, default False
        Whether the constant log(2π) / 2 is added.
    eps : float, default 1e-6
        The least variance.
    reduction : {"mean", "sum", "none"}, default "mean"
        How elements are combined.

    References
    ----------
    D. A. Nix, A. S. Weigend, "Estimating the mean and variance of the target probability distribution", 1994.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch import nn
    >>> nn.GaussianNLLLoss()(microtorch.zeros(1), microtorch.ones(1), microtorch.ones(1)).item()
    0.5
    """

    def __init__(self, *, full=False, eps=1e-6, reduction="mean"):
        super().__init__(reduction)
        self.full, self.eps = full, eps

    def forward(self, input, target, var):
        """(N, D), (N, D), (N, D) or (N, 1) or (N,) -> ()"""
        return F.gaussian_nll_loss(input, target, var, full=self.full, eps=self.eps, reduction=self.reduction)
