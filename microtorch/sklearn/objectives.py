"""The objectives of the estimators: a loss for each kind of target, as a mean over a batch and for each sample."""

import numpy as np

from ..nn import functional as F

__all__ = ["OBJECTIVES"]


class Softmax:
    """Cross entropy of integer classes; scores come out, probabilities by softmax."""

    activation = "softmax"

    @staticmethod
    def mean(outputs, targets):
        """(N, C) scores and (N,) classes -> the mean over the batch."""
        return F.cross_entropy(outputs, targets)

    @staticmethod
    def each(outputs, targets):
        """(N, C) scores and (N,) classes -> (N,)"""
        return F.cross_entropy(outputs, targets, reduction="none")


class Logistic:
    """Binary cross entropy, summed over labels that exclude one another in no way; probabilities by the sigmoid."""

    activation = "logistic"

    @staticmethod
    def mean(outputs, targets):
        """(N, K) scores and (N, K) zeros and ones -> the mean over the batch."""
        loss = F.binary_cross_entropy_with_logits(outputs, targets)
        return loss if targets.shape[1] == 1 else loss * float(targets.shape[1])

    @staticmethod
    def each(outputs, targets):
        """(N, K) scores and (N, K) zeros and ones -> (N,)"""
        return F.binary_cross_entropy_with_logits(outputs, targets, reduction="none").sum(1)


class Squared:
    """Half the squared error, summed over the outputs."""

    activation = "identity"

    @staticmethod
    def mean(outputs, targets):
        """(N, K) twice -> the mean over the batch."""
        return F.mse_loss(outputs, targets) * (0.5 * targets.shape[1])

    @staticmethod
    def each(outputs, targets):
        """(N, K) twice -> (N,)"""
        return F.mse_loss(outputs, targets, reduction="none").sum(1) * 0.5


class Poisson:
    """Half the Poisson deviance, summed over the outputs, which are logarithms of rates."""

    activation = "exp"

    @staticmethod
    def mean(outputs, targets):
        """(N, K) logarithms and (N, K) counts -> the mean over the batch, less `constant`."""
        return F.poisson_nll_loss(outputs, targets) * float(targets.shape[1])

    @staticmethod
    def each(outputs, targets):
        """(N, K) logarithms and (N, K) counts -> (N,)"""
        return F.poisson_nll_loss(outputs, targets, reduction="none").sum(1)

    @staticmethod
    def constant(targets):
        """(N, K) -> (N,): the part of the deviance that no output changes, y log y − y."""
        return (targets * np.log(np.where(targets > 0, targets, 1)) - targets).sum(1)


OBJECTIVES = {kind.activation: kind for kind in (Softmax, Logistic, Squared, Poisson)}
