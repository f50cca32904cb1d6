"""The operations, one family per file; importing them attaches them to Tensor and to numpy's functions.

This is what all say that say nothing else; a folder or a file may say other things for its own.

Parameters
----------
input : Tensor
device : str, optional
    ``"cpu"``: there is no other.
dim : int
generator : Generator, optional
    Where the numbers come from; default the one that `manual_seed` seeds.
axis
    numpy's name for `dim`.

Returns
-------
Tensor
    Of the shape and dtype of `input`.

Raises
------
ShapeError
    If the shapes do not broadcast together.
IndexError
    If there is no such dimension.
ShapeError
    If the shapes do not fit.
ShapeError
    For negative sizes.
IndexError
    If there is no such dimension or position.
"""

from types import ModuleType as _Module

from ._numpy_spelling import *
from ._promotion import *
from .comparison.equal_and_less import *
from .comparison.finite import *
from .comparison.sort import *
from .creation.cast import *
from .creation.constant import *
from .creation.copy import *
from .creation.like import *
from .creation.random import *
from .creation.random_integers import *
from .indexing.assign import *
from .indexing.gather_and_scatter import *
from .indexing.index import *
from .indexing.index_select_and_take import *
from .indexing.masked import *
from .indexing.nonzero import *
from .indexing.scatter_reduce import *
from .indexing.search import *
from .indexing.where import *
from .linalg.diagonal import *
from .linalg.einsum import *
from .linalg.matmul import *
from .linalg.products import *
from .linalg.solve import *
from .linalg.triangle import *
from .loss.binary_cross_entropy import *
from .loss.cross_entropy import *
from .loss.distance import *
from .loss.likelihood import *
from .loss.margin import *
from .loss.multilabel import *
from .loss.regression import *
from .nn.batch_norm import *
from .nn.dropout import *
from .nn.elu import *
from .nn.embedding import *
from .nn.gelu_and_silu import *
from .nn.group_norm import *
from .nn.hardtanh import *
from .nn.layer_norm import *
from .nn.linear import *
from .nn.relu import *
from .nn.sigmoid import *
from .nn.softmax import *
from .nn.softplus import *
from .pointwise.arc_functions import *
from .pointwise.arithmetic import *
from .pointwise.clamp_and_maximum import *
from .pointwise.division import *
from .pointwise.exp import *
from .pointwise.hyperbolic import *
from .pointwise.log import *
from .pointwise.logic import *
from .pointwise.power import *
from .pointwise.rounding import *
from .pointwise.sign import *
from .pointwise.special import *
from .pointwise.trigonometry import *
from .reduction.any_and_all import *
from .reduction.cumulative import *
from .reduction.diff import *
from .reduction.histogram import *
from .reduction.logsumexp import *
from .reduction.max_and_min import *
from .reduction.median import *
from .reduction.norm import *
from .reduction.prod import *
from .reduction.quantile import *
from .reduction.sum_and_mean import *
from .reduction.unique import *
from .reduction.variance import *
from .shape.cat import *
from .shape.expand import *
from .shape.flip_and_roll import *
from .shape.in_place import *
from .shape.memory import *
from .shape.meshgrid import *
from .shape.pad import *
from .shape.repeat import *
from .shape.reshape import *
from .shape.split import *
from .shape.squeeze import *
from .shape.tensor_split import *
from .shape.transpose import *

# The operations, and not the rooms they live in: a room `nn` must not hide the package of layers.
__all__ = [name for name, value in globals().items() if not (name.startswith("_") or isinstance(value, _Module))]
