"""The findings of an explanation, in words and for programs."""

from dataclasses import dataclass

from ..errors import visible

__all__ = ["Finding"]


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes
    ----------
    cause : str
        In a word or two, the same for every finding of its kind.
    text : str
        What was found, the facts, and what to do.
    """

    cause: str
    text: str

    def __str__(self):
        return "\n".join(visible(line) for line in self.text.split("\n"))

    __repr__ = __str__
