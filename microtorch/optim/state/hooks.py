"""Hooks of optimizers: functions that are called around a step, and around saving and loading."""

import functools

from ...autograd.hooks import RemovableHandle
from ...autograd.mode import state
from ...autograd.observe import taking_part, tell

__all__ = ["register_optimizer_step_post_hook", "register_optimizer_step_pre_hook"]

_BEFORE, _AFTER = [], []  # around the steps of all optimizers


def hooked(step):
    """Decorate the step of an optimizer: hooks are called around it, those of all optimizers first."""
    bare = taking_part(step)

    @functools.wraps(step)
    def call(self, *args, **kwargs):
        if self._inside or not self.has_step_hooks:
            return bare(self, *args, **kwargs)
        if state.observers:
            tell("left", f"a hook of {type(self).__name__} is Python code that runs at every step")
        args = (self, *args)
        for hook in (*_BEFORE, *self.hooks_on("step_pre")):
            answer = hook(self, args, kwargs)
            if answer is not None:
                if not (isinstance(answer, tuple) and len(answer) == 2):
                    raise RuntimeError(f"a step pre-hook returns None or (args, kwargs), not {answer!r}")
                args, kwargs = answer
        self._inside = True
        try:
            result = bare(*args, **kwargs)
        finally:
            self._inside = False
        for hook in (*self.hooks_on("step_post"), *_AFTER):
            hook(self, args, kwargs)
        return result

    return call


class Hookable:
    """The part of `Optimizer` that registers hooks."""

    _hooks = None  # {when: list of functions}; most optimizers have none
    _inside = False  # whether the hooks of a step were called, which may call super().step()

    @property
    def has_step_hooks(self):
        """bool: whether a step calls anybody."""
        if self._hooks is None:
            return bool(_BEFORE or _AFTER)
        return bool(_BEFORE or _AFTER or self.hooks_on("step_pre") or self.hooks_on("step_post"))

    def hooks_on(self, when):
        """The hooks of one kind, as they are now."""
        return tuple(self._hooks.get(when, ())) if self._hooks else ()

    def _register(self, when, hook, prepend=False):
        if self._hooks is None:
            self._hooks = {}
        hooks = self._hooks.setdefault(when, [])
        hooks.insert(0 if prepend else len(hooks), hook)
        return RemovableHandle(hooks, hook)

    def register_step_pre_hook(self, hook):
        """Call ``hook(optimizer, args, kwargs)`` before each step.

        Parameters
        ----------
        hook : callable
            `args` begins with the optimizer, as in PyTorch. What it returns, if not None, is ``(args, kwargs)`` for
            the step.

        Returns
        -------
        RemovableHandle
            Its ``remove()`` takes the hook away.

        Examples
        --------
        >>> w = microtorch.ones(1, requires_grad=True)
        >>> optimizer = microtorch.optim.SGD([w], lr=0.1)
        >>> handle = optimizer.register_step_pre_hook(lambda optimizer, args, kwargs: print("before"))
        >>> optimizer.step()
        before
        """
        return self._register("step_pre", hook)

    def register_step_post_hook(self, hook):
        """Call ``hook(optimizer, args, kwargs)`` after each step; ``remove()`` of the result takes the hook away."""
        return self._register("step_post", hook)

    def register_state_dict_pre_hook(self, hook, prepend=False):
        """Call ``hook(optimizer)`` before `state_dict` collects; `prepend` puts it before those that are there."""
        return self._register("state_dict_pre", hook, prepend)

    def register_state_dict_post_hook(self, hook, prepend=False):
        """Call ``hook(optimizer, state_dict)`` on what `state_dict` returns; its answer, if not None, is returned."""
        return self._register("state_dict_post", hook, prepend)

    def register_load_state_dict_pre_hook(self, hook, prepend=False):
        """Call ``hook(optimizer, state_dict)`` before it is loaded; its answer, if not None, is loaded instead."""
        return self._register("load_state_dict_pre", hook, prepend)

    def register_load_state_dict_post_hook(self, hook, prepend=False):
        """Call ``hook(optimizer)`` after a state has been loaded."""
        return self._register("load_state_dict_post", hook, prepend)


def register_optimizer_step_pre_hook(hook):
    """Call ``hook(optimizer, args, kwargs)`` before the steps of all optimizers, before their own hooks.

    Parameters
    ----------
    hook : callable
        What it returns, if not None, is ``(args, kwargs)`` for the step.

    Returns
    -------
    RemovableHandle
        Its ``remove()`` takes the hook away.
    """
    _BEFORE.append(hook)
    return RemovableHandle(_BEFORE, hook)


def register_optimizer_step_post_hook(hook):
    """Call ``hook(optimizer, args, kwargs)`` after the steps of all optimizers, after their own hooks.

    Parameters
    ----------
    hook : callable

    Returns
    -------
    RemovableHandle
        Its ``remove()`` takes the hook away.
    """
    _AFTER.append(hook)
    return RemovableHandle(_AFTER, hook)
