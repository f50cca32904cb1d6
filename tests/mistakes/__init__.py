"""Mistakes that people make, as small programs, and what they are told.

A program is a function of one argument, `torch`: it runs with microtorch in that place and, for the comparison in
docs/messages.md, with PyTorch. What goes wrong shows as an exception, as a warning, or in nothing at all; of the last
kind a program asks microtorch for an explanation (`asked`) and returns it.
"""

import inspect
import traceback
import warnings
from dataclasses import dataclass

__all__ = ["MISTAKES", "Mistake", "asked", "mistake", "named", "said"]

HERE = "# <- here"  # marks the line of a program that is to blame
MISTAKES = []


@dataclass
class Mistake:
    """A program and what its message must say.

    Attributes
    ----------
    program : callable
        ``program(torch)``.
    names : tuple of str
        The tensors, parameters, modules or arguments that the message has to name.
    remedy : tuple of str
        What it has to advise; each a part of the message.
    source : str
        Where people ask about it.
    """

    program: object
    names: tuple
    remedy: tuple
    source: str

    @property
    def title(self):
        """What goes wrong, in words: the docstring of the program."""
        return inspect.getdoc(self.program)

    @property
    def blamed(self):
        """The line that is to blame as ``file:line``, or None."""
        lines, first = inspect.getsourcelines(self.program)
        marked = [i for i, line in enumerate(lines) if line.rstrip().endswith(HERE)]
        return f"{inspect.getsourcefile(self.program)}:{first + marked[0]}" if marked else None


def mistake(*, names, remedy, source):
    """Decorate a program: it is one of the mistakes."""

    def register(program):
        MISTAKES.append(Mistake(program, names, remedy, source))
        return program

    return register


def asked(torch, question, *arguments):
    """microtorch's answer to a question such as ``"why_no_grad"``; None from PyTorch, which cannot be asked."""
    return str(getattr(torch.explain, question)(*arguments)) if hasattr(torch, "explain") else None


def named(torch, tensor, name):
    """`tensor` with a name, where tensors have one to set."""
    if hasattr(torch, "explain"):
        tensor.name = name
    return tensor


def said(mistake, torch):
    """What the library `torch` says to the program: its warnings, and its error with notes or its explanation."""
    heard = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        warnings.filterwarnings("always", category=RuntimeWarning, module="mistakes")  # numpy's, in a program
        try:
            answer = mistake.program(torch)
        except Exception as error:
            heard.append("".join(traceback.format_exception_only(error)).strip())
        else:
            heard += [answer] if isinstance(answer, str) else []
    return "\n".join([*(f"{w.category.__name__}: {w.message}" for w in caught), *heard])


from . import graph_mistakes, data_mistakes, training_mistakes  # noqa: E402, I001 - they fill MISTAKES, in order
