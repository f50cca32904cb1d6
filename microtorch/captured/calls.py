"""The calls of a recorded step, and the memory they write into."""

import functools

import numpy as np

from ..errors import CaptureError
from ..kernels.pairs import joined


class Call:
    """One array-level call: what to run to make it again, and the arrays it writes.

    `gradient` is the leaf and the tensor of a call that sets ``leaf.grad``; `looks` says that the call looks at such.
    `operations` says for whom the call is made: a (name, module path, "forward" or "backward", occurrence) for each
    operation, where the occurrence counts the graph's operations of that name and path from 0. It is None for an
    operation outside the graph. `words` are the operation's class and arrays, to put an error into words.
    """

    __slots__ = ("gradient", "looks", "name", "operations", "outputs", "runs", "words")

    def __init__(self, name, runs, outputs=(), gradient=None, looks=False, operations=(), words=None):
        self.name, self.runs, self.outputs, self.gradient, self.looks = name, runs, outputs, gradient, looks
        self.operations, self.words = operations, words


def in_order(calls):
    """The calls run for `calls`, and what was fused; of the gradients that are set, only those that somebody looks at,
    together."""
    runs, gradients = [], {}
    for call in calls:
        if call.gradient is not None:
            leaf, gradient = call.gradient
            gradients[leaf] = gradient
            continue
        if call.looks and gradients:
            runs.append(functools.partial(set_gradients, gradients.items()))
            gradients = {}
        runs.extend(call.runs)
    if gradients:
        runs.append(functools.partial(set_gradients, gradients.items()))
    return joined(runs)


def set_gradients(gradients):
    """Set ``leaf.grad`` of several leaves."""
    for leaf, gradient in gradients:
        leaf._grad = gradient


class Memory:
    """``ctx.empty`` of a recorded operation: new arrays the first time, the same ones in the same order ever after."""

    def __init__(self):
        self.arrays, self.next = [], None

    def __call__(self, shape, dtype):
        if self.next is None:
            array = np.empty(shape, dtype)
            self.arrays.append(array)
            return array
        self.next += 1
        return self.arrays[self.next - 1]

    def lend(self, ctx):
        """Have `ctx` take its memory from here."""
        ctx.empty, ctx.empty_gradient = self, functools.partial(self._empty_gradient, ctx.inputs)

    def lend_again(self, ctx):
        """As `lend`, from the first array on."""
        self.next = 0
        self.lend(ctx)

    def _empty_gradient(self, inputs, position):
        array = inputs[position]._array
        return self(array.shape, array.dtype)


def keep_results(kept, results):
    """Copy new results into the recorded ones, where they are not those already."""
    for keep, new in zip(kept, results):
        if keep is not None and keep is not new:
            if keep.shape != np.shape(new):
                raise CaptureError(
                    f"capture: a result has shape {np.shape(new)} in this replay and had {keep.shape} when it was "
                    "recorded: it depends on values. Use capture(step, strict=False)."
                )
            np.copyto(keep, new)
