"""The subject of gradcheck: a function of tensors or a model, in its own dtype and in float64."""

import contextlib
import inspect

import numpy as np

from ...random import default_generator
from ...structure import structure
from ...tensor import Tensor, edge_of, wrap
from ..function import ArrayFunction
from ..gradients import grad
from ..graph import nodes_below
from ..mode import scope_path


class Subject:
    """Inputs with names, and a call that gives the outputs that depend on them.

    Parameters
    ----------
    call : callable
        Without arguments; returns a Tensor or several.
    inputs : dict of str to Tensor
        What is moved.
    others : list of Tensor
        All else that is used: buffers, targets, inputs that need no gradient.
    """

    def __init__(self, call, inputs, others):
        self.call, self.names, self.inputs, self.others = call, list(inputs), list(inputs.values()), others

    @classmethod
    def of_function(cls, func, arguments):
        operation = getattr(func, "__self__", None)
        try:
            if isinstance(operation, type) and issubclass(
                operation, ArrayFunction
            ):  # its apply; forward tells the names
                parameters = list(inspect.signature(operation.forward).parameters.values())[1:]
            else:
                parameters = list(inspect.signature(func).parameters.values())
        except (TypeError, ValueError):  # some built-in functions do not tell
            parameters = []
        words = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        inputs = {}
        for i, a in enumerate(arguments):
            if isinstance(a, Tensor) and a.requires_grad:
                inputs[a.name or (words[i] if i < len(words) else f"input {i}")] = a
        others = [a for a in arguments if isinstance(a, Tensor) and not a.requires_grad]
        return cls(lambda: func(*arguments), inputs, others)

    @classmethod
    def of_model(cls, model, batch, loss):
        parameters = dict(model.named_parameters())
        inputs = {name: p for name, p in parameters.items() if p.requires_grad}
        inputs.update((f"batch[{i}]", a) for i, a in enumerate(batch) if isinstance(a, Tensor) and a.requires_grad)
        rest = [*parameters.values(), *(b for _, b in model.named_buffers()), *batch]
        others = [t for t in rest if isinstance(t, Tensor) and not t.requires_grad]

        def call():
            return model(*batch) if loss is None else loss(model(*batch[:-1]), batch[-1])

        return cls(call, inputs, others)

    @contextlib.contextmanager
    def swapped(self, dtype=None):
        """Let every tensor hold a copy of its values, in `dtype`, for a while: what is moved or drifts is a copy."""
        tensors = [*self.inputs, *self.others]
        kept = [t._array for t in tensors]
        for t in tensors:
            t._array = t._array.astype(dtype if dtype and t.is_floating_point() else t.dtype)
        structure.moved()
        try:
            yield
        finally:
            for t, array in zip(tensors, kept, strict=True):
                t._array = array
            structure.moved()

    def outputs(self):
        """The floating results of a call, as tensors."""
        result = self.call()
        results = result if isinstance(result, list | tuple) else (result,)
        return [y for y in results if isinstance(y, Tensor) and y.is_floating_point()]

    def values(self):
        """The results of a call as one flat array."""
        return flat(self.outputs())

    def gradients(self, outputs, cotangent):
        """The gradient of each input, flat, from one flat `cotangent` of all outputs."""
        parts = np.split(cotangent, np.cumsum([y.numel() for y in outputs])[:-1])
        pairs = [(y, dy) for y, dy in zip(outputs, parts, strict=True) if y.requires_grad]
        if not pairs:
            return [np.zeros(x.numel()) for x in self.inputs]
        seeds = [wrap(dy.reshape(y.shape).astype(y.dtype)) for y, dy in pairs]
        dxs = grad([y for y, _ in pairs], self.inputs, seeds, retain_graph=True, materialize_grads=True)
        return [np.ravel(dx._array).astype(np.float64) for dx in dxs]

    def unsteady(self, tolerance):
        """Why two runs on the same inputs differ by more than `tolerance`, as a sentence; None if they do not."""
        drawn = default_generator.get_state()
        outputs = self.outputs()
        first, second = flat(outputs), self.values()
        if first.shape == second.shape and np.all(
            (np.abs(first - second) <= tolerance) | (first == second) | np.isnan(first)
        ):
            return None
        words = "two runs on the same inputs differ"
        if first.shape == second.shape:
            words += f" by up to {np.nanmax(np.abs(first - second)):.3g}"
        random = _places(outputs, "dropout")
        if random:
            return (
                f"{words}: {', '.join(random)} draws a new mask each time. Use model.eval(), or seed a generator in "
                "the function."
            )
        if drawn != default_generator.get_state():
            return f"{words}: the function draws random numbers. Seed a generator inside it, so that they are the same."
        return (
            f"{words}: it depends on something that it changes (a counter, a buffer, global state). Make it a function "
            "of its inputs."
        )

    def drifting(self):
        """The buffers that one run changes, as a sentence; None if there are none."""
        before = [t._array.copy() for t in self.others]
        outputs = self.outputs()
        moved = sum(
            not np.array_equal(t._array, b, equal_nan=t.is_floating_point())
            for t, b in zip(self.others, before, strict=True)
        )
        if not moved:
            return None
        culprits = _places(outputs, "norm")
        return (
            f"{moved} buffers change at each run ({', '.join(culprits) or 'in place'}); they were put back. Statistics "
            "that drift in training mode do not touch this gradient; model.eval() checks the other one."
        )


def flat(outputs):
    """The values of tensors as one flat float64 array."""
    return np.concatenate([np.ravel(y._array).astype(np.float64) for y in outputs] or [np.zeros(0)])


def away_from_zero(rng, shape):
    """Random numbers of both signs between 1/2 and 3/2 in size: a direction in which no error hides behind a zero."""
    return np.asarray(rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape))


def _places(outputs, word):
    """Where the graph of `outputs` has operations with `word` in their names."""
    nodes = [node for node in nodes_below(map(edge_of, outputs)) if word in node.name().lower()]
    return sorted({node.name() + (f" in {scope_path(node.scope)}" if node.scope else "") for node in nodes})
