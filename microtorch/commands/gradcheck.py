"""Compare every gradient of an MLP with numerical ones.

The network is built from the options, or is what a function of a file of yours returns: --model file.py:function, a
function without arguments that returns (model, inputs, targets).
"""

import importlib.util
import pathlib

from . import at_least, network, network_sizes, positive


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

    from ..autograd import gradcheck
    from ..nn.functional import cross_entropy

    network_sizes("gradcheck", args.layers)
    at_least("gradcheck", 1, batch_size=args.batch_size)
    positive("gradcheck", budget=args.budget)
    microtorch.manual_seed(0)
    if args.model:
        model, inputs, targets = made(args.model)
    else:
        model = network("gradcheck", args, args.layers).double()
        inputs = microtorch.randn(args.batch_size, args.layers[0], dtype=microtorch.float64)
        targets = microtorch.arange(args.batch_size) % args.layers[-1]
    report = gradcheck(model, (inputs, targets), cross_entropy, raise_exception=False, budget=args.budget)
    print(report)
    return 0 if report else 1


def made(place):
    """The result of the function that ``file.py:function`` names returns, if that can be checked."""
    import microtorch

    from ..errors import describe

    function, words = load(place), f"gradcheck: --model: {place}"
    if not callable(function):
        raise ValueError(f"{words} is {describe(function)}, not a function.")
    try:
        found = function()
    except Exception as error:
        raise ValueError(f"{words} raised {type(error).__name__}: {error}") from error
    if not isinstance(found, tuple | list) or len(found) != 3:
        raise ValueError(f"{words} returns {describe(found)}, not (model, inputs, targets).")
    model, inputs, targets = found
    if not callable(model):
        raise ValueError(f"{words} returns {describe(model)} as its model, not a Module.")
    for name, value in (("inputs", inputs), ("targets", targets)):
        if not isinstance(value, microtorch.Tensor):
            raise ValueError(f"{words} returns {describe(value)} as {name}, not a Tensor.")
    return model, inputs, targets


def load(place):
    """The function that ``file.py:function`` names."""
    path, _, name = place.rpartition(":")
    if not path or not pathlib.Path(path).is_file():
        raise ValueError(f"gradcheck: --model: {place!r} is not FILE:FUNCTION with a file that is there")
    spec = importlib.util.spec_from_file_location(pathlib.Path(path).stem, path)
    if spec is None:
        raise ValueError(f"gradcheck: --model: {path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ValueError(f"gradcheck: --model: {path} raised {type(error).__name__}: {error}") from error
    if not hasattr(module, name):
        raise ValueError(f"gradcheck: --model: {path} has no function {name!r}")
    return getattr(module, name)
