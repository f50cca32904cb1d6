"""Snapshot: a model and its optimizer are as they were when the block is left."""

import copy

import numpy as np

from ..autograd.inplace.changes import record_change
from ..errors import user_line
from ..random import default_generator
from ..structure import structure
from ..tensor import Tensor


class Snapshot:
    """Put back values, gradients, attributes of modules, the optimizer's state and the random generator."""

    def __init__(self, model, optimizer=None):
        self.model, self.optimizer = model, optimizer

    def __enter__(self):
        self.attributes = [(m, dict(m.__dict__)) for m in self.model.modules()]
        held = {t for _, own in self.attributes for t in own.values() if isinstance(t, Tensor)}
        if self.optimizer is not None:
            held.update(p for group in self.optimizer.param_groups for p in group["params"])
            self.groups = [dict(group) for group in self.optimizer.param_groups]
            self.state = {p: {k: copy.deepcopy(v) for k, v in kept.items()} for p, kept in self.optimizer.state.items()}
            self.stepped = self.optimizer.stepped
        self.values = [(t, t._array, t._array.copy(), getattr(t, "_grad", None)) for t in held]
        for t, *_, gradient in self.values:
            if gradient is not None:
                t.grad = None
        self.random = default_generator.get_state()
        return self

    def __exit__(self, *error):
        for module, own in self.attributes:
            module.__dict__.clear()
            module.__dict__.update(own)
        line = user_line()
        for t, array, values, gradient in self.values:
            t._array = array
            if not np.array_equal(array, values, equal_nan=values.dtype.kind == "f"):
                np.copyto(array, values)
                record_change(array, "explain", line)
            if gradient is not None or t.grad_fn is None:
                t._grad = gradient
        structure.moved()
        if self.optimizer is not None:
            for group, kept in zip(self.optimizer.param_groups, self.groups, strict=True):
                group.clear()
                group.update(kept)
            self.optimizer.state.clear()
            self.optimizer.state.update(self.state)
            self.optimizer.stepped = self.stepped
        default_generator.set_state(self.random)
