"""The base of all losses."""

from ...ops.loss.regression import as_reduction
from ..module import Module

__all__ = []


class Loss(Module):
    """The base of all losses: the way they are reduced, and the weights some of them have."""

    def __init__(self, reduction, size_average=None, reduce=None, **weights):
        super().__init__()
        self.reduction = as_reduction(type(self).__name__, reduction, size_average, reduce)
        for name, tensor in weights.items():
            self.register_buffer(name, tensor)


_Loss = _WeightedLoss = Loss  # its names in PyTorch, which scripts subclass
