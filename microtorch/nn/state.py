"""The state of a module: its parameters, buffers and whatever else it declares, by path, out and in again."""

from ..autograd.hooks import RemovableHandle
from .loading import load

# Note [One truth]: every attribute of a module, parameters and submodules too, lives in its ``__dict__``, where
# Python finds it fastest. `_kinds` says which of the names are registered, as what, and in which order.
PARAMETER, BUFFER, TRANSIENT, MODULE = "parameter", "buffer", "transient buffer", "module"

EXTRA = "_extra_state"


class Stateful:
    """The part of `Module` that gives its state and takes it back."""

    _state_hooks = None  # most modules have none; else {when: list of callables}

    def get_extra_state(self):
        """More that `state_dict` keeps, under ``_extra_state``; to be defined with its setter.

        Numbers, strings, tensors, and lists and dicts of them can be written to a file by `microtorch.save`.
        """
        raise NotImplementedError(f"{type(self).__name__} has no extra state: define get_extra_state(self).")

    def set_extra_state(self, state):
        """Take back what `get_extra_state` gave; to be defined with it."""
        raise NotImplementedError(f"{type(self).__name__} has no extra state: define set_extra_state(self, state).")

    def _defines(self, name):
        return getattr(type(self), name) is not getattr(Stateful, name)

    def state_dict(self, *, destination=None, prefix="", keep_vars=False):
        """The parameters and persistent buffers by dotted path, and what `get_extra_state` of a module gives.

        Parameters
        ----------
        destination : dict, optional
            What to fill; default a new one.
        prefix : str, default ""
            What to put before each path.
        keep_vars : bool, default False
            Give the parameters themselves, rather than detached tensors over the same memory.

        Returns
        -------
        dict of str to Tensor
            Names, order and layouts are PyTorch's. The memory is shared: copy what is to stay as it is.
        """
        found = {} if destination is None else destination
        for hook in self._hooks_for("state_dict before"):
            hook(self, prefix, keep_vars)
        for name, t in self._of_kind(PARAMETER, BUFFER).items():
            if t is not None:
                found[prefix + name] = t if keep_vars else t.detach()
        if self._defines("get_extra_state"):
            found[prefix + EXTRA] = self.get_extra_state()
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(destination=found, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        for hook, may_replace in self._hooks_for("state_dict after"):
            answer = hook(self, found, prefix, local_metadata(self))
            if answer is not None:
                if not may_replace:
                    raise RuntimeError("a state_dict post-hook changes the dict it is given and returns None")
                found = answer
        return found

    def load_state_dict(self, state_dict, strict=True, assign=False):
        """Take over the values of a state dict, all of them or none.

        Parameters
        ----------
        state_dict : mapping of str to Tensor or array_like
            As `state_dict` gives it; PyTorch's fits too.
        strict : bool, default True
            Whether missing and unexpected names are errors. Wrong shapes always are.
        assign : bool, default False
            Put the given tensors in the place of the module's, with their dtypes and their memory, rather than copy
            their values. Make the optimizer afterwards: the parameters are other objects then.

        Returns
        -------
        IncompatibleKeys
            Named tuple of ``missing_keys`` and ``unexpected_keys``.

        Raises
        ------
        CheckpointError
            A table of every mismatch, with the names that were probably meant. Nothing has been changed then.

        Examples
        --------
        >>> nn.Linear(2, 3).load_state_dict({"wieght": [[1.0, 2.0]], "bias": [0.0, 0.0, 0.0]})
        Traceback (most recent call last):
        ...
        microtorch.errors.CheckpointError: load_state_dict: the state dict does not fit Linear; nothing was loaded.
          missing     weight  (3, 2) float32  the state dict has 'wieght': is that it?
          unexpected  wieght  (1, 2) float64  did you mean 'weight'?
        """
        return load(self, state_dict, strict, assign)

    # -- hooks -------------------------------------------------------------------------------------------------------

    def _hooks_for(self, when):
        return () if self._state_hooks is None else tuple(self._state_hooks.get(when, ()))

    def _add_state_hook(self, when, entry):
        if self._state_hooks is None:
            self._state_hooks = {}
        entries = self._state_hooks.setdefault(when, [])
        entries.append(entry)
        return RemovableHandle(entries, entry)

    def register_state_dict_pre_hook(self, hook):
        """Call ``hook(module, prefix, keep_vars)`` before `state_dict` gathers; ``remove()`` of the result ends it."""
        return self._add_state_hook("state_dict before", hook)

    def register_state_dict_post_hook(self, hook):
        """Call ``hook(module, state_dict, prefix, local_metadata)`` after `state_dict`; it may change the dict."""
        return self._add_state_hook("state_dict after", (hook, False))

    def _register_state_dict_hook(self, hook):
        """As `register_state_dict_post_hook`; what the hook returns, if not None, takes the place of the dict."""
        return self._add_state_hook("state_dict after", (hook, True))

    def register_load_state_dict_pre_hook(self, hook):
        """Call a hook before values are loaded, which may change the (copied) dict.

        Parameters
        ----------
        hook : callable
            ``hook(module, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)``.
            What it appends to `error_msgs`, a list, is an error of the loading.
        """
        return self._add_state_hook("load before", (hook, True))

    def _register_load_state_dict_pre_hook(self, hook, with_module=False):
        """As `register_load_state_dict_pre_hook`, and without the module as first argument unless `with_module`."""
        return self._add_state_hook("load before", (hook, with_module))

    def register_load_state_dict_post_hook(self, hook):
        """Call ``hook(module, incompatible_keys)`` after values are loaded; keys that it removes are no error."""
        return self._add_state_hook("load after", hook)


def local_metadata(module):
    """The dict that PyTorch's hooks are given as local_metadata."""
    return {"version": getattr(module, "_version", 1)}
