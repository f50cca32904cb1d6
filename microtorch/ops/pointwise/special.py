"""The error function and its inverse, the gamma function's logarithm and its derivatives, x log y, by element.

Returns
-------
Tensor
    Floating, of the shape of `input` or that of both operands, broadcast.
"""

from math import factorial, inf, pi, sqrt

import numpy as np

from ...autograd.function import ArrayFunction
from ...autograd.inplace.changes import attach_in_place
from ...from_data import as_tensor
from ...kernels import pointwise as kernels
from ...kernels import special
from ...tensor import Tensor, attach
from .._promotion import Binary, floating, floating_pair
from ..nn.relu import one_pass
from .arithmetic import absorb

__all__ = ["digamma", "erf", "erfc", "erfinv", "lgamma", "polygamma", "sinc", "xlogy"]


FEW = 500  # elements below which numpy is faster than a call of a kernel
SLOPE = 2 / sqrt(pi)  # of erf at 0
# The derivative of sinc at x is x · Σ SINC[k] · x²ᵏ; for |x| < 0.2 what is left out is below 1e-17.
SINC = [(-1) ** k * 2 * k * pi ** (2 * k) / factorial(2 * k + 1) for k in range(1, 9)]


class Erf(ArrayFunction):
    """y = erf(x)        dx = dy · 2 / √π · e^(−x²)

    Why: The slope of this curve is a bell: steep around 0, flat far out.
    Derivation: erf x = 2/√π · ∫ e^(−t²) dt from 0 to x, so its derivative is the integrand at x.
    """

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return one_pass(ctx, kernels.erf, (x,))

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return absorb(dy, SLOPE * np.exp(-x * x))


@attach("erf")
def erf(input):
    """The error function of each element, from -1 to 1.

    Notes
    -----
    y = 2/√π · ∫₀ˣ e^(−t²) dt; dx = dy · 2/√π · e^(−x²). The input is saved.

    Examples
    --------
    >>> x = microtorch.tensor([0.0, 1.0], requires_grad=True)
    >>> y = microtorch.erf(x)
    >>> y
    tensor([0.    , 0.8427], grad_fn=<Erf>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([1.1284, 0.4151])
    """
    return Erf.apply(floating(input))


class Erfc(ArrayFunction):
    """y = 1 − erf(x)        dx = −dy · 2 / √π · e^(−x²)

    Why: The slope of this curve is a bell, downward.
    Derivation: erf x has the slope 2/√π · e^(−x²).
    """

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return one_pass(ctx, kernels.erfc, (x,))

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return absorb(dy, -SLOPE * np.exp(-x * x))


@attach("erfc")
def erfc(input):
    """One minus the error function of each element, with all its digits where that is small, from 0 to 2.

    Notes
    -----
    y = 1 − erf x; dx = −dy · 2/√π · e^(−x²). The input is saved.

    Examples
    --------
    >>> x = microtorch.tensor([0.0, 3.0], requires_grad=True)
    >>> y = microtorch.erfc(x)
    >>> y
    tensor([1.0000e+00, 2.2090e-05], grad_fn=<Erfc>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([-1.1284e+00, -1.3925e-04])
    """
    return Erfc.apply(floating(input))


class Sinc(ArrayFunction):
    """y = 1 where x = 0, else sin(π · x) / (π · x)        dx = 0 where x = 0, else dy · (cos(π · x) − y) / x

    Why: A wave that dies down as 1 / x: its slope is that of the wave less what the division takes away. The curve is
    symmetric, so at 0 it is level.
    Derivation: The quotient rule: (π cos(πx) · πx − π sin(πx)) / (πx)² = (cos(πx) − y) / x. Near 0, where both are
    almost equal, it is computed by its series −π² x / 3 + …
    """

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return np.sinc(x)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        # Near 0 the difference of cos(πx) and y loses its digits; there the series, which has the further derivatives.
        near = np.less(np.abs(x), 0.2)
        z = np.where(near, x, 0.0)
        z = z * z
        series = SINC[-1]
        for c in SINC[-2::-1]:
            series = series * z + c
        away = np.where(near, 1.0, x)
        slope = (np.cos(away * pi) - Sinc.apply(away)) / away
        return absorb(dy, np.where(near, series * x, slope))


@attach("sinc", numpy=np.sinc)
def sinc(input):
    """sin(πx) / (πx) of each element, and 1 at 0.

    Notes
    -----
    y = sin(πx) / (πx); dx = dy · (cos(πx) − y) / x, and 0 at 0. The second derivative at 0 is −π²/3 (PyTorch: 0). The
    input is saved.

    Examples
    --------
    >>> x = microtorch.tensor([0.0, 0.5], requires_grad=True)
    >>> y = microtorch.sinc(x)
    >>> y
    tensor([1.    , 0.6366], grad_fn=<Sinc>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([-0.    , -1.2732])
    """
    return Sinc.apply(floating(input))


class Xlogy(Binary):
    """y = 0 where a = 0 and b = b, else a · ln b
    da = 0 where a = 0 and b ≤ 0, else dy · ln b,  db = dy · a / b

    Letters: b = b is false where b is not a number, and only there.
    Why: Nothing times a logarithm is nothing, even where the logarithm is −∞: so what never happens adds nothing to
    an entropy.
    Derivation: a · ln b is linear in a with the slope ln b, and the logarithm's slope is 1 / b.
    """

    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return np.where(np.equal(a, 0) & ~np.isnan(b), 0.0, a * np.log(b)).astype(np.result_type(a, b), copy=False)

    @staticmethod
    def backward(ctx, dy):
        a, b = ctx.saved_tensors
        need_a, need_b = ctx.needs_input_grad
        da = db = None
        if need_a:
            da = absorb(dy, np.where(np.equal(a, 0) & np.less_equal(b, 0), 0.0, np.log(b)))
        if need_b:
            db = absorb(dy, a / b)
        return da, db


@attach("xlogy")
def xlogy(input, other):
    """``input * log(other)``, by element, and 0 where `input` is 0, whatever `other` is (but NaN).

    Parameters
    ----------
    input, other : Tensor or number
        Of shapes that broadcast together. Integers are taken as floats of the default dtype.

    Notes
    -----
    y = a · ln b; da = dy · ln b, db = dy · a / b. Both inputs are saved.

    Examples
    --------
    >>> p = microtorch.tensor([0.0, 0.5])
    >>> microtorch.xlogy(p, p)
    tensor([ 0.    , -0.3466])
    """
    a, b = floating_pair(input, other)
    return Xlogy.apply(
        a if isinstance(a, Tensor) else as_tensor(a, b.dtype), b if isinstance(b, Tensor) else as_tensor(b, a.dtype)
    )


class Lgamma(ArrayFunction):
    """y = ln |Γ(x)|        dx = dy · ψ(x)

    Letters: Γ goes through the factorials, Γ(n) = (n − 1)!; ψ is the slope of its logarithm.
    Why: The logarithm of a factorial grows by ln x from x to x + 1, and ψ(x) is about ln x.
    Derivation: ψ is defined as (ln Γ)′ = Γ′ / Γ.
    """

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return one_pass(ctx, special.lgamma, (x,))

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return absorb(dy, Digamma.apply(x))


@attach("lgamma")
def lgamma(input):
    """The logarithm of the absolute value of the gamma function, of each element; inf at 0, -1, -2, ...

    Notes
    -----
    y = ln |Γ(x)|, with Γ(n) = (n − 1)! for whole n; dx = dy · ψ(x), see `digamma`. The input is saved.

    Examples
    --------
    >>> x = microtorch.tensor([1.0, 5.0], requires_grad=True)
    >>> y = microtorch.lgamma(x)
    >>> y
    tensor([0.    , 3.1781], grad_fn=<Lgamma>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([-0.5772,  1.5061])
    """
    return Lgamma.apply(floating(input))


class Digamma(ArrayFunction):
    """y = ψ(x)        dx = dy · ψ(1, x)

    Letters: ψ is the slope of ln Γ(x), and ψ(n, x) its n-th derivative.
    Why: ψ is about ln x, so its slope is about 1 / x: always upwards, and flatter further out.
    Derivation: ψ(x) is a constant and the sum of 1/(k + 1) − 1/(k + x) over k ≥ 0, so ψ(1, x) = Σ 1/(k + x)².
    """

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return one_pass(ctx, special.digamma, (x,))

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return absorb(dy, Polygamma.apply(x, 1))


@attach("digamma")
def digamma(input):
    """The derivative of `lgamma`, of each element; -inf at 0, NaN at -1, -2, ...

    Notes
    -----
    y = ψ(x) = Γ′(x) / Γ(x); dx = dy · ψ⁽¹⁾(x), see `polygamma`. The input is saved.

    Examples
    --------
    >>> x = microtorch.tensor([1.0, 5.0], requires_grad=True)
    >>> y = microtorch.digamma(x)
    >>> y
    tensor([-0.5772,  1.5061], grad_fn=<Digamma>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([1.6449, 0.2213])
    """
    return Digamma.apply(floating(input))


class Polygamma(ArrayFunction):
    """y = ψ(n, x)        dx = dy · ψ(n + 1, x)

    Letters: ψ(n, x) is the n-th derivative of ψ, the slope of ln Γ(x).
    Why: The derivative of the n-th derivative is the next one.
    Derivation: ψ(n, x) = (−1)ⁿ⁺¹ · n! · Σ 1 / (k + x)ⁿ⁺¹ over k ≥ 0; each term's slope is the next one's term.
    """

    @staticmethod
    def forward(ctx, x, n):
        ctx.save_for_backward(x)
        ctx.n = n
        size = float(factorial(n)) if n < 171 else inf  # the largest that float64 holds
        return one_pass(ctx, special.polygamma, (x,), float(n), size if n % 2 else -size)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return absorb(dy, Polygamma.apply(x, ctx.n + 1))


def polygamma(n, input):
    """The `n`-th derivative of `digamma`, of each element.

    Parameters
    ----------
    n : int
        0 or more; 0 is `digamma` itself.

    Raises
    ------
    ValueError
        If `n` is negative or not whole.

    Notes
    -----
    y = ψ⁽ⁿ⁾(x) = (−1)ⁿ⁺¹ · n! · Σ (x + k)⁻ⁿ⁻¹ over k = 0, 1, ...; dx = dy · ψ⁽ⁿ⁺¹⁾(x). The input is saved.

    Examples
    --------
    >>> microtorch.polygamma(1, microtorch.tensor([1.0, 5.0]))
    tensor([1.6449, 0.2213])
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 0:
        raise ValueError(f"polygamma: n is {n!r}. It is the order of a derivative, an int of 0 or more.")
    return digamma(input) if n == 0 else Polygamma.apply(floating(input), n)


@attach("polygamma")
def _polygamma(self, n):
    """The `n`-th derivative of `digamma`, of each element."""
    return polygamma(n, self)


attach_in_place(_polygamma, "polygamma_")


class Erfinv(ArrayFunction):
    """y = the number whose erf is x        dx = dy · √π / 2 · e^(y²)

    Why: Where erf is flat its inverse is steep.
    Derivation: erf(y) = x, so 2/√π · e^(−y²) · y′ = 1.
    """

    @staticmethod
    def forward(ctx, x):
        y = one_pass(ctx, special.erfinv, (x,))
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, dy):
        (y,) = ctx.saved_tensors
        return absorb(dy, np.exp(y * y) * 0.886226925452758)  # sqrt(π) / 2


@attach("erfinv")
def erfinv(input):
    """The inverse of `erf`, of each element; -inf and inf at -1 and 1, NaN outside.

    Parameters
    ----------
    input : Tensor
        From -1 to 1; integers and bools are taken as floats of the default dtype.

    Notes
    -----
    erf(y) = x; dx = dy · √π/2 · e^(y²). The output is saved.

    References
    ----------
    S. Winitzki: A handy approximation for the error function and its inverse, 2008, for the first guess.

    Examples
    --------
    >>> x = microtorch.tensor([0.0, 0.5], requires_grad=True)
    >>> y = microtorch.erfinv(x)
    >>> y
    tensor([0.    , 0.4769], grad_fn=<Erfinv>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([0.8862, 1.1126])
    """
    return Erfinv.apply(floating(input))


for _function in (erf, erfc, sinc, xlogy, lgamma, digamma, erfinv):
    attach_in_place(_function, _function.__name__ + "_")
