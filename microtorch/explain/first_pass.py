"""The first backward pass of somebody else's script, looked at on its way: drawn, played, checked, summarised."""

import sys

from ..autograd.mode import state
from ..autograd.observe import Observer
from ..errors import user_line
from ..nn.hooks import register_module_forward_pre_hook
from ..optim.optimizer import Optimizer
from ..tensor import Tensor
from .overview import summary
from .training import check_of_optimizer, check_of_step
from .watch import Watch

__all__ = ["FirstPass"]


class FirstPass(Observer):
    """Looks on while a script runs, until its first backward; then it does what was asked for and goes away.

    Parameters
    ----------
    explore, draw : path, optional
        The page of the pass, and the picture of its graph, to be written.
    check : bool, default False
        Say what `check_training` finds in this one step: all but what several steps show.
    summary : bool, default False
        Print the `summary` of each network that ran.
    say : callable, optional
        Takes each line; default to the standard error.
    """

    def __init__(self, explore=None, draw=None, check=False, summary=False, say=None):
        self.explore, self.draw, self.summary = explore, draw, summary
        self.say = say or (lambda text: print(text, file=sys.stderr))
        self.watch = Watch() if check else None
        self.boundary = 0  # how many operations had run when the last network was left
        self.calls = {}  # networks, as they were last called: the arguments of each
        self.happened = False

    def __enter__(self):
        self.handle = register_module_forward_pre_hook(self._called)
        return super().__enter__()

    def __exit__(self, *error):
        self.handle.remove()
        super().__exit__(*error)

    def _called(self, module, args):
        outermost = not self.happened and state.scope is not None and state.scope[1] is None
        if outermost and any(True for _ in module.parameters()):  # a loss is a Module, too, and no network
            self.calls.pop(module, None)
            self.calls[module] = args

    def forward(self, ctx, arrays, outputs):
        """Keep an operation, where there is something to check."""
        if self.watch is not None and not self.happened:
            self.watch.forward(ctx, arrays, outputs)
            if state.scope is not None:
                self.boundary = len(self.watch.steps)

    def begins(self, tensors):
        """Do what was asked for, before the first backward does its own work."""
        if self.happened:
            return
        self.happened = True
        loss, line = tensors[0], user_line()
        model = next(reversed(self.calls), None)
        with _Aside(self):
            if self.summary:
                for module, args in self.calls.items():
                    self._try("--summary", lambda m=module, a=args: self.say(f"{type(m).__name__}\n{summary(m, a)}"))
            if self.draw is not None:
                self._try("--draw", lambda: self._draw(loss, model, line))
            if self.explore is not None:
                self._try("--explore", lambda: self._explore(loss, model, line))
            if self.watch is not None and model is not None:
                self._try("--check", lambda: self._tell(check_of_step(model, self.watch, self.boundary, loss)))
            elif self.watch is not None:
                self.say("--check: no nn.Module ran before the first backward, so there is no network to check.")

    def used(self, thing):
        """Check the first optimizer that takes a step."""
        if self.watch is not None and self.happened and isinstance(thing, Optimizer) and self.calls:
            model, self.watch = next(reversed(self.calls)), None
            with _Aside(self):
                held = {p for group in thing.param_groups for p in group["params"]}
                owners = [m for m in self.calls if held.intersection(m.parameters())]
                self._try(
                    "--check", lambda: self._tell(check_of_optimizer(owners[-1] if owners else model, thing), True)
                )

    def _tell(self, check, optimizer=False):
        what = "the optimizer" if optimizer else "the first step"
        if check:
            self.say(f"--check: nothing suspicious in {what}.")
        for finding in check.findings:
            self.say(f"--check: {finding}")

    def _draw(self, loss, model, line):
        from ..viz import draw

        draw(loss, model, _names()).save(self.draw)
        self.say(f"Written: {self.draw}, the graph of the first backward pass ({line}).")

    def _explore(self, loss, model, line):
        from ..viz import explore

        explore(loss, self.explore, model, _names())
        self.say(f"Written: {self.explore}, the first backward pass ({line}), step by step.")

    def _try(self, option, work):
        """Do `work`; what goes wrong in it is said, and is no matter of the script's."""
        try:
            work()
        except Exception as error:
            self.say(f"{option}: {type(error).__name__}: {error}")


class _Aside:
    """A block in which one observer does not look on: what happens is its own work."""

    def __init__(self, observer):
        self.observer = observer

    def __enter__(self):
        self.before = state.observers
        state.observers = tuple(o for o in self.before if o is not self.observer)

    def __exit__(self, *error):
        state.observers = self.before


def _names():
    """The tensors among the names that the script knows where it called backward."""
    frame, package = sys._getframe(), __name__.partition(".")[0] + "."
    while frame is not None and frame.f_globals.get("__name__", "").startswith(package):
        frame = frame.f_back
    if frame is None:
        return {}
    return {name: value for name, value in frame.f_locals.items() if isinstance(value, Tensor)}
