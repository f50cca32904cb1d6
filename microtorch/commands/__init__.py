"""The commands of ``python -m microtorch``, one module each: what it does, its options, and `run`.

A command checks all its options before it writes anything; what is wrong with one is a ValueError that begins with its
name, and ends the command with one line.
"""

import math
import pathlib


def refuse(command, option, value, remedy):
    """A ValueError for one option of a command."""
    option = option.replace("_", "-")
    name = "--epochs: num_epochs" if option == "epochs" else f"--{option}"  # both its names
    return ValueError(f"{command}: {name} is {value}. {remedy}")


def at_least(command, least, **options):
    """Check integers, or lists of them; those that are None were not given."""
    for name, value in options.items():
        for number in value if isinstance(value, list) else [] if value is None else [value]:
            if number < least:
                raise refuse(command, name, number, f"Give {least} or more.")


def between(command, low, high, **options):
    """Check finite numbers from `low` (included) to `high` (excluded); those that are None were not given."""
    for name, value in options.items():
        if value is not None and not low <= value < high:
            limits = f"from {low:g} to below {high:g}" if math.isfinite(high) else f"{low:g} or more, and finite"
            raise refuse(command, name, value, f"Give a number {limits}.")


def positive(command, **options):
    """Check finite numbers above 0; those that are None were not given."""
    for name, value in options.items():
        if value is not None and not 0 < value < math.inf:
            raise refuse(command, name, value, "Give a number above 0.")


def network_sizes(command, layers):
    """Check the sizes of a network, from its features to its classes."""
    at_least(command, 1, layers=layers)
    if len(layers) < 2:
        raise refuse(command, "layers", layers, "Give two or more, from the features to the classes.")


def folder(command, path, option="out"):
    """Check that `path` is a folder or can become one."""
    path = pathlib.Path(path)
    for part in (path, *path.parents):
        if part.exists():
            if not part.is_dir():
                raise refuse(command, option, path, f"{part} is a file; give a folder.")
            return


def network(command, args, sizes):
    """The MLP that a command's options describe; a name that there is not is told with its option."""
    from .. import nn

    norm = None if args.norm == "none" else args.norm
    try:
        return nn.MLP(sizes, args.activation, getattr(args, "dropout", 0.0), norm, getattr(args, "init", None))
    except ValueError as error:
        option = next((o for o in ("activation", "init") if str(error).startswith(f"MLP: {o} ")), None)
        raise ValueError(f"{command}: --{option}: {error}" if option else f"{command}: {error}") from None
