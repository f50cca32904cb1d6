"""Run a script written for PyTorch, as it is, and look at its first backward pass if you like.

Within this process `torch` and `torchvision` are microtorch: the script is not changed. What stands after its name is
the script's own.
"""

import argparse
import pathlib
import sys
import traceback
from contextlib import ExitStack

from . import folder, refuse
from .graph import ENDINGS


def add_arguments(parser):
    """The options of the command."""
    add = parser.add_argument
    add("--explore", type=pathlib.Path, metavar="PAGE.html", help="write the page that plays the first backward pass")
    add("--draw", type=pathlib.Path, metavar="GRAPH.svg", help="draw the graph of the first backward pass")
    add("--check", action="store_true", help="say what check_training finds in the first step")
    add("--summary", action="store_true", help="print each network that ran before the first backward")
    add("--anomaly", action="store_true", help="stop at the first NaN or infinity and say where it was born")
    add("script", type=pathlib.Path, help="the script")
    add("arguments", nargs=argparse.REMAINDER, help="the script's own arguments")


def run(args):
    """Run the script; return its exit status."""
    _check(args)
    from .. import as_torch  # noqa: F401  from here on, torch is microtorch
    from ..autograd import detect_anomaly
    from ..explain.first_pass import FirstPass

    asked = {name: getattr(args, name) for name in ("explore", "draw") if getattr(args, name) is not None}
    asked = {name: path.absolute() for name, path in asked.items()}  # a script may change the folder
    asked |= {name: True for name in ("check", "summary") if getattr(args, name)}
    with ExitStack() as around:
        if args.anomaly:
            around.enter_context(detect_anomaly())
        first = around.enter_context(FirstPass(**asked)) if asked else None
        status = _execute(args.script, args.arguments)
    if first is not None and not first.happened:
        options = ", ".join(f"--{name}" for name in asked)
        print(f"run: {args.script} never called backward(), so there is nothing for {options}.", file=sys.stderr)
        return status or 1
    return status


def _check(args):
    """Complain of options before anything is run."""
    if not args.script.is_file():
        raise ValueError(f"run: there is no file {args.script}.")
    if args.explore is not None and args.explore.suffix != ".html":
        raise refuse("run", "explore", args.explore, "Give a file that ends in .html.")
    if args.draw is not None and args.draw.suffix not in ENDINGS:
        raise refuse("run", "draw", args.draw, f"Give a file that ends in {', '.join(ENDINGS)}.")
    for option in ("explore", "draw"):
        path = getattr(args, option)
        if path is not None:
            folder("run", path.parent, option)
            path.parent.mkdir(parents=True, exist_ok=True)


def _execute(script, arguments):
    """Run a file as Python runs it: as the module ``__main__``, with these arguments, its folder first in the path."""
    module = type(sys)("__main__")
    module.__file__ = str(script)
    module.__builtins__ = __builtins__
    sys.modules["__main__"] = module
    sys.argv = [str(script), *arguments]
    sys.path.insert(0, str(script.absolute().parent))
    try:
        exec(compile(script.read_bytes(), str(script), "exec"), module.__dict__)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except Exception as error:
        shown = error.__traceback__.tb_next  # without the frame of this function
        traceback.print_exception(type(error), error, shown)
        return 1
    return 0
