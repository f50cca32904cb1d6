"""The gamma function's logarithm with its derivatives, the inverse of erf, and how gamma samples move with their shape.

Computed in float64 whatever the dtype, as Python's and C's own functions are. Every array is flat and of one length n.
"""

import math

from ._jit import IN_ORDER


@IN_ORDER
def _psi(x):
    """The derivative of ln Γ at a number: upwards by ψ(x) = ψ(x + 1) − 1/x, then the asymptotic series."""
    if x == 0:
        return math.copysign(math.inf, -x)
    y = 0.0
    if x < 0:
        part = x % 1.0
        if part == 0 or x == -math.inf:
            return math.nan
        y = -math.pi / math.tan(math.pi * part)  # ψ(x) = ψ(1 − x) − π / tan πx
        x = 1 - x
    if x == math.inf:
        return x
    while x < 10:
        y -= 1 / x
        x += 1
    z = 1 / (x * x)
    series = 1 / 12 - z * (1 / 120 - z * (1 / 252 - z * (1 / 240 - z * (1 / 132 - z * (691 / 32760 - z / 12)))))
    return y + math.log(x) - 0.5 / x - z * series


@IN_ORDER
def _zeta(s, x):
    """The Hurwitz zeta function Σ (x + k)⁻ˢ over k = 0, 1, ..., for x > 0 and s > 1, by Euler and Maclaurin."""
    y = 0.0
    while x < 12:
        y += x**-s
        x += 1
    if x == math.inf:
        return y
    y += x ** (1 - s) / (s - 1) + 0.5 * x**-s
    factor = s * x ** (-s - 1)
    # Bernoulli's numbers B₂ₖ / (2k)!
    for k, b in enumerate(
        (1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160, -691 / 1307674368000, 1 / 74724249600)
    ):
        y += b * factor
        factor *= (s + 2 * k + 1) * (s + 2 * k + 2) / (x * x)
    return y


@IN_ORDER
def _zeta_anywhere(s, x):
    """`_zeta` for whole s and any x: what lies below 0 is a sum over all whole steps less a sum from above."""
    if x > 0 or x != x:
        return _zeta(s, x)
    f = x % 1.0
    if f == 0 or x == -math.inf:
        return math.inf
    steps = f - x
    sign = 1.0 if s % 2 == 0 else -1.0
    return _zeta(s, f) + sign * (_zeta(s, 1 - f) - _zeta(s, steps + 1 - f))


@IN_ORDER
def lgamma(x, y):
    """y = ln |Γ(x)|"""
    for i in range(y.size):
        v = float(x[i])
        if math.isinf(v) or (v <= 0 and v % 1.0 == 0):
            y[i] = math.inf
        else:
            y[i] = math.lgamma(v)


@IN_ORDER
def digamma(x, y):
    """y = ψ(x)"""
    for i in range(y.size):
        y[i] = _psi(float(x[i]))


@IN_ORDER
def polygamma(x, n, factorial, y):
    """y = ψ⁽ⁿ⁾(x) = (−1)ⁿ⁺¹ · n! · ζ(n + 1, x) for n >= 1; `factorial` is n! with its sign"""
    for i in range(y.size):
        y[i] = factorial * _zeta_anywhere(n + 1.0, float(x[i]))


@IN_ORDER
def erfinv(x, y):
    """y where erf(y) = x: a first guess by Winitzki, then Halley's steps on erf, or on erfc far out"""
    for i in range(y.size):
        v = float(x[i])
        if not -1 < v < 1:
            y[i] = math.copysign(math.inf, v) if abs(v) == 1 else math.nan
            continue
        a = abs(v)
        log = math.log1p(-a * a)
        half = 4.330746750799873 + 0.5 * log  # 2 / (π · 0.147)
        t = math.sqrt(math.sqrt(half * half - log / 0.147) - half)
        for _ in range(3):
            off = math.erf(t) - a if a < 0.5 else (1 - a) - math.erfc(t)
            step = off / (1.1283791670955126 * math.exp(-t * t))  # 2 / sqrt(π)
            t -= step / (1 + t * step)
        y[i] = math.copysign(t, v)


@IN_ORDER
def gamma_sample_gradient(y, a, nodes, weights, dy):
    """dy = ∂y/∂a for a sample y of the gamma distribution of shape a, at a fixed quantile: −(∂P/∂a) / (∂P/∂y)

    `nodes`, `weights`: of Gauss and Laguerre, for the upper tail.
    """
    for i in range(dy.size):
        x, s = float(y[i]), float(a[i])
        if not (x > 0 and s > 0) or math.isinf(x):
            dy[i] = 0.0 if x == 0 else math.nan
            continue
        if x < s + 6 * math.sqrt(s) + 12:
            # P = xˢ e⁻ˣ / Γ(s + 1) · Σ tₖ with tₖ = xᵏ / (s + 1)···(s + k); each tₖ changes by −tₖ · Σ 1 / (s + j)
            term, total, inverses, change, k = 1.0, 1.0, 0.0, 0.0, 0
            while term > 1e-17 * total or k < x - s:
                k += 1
                term *= x / (s + k)
                inverses += 1 / (s + k)
                total += term
                change -= term * inverses
            dy[i] = -x / s * ((math.log(x) - _psi(s + 1)) * total + change)
        else:
            # what lies above: ∫ (ln(x + u) − ψ(s)) (1 + u / x)ˢ⁻¹ e⁻ᵘ du, the nodes stretched to where it has weight
            stretch, found, psi = 1 / (1 - max(s - 1, 0.0) / x), 0.0, _psi(s)
            for j in range(nodes.size):
                u = nodes[j] * stretch
                weight = weights[j] * math.exp((s - 1) * math.log1p(u / x) - u + nodes[j])
                found += weight * stretch * (math.log(x + u) - psi)
            dy[i] = found
