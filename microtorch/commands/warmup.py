"""Compile all kernels now, so that no training waits for them.

The machine code is kept for later processes; `microtorch info` says where.
"""

import functools
import importlib
import pkgutil
import time

DTYPES = ("float32", "float64")


def add_arguments(parser):
    """The options of the command."""
    parser.add_argument(
        "--dtypes", nargs="+", choices=DTYPES, default=DTYPES, metavar="DTYPE", help="for which networks"
    )


def run(args):
    """Use every kernel as training does."""
    import microtorch

    from ..kernels import _jit

    begin = time.perf_counter()
    for dtype in args.dtypes:
        train(getattr(microtorch, dtype))
    if missed := unused():
        raise RuntimeError(
            f"warmup: nothing used the kernels {', '.join(missed)}; they will compile when they are used"
        )
    folder = _jit._cache_directory()
    print(
        f"compiled or found in {time.perf_counter() - begin:.1f} s; kept in {folder or 'no folder: none is writable'}"
    )


def train(dtype):
    """Run each layer, function and loss that has a kernel forward and backward, and a step of each optimizer."""
    import microtorch

    from .. import distributions, nn, optim
    from ..nn import functional as F

    labels = microtorch.zeros(32, dtype=microtorch.int64)
    x = microtorch.ones(32, 16, dtype=dtype, requires_grad=True)  # enough elements that kernels are used
    layers = [
        *(nn.ReLU(), nn.LeakyReLU(), nn.Threshold(0.0, 0.0), nn.Hardtanh(), nn.Hardsigmoid(), nn.Hardswish()),
        *(nn.Sigmoid(), nn.Tanh(), nn.ELU(), nn.GELU(), nn.GELU("tanh"), nn.SiLU(), nn.Mish(), nn.Softplus()),
        *(nn.LogSigmoid(), nn.Softmax(1), nn.LogSoftmax(1), nn.Dropout(), nn.BatchNorm1d(16), nn.LayerNorm(16)),
        *(
            nn.RMSNorm(16),
            microtorch.exp,
            microtorch.erf,
            microtorch.erfc,
            microtorch.sqrt,
            lambda x: x.repeat(8, 1).sum(0),
        ),
        *(microtorch.lgamma, microtorch.digamma, microtorch.erfinv, lambda x: distributions.Gamma(x, 1.0).rsample()),
    ]
    for layer in layers:
        (layer.to(dtype) if isinstance(layer, nn.Module) else layer)(x).sum().backward()
    nn.Embedding(1, 16, dtype=dtype)(labels).sum().backward()
    for loss, target in (
        (F.cross_entropy, labels),
        (F.cross_entropy, x.detach()),
        (F.nll_loss, labels),
        (F.mse_loss, x.detach()),
        (F.binary_cross_entropy_with_logits, x.detach()),
    ):
        loss(x, target).backward()
    for cls, options in (
        *((optim.SGD, {}), (optim.SGD, {"momentum": 0.9}), (optim.Adam, {}), (optim.Adam, {"amsgrad": True})),
        *((optim.RMSprop, {}), (optim.RMSprop, {"momentum": 0.9}), (optim.RMSprop, {"centered": True})),
        *((optim.Adamax, {}), (optim.NAdam, {}), (optim.RAdam, {}), (optim.Adagrad, {}), (optim.Adadelta, {})),
        *((optim.ASGD, {}), (optim.Rprop, {})),
    ):
        model = nn.Linear(16, 2, dtype=dtype)  # parameters of two dimensions and of one
        optimizer = cls(model.parameters(), lr=0.01, **options)
        model(x).sum().backward()
        optimizer.step()
    for cls, options in ((optim.SGD, {}), (optim.SGD, {"momentum": 0.9}), (optim.Adam, {})):
        model = nn.Sequential(nn.Linear(16, 4, dtype=dtype), nn.ReLU(), nn.Linear(4, 2, dtype=dtype))
        optimizer = cls(model.parameters(), lr=0.01, **options)
        step = microtorch.capture(functools.partial(one_step, model, optimizer))
        for _ in range(3):
            step(x.detach(), labels)
    weight = microtorch.ones(16, 16, dtype=dtype, requires_grad=True)
    microtorch.capture(functools.partial(two_ways, weight))(x.detach())


def one_step(model, optimizer, x, labels):
    """A step of a network, as it is captured."""
    from ..nn import functional as F

    optimizer.zero_grad()
    F.cross_entropy(model(x), labels).backward()
    optimizer.step()


def two_ways(weight, x):
    """A step in which gradients meet, and something is changed in place."""
    from ..nn import functional as F

    h = F.linear(x, weight)
    ((h + F.relu(h)) ** 2).sum().backward()
    return x.clone().mul_(2.0)


def unused():
    """The kernels that nothing in this process has called."""
    from .. import kernels
    from ..kernels._jit import _Lazy

    found = pkgutil.walk_packages(kernels.__path__, f"{kernels.__name__}.")
    modules = [importlib.import_module(info.name) for info in found]
    return sorted(
        f"{m.__name__}.{name}" for m in modules for name, value in vars(m).items() if isinstance(value, _Lazy)
    )
