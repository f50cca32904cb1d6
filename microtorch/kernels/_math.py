"""Elementary functions of one number that vectorise inside a kernel's loop, for float32 and float64.

numba's own exp, tanh and erf are calls into a scalar library: 5 ns an element where a polynomial over eight lanes
takes 0.3. `isinstance` is decided when a kernel is compiled, so each dtype has its own straight line of arithmetic.
The order of operations is the algorithm here: n·high + n·low must not become n·(high + low).
Each of them keeps NaN: a comparison with NaN is false, and the false branch is always the one that computes.
"""

from math import erf as erf_of_c

import numpy as np

from ._jit import IN_ORDER

f = np.float32


@IN_ORDER
def exp(x):
    """e^x to 1.2e-7 (float32), 3e-16 (float64): x = n·ln 2 + r, a polynomial in r, and 2^n put together from bits.

    2^n is applied in two halves, so that results run down through the subnormals to 0 and up to inf.
    """
    if isinstance(x, np.float32):
        x = f(-104) if x < f(-104) else x
        x = f(89) if x > f(89) else x
        n = np.rint(x * f(1.44269504))
        r = x - n * f(0.693359375)
        r = r - n * f(-2.12194440e-4)
        p = f(1.9875691500e-4)
        p = p * r + f(1.3981999507e-3)
        p = p * r + f(8.3334519073e-3)
        p = p * r + f(4.1665795894e-2)
        p = p * r + f(1.6666665459e-1)
        p = p * r + f(5.0000001201e-1)
        y = p * r * r + r + f(1)
        k = np.int32(n)
        h = k >> np.int32(1)
        up = np.int32((h + np.int32(127)) << np.int32(23)).view(np.float32)
        return y * up * np.int32((k - h + np.int32(127)) << np.int32(23)).view(np.float32)
    else:
        x = -746.0 if x < -746.0 else x
        x = 710.0 if x > 710.0 else x
        n = np.rint(x * 1.4426950408889634)
        r = x - n * 6.93145751953125e-1
        r = r - n * 1.42860682030941723212e-6
        p = 1 / 6227020800.0
        p = p * r + 1 / 479001600.0
        p = p * r + 1 / 39916800.0
        p = p * r + 1 / 3628800.0
        p = p * r + 1 / 362880.0
        p = p * r + 1 / 40320.0
        p = p * r + 1 / 5040.0
        p = p * r + 1 / 720.0
        p = p * r + 1 / 120.0
        p = p * r + 1 / 24.0
        p = p * r + 1 / 6.0
        p = p * r + 0.5
        y = p * r * r + r + 1.0
        k = np.int64(np.int32(n))
        h = k >> np.int64(1)
        up = np.int64((h + np.int64(1023)) << np.int64(52)).view(np.float64)
        return y * up * np.int64((k - h + np.int64(1023)) << np.int64(52)).view(np.float64)


@IN_ORDER
def sigmoid(x):
    """1 / (1 + e^−x)"""
    if isinstance(x, np.float32):
        return f(1) / (f(1) + exp(-x))
    else:
        return 1.0 / (1.0 + exp(-x))


@IN_ORDER
def expm1(x):
    """e^x − 1 for x <= 88, precise near 0, as 2^n · (e^r − 1) + (2^n − 1); the rest as in `exp`"""
    if isinstance(x, np.float32):
        x = f(-87) if x < f(-87) else x
        x = f(88) if x > f(88) else x
        n = np.rint(x * f(1.44269504))
        r = x - n * f(0.693359375)
        r = r - n * f(-2.12194440e-4)
        p = f(1.9875691500e-4)
        p = p * r + f(1.3981999507e-3)
        p = p * r + f(8.3334519073e-3)
        p = p * r + f(4.1665795894e-2)
        p = p * r + f(1.6666665459e-1)
        p = p * r + f(5.0000001201e-1)
        up = np.int32((np.int32(n) + np.int32(127)) << np.int32(23)).view(np.float32)
        return up * (p * r * r + r) + (up - f(1))
    else:
        x = -700.0 if x < -700.0 else x
        x = 700.0 if x > 700.0 else x
        n = np.rint(x * 1.4426950408889634)
        r = x - n * 6.93145751953125e-1
        r = r - n * 1.42860682030941723212e-6
        p = 1 / 6227020800.0
        p = p * r + 1 / 479001600.0
        p = p * r + 1 / 39916800.0
        p = p * r + 1 / 3628800.0
        p = p * r + 1 / 362880.0
        p = p * r + 1 / 40320.0
        p = p * r + 1 / 5040.0
        p = p * r + 1 / 720.0
        p = p * r + 1 / 120.0
        p = p * r + 1 / 24.0
        p = p * r + 1 / 6.0
        p = p * r + 0.5
        up = np.int64((np.int64(np.int32(n)) + np.int64(1023)) << np.int64(52)).view(np.float64)
        return up * (p * r * r + r) + (up - 1.0)


@IN_ORDER
def tanh(x):
    """(e^2x − 1) / (e^2x + 1)"""
    if isinstance(x, np.float32):
        v = f(2) * x
        t = expm1(f(40) if v > f(40) else v)
        return t / (t + f(2))
    else:
        v = 2.0 * x
        t = expm1(80.0 if v > 80.0 else v)
        return t / (t + 2.0)


@IN_ORDER
def log1p_of_unit(u):
    """log(1 + u) for 0 <= u <= 1: the series of 2·artanh(s) with s = u / (2 + u) <= 1/3"""
    if isinstance(u, np.float32):
        s = u / (f(2) + u)
        z = s * s
        p = f(1 / 15)
        for k in (13, 11, 9, 7, 5, 3):
            p = p * z + f(1) / f(k)
        return f(2) * s * (p * z + f(1))
    else:
        s = u / (2.0 + u)
        z = s * s
        p = 1 / 33.0
        for k in (31, 29, 27, 25, 23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3):
            p = p * z + 1.0 / k
        return 2.0 * s * (p * z + 1.0)


@IN_ORDER
def erf(x):
    """The error function; float32 by a rational approximation on [−4, 4] (Eigen's, 3e-7), float64 from the C library"""
    if isinstance(x, np.float32):
        x = f(-4) if x < f(-4) else x
        x = f(4) if x > f(4) else x
        z = x * x
        p = f(-2.72614225801306e-10)
        p = p * z + f(2.77068142495902e-08)
        p = p * z + f(-2.10102402082508e-06)
        p = p * z + f(-5.69250639462346e-05)
        p = p * z + f(-7.34990630326855e-04)
        p = p * z + f(-2.95459980854025e-03)
        p = p * z + f(-1.60960333262415e-02)
        q = f(-1.45660718464996e-05)
        q = q * z + f(-2.13374055278905e-04)
        q = q * z + f(-1.68282697438203e-03)
        q = q * z + f(-7.37332916720468e-03)
        q = q * z + f(-1.42647390514189e-02)
        return x * p / q
    else:
        return erf_of_c(x)
