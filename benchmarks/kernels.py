"""Hot kernels against what the machine allows: bytes a second beside a plain copy's, products beside numpy's own."""

import numpy as np

from .worker import seconds_per_call


def measure(seconds):
    """GB/s of kernels on arrays in and out of the cache, as a share of what a copy of as many bytes reaches."""
    rows = []
    for n, place in ((100_000, "cache"), (10_000_000, "memory")):
        copied = None
        for name, call, arrays in elementwise_calls(n):
            reached = arrays * 4 * n / seconds_per_call(call, seconds)
            copied = copied or reached
            rows.append({"name": f"{name}, {place}", "GB/s": reached / 1e9, "share": reached / copied})
    rows += [product(*sizes, seconds) for sizes in ((100, 784, 100), (100, 3072, 500), (64, 3072, 3072))]
    return rows


def elementwise_calls(n):
    """(name, call, arrays that it moves) for kernels over n float32, a plain copy first."""
    from microtorch.kernels import pointwise as elementwise
    from microtorch.kernels.loss import cross_entropy as loss
    from microtorch.kernels.nn import relu as activation

    x, y, z = (np.random.default_rng(0).random(n).astype(np.float32) for _ in range(3))
    scores, dscores = x.reshape(-1, 10), y.reshape(-1, 10)
    labels, sums, g = np.zeros(n // 10, np.int64), np.empty((3, n // 10 + 1), np.float32), np.ones(1, np.float32)
    plain, mean = np.empty((2, 0), np.float32), np.empty((), np.float32)  # neither weights of classes nor smoothing
    return [
        ("copy", lambda: np.copyto(y, x), 2),
        ("relu_backward", lambda: activation.relu_backward(x, y, z), 3),
        ("exp", lambda: elementwise.exp(x, y), 2),
        ("tanh", lambda: elementwise.tanh(x, y), 2),
        ("sigmoid", lambda: elementwise.sigmoid(x, y), 2),
        ("cross_entropy", lambda: loss.cross_entropy(scores, labels, -100, plain, True, sums, mean), 1),
        (
            "cross_entropy_backward",
            lambda: loss.cross_entropy_backward(scores, labels, -100, plain, sums, g, dscores),
            2,
        ),
    ]


def product(n, k, m, seconds):
    """GFLOP/s of numpy's matrix product, the floor of all steps."""
    a, b = np.ones((n, k), np.float32), np.ones((m, k), np.float32)
    took = seconds_per_call(lambda: a @ b.T, seconds)
    return {"name": f"product {n}×{k} by {k}×{m}", "GFLOP/s": 2e-9 * n * k * m / took}
