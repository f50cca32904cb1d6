"""Compile the kernels of usual networks now, so that the first training does not wait for it.

The machine code is kept for later processes; `microtorch info` says where.
"""

import time


def add_arguments(parser):
    """The options of the command."""
    parser.add_argument("--float64", action="store_true", help="also for networks of float64")


def run(args):
    """One step of each kind of network with each optimizer."""
    import microtorch
    from microtorch.kernels import _jit

    begin = time.perf_counter()
    dtypes = [microtorch.float32] + [microtorch.float64] * args.float64
    for dtype in dtypes:
        compile_all(dtype)
    folder = _jit._cache_directory()
    print(
        f"compiled or found in {time.perf_counter() - begin:.1f} s; kept in {folder or 'no folder: none is writable'}"
    )


def compile_all(dtype):
    """Run a step with each activation, normalisation and update rule."""
    import microtorch
    from microtorch import nn
    from microtorch.nn.functional import cross_entropy
    from microtorch.train.rules import RULES, make_optimizer

    x, y = microtorch.zeros(8, 4, dtype=dtype), microtorch.zeros(8, dtype=microtorch.int64)
    for activation in ("relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid", "softplus"):
        cross_entropy(nn.MLP([4, 4, 3], activation).to(dtype)(x), y).backward()
    for norm in ("batch", "layer", "rms"):
        cross_entropy(nn.MLP([4, 4, 3], dropout=0.5, norm=norm).to(dtype)(x), y).backward()
    for rule in RULES:
        model = nn.MLP([4, 3]).to(dtype)
        optimizer = make_optimizer(model, rule)
        cross_entropy(model(x), y).backward()
        optimizer.step()
