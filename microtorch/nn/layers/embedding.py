"""Embedding: a table of vectors, looked up by index."""

from .. import functional as F
from .. import init
from ..module import Module
from ..parameter import Parameter, empty, sizes

__all__ = ["Embedding"]


class Embedding(Module):
    """A trained vector for each of `num_embeddings` indices.

    Parameters
    ----------
    num_embeddings : int
        V, the size of the table.
    embedding_dim : int
        D, the size of each vector.
    padding_idx : int, optional
        An index whose vector is zero at first and takes no gradient; from the end if negative.
    max_norm : float, optional
        Vectors longer than this are shortened, in place, when they are looked up.
    norm_type : float, default 2
        The p of the norm for `max_norm`.
    scale_grad_by_freq : bool, default False
        Divide gradients by how often the index occurs in the batch.
    dtype : numpy.dtype, default float32
        Of the table.

    Attributes
    ----------
    weight : Parameter of shape (V, D)
        Initially normal with mean 0 and standard deviation 1.

    Examples
    --------
    >>> nn.Embedding(10, 3)(microtorch.tensor([[1, 2], [4, 9]])).shape
    (2, 2, 3)
    """

    def __init__(
        self,
        num_embeddings,
        embedding_dim,
        padding_idx=None,
        max_norm=None,
        norm_type=2.0,
        scale_grad_by_freq=False,
        device=None,
        dtype=None,
        *,
        generator=None,
    ):
        super().__init__()
        num_embeddings, embedding_dim = sizes("Embedding", num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise ValueError(f"Embedding: padding_idx {padding_idx} is outside a table of {num_embeddings}")
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.padding_idx = padding_idx if padding_idx is None else padding_idx % num_embeddings
        self.max_norm, self.norm_type, self.scale_grad_by_freq = max_norm, norm_type, scale_grad_by_freq
        self.weight = empty((num_embeddings, embedding_dim), device, dtype)
        self.reset_parameters(generator)

    @classmethod
    def from_pretrained(cls, embeddings, freeze=True, padding_idx=None, **options):
        """An embedding over a table that is there already.

        Parameters
        ----------
        embeddings : Tensor of shape (V, D)
            Its memory is shared.
        freeze : bool, default True
            Whether the table is left untrained.
        padding_idx : int, optional
            As in the class; the vector is left as it is.
        **options
            The other options of the class.

        Returns
        -------
        Embedding
        """
        layer = cls(*embeddings.shape, padding_idx, **options)
        layer.weight = Parameter(embeddings, requires_grad=not freeze)
        return layer

    def reset_parameters(self, generator=None):
        """Draw initial values anew."""
        init.normal_(self.weight, generator=generator)
        if self.padding_idx is not None:
            self.weight._array[self.padding_idx] = 0

    def forward(self, input):
        """(...) of integers -> (..., D)"""
        return F.embedding(input, self.weight, self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq)

    def extra_repr(self):
        parts = [f"{self.num_embeddings}, {self.embedding_dim}"]
        if self.padding_idx is not None:
            parts.append(f"padding_idx={self.padding_idx}")
        if self.max_norm is not None:
            parts.append(f"max_norm={self.max_norm}")
        if self.norm_type != 2:
            parts.append(f"norm_type={self.norm_type}")
        if self.scale_grad_by_freq:
            parts.append("scale_grad_by_freq=True")
        return ", ".join(parts)
