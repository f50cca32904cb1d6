"""Where in a network something happens: the dotted path of the running module."""


class _Where(str):
    """The note on an exception that says which module it came from; a type of its own, so that there is just one."""

    __slots__ = ()


def scope_path(scope):
    """The dotted path of a running module from the outermost one, as ``MLP.fc1``.

    Parameters
    ----------
    scope : tuple or None
        ``(module, outer scope)``, as operations keep it.
    """
    module, outer = scope
    if outer is None:
        return type(module).__name__
    parent = outer[0]
    inside = next((name for name, m in parent.named_modules() if m is module), None)
    return f"{scope_path(outer)}.{inside or type(module).__name__}"


def note_where(error, scope):
    """Note on an exception the module it comes from, once: the innermost one sees it first."""
    if not any(isinstance(note, _Where) for note in getattr(error, "__notes__", ())):
        kind = f" ({type(scope[0]).__name__})" if scope[1] is not None else ""
        error.add_note(_Where(f"In {scope_path(scope)}{kind}"))
