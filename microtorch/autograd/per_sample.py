"""Gradients of parameters for each sample of a batch, from one backward.

Note [One row, one sample]: a parameter acts on every row of a batch, and its gradient is a sum over rows. The
operation that uses it knows the summands: for y = x @ wᵀ the outer products of the rows of dy and x; for a parameter
that is broadcast over the batch, the gradient before the engine sums it. So one backward that keeps dy at those
operations is enough, however large the batch.
"""

import numpy as np

from ..errors import GraphError
from ..tensor import Tensor, tensor_at, wrap
from .gradients import grad
from .graph import maker

__all__ = ["per_sample_gradients"]


def per_sample_gradients(losses, parameters):
    """The gradient of each parameter for each sample of a batch.

    Parameters
    ----------
    losses : Tensor of shape (N,) or ()
        The loss of each sample, as from ``reduction="none"``; or their sum or mean.
    parameters : Tensor or sequence of Tensor
        Used by linear, matmul, normalisation, embedding, or by operations that broadcast them over the batch.

    Returns
    -------
    tuple of Tensor
        For each parameter one of shape ``(N, *parameter.shape)``. Their sum over samples is the gradient of
        ``losses.sum()``; of a mean, each is the sample's share, its own gradient divided by N.

    Raises
    ------
    GraphError
        If samples act on each other (batch_norm in training mode), or an operation does not tell them apart.

    Notes
    -----
    The samples must be the first dimension of all activations. It costs one backward and the size of the result.

    Examples
    --------
    >>> from microtorch.autograd import per_sample_gradients
    >>> w = microtorch.ones(1, 2, requires_grad=True)
    >>> x = microtorch.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> losses = microtorch.linear(x, w).squeeze(1)
    >>> (dw,) = per_sample_gradients(losses, w)
    >>> dw
    tensor([[[1., 2.]],
            [[3., 4.]]])
    """
    parameters = (parameters,) if isinstance(parameters, Tensor) else tuple(parameters)
    if losses.ndim > 1 or not losses.requires_grad:
        raise GraphError(
            f"per_sample_gradients: losses of shape {losses.shape}"
            + ("" if losses.requires_grad else " without a graph")
            + ". Give the loss of each sample, shape (N,), or their sum or mean, computed from the parameters."
        )
    users = _users(losses)
    # The operations that use a parameter, or what only its shape was changed to.
    paths = [_paths(users, id(p)) for p in parameters]
    nodes = list({path[-1][0]: None for found in paths for path in found})
    held = [_output_of(node) for node in nodes]
    dys = (
        grad(losses, held, wrap(np.ones_like(losses._array)), retain_graph=True, materialize_grads=True)
        if nodes
        else ()
    )
    dy_of = dict(zip(nodes, (dy._array for dy in dys), strict=True))
    results = []
    for p, found in zip(parameters, paths, strict=True):
        if not found:
            raise GraphError(f"per_sample_gradients: the losses do not depend on a parameter of shape {p.shape}.")
        parts = [_along(path, dy_of) for path in found]
        counts = {len(part) for part in parts} | set(losses.shape)
        if len(counts) > 1:
            raise GraphError(
                f"per_sample_gradients: a parameter of shape {p.shape} meets batches of {sorted(counts)} samples. "
                "The samples must be the first dimension of every activation."
            )
        results.append(wrap(np.asarray(sum(parts))))
    return tuple(results)


def _users(losses):
    """The nodes below `losses` that use a tensor, with its position: by the leaf's id, or the node that made it."""
    users = {}
    waiting = [losses.grad_fn]
    seen = set(waiting)
    for node in waiting:
        if node.name() == "BatchNorm" and node.options[0]:
            raise GraphError(
                "per_sample_gradients: batch_norm in training mode mixes the samples of a batch, so that none has a "
                "gradient of its own. Use model.eval(), or LayerNorm."
            )
        for position, (x, edge) in enumerate(zip(node.inputs, node.edges, strict=True)):
            if isinstance(x, Tensor):
                made_by, _ = maker(edge)
                users.setdefault(made_by or id(x), []).append((node, position))
                if made_by is not None and made_by not in seen:
                    seen.add(made_by)
                    waiting.append(made_by)
    return users


def _paths(users, place):
    """The ways from a parameter through changes of its shape to an operation, as lists of (node, position)."""
    paths = []
    for node, position in users.get(place, ()):
        if node.name() in _SHAPES:
            paths += [[(node, position), *rest] for rest in _paths(users, node)]
        else:
            paths.append([(node, position)])
    return paths


def _along(path, dy_of):
    """The summands of a gradient at the end of `path`, back along it."""
    node, position = path[-1]
    part = _of_samples(node, position, dy_of[node], node.inputs[position])
    for node, _ in reversed(path[:-1]):
        part = np.stack([node.backward(node, row) for row in part])
    return part


def _output_of(node):
    """A tensor in the place of the (one) output of `node`, to ask for its gradient."""
    if node.outputs is not None:
        raise GraphError(f"per_sample_gradients: {node.name()} has several outputs; it cannot tell samples apart.")
    return tensor_at(node, np.empty(()))


def _of_samples(node, position, dy, p):
    """The summands of the gradient of `p`, one for each sample: (N, *p.shape)."""
    rule = _RULES.get((node.name(), position))
    if rule is not None:
        return rule(node, dy, p)
    dxs = node.backward(node, dy)
    dx = dxs[position] if isinstance(dxs, tuple) else dxs
    if dx.ndim == p.ndim and p.shape[:1] == (1,):  # the batch took the place of its first dimension
        dx = dx[:, None]
    lead = dx.ndim - p.ndim
    # Summed already, or never: one summand for each sample is there only if the operation broadcast over the batch.
    if lead < 1:
        raise GraphError(
            f"per_sample_gradients: {node.name()} uses a parameter of shape {p.shape} in a way that does not tell "
            "samples apart. Use the parameter itself in linear, matmul, a normalisation or a broadcasting operation."
        )
    return _fold(dx, p.shape, lead)


def _fold(dx, shape, lead):
    """Sum over all dimensions but the first along which a parameter of `shape` was broadcast."""
    dx = dx.sum(axis=tuple(range(1, lead)))
    axes = tuple(i + 1 for i, n in enumerate(shape) if n == 1 and dx.shape[i + 1] != 1)
    return dx.sum(axis=axes, keepdims=True)


def _by_sample(a):
    """(N, …, D) as (N, T, D): all positions of a sample in one dimension."""
    return a.reshape(len(a), -1, a.shape[-1])


def _linear_weight(node, dy, w):
    x = node.saved_tensors[0]
    if w.ndim == 1:
        dy = dy[..., None]
    product = _by_sample(dy).mT @ _by_sample(x)  # (N, T, O), (N, T, I) -> (N, O, I)
    return product.reshape(len(dy), *w.shape)


def _linear_bias(node, dy, b):
    return _by_sample(dy.reshape(*dy.shape, 1) if b.ndim == 0 else dy).sum(axis=1).reshape(len(dy), *b.shape)


def _matmul_right(node, dy, b):
    a = node.saved_tensors[0]
    if b.ndim > 2 or a.ndim < 2:
        raise GraphError(
            "per_sample_gradients: of matmul, the right operand must be the parameter, a matrix or vector."
        )
    if b.ndim == 1:
        dy = dy[..., None]
    product = _by_sample(a).mT @ _by_sample(dy)  # (N, T, I), (N, T, O) -> (N, I, O)
    return product.reshape(len(dy), *b.shape)


def _scale(node, dy, weight):
    x, (mean, var) = node.saved_tensors[0], node.running
    wide = (1, x.shape[1]) + (1,) * (x.ndim - 2)
    normal = (x - mean.reshape(wide)) / np.sqrt(var.reshape(wide) + node.options[1])
    return (dy * normal).sum(axis=tuple(range(2, x.ndim)))


def _shift(node, dy, bias):
    return dy.sum(axis=tuple(range(2, dy.ndim)))


def _embedding(node, dy, w):
    if node.factor is not None:
        dy = dy * node.factor
    N = len(dy)
    found = np.zeros((N, *w.shape), dy.dtype)
    index = node.index.reshape(N, -1)
    np.add.at(found, (np.arange(N)[:, None], index), dy.reshape(N, -1, w.shape[1]))
    return found


_SHAPES = {"Reshape", "Permute", "Unchanged", "Clone", "Cast"}

# By operation and the position of the parameter among its arguments.
_RULES = {
    ("Linear", 1): _linear_weight,
    ("Linear", 2): _linear_bias,
    ("MatMul", 1): _matmul_right,
    ("BatchNorm", 1): _scale,
    ("BatchNorm", 2): _shift,
    ("Embedding", 0): _embedding,
}
