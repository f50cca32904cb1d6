"""The operations, one family per file; importing them attaches them to Tensor and to numpy's functions."""

from .arithmetic import *
from .cast import *
from .comparison import *
from .creation import *
from .elementwise import *
from .power import *
from .rounding import *
from .sampling import *
from .selection import *
