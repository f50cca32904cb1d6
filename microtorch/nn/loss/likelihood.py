"""Losses that are negative log-likelihoods or divergences, as modules."""

from .. import functional as F
from .base import Loss

__all__ = ["GaussianNLLLoss", "KLDivLoss", "PoissonNLLLoss"]


class KLDivLoss(Loss):
    """The Kullback-Leibler divergence of the target from the input, which is given as log-probabilities.

    Parameters
    ----------
    reduction : {"mean", "batchmean", "sum", "none"}, default "mean"
        ``"batchmean"``, the sum over the batch's size, is the divergence of the definition.
    log_target : bool, default False
        Whether the target is given as logarithms too.

    Examples
    --------
    >>> p = microtorch.tensor([[0.5, 0.5]])
    >>> nn.KLDivLoss(reduction="batchmean")(p.log(), p)
    tensor(0.)
    """

    def __init__(self, size_average=None, reduce=None, reduction="mean", log_target=False):
        super().__init__("sum" if reduction == "batchmean" else reduction, size_average, reduce)
        if reduction == "batchmean":
            self.reduction = reduction
        self.log_target = log_target

    def forward(self, input, target):
        """(N, ...), the same shape -> ()"""
        return F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


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

    Examples
    --------
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

    References
    ----------
    D. A. Nix, A. S. Weigend, "Estimating the mean and variance of the target probability distribution", 1994.

    Examples
    --------
    >>> nn.GaussianNLLLoss()(microtorch.zeros(1), microtorch.ones(1), microtorch.ones(1)).item()
    0.5
    """

    def __init__(self, *, full=False, eps=1e-6, reduction="mean"):
        super().__init__(reduction)
        self.full, self.eps = full, eps

    def forward(self, input, target, var):
        """(N, D), (N, D), (N, D) or (N, 1) or (N,) -> ()"""
        return F.gaussian_nll_loss(input, target, var, full=self.full, eps=self.eps, reduction=self.reduction)
