"""Norms of weights as parametrizations."""

from ...autograd.mode import no_grad
from ...ops import dot, mv
from ...tensor import Tensor, wrap
from ..functional import normalize
from ..module import Module
from .parametrize import register_parametrization

__all__ = ["spectral_norm", "weight_norm"]


def norm_except_dim(v, dim):
    """The norm of `v` over all dimensions but `dim`, which keep length 1; over all of them for None or -1."""
    axes = None if dim is None or dim == -1 else tuple(i for i in range(v.ndim) if i != dim % v.ndim)
    total = v.square().sum(axes, keepdim=True) if axes is not None else v.square().sum()
    return total.sqrt()


class _WeightNorm(Module):
    """weight = g · v / |v|"""

    def __init__(self, dim):
        super().__init__()
        self.dim = dim

    def forward(self, weight_g, weight_v):
        """The weight, of length g in the direction of v."""
        return weight_v * (weight_g / norm_except_dim(weight_v, self.dim))

    def right_inverse(self, weight):
        """Its length and itself."""
        return norm_except_dim(weight, self.dim), weight

    def extra_repr(self):
        return f"dim={self.dim}"


def weight_norm(module, name="weight", dim=0):
    """Train the length and the direction of a weight apart.

    Parameters
    ----------
    name : str, default "weight"
        Which of its parameters.
    dim : int or None, default 0
        Along which dimension each slice has a length of its own: 0, each output of a Linear. None: one for all.

    Returns
    -------
    Module
        `module`, with the length and the direction under ``parametrizations.NAME.original0`` and ``original1``.

    Notes
    -----
    w = g · v / |v|. The weight keeps its value.

    References
    ----------
    T. Salimans, D. Kingma: Weight normalization: a simple reparameterization to accelerate training of deep neural
    networks, 2016.

    Examples
    --------
    >>> from microtorch.nn.utils.parametrizations import weight_norm
    >>> layer = weight_norm(nn.Linear(20, 40))
    >>> layer.parametrizations.weight.original0.shape, layer.parametrizations.weight.original1.shape
    ((40, 1), (40, 20))
    """
    return register_parametrization(module, name, _WeightNorm(dim), unsafe=True)


class _SpectralNorm(Module):
    """weight = w / σ(w), with the largest singular value σ found by power iterations"""

    def __init__(self, weight, n_power_iterations=1, dim=0, eps=1e-12):
        super().__init__()
        if n_power_iterations < 1:
            raise ValueError(f"spectral_norm: n_power_iterations is {n_power_iterations}. Pass a positive number.")
        if not -weight.ndim <= dim < weight.ndim:
            raise IndexError(f"spectral_norm: dim {dim} is out of range for a weight of shape {weight.shape}")
        self.dim, self.eps = dim % weight.ndim, eps
        if weight.ndim > 1:
            self.n_power_iterations = n_power_iterations
            matrix = self._matrix(weight)
            u, v = (wrap(_direction(n, weight.dtype)) for n in matrix.shape)
            self.register_buffer("_u", normalize(u, dim=0, eps=eps))
            self.register_buffer("_v", normalize(v, dim=0, eps=eps))
            self._iterate(matrix, 15)

    def _matrix(self, weight):
        rest = [i for i in range(weight.ndim) if i != self.dim]
        return weight.permute((self.dim, *rest)).reshape(weight.shape[self.dim], -1)

    def _iterate(self, matrix, count):
        with no_grad():
            matrix = matrix.detach()
            for _ in range(count):
                self._u = normalize(mv(matrix, self._v), dim=0, eps=self.eps)
                self._v = normalize(mv(matrix.T, self._u), dim=0, eps=self.eps)

    def forward(self, weight):
        """The weight divided by its largest singular value."""
        if weight.ndim == 1:
            return normalize(weight, dim=0, eps=self.eps)
        matrix = self._matrix(weight)
        if self.training:
            self._iterate(matrix, self.n_power_iterations)
        return weight / dot(self._u, mv(matrix, self._v))

    def right_inverse(self, value):
        """The value itself."""
        return value


def _direction(count, dtype):
    from ...random import default_generator

    return default_generator.numpy.standard_normal(count).astype(dtype)


def spectral_norm(module, name="weight", n_power_iterations=1, eps=1e-12, dim=None):
    """Divide a weight by its largest singular value, so that a layer stretches nothing by more than 1.

    Parameters
    ----------
    name : str, default "weight"
        Which of its parameters.
    n_power_iterations : int, default 1
        How often the estimate is improved each time that the weight is read in training.
    eps : float, default 1e-12
        The least length that is divided by.
    dim : int, default 0
        Which dimension of the weight is its outputs.

    Returns
    -------
    Module
        `module`.

    Notes
    -----
    w = v / σ, σ = uᵀ v u′ with vectors u, u′ that power iterations turn to the largest singular value. They are buffers
    and get no gradient.

    References
    ----------
    T. Miyato, T. Kataoka, M. Koyama, Y. Yoshida: Spectral normalization for generative adversarial networks, 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from microtorch.nn.utils.parametrizations import spectral_norm
    >>> _ = microtorch.manual_seed(0)
    >>> layer = spectral_norm(nn.Linear(4, 6), n_power_iterations=100)
    >>> bool(abs(np.linalg.svd(layer.weight.detach().numpy())[1][0] - 1) < 1e-4)
    True
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"spectral_norm: {type(module).__name__} has no parameter or buffer {name!r}.")
    normed = _SpectralNorm(weight, n_power_iterations, 0 if dim is None else dim, eps)
    return register_parametrization(module, name, normed)
