"""Where in a network something happens: the dotted path of the running module, noted on exceptions."""

from ..autograd.mode import scope_path, scope_title
from ..errors import foreign_argument

__all__ = ["note_where", "scope_path"]


class _Where(str):
    """The note on an exception that says which module it came from; a type of its own, so that there is just one."""

    __slots__ = ()


def note_where(error, scope):
    """Note on an exception the module it comes from, once: the innermost one sees it first."""
    if not any(isinstance(note, _Where) for note in getattr(error, "__notes__", ())):
        error.add_note(_Where(f"In {scope_title(scope)}"))


def not_given_a_tensor(error, module, args, kwargs):
    """The TypeError to raise for `error` if it comes from an argument of forward that should be a Tensor, or None."""
    return foreign_argument(error, type(module).__name__, module.forward, args, kwargs)
