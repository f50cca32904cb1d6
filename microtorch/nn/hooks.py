"""Hooks of modules: functions that see, and may replace, what goes through a module forward and backward."""

import warnings

import numpy as np

from ..autograd.function import ArrayFunction
from ..autograd.hooks import RemovableHandle
from ..autograd.mode import state
from ..autograd.observe import tell
from ..errors import GradientError
from ..structure import structure
from ..tensor import Tensor, over


class Hookable:
    """The part of `Module` that registers hooks."""

    _hooks = None  # most modules have none, and pay nothing

    def _own_hooks(self):
        if self._hooks is None:
            self._hooks = _Hooks()
        return self._hooks

    def register_forward_pre_hook(self, hook, *, prepend=False, with_kwargs=False):
        """Call ``hook(module, args)`` before each forward; what it returns, if not None, takes the arguments' place.

        With `with_kwargs`, it is ``hook(module, args, kwargs)`` and returns both. ``remove()`` of the result takes the
        hook away; `prepend` puts it before those that are there.
        """
        hooks = self._own_hooks()
        return _add(hooks.before, (hook, with_kwargs), prepend)

    def register_forward_hook(self, hook, *, prepend=False, with_kwargs=False, always_call=False):
        """Call ``hook(module, args, output)`` after each forward; what it returns, if not None, takes its place.

        With `with_kwargs`, it is ``hook(module, args, kwargs, output)``. With `always_call`, it is called with None as
        output when forward raises.
        """
        hooks = self._own_hooks()
        return _add(hooks.after, (hook, with_kwargs, always_call), prepend)

    def register_full_backward_pre_hook(self, hook, prepend=False):
        """Call ``hook(module, grad_output)`` when the gradients of the outputs are complete.

        `grad_output` is a tuple; a tuple that the hook returns takes its place.
        """
        hooks = self._own_hooks()
        return _add(hooks.backward_before, (hook,), prepend)

    def register_full_backward_hook(self, hook, prepend=False):
        """Call ``hook(module, grad_input, grad_output)`` when the gradients of the inputs are complete.

        Both are tuples, with None for inputs and outputs that take no gradient; a tuple that the hook returns takes
        the place of `grad_input`.
        """
        hooks = self._own_hooks()
        return _add(hooks.backward, (hook,), prepend)

    def register_backward_hook(self, hook):
        """The old name of `register_full_backward_hook`, and the same here: `hook` gets the gradients of all inputs."""
        warnings.warn(
            "register_backward_hook is PyTorch's old name, whose hooks saw the last operation only. Use "
            "register_full_backward_hook.",
            FutureWarning,
            stacklevel=2,
        )
        return self.register_full_backward_hook(hook)


class _Hooks:
    """The hooks of one module; true if there are any."""

    def __init__(self):
        self.before, self.after = [], []  # (hook, with_kwargs), (hook, with_kwargs, always_call)
        self.backward_before, self.backward = [], []  # (hook,)

    def __bool__(self):
        return bool(self.before or self.after or self.backward_before or self.backward)


EVERY = []  # the hooks of all modules: (which list they belong into, entry)


def _with_those_of_all(own):
    """The hooks of all modules, and after them a module's own."""
    hooks = _Hooks()
    for kind, entry in EVERY:
        getattr(hooks, kind).append(entry)
    if own is not None:
        for kind, entries in vars(own).items():
            getattr(hooks, kind).extend(entries)
    return hooks


def register_module_forward_pre_hook(hook):
    """Call ``hook(module, args)`` before each forward of every module, before the module's own hooks.

    Parameters
    ----------
    hook : callable
        What it returns, if not None, takes the arguments' place.

    Returns
    -------
    RemovableHandle
        Its ``remove()`` takes the hook away.

    Examples
    --------
    >>> from microtorch.nn.hooks import register_module_forward_pre_hook
    >>> with register_module_forward_pre_hook(lambda module, args: print(module)):
    ...     y = nn.Sequential(nn.Tanh())(microtorch.ones(1))
    Sequential(
      (0): Tanh()
    )
    Tanh()
    """
    return _add(EVERY, ("before", (hook, False)), False)


def register_module_forward_hook(hook, *, with_kwargs=False, always_call=False):
    """Call ``hook(module, args, output)`` after each forward of every module, before the module's own hooks.

    Parameters
    ----------
    hook : callable
        What it returns, if not None, takes the output's place.
    with_kwargs : bool, default False
        Call ``hook(module, args, kwargs, output)``.
    always_call : bool, default False
        Call it with None as output when forward raises.

    Returns
    -------
    RemovableHandle
        Its ``remove()`` takes the hook away.
    """
    return _add(EVERY, ("after", (hook, with_kwargs, always_call)), False)


def register_module_full_backward_pre_hook(hook):
    """Call ``hook(module, grad_output)`` of every module, as `Module.register_full_backward_pre_hook` does of one.

    Parameters
    ----------
    hook : callable
        A tuple that it returns takes the place of `grad_output`.

    Returns
    -------
    RemovableHandle
        Its ``remove()`` takes the hook away.
    """
    return _add(EVERY, ("backward_before", (hook,)), False)


def register_module_full_backward_hook(hook):
    """Call ``hook(module, grad_input, grad_output)`` of every module, as `Module.register_full_backward_hook` of one.

    Parameters
    ----------
    hook : callable
        A tuple that it returns takes the place of `grad_input`.

    Returns
    -------
    RemovableHandle
        Its ``remove()`` takes the hook away.
    """
    return _add(EVERY, ("backward", (hook,)), False)


def _add(hooks, entry, prepend):
    hooks.insert(0 if prepend else len(hooks), entry)
    structure.moved()
    return RemovableHandle(hooks, entry)


def call_with_hooks(module, args, kwargs):
    """Run the forward of `module` between its hooks."""
    hooks = _with_those_of_all(module._hooks) if EVERY else module._hooks
    if hooks and state.observers:
        tell("left", f"a hook of {type(module).__name__} is Python code that runs at every step")
    for hook, with_kwargs in tuple(hooks.before):
        if with_kwargs:
            answer = hook(module, args, kwargs)
            if answer is not None:
                if not (isinstance(answer, tuple) and len(answer) == 2):
                    raise TypeError(f"a forward pre-hook with kwargs returns None or (args, kwargs), not {answer!r}")
                args, kwargs = answer
        else:
            answer = hook(module, args)
            if answer is not None:
                args = answer if isinstance(answer, tuple) else (answer,)
    boundary = None
    if hooks.backward or hooks.backward_before:
        boundary = _Boundary(module, hooks)
        args = boundary.around_inputs(args)
    result, done = None, set()
    try:
        result = module.forward(*args, **kwargs)
        for entry in tuple(hooks.after):
            done.add(entry)
            result = _after(module, entry, args, kwargs, result)
    except Exception:
        for entry in tuple(hooks.after):  # what was asked to be called in any case, once
            if entry[2] and entry not in done:
                _after(module, entry, args, kwargs, result)
        raise
    return result if boundary is None else boundary.around_outputs(result)


def _after(module, entry, args, kwargs, result):
    hook, with_kwargs, _ = entry
    answer = hook(module, args, kwargs, result) if with_kwargs else hook(module, args, result)
    return result if answer is None else answer


class _Boundary:
    """Where gradients enter and leave one call of a module that has backward hooks."""

    def __init__(self, module, hooks):
        self.module, self.hooks = module, hooks
        self.grad_output, self.inside = (), False

    def around_inputs(self, args):
        """`args` with the tensors that carry gradients replaced by what the module is to differentiate."""
        at = [i for i, a in enumerate(args) if isinstance(a, Tensor) and a.requires_grad]
        self.places, self.count = at, len(args)
        if not at:
            return args
        self.inside = True
        args = list(args)
        for i, tensor in zip(at, _Leave.apply(*(args[i] for i in at), self), strict=True):
            args[i] = tensor
        return tuple(args)

    def around_outputs(self, result):
        """`result`, a tensor or a tuple of them, with the gradient caught on its way in."""
        several = isinstance(result, tuple)
        items = list(result) if several else [result]
        at = [i for i, t in enumerate(items) if isinstance(t, Tensor) and t.requires_grad]
        self.outputs = at, len(items)
        if not at:
            return result
        for i, tensor in zip(at, _Enter.apply(*(items[i] for i in at), self), strict=True):
            items[i] = tensor
        if not several:
            return items[0]
        return type(result)(*items) if hasattr(result, "_fields") else tuple(items)  # _fields: a namedtuple

    def enter(self, dys):
        """The gradients of the outputs, past the pre-hooks."""
        at, count = self.outputs
        grads = _placed(dys, at, count)
        for (hook,) in tuple(self.hooks.backward_before):
            grads = _answer(hook(self.module, grads), grads)
        self.grad_output = grads
        if not self.inside:  # no input takes a gradient: the hooks are called all the same
            for (hook,) in tuple(self.hooks.backward):
                answer = hook(self.module, (None,) * self.count, grads)
                if any(a is not None for a in (answer if isinstance(answer, tuple) else (answer,))):
                    raise GradientError(
                        f"a backward hook of {type(self.module).__name__}, no input of which takes a gradient, must "
                        "return None: its answer would have no effect."
                    )
        return _like(dys, [grads[i] for i in at])

    def leave(self, dxs):
        """The gradients of the inputs, past the hooks."""
        grads = _placed(dxs, self.places, self.count)
        for (hook,) in tuple(self.hooks.backward):
            grads = _answer(hook(self.module, grads, self.grad_output), grads)
        return _like(dxs, [grads[i] for i in self.places])


class _Enter(ArrayFunction):
    """y = x        dx = what the backward pre-hooks make of dy"""

    @staticmethod
    def forward(ctx, *args):
        *xs, _boundary = args
        return tuple([x.view() for x in xs])

    @staticmethod
    def backward(ctx, *dys):
        return tuple(ctx.inputs[-1].enter(dys))


class _Leave(_Enter):
    """y = x        dx = what the backward hooks make of dy"""

    @staticmethod
    def backward(ctx, *dys):
        return tuple(ctx.inputs[-1].leave(dys))


def _placed(gradients, places, count):
    """`gradients` as tensors in their `places`, None for the others of `count`."""
    placed = [None] * count
    for i, g in zip(places, gradients, strict=True):
        placed[i] = g if isinstance(g, Tensor) else over(np.asarray(g))
    return tuple(placed)


def _like(given, gradients):
    """`gradients` as arrays or tensors, whatever the pass goes on with."""
    return [g if isinstance(old, Tensor) else g._array for old, g in zip(given, gradients, strict=True)]


def _answer(answer, grads):
    """The gradients that a backward hook wants in place of `grads`."""
    if answer is None:
        return grads
    answer = answer if isinstance(answer, tuple) else (answer,)
    fits = len(answer) == len(grads) and all(
        (a is None) == (g is None) and (a is None or (isinstance(a, Tensor) and a.shape == g.shape))
        for a, g in zip(answer, grads, strict=False)
    )
    if not fits:
        wanted = ", ".join("None" if g is None else str(g.shape) for g in grads)
        raise GradientError(f"a backward hook must return None or a tuple of gradients of shapes ({wanted}).")
    return answer
