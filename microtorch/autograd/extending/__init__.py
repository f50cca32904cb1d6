"""Operations and memory of the user's own: `Function` on Tensors, and hooks on what is saved."""

from ..function import once_differentiable
from .on_tensors import Function
