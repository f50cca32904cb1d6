"""Captured steps: a training step recorded once as a list of calls on arrays, then replayed without its bookkeeping.

The idea: everything an operation, a backward or an optimizer does comes down to calls on arrays, and the arrays can be
the same ones each time. While a step is recorded it runs eagerly, and an observer notes each array-level call with the
arrays it read and wrote. Replaying makes the same calls in the same order on the same arrays: no tensors, no nodes.

An operation's author need not know of this: the forward and the first-order backward are called again, and what they
return is copied into the recorded result. An operation that does its work through ``ctx.call`` into memory from
``ctx.empty`` is replayed as those calls alone.
"""

from .step import CapturedStep, capture

__all__ = ["CapturedStep", "capture"]
