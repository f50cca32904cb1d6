"""`record`: looks on while a model trains, and writes the training as one page.

Note [What recording costs]: a recorded step costs about as much as many steps of a small network, so by default the
recorder rests after each until forty-five times as long has passed, and keeps what is needed to enter a step, which is
most of the cost, of every fourth. The first one, which loads what is needed, does not count. Between recorded steps two
calls of hooks do nothing. `python -m benchmarks recording` measures both together.
Memory is bounded: after `STEPS` recorded
steps every second one is dropped and the next ones are twice as far apart; likewise pictures and steps that can be
entered.
"""

import time
from math import isfinite

import numpy as np

from ...tensor import Tensor
from ..page.explore import step_data
from .findings import CUTTING, SATURATED, Findings, wrong_at
from .frames import Maps, first_weights, histogram, worst
from .looking import Look, looking_on, norm
from .page import write

__all__ = ["Recording", "record"]


STEPS, FRAMES, ENTERED = 1000, 60, 8  # kept at most
REST = 45.0  # times what a recorded step cost, until the next one by default
ENTERED_OPERATIONS = 60  # of a graph that can be entered


def record(model, optimizer, path, every=None, title=None):
    """Record a training, and write it as a page that can be played, stopped and entered.

    Parameters
    ----------
    model : Module
    optimizer : Optimizer
        Whose steps are recorded; the model is looked on from its forward to this step.
    path : str or path-like, or None
        The .html file, written at the end of the ``with`` block, also after an exception. It needs no network.
        None for a recording that is only compared.
    every : int, optional
        Record each so many steps. Default: as often as takes under 10 % of the time.
    title : str, optional
        Default: the model's class and the optimizer's.

    Returns
    -------
    Recording
        A context manager; it is also a callback for ``Solver(step_callbacks=[...])``, which then needs no block: the
        page is written when `Recording.close` is called, or with the solver's last step.

    Notes
    -----
    The page has loss and accuracy; for each layer gradient norm, update relative to the weights, dead and saturated
    units, mean and spread, with the findings of `explain.check_training` at the steps where they begin; histograms; for
    two features the decision boundary and the map of each hidden unit; for images the first weights and the worst
    samples; and the backward pass of some steps, which can be entered. Up to 1,000 steps are kept.

    Looking on is Python's work at every step, so a captured step refuses it; with ``capture(step, strict=False)`` it
    runs eagerly.

    Examples
    --------
    >>> from microtorch import nn, viz
    >>> model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2))
    >>> optimizer = microtorch.optim.SGD(model.parameters(), lr=0.5)
    >>> x, t = microtorch.randn(20, 2), microtorch.arange(20) % 2
    >>> with viz.record(model, optimizer, "training.html", every=1) as recording:  # doctest: +SKIP
    ...     for _ in range(50):
    ...         optimizer.zero_grad()
    ...         nn.functional.cross_entropy(model(x), t).backward()
    ...         optimizer.step()
    """
    return Recording(model, optimizer, path, every, title)


class Recording:
    """A training that is being recorded; `record` makes it.

    Attributes
    ----------
    steps : list of int
        The numbers of the recorded steps, from 1.
    losses, accuracies : list of float
        At these.
    findings : list
        What was found wrong, each with ``cause``, ``layer``, ``text`` and ``spans``, the steps where it held.
    """

    def __init__(self, model, optimizer, path=None, every=None, title=None):
        if every is not None and (not isinstance(every, int) or every < 1):
            raise ValueError(f"record: every is {every!r}. Pass a positive number of steps, or None.")
        self.model, self.optimizer, self.path, self.every = model, optimizer, path, every
        self.title = title or f"{type(model).__name__}, {type(optimizer).__name__}"
        self.layers = {m: p for p, m in model.named_modules() if p and not any(True for _ in m.children())}
        if not self.layers:  # a model of one layer
            self.layers = {model: type(model).__name__}
        self.names = {p: name for name, p in model.named_parameters()}
        self.step, self.steps, self.losses, self.accuracies, self.rates = 0, [], [], [], []
        self.numbers = {path: {} for path in self.layers.values()}  # {layer: {measure: a number per recorded step}}
        self.frames, self.entered = {}, {}  # {step: picture}, {step: data of its backward page}
        self._findings, self._maps, self._handles = Findings(), None, []
        self._look = self._inputs = self._old = self._graph = None
        self._start = self._next = 0.0
        self._before = None  # the hook before a step that is recorded; the others do without
        self._gaps = {"frame": 1, "enter": 1 if every else 4}  # recorded steps between two of them

    @property
    def findings(self):
        """list: what was found wrong."""
        return self._findings.all

    # -- around the training -----------------------------------------------------------------------------------------

    def __enter__(self):
        self._handles = [
            self.model.register_forward_pre_hook(self._before_forward),
            self.optimizer.register_step_post_hook(self._after_step),
        ]
        return self

    def __exit__(self, *error):
        self.close()

    def __call__(self, solver):
        """Look on from the first step of a `Solver`; write the page with its last one."""
        if not self._handles:
            self.__enter__()
            self.step = solver.step
        total = solver.num_epochs * -(-len(solver.loader) // solver.accumulate)
        if solver.step >= total:
            self.close()

    def close(self):
        """Stop looking on, and write the page."""
        self._forget()
        for handle in self._handles:
            handle.remove()
        self._handles = []
        if self.path is not None and self.steps:
            write([self], self.path)

    # -- a step ------------------------------------------------------------------------------------------------------

    def _due(self):
        if self.every is not None:
            return self.step % self.every == 0
        return time.perf_counter() >= self._next

    def _before_forward(self, module, args):
        if self.every is None and time.perf_counter() < self._next:
            return
        if self._look is not None or not self.model.training or not self._due():
            return
        if not args or not isinstance(args[0], Tensor):
            return
        self._start = time.perf_counter()
        enter = len(self.steps) % self._gaps["enter"] == 0
        self._look = Look(self.layers, self._keep_graph if enter else None)
        self._inputs, self._graph = args[0]._array, None
        self._before = self.optimizer.register_step_pre_hook(self._before_step)
        looking_on(self._look).__enter__()

    def _keep_graph(self, loss):
        """The backward page's data of this step, taken while its graph is whole."""
        with _Aside(self._look):
            self._graph = step_data(loss, self.model, ENTERED_OPERATIONS)

    def _before_step(self, optimizer, args, kwargs):
        if self._look is None:
            return
        looking_on(self._look).__exit__()
        if self._look.loss is None:  # its backward was not seen: of another model, say
            self._look = None
            self._forget()
            return
        self._old = {p: p._array.copy() for p in self.names}

    def _after_step(self, optimizer, args, kwargs):
        self.step += 1
        if self._look is None:
            return
        with np.errstate(all="ignore"):  # a training that diverges is told by what was found
            self._record()
        self._forget()
        if len(self.steps) > 1:  # the first one loads what recording needs, which says nothing of the others
            self._next = time.perf_counter() + REST * (time.perf_counter() - self._start)

    def _forget(self):
        if self._look is not None:
            looking_on(self._look).__exit__()
        if self._before is not None:
            self._before.remove()
        self._look = self._inputs = self._old = self._graph = self._before = None

    # -- what is kept of a step --------------------------------------------------------------------------------------

    def _record(self):
        look, first = self._look, not self.steps
        loss = float(look.loss._array)
        self.losses.append(loss if isfinite(loss) else None)
        self.accuracies.append(_accuracy(look))
        self.rates.append(self.optimizer.param_groups[0].get("lr"))
        told = [self._of_layer(module, path) for module, path in self.layers.items()]
        classes = look.charged[1].shape[1] if look.charged and _labelled(look) else 0
        self._findings.note(self.step, wrong_at(look, told, loss, classes, first and self.step == 1))
        if len(self.steps) % self._gaps["frame"] == 0:
            self.frames[self.step] = self._frame()
            self._thin(self.frames, FRAMES, "frame")
        if self._graph is not None:
            self.entered[self.step] = self._graph
            self._thin(self.entered, ENTERED, "enter")
        self.steps.append(self.step)
        if len(self.steps) >= STEPS:
            self._drop_every_second()

    def _of_layer(self, module, path):
        y = self._look.results.get(path)
        own = list(module.parameters(recurse=False))
        found = {"path": path, "type": type(module).__name__, "saturated": None, "dead": None}
        found |= {"mean": None, "spread": None, "gradient": None, "ratio": None}
        if y is not None and y.size:
            found["mean"], found["spread"] = float(y.mean()), float(y.std())
            if y.ndim > 1 and found["type"] in CUTTING:
                found["dead"] = float((y == 0).all(axis=tuple(range(y.ndim - 1))).mean())
            if found["type"] in SATURATED:
                middle = y * 2 - 1 if found["type"] == "Sigmoid" else y
                found["saturated"] = float((np.abs(middle) > SATURATED[found["type"]]).mean())
        grads = [p.grad._array for p in own if p.grad is not None]
        if grads:
            found["gradient"] = float(np.hypot.reduce([norm(g) for g in grads]))
            weights = [p for p in own if p.ndim > 1] or own
            size = float(np.hypot.reduce([norm(self._old[p]) for p in weights]))
            change = float(np.hypot.reduce([norm(p._array - self._old[p]) for p in weights]))
            found["ratio"] = change / size if size else None
        for measure in ("gradient", "ratio", "dead", "saturated", "mean", "spread"):
            value = found[measure]
            kept = None if value is None or not isfinite(value) else float(f"{value:.4g}")
            self.numbers[path].setdefault(measure, []).append(kept)
        return found

    def _frame(self):
        look, found = self._look, {"layers": {}}
        for module, path in self.layers.items():
            y = look.results.get(path)
            pictures = {"activations": None if y is None else histogram(y)}
            for p in module.parameters(recurse=False):
                if p.ndim > 1:
                    pictures["weights"] = histogram(self._old[p])
                    pictures["gradients"] = None if p.grad is None else histogram(p.grad._array)
            found["layers"][path] = pictures
        found["first"] = first_weights((name, p) for p, name in self.names.items())
        if look.charged is not None:
            found["worst"] = worst(look, self._inputs)
            inputs = self._inputs
            if self._maps is None and inputs.ndim == 2 and inputs.shape[1] == 2 and len(look.charged[2]) == len(inputs):
                self._maps = Maps(self.model, self.layers, inputs)
            if self._maps is not None:
                self._maps.add(inputs, look.charged[2])
        if self._maps is not None:
            self._look, look = None, self._look  # the maps' own forward is not recorded
            found["map"] = self._maps.frame()
            self._look = look
        return found

    def _thin(self, kept, most, gap):
        if len(kept) > most:
            for step in list(kept)[1::2]:
                del kept[step]
            self._gaps[gap] *= 2

    def _drop_every_second(self):
        for name in ("steps", "losses", "accuracies", "rates"):
            setattr(self, name, getattr(self, name)[::2])
        for measures in self.numbers.values():
            for measure in measures:
                measures[measure] = measures[measure][::2]
        if self.every is not None:
            self.every *= 2

    def data(self):
        """Everything, as the page has it: a copy, so that the training can go on."""
        kinds = {path: type(module).__name__ for module, path in self.layers.items()}
        return {
            "title": self.title, "steps": list(self.steps),
            "loss": _short(self.losses), "accuracy": _short(self.accuracies),
            "rate": _short(self.rates), "last": self.step,
            "layers": [
                {"path": path, "type": kinds[path], **{k: list(v) for k, v in numbers.items()}}
                for path, numbers in self.numbers.items()
            ],
            "findings": [{**vars(f), "spans": [list(span) for span in f.spans]} for f in self.findings],
            "frames": dict(self.frames), "entered": dict(self.entered),
            "map": None if self._maps is None else self._maps.told(),
        }  # fmt: skip


class _Aside:
    """A block whose computations `look` does not see."""

    def __init__(self, look):
        self.look = look

    def __enter__(self):
        looking_on(self.look).__exit__()

    def __exit__(self, *error):
        looking_on(self.look).__enter__()


def _labelled(look):
    _, scores, labels = look.charged
    return isinstance(labels, np.ndarray) and labels.dtype.kind in "iu" and scores.ndim > 1


def _accuracy(look):
    """The share of the batch whose highest score is the right class; None where there are no classes."""
    if look.charged is None:
        return None
    name, scores, labels = look.charged
    if _labelled(look):
        return float((scores.argmax(1) == labels).mean())
    if name == "BinaryCrossEntropyWithLogits":
        return float(((scores > 0) == (labels > 0.5)).mean())
    return None


def _short(values):
    return [None if v is None else float(f"{v:.5g}") for v in values]
