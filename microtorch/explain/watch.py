"""Watching a computation: every operation with its tensors and the user's line, recorded in the graph or not."""

from dataclasses import dataclass

from ..autograd.anomaly import detect_anomaly
from ..autograd.function import Function
from ..autograd.inplace import owner
from ..autograd.mode import scope_title, state
from ..tensor import Tensor


@dataclass
class Step:
    """One call of an operation; `recorded` is whether grad mode was on."""

    name: str
    inputs: tuple
    outputs: tuple
    line: str
    scope: tuple | None
    recorded: bool

    @property
    def node(self) -> Function | None:
        """Its place in the graph."""
        return next((out.grad_fn for out in self.outputs if out.grad_fn is not None), None)

    @property
    def tensors(self):
        """The tensors among its inputs."""
        return [x for x in self.inputs if isinstance(x, Tensor)]

    def __str__(self):
        where = f", in {scope_title(self.scope)}" if self.scope else ""
        return f"{self.name} at {self.line}{where}"


class Watch(detect_anomaly):
    """Keeps each operation of the block as a Step, in order, and all their tensors alive."""

    def __init__(self):
        super().__init__()
        self.steps = []

    def look(self, function, args, outputs, line):
        """Keep one operation."""
        self.steps.append(Step(function.name(), args, outputs, line, state.scope, state.grad))

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
        if any(x is p or (x.grad_fn is not None and x.grad_fn in live) for x in step.tensors):
            last = step
            if node is not None:
                live.add(node)
                living.update(id(owner(out._array)) for out in step.outputs)
                continue
            if step.recorded:
                cut = Cut("not differentiable", f"{step} has no derivative")
            else:
                cut = Cut("no_grad", f"{step} ran under no_grad")
        for x in step.tensors:
            memory = id(owner(x._array))
            if cut is None and x is not p:
                cut = dead.get(x.grad_fn) or dead.get(memory)
            if cut is None and not x.requires_grad and x is not p and (x.cut or memory in living):
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
