"""The operations, one family per file; importing them attaches them to Tensor and to numpy's functions."""

from types import ModuleType as _Module

from ._numpy_spelling import *
from ._promotion import *
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
from .linalg.diagonal import *
from .linalg.einsum import *
from .linalg.matmul import *
from .linalg.triangle import *
from .loss.binary_cross_entropy import *
from .loss.cross_entropy import *
from .loss.likelihood import *
from .loss.margin import *
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
from .pointwise.arithmetic import *
from .pointwise.clamp_and_maximum import *
from .pointwise.comparison import *
from .pointwise.division import *
from .pointwise.exp_and_log import *
from .pointwise.hyperbolic import *
from .pointwise.logic import *
from .pointwise.power import *
from .pointwise.rounding import *
from .pointwise.sign import *
from .pointwise.special import *
from .pointwise.trigonometry import *
from .pointwise.where import *
from .reduction.any_and_all import *
from .reduction.logsumexp import *
from .reduction.max_and_min import *
from .reduction.median import *
from .reduction.norm import *
from .reduction.prod_and_cumulative import *
from .reduction.sort import *
from .reduction.sum_and_mean import *
from .reduction.variance import *
from .shape.cat import *
from .shape.expand import *
from .shape.flip_and_roll import *
from .shape.pad import *
from .shape.repeat import *
from .shape.reshape import *
from .shape.split import *
from .shape.squeeze import *
from .shape.transpose import *

# The operations, and not the rooms they live in: a room `nn` must not hide the package of layers.
__all__ = [name for name, value in globals().items() if not (name.startswith("_") or isinstance(value, _Module))]
