"""The operations, one family per file; importing them attaches them to Tensor and to numpy's functions."""

from types import ModuleType as _Module

from .activation import *
from .arithmetic import *
from .assignment import *
from .binary_loss import *
from .cast import *
from .comparison import *
from .contraction import *
from .creation import *
from .creation_like import *
from .cross_entropy import *
from .cumulative import *
from .diagonal import *
from .discrete import *
from .distance_loss import *
from .division import *
from .dropout import *
from .elementwise import *
from .elu import *
from .embedding import *
from .expansion import *
from .exponential import *
from .extremes import *
from .gamma import *
from .gathering import *
from .group_norm import *
from .hard_activation import *
from .indexing import *
from .joining import *
from .layer_norm import *
from .likelihood_loss import *
from .linalg import *
from .linear import *
from .logic import *
from .loss import *
from .masking import *
from .movement import *
from .normalization import *
from .norms import *
from .numpy_spelling import *
from .padding import *
from .permutation import *
from .power import *
from .promotion import *
from .reduction import *
from .rounding import *
from .sampling import *
from .selection import *
from .shape import *
from .smooth import *
from .softmax import *
from .solve import *
from .sorting import *
from .splitting import *
from .statistics import *
from .trigonometry import *

# Functions, not the files that they are in: `from .ops import *` must not make `ops.linalg` the package's linalg.
__all__ = [_name for _name, _value in globals().items() if _name[0] != "_" and not isinstance(_value, _Module)]
