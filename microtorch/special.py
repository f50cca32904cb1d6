"""Special functions under the names of torch.special: those of the library, some by a second name."""

from .nn.functional import log_softmax, softmax
from .ops import (
    digamma,
    erf,
    erfc,
    erfinv,
    exp2,
    expm1,
    lgamma,
    log1p,
    logit,
    logsumexp,
    polygamma,
    round,
    sigmoid,
    sinc,
    xlogy,
)
from .ops._promotion import only_tensors

__all__ = [
    "digamma",
    "erf",
    "erfc",
    "erfinv",
    "exp2",
    "expit",
    "expm1",
    "gammaln",
    "log1p",
    "log_softmax",
    "logit",
    "logsumexp",
    "ndtr",
    "ndtri",
    "polygamma",
    "psi",
    "round",
    "sinc",
    "softmax",
    "xlogy",
]

expit, gammaln, psi = sigmoid, lgamma, digamma


def ndtr(input):
    """The share of a standard normal distribution below each element of the Tensor `input`: ½ erfc(−x / √2)."""
    only_tensors("ndtr", input=input)
    return 0.5 * erfc(-input * 0.5**0.5)


def ndtri(input):
    """Below what a share `input` of a standard normal distribution lies, the inverse of `ndtr`: √2 · erfinv(2x − 1)."""
    only_tensors("ndtri", input=input)
    return 2**0.5 * erfinv(2 * input - 1)


def __getattr__(name):
    from .pytorch.absent import refuse

    raise refuse("special", name, globals())
