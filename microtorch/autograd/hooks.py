"""Hooks: functions that see a gradient, and what keeps it; and the handle that takes one away again."""

from ..errors import GraphError
from ..structure import structure


class RemovableHandle:
    """Takes a registered hook away again."""

    def __init__(self, hooks, entry):
        self._hooks, self._entry = hooks, entry

    def remove(self):
        """Take the hook away; a second call does nothing."""
        if self._entry in self._hooks:
            self._hooks.remove(self._entry)  # what was recorded while it was there holds without it, too

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.remove()


class Hooked:
    """The part of `Tensor` that says who is told of its gradient."""

    __slots__ = ()

    @property
    def hooks(self):
        """list of callable: what `register_hook` has registered on a leaf."""
        try:
            return self._hooks
        except AttributeError:
            self._hooks = []
            return self._hooks

    def register_hook(self, hook):
        """Call `hook(grad)` when the gradient of this tensor is complete.

        Parameters
        ----------
        hook : callable
            Takes the gradient, a Tensor; what it returns, if not None, takes the gradient's place.

        Returns
        -------
        RemovableHandle
            Its ``remove()`` takes the hook away.

        Examples
        --------
        >>> x = microtorch.ones(2, requires_grad=True)
        >>> handle = x.register_hook(lambda grad: grad * 10)
        >>> (x * 3).sum().backward()
        >>> x.grad
        tensor([30., 30.])
        """
        if not self.requires_grad:
            raise GraphError("register_hook: this tensor does not require a gradient, so no gradient will come.")
        node = self.grad_fn  # the hook goes there: it lives as long as the graph, the tensor may not
        hooks = self.hooks if node is None else node.hooks_of(self.output_nr)
        hooks.append(hook)
        if node is None:
            structure.moved()
        return RemovableHandle(hooks, hook)

    def retain_grad(self):
        """Have `backward` fill ``.grad`` of this tensor although it is not a leaf, with what its hooks make of it."""
        if not self.requires_grad:
            raise GraphError("retain_grad: this tensor does not require a gradient.")
        if self.grad_fn is not None:
            self.grad_fn.retain(self, self.output_nr)

    @property
    def retains_grad(self):
        """bool: whether `retain_grad` was called on this result."""
        return self.grad_fn is not None and self.grad_fn.retains(self, self.output_nr)
