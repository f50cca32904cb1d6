"""The command line: ``python -m microtorch COMMAND``, or ``microtorch COMMAND`` where it is installed."""

import argparse
import importlib
import pkgutil
import sys

from . import __version__, commands


def main(arguments=None):
    """Run one command; each is a module of `microtorch.commands` with ``add_arguments(parser)`` and ``run(args)``.

    Parameters
    ----------
    arguments : list of str, optional
        Default: those of the process.

    Returns
    -------
    int
        The exit status: 0, or 1 where the command says what went wrong, or 130 after Ctrl-C.
    """
    parser = argparse.ArgumentParser(
        prog="microtorch", description="An autograd engine to learn from, trust and use.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"microtorch {__version__}")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for info in pkgutil.iter_modules(commands.__path__):
        module = importlib.import_module(f"{commands.__name__}.{info.name}")
        summary = module.__doc__.splitlines()[0]
        sub = subparsers.add_parser(
            info.name,
            help=summary[0].lower() + summary[1:].rstrip("."),
            description=module.__doc__,
            formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        )
        module.add_arguments(sub)
        sub.set_defaults(run=module.run)
    args = parser.parse_args(arguments)
    try:
        return args.run(args) or 0
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except (OSError, RuntimeError, ValueError) as error:
        print(f"microtorch: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
