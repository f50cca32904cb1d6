"""summary: a network on one page, measured on a batch."""

from dataclasses import dataclass
from math import prod

import numpy as np

from ..autograd.graph import maker
from ..autograd.inplace.views import owner
from ..autograd.mode import enable_grad
from ..tensor import Tensor
from .snapshot import Snapshot
from .tables import table
from .watch import Watch

__all__ = ["summary"]


@dataclass(frozen=True)
class Row:
    """One call of a module: its own parameters, operations and saved bytes, without those of modules inside it."""

    name: str
    kind: str
    shape: tuple
    parameters: int
    flops: int
    saved: int
    mean: float
    std: float
    zeros: float


class Summary(tuple):
    """The rows of `summary`; its text is a table."""

    __slots__ = ()

    @property
    def parameters(self):
        """int: the parameters of the modules that ran, each once, tied ones too."""
        return sum(row.parameters for row in self)

    @property
    def flops(self):
        """int: the floating point operations of one forward pass."""
        return sum(row.flops for row in self)

    @property
    def saved(self):
        """int: the bytes kept for backward, without parameters and inputs."""
        return sum(row.saved for row in self)

    def __repr__(self):
        head = ("module", "class", "output", "parameters", "FLOPs", "saved bytes", "mean", "std", "zeros")
        rows = [
            (
                r.name,
                r.kind,
                r.shape,
                f"{r.parameters:,}",
                f"{r.flops:,}",
                f"{r.saved:,}",
                f"{r.mean:.3g}",
                f"{r.std:.3g}",
                f"{100 * r.zeros:.0f} %",
            )
            for r in self
        ]
        return (
            f"{table(head, rows)}\n{self.parameters:,} parameters, {self.flops:,} FLOPs forward, "
            f"{self.saved:,} bytes kept for backward"
        )


def summary(model, batch):
    """List what each module of a network makes of a batch: shapes, parameters, FLOPs, saved bytes, activations.

    Parameters
    ----------
    model : Module
    batch : Tensor or tuple
        The input of `model`; a tuple is its arguments.

    Returns
    -------
    Summary
        A tuple of rows, one for each call of a module, in the order in which they ended, that prints as a table.
        Rows have ``name``, ``kind``, ``shape``, ``parameters``, ``flops``, ``saved``, ``mean``, ``std``, ``zeros``.

    Notes
    -----
    The forward pass runs once, as it is set (training or evaluation); parameters, buffers and random numbers are put
    back. FLOPs: 2·N·in·out for products, plus one for each element of a bias or of the result of other operations.

    Examples
    --------
    >>> from microtorch import explain, nn
    >>> model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    >>> found = explain.summary(model, microtorch.ones(10, 4))
    >>> found.parameters, found.flops, [row.shape for row in found]
    (67, 1310, [(10, 8), (10, 8), (10, 3), (10, 3)])
    """
    names, outputs, handles = {m: path for path, m in model.named_modules()}, [], []

    def keep(module, args, output):
        outputs.append((module, output))

    arguments = batch if isinstance(batch, tuple | list) else (batch,)
    with Snapshot(model):
        try:
            handles += [m.register_forward_hook(keep) for m in names]
            with Watch() as watch, enable_grad():
                model(*arguments)
        finally:
            for handle in handles:
                handle.remove()
    return _rows(names, outputs, watch.steps, type(model).__name__)


def _is_leaf(x, edge):
    return isinstance(x, Tensor) and maker(edge)[0] is None


def _rows(names, outputs, steps, top):
    leaves = {id(owner(x._array)) for s in steps for x, e in zip(s.inputs, s.edges, strict=True) if _is_leaf(x, e)}
    work, counted, rows, seen = {}, {}, [], set()
    for step in steps:
        if step.scope is None:
            continue
        module = step.scope[0]
        flops, saved = work.get(module, (0, 0))
        node = step.node
        for a in (*(node.saved or ()), *_cached(node)) if node is not None else ():
            if isinstance(a, np.ndarray) and id(owner(a)) not in seen and id(owner(a)) not in leaves:
                seen.add(id(owner(a)))
                saved += owner(a).nbytes
        work[module] = flops + _flops(step), saved
    calls, met = {}, set()
    for module, _ in outputs:
        calls[module] = calls.get(module, 0) + 1
    for module, output in outputs:
        first = next(
            (t for t in (output if isinstance(output, tuple | list) else (output,)) if isinstance(t, Tensor)), None
        )
        y = np.empty(0) if first is None else first._array
        flops, saved = work.get(module, (0, 0))
        n = calls[module]
        counted[module] = counted.get(module, 0) + 1
        own = [p for p in module.parameters(recurse=False) if p not in met]  # tied ones belong to who is first to run
        met.update(own)
        again = f" (call {counted[module]} of {n})" if n > 1 else ""
        rows.append(
            Row(
                (names[module] or top) + again,
                type(module).__name__,
                y.shape,
                sum(p.numel() for p in own),
                flops // n,
                saved // n,
                float(y.mean()) if y.size else 0.0,
                float(y.std()) if y.size else 0.0,
                float((y == 0).mean()) if y.size else 0.0,
            )
        )
    return Summary(rows)


def _cached(node):
    return node.cache if isinstance(node.cache, tuple | list) else (node.cache,)


def _flops(step):
    size = sum(out.numel() for out in step.outputs)
    if step.name == "Linear":
        _, w, b = step.inputs
        return 2 * size * w.shape[-1] + (size if b is not None else 0)
    if step.name == "MatMul":
        return 2 * size * step.tensors[0].shape[-1]
    if step.node is not None and step.node.is_view:
        return 0
    return max(size, *(prod(x.shape) for x in step.tensors)) if size == 1 else size
