"""All parameters of a model as one vector, and back.

Parameters
----------
parameters : iterable of Tensor
"""

import numpy as np

from ...autograd.inplace.changes import record_change
from ...errors import ShapeError, user_line
from ...ops import cat
from ...tensor import Tensor
from .clip_grad import all_writable, listed

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters):
    """All parameters in one vector, one after the other; differentiable.

    Returns
    -------
    Tensor of one dimension

    Examples
    --------
    >>> nn.utils.parameters_to_vector(nn.Linear(2, 3).parameters()).shape
    (9,)
    """
    flat = [p.reshape(-1) for p in listed(parameters, "parameters_to_vector")]
    if not flat:
        raise ValueError("parameters_to_vector: there are no parameters. An iterator is empty after its first use.")
    return cat(flat)


def vector_to_parameters(vec, parameters):
    """Copy the elements of a vector into parameters, one after the other.

    Parameters
    ----------
    vec : Tensor of one dimension
        As many elements as the parameters have.

    Raises
    ------
    ShapeError
        If the numbers of elements differ; nothing has been changed then.

    Examples
    --------
    >>> layer = nn.Linear(2, 1)
    >>> nn.utils.vector_to_parameters(microtorch.tensor([1.0, 2.0, 3.0]), layer.parameters())
    >>> layer.bias.tolist()
    [3.0]
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"vector_to_parameters takes a Tensor, not {type(vec).__name__}")
    parameters = listed(parameters, "vector_to_parameters")
    count = sum(p.numel() for p in parameters)
    if vec.shape != (count,):
        raise ShapeError(f"vector_to_parameters: a vector of shape {vec.shape} for parameters of {count} elements")
    all_writable("vector_to_parameters", parameters)
    start, line = 0, user_line()
    for p in parameters:
        end = start + p.numel()
        np.copyto(p._array, vec._array[start:end].reshape(p.shape))
        record_change(p._array, "vector_to_parameters", line)
        start = end
