"""The operations, one family per file; importing them attaches them to Tensor and to numpy's functions."""

from .activation import *
from .arithmetic import *
from .cast import *
from .comparison import *
from .creation import *
from .cross_entropy import *
from .dropout import *
from .elementwise import *
from .extremes import *
from .gathering import *
from .indexing import *
from .joining import *
from .layer_norm import *
from .linalg import *
from .loss import *
from .normalization import *
from .permutation import *
from .power import *
from .reduction import *
from .rounding import *
from .sampling import *
from .selection import *
from .shape import *
from .smooth import *
from .softmax import *
