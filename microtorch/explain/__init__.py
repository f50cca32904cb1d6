"""Answers to what people ask about a network: where did the gradient go, what is kept, what is wrong with my training?

Nothing of this runs in training. A question is answered from the graph as it is, or by running a step again and
watching each operation.
"""

from .gradient import why_no_grad
from .memory import saved_tensors
from .overview import summary
from .training import check_training

__all__ = ["check_training", "saved_tensors", "summary", "why_no_grad"]
