"""why_no_grad: where the gradient of a parameter was lost."""

import numpy as np

from ..autograd.gradients import grad
from ..autograd.graph import maker
from ..autograd.mode import scope_title
from ..errors import GraphError
from ..tensor import Tensor, tensor_at
from .findings import Finding
from .names import called, newest_first, outermost, paths_of
from .watch import Cut, Watch, follow

__all__ = ["why_no_grad"]


def why_no_grad(p, loss=None, model=None):
    """Why a tensor has no gradient, or one that is zero.

    Parameters
    ----------
    p : Tensor
        Usually a parameter.
    loss : Tensor or callable, optional
        The loss whose backward should have given it one; or better a function without arguments that computes it.
        The function is run, and each of its operations watched, so that the answer names the line.
    model : Module, optional
        Its names of parameters are used. Default: the module that ran.

    Returns
    -------
    Finding
        ``.text`` is shown; ``.cause`` is one of "has gradient", "integer", "frozen", "not a leaf", "unused",
        "replaced", "detached", "cast", "no_grad", "not differentiable", "left the graph", "no backward", "zero" and
        "unknown".

    Notes
    -----
    A finished graph does not hold what was cut off: a `detach` or a cast to integers remembers its line, operations
    under `no_grad` leave nothing behind. With a function nothing is guessed.

    Examples
    --------
    >>> from microtorch import explain, nn
    >>> layer = nn.Linear(2, 1)
    >>> x = microtorch.ones(3, 2)
    >>> explain.why_no_grad(layer.weight, lambda: layer(x).sum())
    weight (1, 2) has no gradient because no backward ran: call loss.backward().
    >>> explain.why_no_grad(layer.weight, lambda: x.sum()).cause
    'unused'
    """
    if not isinstance(p, Tensor):
        raise TypeError(f"why_no_grad takes a Tensor, not {type(p).__name__}. For a layer, ask of its weight.")
    paths = paths_of(model)
    found = _of_itself(p, called(p, paths))
    if found is not None:
        return found
    if callable(loss) and not isinstance(loss, Tensor):
        with Watch() as watch:
            loss = loss()
        _check(loss)
        nodes = newest_first(loss)
        paths = paths or paths_of(outermost(nodes))
        return _explain(p, called(p, paths), follow(p, loss, watch.steps), loss, nodes, paths, rerun=True)
    if loss is None:
        return Finding(
            "unknown",
            f"{called(p, paths)} has no gradient: no backward has reached it yet. Was loss.backward() called? Give the "
            "loss, why_no_grad(p, loss), or a function that computes it, and the place where it is lost is named.",
        )
    _check(loss)
    nodes = newest_first(loss)
    paths = paths or paths_of(outermost(nodes))
    return _explain(p, called(p, paths), _from_graph(p, loss, nodes), loss, nodes, paths, rerun=False)


def _check(loss):
    if not isinstance(loss, Tensor):
        raise TypeError(f"why_no_grad: the loss is a Tensor or a function that computes one, not {type(loss).__name__}")


def _of_itself(p, name):
    """The findings that `p` alone allows."""
    gradient = getattr(p, "_grad", None)  # p.grad warns of a result's
    if gradient is not None and gradient._array.any():
        norm = float(np.linalg.norm(gradient._array))
        return Finding("has gradient", f"{name} has a gradient, of norm {norm:.4g}.")
    if p.dtype.kind != "f":
        return Finding(
            "integer", f"{name} is {p.dtype}: only float32 and float64 tensors have gradients. Use .float()."
        )
    if p.grad_fn is not None and gradient is None:
        return Finding(
            "not a leaf",
            f"{name} has no .grad because it is not a leaf: it is the result of {p.grad_fn.name()}"
            f"{_at(p.grad_fn)}, and backward fills .grad of leaves only. If it is meant as a parameter, make it one: "
            "compute its first value, then call requires_grad_(), and update it in place: "
            "`with microtorch.no_grad(): w -= lr * w.grad`, not w = w - lr * w.grad. "
            "To see the gradient of a result, call its retain_grad() before backward.",
        )
    if not p.requires_grad:
        cut = f" It was {p.cut}." if p.cut else ""
        return Finding(
            "frozen", f"{name} has no gradient because its requires_grad is False.{cut} Call requires_grad_() on it."
        )
    return None


def _at(node):
    line = node.__dict__.get("line")
    where = f", in {scope_title(node.scope)}" if node.scope else ""
    return f" at {line}{where}" if line else where


def _from_graph(p, loss, nodes):
    """As `follow`, from what a finished graph still holds."""
    if any(edge is p for node in nodes for edge in node.edges) or loss is p:
        return Cut("reached")
    leaves = [x for node in nodes for x, edge in _arguments(node) if maker(edge)[0] is None]
    cuts = list(dict.fromkeys(x.cut for x in [*leaves, loss] if x.cut))
    if cuts:
        return Cut("cast" if "cast" in cuts[0] else "detached", "a tensor was " + " and ".join(cuts))
    return Cut("unused" if loss.requires_grad else "no graph")


def _arguments(node):
    """The tensors among the arguments of `node`, each with its edge."""
    return [(x, edge) for x, edge in zip(node.inputs, node.edges, strict=True) if isinstance(x, Tensor)]


def _explain(p, name, cut, loss, nodes, paths, rerun):
    lost = f"{name} gets no gradient: "
    sure = "" if rerun else " (The graph before it is gone; give a function that computes the loss to be sure.)"
    if cut.cause == "reached":
        return _reached(p, name, loss, nodes, rerun)
    if cut.cause == "detached":
        return Finding(
            "detached",
            f"{lost}the way from it to the loss ends where {cut.how}. Take the detach away if the "
            f"gradient is to flow.{sure}",
        )
    if cut.cause == "cast":
        return Finding(
            "cast",
            f"{lost}the way from it to the loss ends where {cut.how}: integers have no gradient. Stay with "
            f"floating point numbers, e.g. with .float() in place of the cast.{sure}",
        )
    if cut.cause == "no_grad":
        return Finding("no_grad", f"{lost}{cut.how}. Move that line out of the no_grad block.")
    if cut.cause == "not differentiable":
        return Finding("not differentiable", f"{lost}{cut.how}. Use a differentiable one, e.g. softmax for argmax.")
    if cut.cause == "left":
        return Finding(
            "left the graph",
            f"{lost}its way ends at {cut.how}: nothing that the loss is made of comes from there. Values that went "
            "through numpy(), item(), tolist() or microtorch.tensor(...) are new tensors without history, and "
            "so are argmax and comparisons. Join tensors with torch.stack or cat, and compute with their methods.",
        )
    if cut.cause == "no graph":
        return Finding(
            "no_grad",
            f"{lost}the loss has no graph at all. It was computed under no_grad, or without any parameter.",
        )
    return _unused(p, lost, nodes, paths, rerun)


def _unused(p, lost, nodes, paths, rerun):
    used = {edge for node in nodes for edge in node.edges if isinstance(edge, Tensor)}
    twins = [x for x in used if x.shape == p.shape and x.dtype == p.dtype and x.name == p.name]
    if p.name is not None and p not in paths and twins:
        other = called(twins[0], paths)
        return Finding(
            "replaced",
            f"{lost}the loss uses another tensor in its place, {other}. It was replaced: an optimizer made before "
            "still holds the old one. Change values in place, module.weight.data = tensor, or make the optimizer "
            "afterwards.",
        )
    names = ", ".join(paths.get(x) or x.name or f"a leaf of shape {x.shape}" for x in used)
    hint = (
        ""
        if rerun
        else " Or it was cut off on the way, by detach or no_grad: give a function that computes the loss to see where."
    )
    return Finding(
        "unused",
        f"{lost}it is unused, no operation that leads to the loss takes it. The loss depends on {names or 'no leaf'}. "
        f"Use it in forward, or leave it out of the model and the optimizer.{hint}",
    )


def _reached(p, name, loss, nodes, rerun):
    spent = any(node.saved is None for node in nodes)
    if p.grad is None and (rerun or not (spent or loss.grad_fn is None or loss.grad_fn.__dict__.get("done"))):
        return Finding("no backward", f"{name} has no gradient because no backward ran: call loss.backward().")
    if p.grad is None:
        return Finding(
            "no backward",
            f"{name} has no gradient, though the loss depends on it and its backward ran: it was cleared since by "
            "zero_grad() or p.grad = None, or the pass was autograd.grad or backward(inputs=...), which spare it.",
        )
    if spent:
        return Finding(
            "zero",
            f"the gradient of {name} is zero. Give a function that computes the loss, and the operation is named.",
        )
    return Finding("zero", f"the gradient of {name} is zero. {_where_zero(loss, nodes, p)}")


def _where_zero(loss, nodes, p):
    """The newest operation on the way to `p` that a gradient enters and none leaves."""
    towards = set()
    for node in reversed(nodes):
        if any(edge is p or maker(edge)[0] in towards for edge in node.edges):
            towards.add(node)
    ways = [
        (node, tensor_at(edge, x._array))
        for node in nodes
        if node in towards
        for x, edge in _arguments(node)
        if edge is p or maker(edge)[0] in towards
    ]
    try:
        gradients = grad(loss.sum(), [x for _, x in ways], retain_graph=True, allow_unused=True)
    except GraphError as error:
        return f"Where it vanished cannot be told: {error}"
    for (node, x), dx in zip(ways, gradients, strict=True):
        if dx is None or not dx._array.any():
            return (
                f"It vanishes in {node.name()}{_at(node)}, whose input of shape {x.shape} gets none: {_cure(node, x)}"
            )
    return "Its own loss gives one now; the .grad that is there comes from an earlier backward."


def _cure(node, x):
    if node.name() in ("Relu", "Relu6", "Threshold"):
        share = float((x._array <= 0).mean())
        return (
            f"{100 * share:.0f} % of its input is negative, units that are dead. Start from a smaller bias or another "
            "init, lower the learning rate, or use LeakyReLU."
        )
    return "its derivative is zero there (saturated, clamped or masked), or what follows multiplies by zero."
