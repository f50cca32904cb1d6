"""Tuples, lists and dicts with tensors inside: taken apart and put together again."""


def leaves_of(tree):
    """The leaves of a tree, in order: everything that is no tuple, list or dict."""
    if isinstance(tree, tuple | list):
        return [leaf for item in tree for leaf in leaves_of(item)]
    if isinstance(tree, dict):
        return [leaf for item in tree.values() for leaf in leaves_of(item)]
    return [tree]


def mapped(function, tree, *others):
    """A tree of the form of `tree` with what `function` makes of each leaf, with those in its place in `others`."""
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(mapped(function, *items) for items in zip(tree, *others, strict=True)))
    if isinstance(tree, tuple | list):
        return type(tree)([mapped(function, *items) for items in zip(tree, *others, strict=True)])
    if isinstance(tree, dict):
        return {key: mapped(function, value, *(other[key] for other in others)) for key, value in tree.items()}
    return function(tree, *others)


def rebuilt(tree, leaves):
    """A tree of the form of `tree` with these `leaves`, in order."""
    remaining = iter(leaves)
    return mapped(lambda _: next(remaining), tree)
