"""The command line: ``python -m microtorch COMMAND``, or ``microtorch COMMAND`` where it is installed."""

import argparse
import difflib
import importlib
import pkgutil
import sys

from . import __version__, commands
from .errors import DTypeError


class Parser(argparse.ArgumentParser):
    """argparse's, but an error is one line, and ends with what to do."""

    def error(self, message):
        message = message.replace("the following arguments are required:", "it needs").rstrip(".")
        end = "" if message.endswith("?") else "."
        self.exit(2, f"{self.prog}: {message}{end} {self.prog} --help shows all.\n")


def unknown(parser, command, words):
    """Complain about arguments that a command does not have, with what was probably meant."""
    word = words[0]
    options = [option for action in parser._actions for option in action.option_strings]
    for action in parser._actions:
        if action.choices and word in action.choices and action.option_strings:
            parser.error(f"{word!r} is no option of {command}. Did you mean {action.option_strings[0]} {word}?")
    close = difflib.get_close_matches(word, options, n=1, cutoff=0.5) if word.startswith("-") else []
    hint = f" Did you mean {close[0]}?" if close else " Options begin with --."
    parser.error(f"{word!r} is no option of {command}.{hint}")


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

    Raises
    ------
    SystemExit
        With status 2 where the arguments cannot be read, with 0 after ``--help`` and ``--version``.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    parser = Parser(
        prog="microtorch", description="An autograd engine to learn from, trust and use.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"microtorch {__version__}")
    subparsers = parser.add_subparsers(metavar="COMMAND", dest="command")
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
    if not arguments:
        parser.print_help()
        return 0
    if not arguments[0].startswith("-") and arguments[0] not in subparsers.choices:
        close = difflib.get_close_matches(arguments[0], subparsers.choices, n=1)
        hint = f"Did you mean {close[0]}?" if close else f"There are {', '.join(subparsers.choices)}"
        parser.error(f"{arguments[0]!r} is no command. {hint}")
    args, rest = parser.parse_known_args(arguments)
    if rest or args.command is None:
        unknown(subparsers.choices.get(args.command, parser), args.command or "microtorch", rest or arguments)
    args.arguments = arguments
    try:
        return args.run(args) or 0
    except KeyboardInterrupt:
        if (group := ranks()) is None or group.rank == 0:
            print("interrupted", file=sys.stderr)
        return 130  # at its end, a rank that has left others in the middle of a call ends them
    except (OSError, RuntimeError, ValueError, DTypeError) as error:
        if (group := ranks()) is not None:
            group.end_all(f"microtorch: {error}")
        print(f"microtorch: {error}", file=sys.stderr)
        return 1


def ranks():
    """The group of which this process is a rank, or None."""
    joining = sys.modules.get("microtorch.distributed.joining")  # loaded where there may be one
    return joining and joining.alone_or_group()


if __name__ == "__main__":
    sys.exit(main())
