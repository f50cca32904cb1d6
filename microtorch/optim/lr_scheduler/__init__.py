"""Learning-rate schedules, with the names of torch.optim.lr_scheduler."""

from .base import LambdaLR, LRScheduler, MultiplicativeLR
from .combined import ChainedScheduler, ReduceLROnPlateau, SequentialLR
from .cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from .cyclic import CyclicLR, OneCycleLR
from .factors import ConstantLR, ExponentialLR, LinearLR, MultiStepLR, PolynomialLR, StepLR

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
]

_LRScheduler = LRScheduler  # its name in PyTorch before 2.0, which scripts subclass


def __getattr__(name):
    from ...pytorch.absent import refuse

    raise refuse("optim.lr_scheduler", name, globals())
