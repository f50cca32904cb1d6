"""The state of the running thread: is the graph being recorded, and inside which module.

The switches (`no_grad`, `enable_grad`, `set_grad_enabled`, `inference_mode`) work as context managers and as
decorators, as in PyTorch. Each thread has its own: evaluating in one never stops the training in another.
"""

import functools
import inspect
import itertools
import threading

__all__ = ["enable_grad", "inference_mode", "is_grad_enabled", "no_grad", "set_grad_enabled"]


class _Mode(threading.local):
    grad = True  # do operations record themselves?
    scope = None  # (the module whose forward runs, the scope around it), or None
    observers = ()  # who looks on, the outermost first; see observe.py
    running = None  # the backward pass that runs


state = _Mode()


def scope_path(scope):
    """The dotted path of a running module from the outermost one, as ``MLP.fc1``; `scope` as operations keep it."""
    modules = []
    while scope:
        module, scope = scope
        modules.insert(0, module)
    names = [type(modules[0]).__name__]
    for outer, inner in itertools.pairwise(modules):
        names.append(next((name for name, m in outer.named_modules() if m is inner), type(inner).__name__))
    return ".".join(names)


def scope_title(scope):
    """A scope in a message: ``MLP.fc1 (Linear)``."""
    return scope_path(scope) + (f" ({type(scope[0]).__name__})" if scope[1] is not None else "")


def is_grad_enabled():
    """Whether operations record themselves for a later backward, in this thread.

    Returns
    -------
    bool

    Examples
    --------
    >>> microtorch.is_grad_enabled()
    True
    """
    return state.grad


class _GradMode:
    """A context manager and decorator that sets `state.grad` and puts it back."""

    wanted = True

    def __new__(cls, function=None):
        switch = super().__new__(cls)
        return switch(function) if callable(function) else switch  # `@no_grad` without parentheses

    def __enter__(self):
        # A list, so that one switch can be entered again inside itself.
        self.__dict__.setdefault("before", []).append(state.grad)
        state.grad = self.wanted

    def __exit__(self, *error):
        state.grad = self.before.pop()

    def __call__(self, function):
        if inspect.isgeneratorfunction(function):

            @functools.wraps(function)
            def generator(*args, **kwargs):
                # The mode holds while the generator runs, not while its caller does.
                running = function(*args, **kwargs)
                resume, given = running.send, None
                while True:
                    try:
                        with self:
                            item = resume(given)
                    except StopIteration as stop:
                        return stop.value
                    try:
                        resume, given = running.send, (yield item)
                    except GeneratorExit:
                        with self:
                            running.close()
                        raise
                    except BaseException as error:
                        resume, given = running.throw, error

            return generator

        @functools.wraps(function)
        def call(*args, **kwargs):
            with self:
                return function(*args, **kwargs)

        return call


class no_grad(_GradMode):
    """Run without recording: results have ``requires_grad=False``.

    Notes
    -----
    For evaluation and for updating parameters by hand. Works as a context manager and as a decorator, with or
    without parentheses, per thread.

    Examples
    --------
    >>> w = microtorch.ones(2, requires_grad=True)
    >>> with microtorch.no_grad():
    ...     y = w * 2
    >>> y.requires_grad
    False
    """

    wanted = False


class enable_grad(_GradMode):
    """Record again inside a `no_grad` block.

    Examples
    --------
    >>> w = microtorch.ones(2, requires_grad=True)
    >>> with microtorch.no_grad():
    ...     with microtorch.enable_grad():
    ...         y = w * 2
    >>> y.requires_grad
    True
    """


class inference_mode(no_grad):
    """As `no_grad`: nothing is recorded.

    Parameters
    ----------
    mode : bool, default True
        With ``False``, the block records as usual.

    Notes
    -----
    PyTorch's version also forbids later use of the results in a graph. Here they are ordinary tensors without a
    graph: less to remember, and nothing to gain from the restriction.

    Examples
    --------
    >>> @microtorch.inference_mode()
    ... def double(x):
    ...     return x * 2
    >>> double(microtorch.ones(2, requires_grad=True)).requires_grad
    False
    """

    def __new__(cls, mode=True):
        switch = super().__new__(cls, mode if callable(mode) else None)
        if not mode:
            switch.wanted = True
        return switch


class set_grad_enabled(_GradMode):
    """Switch recording on or off, at once; as a context manager it is put back at the end.

    Parameters
    ----------
    mode : bool
        Whether operations record themselves from here on.

    Examples
    --------
    >>> with microtorch.set_grad_enabled(False):
    ...     microtorch.is_grad_enabled()
    False
    """

    def __new__(cls, mode):
        return super().__new__(cls)

    def __init__(self, mode):
        self.wanted = bool(mode)
        self.before = [state.grad]
        state.grad = self.wanted

    def __enter__(self):
        if len(self.before) != 1:
            super().__enter__()
        state.grad = self.wanted

    def __call__(self, function):
        state.grad = self.before.pop()  # as a decorator it acts inside the function only
        return super().__call__(function)
