"""Training: the loop with all that belongs to it, its history, and checkpoints to go on from."""

from . import callbacks
from .checkpoint import Checkpoints
from .evaluation import accuracy, evaluate, evaluating
from .history import History, Table
from .rules import make_optimizer
from .solver import Solver

__all__ = [
    "callbacks",
    "Solver",
    "History",
    "Table",
    "Checkpoints",
    "make_optimizer",
    "accuracy",
    "evaluate",
    "evaluating",
]
