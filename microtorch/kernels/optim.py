"""One pass over memory for each update of parameters; the plain formulas stand in `optim/`, under the same names.

`rows` (n, m) int64 has a row for each parameter: the ids of the arrays that its formula takes, in that order, and 0
where an option needs none. The arrays of all rows are alike: row-major, of one dtype, of which `like` is any array;
`first_misfit` has looked. `numbers` is a tuple of floats, cast to that dtype here: a float64 among float32 would slow
the loop to half. So a kernel is compiled once for a dtype, and whoever calls it gets the same bits.

A kernel hands each row to the function below it, which does the arithmetic on flat arrays (n,). An array that an
option does not need is None there; numba compiles the branches on it away, where a branch at run time would keep the
loop from becoming vectors.

None of the licences of `SETTING`: regrouped, (1 − β₂) · g · g overflows where the formula does not, and the reciprocal
of a small denominator does too. Loops without sums become vectors all the same, and kernel and formula agree bit for
bit.
"""

import functools

import numpy as np

from ._address import array_of
from ._jit import jit as jit_with

jit = functools.partial(jit_with, fastmath=False)


# One pass where numpy's formula needs five; 10 million float32 with momentum move at 47 GB/s,
# where np.copyto reaches 19 (two-core EPYC).
@jit
def sgd(rows, like, numbers):
    for row in rows:
        p, g = array_of(row[0], rows, like), array_of(row[1], rows, like)
        if row[2] == 0:
            one_sgd(p, g, None, numbers)
        else:
            one_sgd(p, g, array_of(row[2], rows, like), numbers)


@jit
def one_sgd(p, g, buffer, numbers):
    n, t = p.size, p.dtype.type
    lr, momentum, undamped, nesterov, decay, sign = numbers
    lr, momentum, undamped, decay, sign = t(lr), t(momentum), t(undamped), t(decay), t(sign)
    for i in range(n):
        d = sign * g[i]
        if decay != 0:
            d += decay * p[i]
        if buffer is not None:
            v = momentum * buffer[i] + undamped * d
            buffer[i] = v
            d = d + momentum * v if nesterov != 0 else v
        p[i] -= lr * d


# Seven streams through memory where numpy's formula has about thirty;
# 10 million float32 move at 42 GB/s, where np.copyto reaches 19 (two-core EPYC).
@jit
def adam(rows, like, numbers):
    for row in rows:
        p, g = array_of(row[0], rows, like), array_of(row[1], rows, like)
        exp_avg, exp_avg_sq = array_of(row[2], rows, like), array_of(row[3], rows, like)
        if row[4] == 0:
            one_adam(p, g, exp_avg, exp_avg_sq, None, numbers)
        else:
            one_adam(p, g, exp_avg, exp_avg_sq, array_of(row[4], rows, like), numbers)


@jit
def one_adam(p, g, exp_avg, exp_avg_sq, max_exp_avg_sq, numbers):
    n, t = p.size, p.dtype.type
    size, beta1, beta2, root, eps, decay, shrink, sign = numbers
    size, beta1, beta2, root = t(size), t(1 - beta1), t(beta2), t(root)
    fresh, eps, decay, shrink, sign = t(1 - numbers[2]), t(eps), t(decay), t(shrink), t(sign)
    for i in range(n):
        d = sign * g[i]
        if decay != 0:
            d += decay * p[i]
        m = exp_avg[i] + beta1 * (d - exp_avg[i])
        v = beta2 * exp_avg_sq[i] + fresh * d * d
        exp_avg[i] = m
        exp_avg_sq[i] = v
        if max_exp_avg_sq is not None:
            top = max_exp_avg_sq[i]
            v = top if top > v or top != top else v  # NaN stays
            max_exp_avg_sq[i] = v
        p[i] = shrink * p[i] - size * m / (np.sqrt(v) * root + eps)


# One pass where numpy's formula needs eight.
@jit
def adamax(rows, like, numbers):
    for row in rows:
        p, g = array_of(row[0], rows, like), array_of(row[1], rows, like)
        exp_avg, exp_inf = array_of(row[2], rows, like), array_of(row[3], rows, like)
        one_adamax(p, g, exp_avg, exp_inf, numbers)


@jit
def one_adamax(p, g, exp_avg, exp_inf, numbers):
    n, t = p.size, p.dtype.type
    size, beta1, beta2, eps, decay, sign = numbers
    size, fresh, beta2, eps, decay, sign = t(size), t(1 - beta1), t(beta2), t(eps), t(decay), t(sign)
    for i in range(n):
        d = sign * g[i]
        if decay != 0:
            d += decay * p[i]
        m = exp_avg[i] + fresh * (d - exp_avg[i])
        old, new = beta2 * exp_inf[i], abs(d) + eps
        top = old if old > new or old != old else new  # NaN stays
        exp_avg[i] = m
        exp_inf[i] = top
        p[i] -= size * m / top


# One pass where numpy's formula needs fourteen.
@jit
def nadam(rows, like, numbers):
    for row in rows:
        p, g = array_of(row[0], rows, like), array_of(row[1], rows, like)
        exp_avg, exp_avg_sq = array_of(row[2], rows, like), array_of(row[3], rows, like)
        one_nadam(p, g, exp_avg, exp_avg_sq, numbers)


@jit
def one_nadam(p, g, exp_avg, exp_avg_sq, numbers):
    n, t = p.size, p.dtype.type
    of_g, of_avg, beta1, beta2, root, eps, decay, shrink, sign = numbers
    of_g, of_avg, beta1, beta2, root = t(of_g), t(of_avg), t(1 - beta1), t(beta2), t(root)
    fresh, eps, decay, shrink, sign = t(1 - numbers[3]), t(eps), t(decay), t(shrink), t(sign)
    for i in range(n):
        d = sign * g[i]
        if decay != 0:
            d += decay * p[i]
        m = exp_avg[i] + beta1 * (d - exp_avg[i])
        v = beta2 * exp_avg_sq[i] + fresh * d * d
        exp_avg[i] = m
        exp_avg_sq[i] = v
        p[i] = shrink * p[i] - (of_g * d + of_avg * m) / (np.sqrt(v) * root + eps)


# One pass where numpy's formula needs twelve.
@jit
def radam(rows, like, numbers):
    for row in rows:
        p, g = array_of(row[0], rows, like), array_of(row[1], rows, like)
        exp_avg, exp_avg_sq = array_of(row[2], rows, like), array_of(row[3], rows, like)
        one_radam(p, g, exp_avg, exp_avg_sq, numbers)


@jit
def one_radam(p, g, exp_avg, exp_avg_sq, numbers):
    n, t = p.size, p.dtype.type
    size, beta1, beta2, eps, decay, shrink, sign, rectified = numbers
    size, beta1, beta2, fresh = t(size), t(1 - beta1), t(beta2), t(1 - beta2)
    eps, decay, shrink, sign = t(eps), t(decay), t(shrink), t(sign)
    for i in range(n):
        d = sign * g[i]
        if decay != 0:
            d += decay * p[i]
        m = exp_avg[i] + beta1 * (d - exp_avg[i])
        v = beta2 * exp_avg_sq[i] + fresh * d * d
        exp_avg[i] = m
        exp_avg_sq[i] = v
        p[i] = shrink * p[i] - (size * m / (np.sqrt(v) + eps) if rectified != 0 else size * m)


# One pass where numpy's formula needs six to twelve.
@jit
def rmsprop(rows, like, numbers):
    for row in rows:
        p, g = array_of(row[0], rows, like), array_of(row[1], rows, like)
        square_avg = array_of(row[2], rows, like)
        if row[3] == 0 and row[4] == 0:
            one_rmsprop(p, g, square_avg, None, None, numbers)
        elif row[3] == 0:
            one_rmsprop(p, g, square_avg, None, array_of(row[4], rows, like), numbers)
        elif row[4] == 0:
            one_rmsprop(p, g, square_avg, array_of(row[3], rows, like), None, numbers)
        else:
            one_rmsprop(p, g, square_avg, array_of(row[3], rows, like), array_of(row[4], rows, like), numbers)


@jit
def one_rmsprop(p, g, square_avg, grad_avg, buffer, numbers):
    n, t = p.size, p.dtype.type
    lr, alpha, eps, momentum, decay, sign = numbers
    lr, alpha, fresh, eps = t(lr), t(alpha), t(1 - alpha), t(eps)
    momentum, decay, sign = t(momentum), t(decay), t(sign)
    for i in range(n):
        d = sign * g[i]
        if decay != 0:
            d += decay * p[i]
        s = alpha * square_avg[i] + fresh * d * d
        square_avg[i] = s
        if grad_avg is not None:
            mean = grad_avg[i] + fresh * (d - grad_avg[i])
            grad_avg[i] = mean
            s -= mean * mean
        d /= np.sqrt(s) + eps
        if buffer is not None:
            d += momentum * buffer[i]
            buffer[i] = d
        p[i] -= lr * d


# One pass where numpy's formula needs six.
@jit
def adagrad(rows, like, numbers):
    for row in rows:
        p, g = array_of(row[0], rows, like), array_of(row[1], rows, like)
        total = array_of(row[2], rows, like)
        one_adagrad(p, g, total, numbers)


@jit
def one_adagrad(p, g, total, numbers):
    n, t = p.size, p.dtype.type
    lr, eps, decay, sign = numbers
    lr, eps, decay, sign = t(lr), t(eps), t(decay), t(sign)
    for i in range(n):
        d = sign * g[i]
        if decay != 0:
            d += decay * p[i]
        s = total[i] + d * d
        total[i] = s
        p[i] -= lr * d / (np.sqrt(s) + eps)


# One pass where numpy's formula needs thirteen.
@jit
def adadelta(rows, like, numbers):
    for row in rows:
        p, g = array_of(row[0], rows, like), array_of(row[1], rows, like)
        square_avg, acc_delta = array_of(row[2], rows, like), array_of(row[3], rows, like)
        one_adadelta(p, g, square_avg, acc_delta, numbers)


@jit
def one_adadelta(p, g, square_avg, acc_delta, numbers):
    n, t = p.size, p.dtype.type
    lr, rho, eps, decay, sign = numbers
    lr, rho, fresh, eps, decay, sign = t(lr), t(rho), t(1 - rho), t(eps), t(decay), t(sign)
    for i in range(n):
        d = sign * g[i]
        if decay != 0:
            d += decay * p[i]
        s = rho * square_avg[i] + fresh * d * d
        a = acc_delta[i]
        d *= np.sqrt(a + eps) / np.sqrt(s + eps)
        square_avg[i] = s
        acc_delta[i] = rho * a + fresh * d * d
        p[i] -= lr * d


# One pass where numpy's formula needs seven.
@jit
def asgd(rows, like, numbers):
    for row in rows:
        p, g = array_of(row[0], rows, like), array_of(row[1], rows, like)
        ax = array_of(row[2], rows, like)
        one_asgd(p, g, ax, numbers)


@jit
def one_asgd(p, g, ax, numbers):
    n, t = p.size, p.dtype.type
    eta, shrink, mu, decay, sign = numbers
    eta, shrink, mu, decay, sign = t(eta), t(shrink), t(mu), t(decay), t(sign)
    for i in range(n):
        d = sign * g[i]
        if decay != 0:
            d += decay * p[i]
        x = shrink * p[i] - eta * d
        p[i] = x
        ax[i] = x if mu == 1 else ax[i] + mu * (x - ax[i])


# One pass where numpy's formula needs eleven.
@jit
def rprop(rows, like, numbers):
    for row in rows:
        p, g = array_of(row[0], rows, like), array_of(row[1], rows, like)
        prev, step_size = array_of(row[2], rows, like), array_of(row[3], rows, like)
        one_rprop(p, g, prev, step_size, numbers)


@jit
def one_rprop(p, g, prev, step_size, numbers):
    n, t = p.size, p.dtype.type
    shrink, grow, least, most, sign = numbers
    shrink, grow, least, most, sign = t(shrink), t(grow), t(least), t(most), t(sign)
    for i in range(n):
        d = sign * g[i]
        agreement = d * prev[i]
        size = step_size[i]
        if agreement > 0:
            size *= grow
        elif agreement < 0:
            size *= shrink
            d = t(0)
        size = min(max(size, least), most)
        step_size[i] = size
        prev[i] = d
        p[i] -= np.sign(d) * size
