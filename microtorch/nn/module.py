"""Module: parameters, buffers and other modules under names, and the call that runs them."""

import difflib

import numpy as np

from ..autograd.inplace.changes import zero_gradient
from ..autograd.mode import state
from ..devices import check_device, not_here
from ..devices import device as device_type
from ..dtypes import as_dtype
from ..errors import DTypeError, GraphError, visible
from ..pytorch.legacy import dtype_of_type
from ..structure import structure
from ..tensor import Tensor
from .hooks import EVERY, Hookable, call_with_hooks
from .parameter import Parameter, is_lazy
from .scope import not_given_a_tensor, note_where
from .state import BUFFER, MODULE, PARAMETER, TRANSIENT, Stateful

__all__ = ["Module"]


class Module(Hookable, Stateful):
    """A part of a network: it holds parameters and other modules, and computes something with them.

    Subclass it, assign parameters (`Parameter`) and modules to attributes, and define ``forward``; call the module
    itself, not ``forward``.

    Attributes
    ----------
    training : bool
        Whether dropout, batch normalisation and the like behave as in training; see `train` and `eval`.

    Examples
    --------
    >>> class Net(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.fc1 = nn.Linear(4, 8)
    ...         self.fc2 = nn.Linear(8, 2)
    ...     def forward(self, x):
    ...         return self.fc2(nn.functional.relu(self.fc1(x)))
    >>> net = Net()
    >>> net(microtorch.ones(3, 4)).shape
    (3, 2)
    >>> net
    Net(
      (fc1): Linear(in_features=4, out_features=8, bias=True)
      (fc2): Linear(in_features=8, out_features=2, bias=True)
    )
    """

    def __new__(cls, *args, **kwargs):
        # Here rather than in __init__: a subclass that forgets super().__init__() works all the same.
        self = super().__new__(cls)
        self.__dict__.update(_kinds={}, training=True)
        return self

    def __init__(self):
        pass

    # -- running -----------------------------------------------------------------------------------------------------

    def forward(self, *args, **kwargs):
        """Compute the result; to be defined by the subclass."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it computes: define forward(self, ...).")

    def __call__(self, *args, **kwargs):
        outer = state.scope
        state.scope = (self, outer)  # what runs now records this module as its own
        try:
            if self._hooks is None and not EVERY:
                return self.forward(*args, **kwargs)
            return call_with_hooks(self, args, kwargs)
        except Exception as error:
            worded = not_given_a_tensor(error, self, args, kwargs)
            if worded is not None:
                note_where(worded, (self, outer))
                raise worded from None
            note_where(error, (self, outer))
            raise
        finally:
            state.scope = outer

    # -- registration ------------------------------------------------------------------------------------------------

    def __setattr__(self, name, value):
        if isinstance(value, Parameter | Module) or name in self._kinds:
            self._register(name, value)
        elif name in structure.names and self.__dict__.get(name, structure) is not value:
            object.__setattr__(self, name, value)
            structure.moved()
        else:
            object.__setattr__(self, name, value)

    def __delattr__(self, name):
        object.__delattr__(self, name)
        self._kinds.pop(name, None)
        structure.moved()

    def __getattr__(self, name):
        # Only for names that are not there, and for properties that raise an AttributeError of their own.
        if any(name in cls.__dict__ for cls in type(self).__mro__):
            return object.__getattribute__(self, name)  # once more, for its own words
        text = f"{type(self).__name__} has no attribute {name!r}."
        close = [] if name.startswith("__") else difflib.get_close_matches(name, [n for n in dir(self) if n[0] != "_"])
        if close:
            text += f" Did you mean {' or '.join(map(repr, close[:2]))}?"
        raise AttributeError(text, name=name)

    def _register(self, name, value):
        """Put `value` under a registered name, or register it; the first name of a parameter becomes its own."""
        kind = self._kinds.get(name)
        if isinstance(value, Parameter):
            new = PARAMETER
            if value.name is None:
                value.name = name
        elif isinstance(value, Module):
            new = MODULE
        elif value is None or (isinstance(value, Tensor) and kind in (BUFFER, TRANSIENT)):
            new = kind
        else:
            wanted = {PARAMETER: "a Parameter", MODULE: "a Module"}.get(kind, "a Tensor")
            hint = (
                " Write nn.Parameter(tensor), or change its values: module.p.data = tensor."
                if kind == PARAMETER
                else ""
            )
            raise TypeError(
                f"{type(self).__name__}.{name} is a {kind}: "
                f"it takes {wanted} or None, not {type(value).__name__}.{hint}"
            )
        if kind is not None and kind != new:
            del self._kinds[name]  # the new kind comes last
        if kind != new or self.__dict__.get(name, structure) is not value:
            self.__dict__[name] = value
            self._kinds[name] = new
            structure.moved()

    def _check_name(self, name, *kinds):
        """Complain if `name` is no name, or is taken by anything but one of these `kinds`."""
        if not isinstance(name, str):
            raise TypeError(f"a name must be a str, not {type(name).__name__}")
        if not name or "." in name:
            raise KeyError(f"the name {name!r} is empty or has a dot, which separates names in a path")
        kind = self._kinds.get(name)
        if kind not in kinds and hasattr(self, name):
            raise KeyError(
                f"{type(self).__name__} already has an attribute {name!r}, a {kind or 'plain attribute'}. "
                f"Choose another name, or del module.{name} first."
            )

    def register_parameter(self, name, param):
        """Register a Parameter, or None to reserve the name; same as assigning it to the attribute."""
        self._check_name(name, PARAMETER)
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(f"register_parameter: {name!r} must be a Parameter or None, not {type(param).__name__}")
        if param is not None and param.grad_fn is not None:
            raise GraphError(f"register_parameter: {name!r} is the result of an operation. Register a leaf: .detach().")
        self._kinds.setdefault(name, PARAMETER)
        self._register(name, param)

    def register_buffer(self, name, tensor, persistent=True):
        """Register a tensor that is part of the state but not trained, as a running mean.

        Parameters
        ----------
        name : str
        tensor : Tensor or None
        persistent : bool, default True
            Whether it is in `state_dict`.
        """
        self._check_name(name, BUFFER, TRANSIENT)
        if tensor is not None and (not isinstance(tensor, Tensor) or isinstance(tensor, Parameter)):
            raise TypeError(f"register_buffer: {name!r} must be a Tensor or None, not {type(tensor).__name__}")
        self._kinds.pop(name, None)
        self._kinds[name] = BUFFER if persistent else TRANSIENT
        self._register(name, tensor)

    def add_module(self, name, module):
        """Register a module under `name`; same as assigning it to the attribute."""
        self._check_name(name, MODULE)
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"add_module: {name!r} must be a Module or None, not {type(module).__name__}")
        self._kinds.setdefault(name, MODULE)
        self._register(name, module)

    register_module = add_module

    def _of_kind(self, *kinds):
        """The registered names of these kinds with what they hold, in the order of registration."""
        own = self.__dict__
        return {name: own[name] for name, kind in self._kinds.items() if kind in kinds}

    _parameters = property(lambda self: self._of_kind(PARAMETER))
    _buffers = property(lambda self: self._of_kind(BUFFER, TRANSIENT))
    _modules = property(lambda self: self._of_kind(MODULE))

    # -- walking -----------------------------------------------------------------------------------------------------

    def named_modules(self, memo=None, prefix="", remove_duplicate=True):
        """Itself and all modules below, with their dotted paths; a module that is there twice comes once."""
        memo = set() if memo is None else memo
        if remove_duplicate:
            if self in memo:
                return
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def modules(self):
        """Itself and all modules below, each once."""
        # By hand: the names of `named_modules` would double the time of a `zero_grad` in each step.
        seen, waiting = set(), [self]
        while waiting:
            module = waiting.pop()
            if module not in seen:
                seen.add(module)
                yield module
                own = module.__dict__
                waiting += [
                    own[n] for n, kind in reversed(own["_kinds"].items()) if kind == MODULE and own[n] is not None
                ]

    def named_children(self):
        """The modules directly below, with their names, each once."""
        seen = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self):
        """The modules directly below, each once."""
        return (module for _, module in self.named_children())

    def named_parameters(self, prefix="", recurse=True, remove_duplicate=True):
        """The parameters with their dotted paths; one that is shared comes once.

        Parameters
        ----------
        prefix : str, default ""
            What to put before each path.
        recurse : bool, default True
            Whether to go into the modules below.
        remove_duplicate : bool, default True
            Whether a shared parameter comes once, under its first path.

        Yields
        ------
        (str, Parameter)
        """
        return self._named((PARAMETER,), prefix, recurse, remove_duplicate)

    def parameters(self, recurse=True):
        """The parameters, each once, in the order of registration."""
        seen = set()
        for module in self.modules() if recurse else (self,):
            own = module.__dict__
            for name, kind in own["_kinds"].items():
                if kind == PARAMETER and (p := own[name]) is not None and p not in seen:
                    seen.add(p)
                    yield p

    def named_buffers(self, prefix="", recurse=True, remove_duplicate=True):
        """The buffers with their dotted paths."""
        return self._named((BUFFER, TRANSIENT), prefix, recurse, remove_duplicate)

    def buffers(self, recurse=True):
        """The buffers, each once."""
        return (b for _, b in self.named_buffers(recurse=recurse))

    def _named(self, kinds, prefix, recurse, remove_duplicate):
        modules = self.named_modules(None, prefix, remove_duplicate) if recurse else [(prefix, self)]
        seen = set()
        for path, module in modules:
            for name, t in module._of_kind(*kinds).items():
                if t is None or (remove_duplicate and t in seen):
                    continue
                seen.add(t)
                yield f"{path}.{name}" if path else name, t

    def get_submodule(self, target):
        """The module at a dotted path; itself at the empty path."""
        module = self
        for name in target.split(".") if target else ():
            module = getattr(module, name)  # whose message names near matches
            if not isinstance(module, Module):
                raise AttributeError(f"{name!r} in {target!r} is a {type(module).__name__}, not a Module")
        return module

    def get_parameter(self, target):
        """The parameter at a dotted path."""
        return self._get(target, (PARAMETER,))

    def get_buffer(self, target):
        """The buffer at a dotted path."""
        return self._get(target, (BUFFER, TRANSIENT))

    def _get(self, target, kinds):
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        value = getattr(module, name)
        if module._kinds.get(name) not in kinds:
            raise AttributeError(f"{target!r} is not a {kinds[0]} of {type(self).__name__}")
        return value

    # -- modes, gradients, dtypes ------------------------------------------------------------------------------------

    def train(self, mode=True):
        """Behave as in training, here and below (``mode=False``: as in evaluation); return itself."""
        if not isinstance(mode, bool):
            raise ValueError(f"train: the mode is True or False, not {mode!r}")
        for module in self.modules():
            module.training = mode
        return self

    def eval(self):
        """Behave as in evaluation, here and below; return itself."""
        return self.train(False)

    def requires_grad_(self, requires_grad=True):
        """Have all parameters take part in training, or none (``False``: frozen); return itself."""
        for p in self.parameters():
            p.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none=True):
        """Forget the gradients of all parameters; ``set_to_none=False`` keeps them, filled with zeros."""
        for p in self.parameters():
            if set_to_none:
                p.grad = None
            else:
                zero_gradient(p)

    def apply(self, fn):
        """Call ``fn(module)`` for every module below, then for itself; return itself.

        Examples
        --------
        >>> def reset(module):
        ...     if isinstance(module, nn.Linear):
        ...         nn.init.zeros_(module.bias)
        >>> nn.Sequential(nn.Linear(2, 2)).apply(reset)[0].bias.tolist()
        [0.0, 0.0]
        """
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def to(self, *args, dtype=None, device=None, non_blocking=False):
        """Convert parameters and buffers of floating dtype, in place; return itself.

        Parameters
        ----------
        *args : numpy.dtype or str or Tensor
            A dtype, ``"cpu"`` (the only device), or a tensor whose dtype to take.
        dtype : numpy.dtype, optional
        device : str or device, optional
        non_blocking : bool, default False
            Accepted for compatibility.

        Notes
        -----
        Parameters stay the same objects, so optimizers made before go on; gradients are converted too.
        """
        for a in args:
            if isinstance(a, Tensor):
                dtype = a.dtype
            elif isinstance(a, str | device_type):
                device = a
            elif not isinstance(a, bool):  # non_blocking
                dtype = a
        check_device(device)
        if dtype is None:
            return self
        dtype = as_dtype(dtype)
        if dtype.kind != "f":
            raise DTypeError(f"to: parameters are float32 or float64, not {dtype}")
        for t in (*self.parameters(), *self.buffers()):
            for held in (t, t.grad):
                if held is None or not held.is_floating_point() or held.dtype == dtype:
                    continue
                if is_lazy(held):
                    held.convert(dtype)
                else:
                    held.data = held._array.astype(dtype)
        return self

    def float(self):
        """Convert floating parameters and buffers to float32, in place; return itself."""
        return self.to(np.float32)

    def double(self):
        """Convert floating parameters and buffers to float64, in place; return itself."""
        return self.to(np.float64)

    def cpu(self):
        """Return itself: everything is on the CPU."""
        return self

    def cuda(self, device=None):
        """Raise ValueError: there is no CUDA `device` to move it to."""
        raise not_here("Module.cuda()")

    def type(self, dst_type):
        """Convert floating parameters and buffers to a dtype, in place; return itself.

        `dst_type` is a dtype, or what PyTorch calls tensors of one: ``FloatTensor`` or ``"torch.DoubleTensor"``.
        """
        return self.to(dtype_of_type(dst_type))

    # -- how it looks ------------------------------------------------------------------------------------------------

    def extra_repr(self):
        """The text between the parentheses of its repr; subclasses define it."""
        return ""

    def _repr_html_(self):
        from ..viz.page.notebook import module_html

        return module_html(self)

    def __repr__(self):
        lines = [visible(line) for line in self.extra_repr().splitlines()]
        children = [f"({visible(name)}): {module!r}".replace("\n", "\n  ") for name, module in self._modules.items()]
        kind = visible(type(self).__name__)
        if not children and len(lines) < 2:
            return f"{kind}({''.join(lines)})"
        return "\n  ".join([f"{kind}(", *lines, *children]) + "\n)"
