"""Compare every gradient of an MLP with numerical ones.

The network is built from the options, or is what a function of a file of yours returns: --model file.py:function, a
function without arguments that returns (model, inputs, targets).
"""

import importlib.util
import pathlib


def add_arguments(parser):
    """The options of the command."""
    add = parser.add_argument
    add("--layers", type=int, nargs="+", default=[20, 16, 12, 10], help="sizes, from the features to the classes")
    add("--activation", default="relu", help="by the name of its module in any case")
    add("--norm", choices=("none", "batch", "layer", "rms"), default="none", help="before each activation")
    add("--batch-size", type=int, default=8, help="samples in the check")
    add("--model", metavar="FILE:FUNCTION", help="check this instead")
    add("--budget", type=float, default=2.5, help="seconds to spend; elements are sampled if they are too many")


def run(args):
    """Check, print the report, and exit with 1 if a gradient is wrong."""
    import microtorch
    from microtorch import nn
    from microtorch.autograd import gradcheck
    from microtorch.nn.functional import cross_entropy

    microtorch.manual_seed(0)
    if args.model:
        model, inputs, targets = load(args.model)()
    else:
        model = nn.MLP(args.layers, args.activation, norm=None if args.norm == "none" else args.norm).double()
        inputs = microtorch.randn(args.batch_size, args.layers[0], dtype=microtorch.float64)
        targets = microtorch.arange(args.batch_size) % args.layers[-1]
    report = gradcheck(model, (inputs, targets), cross_entropy, raise_exception=False, budget=args.budget)
    print(report)
    return 0 if report else 1


def load(place):
    """The function that ``file.py:function`` names."""
    path, _, name = place.rpartition(":")
    if not path or not pathlib.Path(path).is_file():
        raise ValueError(f"gradcheck: {place!r} is not FILE:FUNCTION with a file that is there")
    spec = importlib.util.spec_from_file_location(pathlib.Path(path).stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not hasattr(module, name):
        raise ValueError(f"gradcheck: {path} has no function {name!r}")
    return getattr(module, name)
