"""Flatten and Unflatten: other shapes for the same elements."""

import numpy as np

from ..ops._promotion import only_tensors
from .module import Module
from .parameter import sizes

__all__ = ["Flatten", "Unflatten"]


class Flatten(Module):
    """Makes one dimension of several; all but the first by default.

    Parameters
    ----------
    start_dim, end_dim : int, default 1 and -1
        The first and the last of them.

    Examples
    --------
    >>> nn.Flatten()(microtorch.ones(32, 3, 5, 5)).shape
    (32, 75)
    """

    def __init__(self, start_dim=1, end_dim=-1):
        super().__init__()
        for name, dim in (("start_dim", start_dim), ("end_dim", end_dim)):
            if isinstance(dim, bool) or not isinstance(dim, int | np.integer):
                raise TypeError(f"Flatten: {name} is {dim!r}. It is the number of a dimension, an int.")
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input):
        """(N, ...) -> (N, D)"""
        only_tensors("Flatten", input=input)
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self):
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Makes several dimensions of one.

    Parameters
    ----------
    dim : int
        The dimension to split.
    unflattened_size : sequence of int
        What it becomes; one of them may be -1.

    Examples
    --------
    >>> nn.Unflatten(1, (3, 5, 5))(microtorch.ones(32, 75)).shape
    (32, 3, 5, 5)
    """

    def __init__(self, dim, unflattened_size):
        super().__init__()
        if isinstance(unflattened_size, str) or not hasattr(unflattened_size, "__iter__"):
            raise TypeError(f"Unflatten: unflattened_size is {unflattened_size!r}. It is a tuple of lengths.")
        names = [f"unflattened_size[{i}]" for i in range(len(unflattened_size))]
        self.dim = dim
        self.unflattened_size = tuple(sizes("Unflatten", -1, **dict(zip(names, unflattened_size, strict=True))))

    def forward(self, input):
        """(N, D) -> (N, *unflattened_size)"""
        only_tensors("Unflatten", input=input)
        return input.unflatten(self.dim, self.unflattened_size)

    def extra_repr(self):
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
