"""Watching a computation: every operation with its tensors and the user's line, recorded in the graph or not."""

from dataclasses import dataclass

from ..autograd.function import ArrayFunction
from ..autograd.graph import maker
from ..autograd.inplace.views import owner
from ..autograd.mode import scope_title, state
from ..autograd.observe import Observer
from ..errors import user_line
from ..tensor import Tensor


@dataclass
class Step:
    """One call of an operation; `recorded` is whether grad mode was on."""

    name: str
    inputs: tuple
    edges: list
    outputs: tuple
    line: str
    scope: tuple | None
    recorded: bool
    node: ArrayFunction | None  # its place in the graph

    @property
    def tensors(self):
        """The tensors among its inputs."""
        return [x for x in self.inputs if isinstance(x, Tensor)]

    def __str__(self):
        where = f", in {scope_title(self.scope)}" if self.scope else ""
        return f"{self.name} at {self.line}{where}"


class Watch(Observer):
    """Keeps each operation of the block as a Step, in order, and all their tensors alive."""

    def __init__(self):
        self.steps = []

    def forward(self, ctx, arrays, outputs):
        """Keep one operation."""
        node = ctx if any(out.requires_grad for out in outputs) else None
        ctx.line = line = user_line()
        self.steps.append(Step(ctx.name(), ctx.inputs, ctx.edges, outputs, line, state.scope, state.grad, node))

    def step_of(self, node):
        """The Step that made `node`, or None."""
        return next((s for s in self.steps if s.node is node), None)


class Cut:
    """Where the way from a leaf to a loss ends.

    Attributes
    ----------
    cause : {"reached", "unused", "no_grad", "detached", "cast", "not differentiable", "left"}
    how : str
        In words, with the line.
    """

    def __init__(self, cause, how=""):
        self.cause, self.how = cause, how


def follow(p, loss, steps):
    """The Cut between the leaf `p` and `loss`, of the operations `steps`."""
    live = set()  # nodes that p leads to
    living = {id(owner(p._array))}  # the memory of their results
    dead = {}  # a node or the memory of what depends on p without its graph -> the Cut between
    last = None  # the newest operation that p leads to
    for step in steps:
        node, cut = step.node, None
        if any(x is p for x in step.inputs) or any(maker(edge)[0] in live for edge in step.edges):
            last = step
            if node is not None:
                live.add(node)
                living.update(id(owner(out._array)) for out in step.outputs)
                continue
            if step.recorded:
                cut = Cut("not differentiable", f"{step} has no derivative")
            else:
                cut = Cut("no_grad", f"{step} ran under no_grad")
        for x, edge in zip(step.inputs, step.edges, strict=True):
            if not isinstance(x, Tensor):
                continue
            memory = id(owner(x._array))
            if cut is None and x is not p:
                cut = dead.get(maker(edge)[0]) or dead.get(memory)
            if cut is None and edge is None and x is not p and (x.cut or memory in living):
                how = x.cut or f"detached before {step}"
                cut = Cut("cast" if how.startswith("cast") else "detached", f"a tensor was {how}")
        if cut is not None:
            dead.update((id(owner(out._array)), cut) for out in step.outputs)
            if node is not None:
                dead[node] = cut
    if loss.grad_fn is not None and loss.grad_fn in live:
        return Cut("reached")
    for key in (loss.grad_fn, id(owner(loss._array))):
        if key is not None and key in dead:
            return dead[key]
    if last is None:
        return Cut("unused")
    return Cut("left", str(last))
