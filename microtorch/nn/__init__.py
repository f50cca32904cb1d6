"""Networks: modules with their parameters, initial values, and losses, under the names of torch.nn."""

from . import functional, init, utils
from .activation import *
from .containers import *
from .dropout import *
from .embedding import *
from .flatten import *
from .linear import *
from .loss import *
from .mlp import *
from .module import *
from .normalization import *
from .parameter import *
from .regression import *
from .sample_normalization import *
from .smooth import *
from .softmax import *
