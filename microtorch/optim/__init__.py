"""Optimizers and learning-rate schedules, with the names of torch.optim.

Parameters
----------
optimizer : Optimizer
    Whose learning rates are set.
last_epoch : int, default -1
    The step to go on from.
params : iterable of Tensor, of (str, Tensor), or of dict
    What to optimize, see `Optimizer`.
maximize : bool, default False
    Go up instead of down.
weight_decay : float, default 0
    λ, adds λw to the gradient.
eps : float, default 1e-8
    ε, added to the denominator.
lr : float, default 1e-3
    Learning rate η.
betas : (float, float), default (0.9, 0.999)
    β₁ and β₂.
"""

from . import lr_scheduler, swa_utils
from .adadelta import Adadelta
from .adagrad import Adagrad
from .adam import Adam, AdamW
from .adamax import Adamax
from .asgd import ASGD
from .lbfgs import LBFGS
from .nadam import NAdam
from .optimizer import Optimizer
from .radam import RAdam
from .rmsprop import RMSprop
from .rprop import Rprop
from .sgd import SGD

__all__ = [
    "ASGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "LBFGS",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "SGD",
    "lr_scheduler",
    "swa_utils",
]


def __getattr__(name):
    from ..pytorch.absent import refuse

    raise refuse("optim", name, globals())
