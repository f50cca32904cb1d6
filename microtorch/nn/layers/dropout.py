"""Dropout in its forms. All do nothing in evaluation."""

import numpy as np

from .. import functional as F
from ..module import Module

__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"]


class _Dropout(Module):
    def __init__(self, p=0.5, inplace=False, *, generator=None):
        super().__init__()
        if isinstance(p, str | bytes | None) or np.ndim(p) or not 0 <= p <= 1:
            raise ValueError(f"{type(self).__name__}: the probability p is between 0 and 1, not {p!r}")
        self.p, self.inplace, self.generator = p, inplace, generator

    def extra_repr(self):
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """Sets each element to zero with probability `p` in training, and divides the others by 1 - p.

    Parameters
    ----------
    p : float in [0, 1], default 0.5
        The probability.
    inplace : bool, default False
        Overwrite the input.
    generator : Generator, default microtorch's own
        Where the choice comes from.

    References
    ----------
    N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov, "Dropout: a simple way to prevent neural
    networks from overfitting", 2014.

    Examples
    --------
    >>> y = nn.Dropout(0.25)(microtorch.ones(1000))
    >>> sorted({round(v, 4) for v in y.tolist()})
    [0.0, 1.3333]
    >>> nn.Dropout(0.25).eval()(microtorch.ones(3))
    tensor([1., 1., 1.])
    """

    def forward(self, input):
        """Any shape -> the same shape."""
        return F.dropout(input, self.p, self.training, self.inplace, generator=self.generator)


class Dropout1d(_Dropout):
    """Sets whole channels of (N, C, L) or (C, L) to zero with probability `p`; otherwise as `Dropout`."""

    def forward(self, input):
        """(N, C, L) -> (N, C, L)"""
        return F.dropout1d(input, self.p, self.training, self.inplace, generator=self.generator)


class Dropout2d(_Dropout):
    """Sets whole channels of (N, C, H, W) to zero with probability `p`; otherwise as `Dropout`."""

    def forward(self, input):
        """(N, C, H, W) -> (N, C, H, W)"""
        return F.dropout2d(input, self.p, self.training, self.inplace, generator=self.generator)


class Dropout3d(_Dropout):
    """Sets whole channels of (N, C, D, H, W) to zero with probability `p`; otherwise as `Dropout`."""

    def forward(self, input):
        """(N, C, D, H, W) -> (N, C, D, H, W)"""
        return F.dropout3d(input, self.p, self.training, self.inplace, generator=self.generator)


class AlphaDropout(_Dropout):
    """Dropout that keeps mean and variance of what SELU gives: dropped elements take SELU's limit on the left.

    Parameters
    ----------
    p : float in [0, 1], default 0.5
        The probability.
    inplace : bool, default False
        Overwrite the input.
    generator : Generator, default microtorch's own
        Where the choice comes from.

    References
    ----------
    G. Klambauer, T. Unterthiner, A. Mayr, S. Hochreiter, "Self-normalizing neural networks", 2017.

    Examples
    --------
    >>> nn.AlphaDropout(0.2)(microtorch.randn(20, 16)).shape
    (20, 16)
    """

    def forward(self, input):
        """Any shape -> the same shape."""
        return F.alpha_dropout(input, self.p, self.training, generator=self.generator)


class FeatureAlphaDropout(_Dropout):
    """`AlphaDropout` of whole channels."""

    def forward(self, input):
        """(N, C, ...) -> (N, C, ...)"""
        return F.feature_alpha_dropout(input, self.p, self.training, generator=self.generator)
