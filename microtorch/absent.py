"""What is said of PyTorch's names that are not here: what it is, why it is not here, what to use."""


def refuse(space, name):
    """The AttributeError for ``microtorch.<space>.<name>``."""
    path = f"microtorch.{space}.{name}" if space else f"microtorch.{name}"
    return AttributeError(f"module 'microtorch' has no attribute {name!r}: {path}", name=name)


def module_sentence(name):
    """What is said of a module of PyTorch's that is not here."""
    return f"No module named {name!r}"
