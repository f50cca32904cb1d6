"""The base of all optimizers: parameter groups, the step, and a state that is saved under the parameters' names."""

import collections
import math

from ..autograd.inplace.changes import record_changes, watch, zero_gradient
from ..autograd.mode import enable_grad, state
from ..autograd.observe import tell
from ..errors import ShapeError, user_line
from ..tensor import Tensor
from .state.batches import Batches
from .state.checkpoint import read_state
from .state.hooks import (
    Hookable,
    hooked,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)
from .state.options import HINTS, as_number, named, refuse

__all__ = ["Optimizer", "register_optimizer_step_post_hook", "register_optimizer_step_pre_hook"]

# How PyTorch calls an option in its message about a bad value.
_CALLED = {"lr": "learning rate", "eps": "epsilon value"}


class Optimizer(Hookable):
    """The base of all optimizers; to write one, override `update` or `step`.

    Parameters
    ----------
    params : iterable of Tensor, of (str, Tensor), or of dict
        What to optimize: ``model.parameters()``, ``model.named_parameters()``, or parameter groups, each a dict with
        ``"params"`` and the options that differ from the defaults.
    defaults : dict
        The options of groups that do not give their own.
    **hints
        ``foreach`` and ``fused`` choose between implementations in PyTorch; here there is one, which is always fused,
        so they change nothing. ``capturable`` and ``differentiable`` ask for what microtorch does not have: only
        False is accepted.

    Attributes
    ----------
    param_groups : list of dict
        The groups; schedulers and scripts change the options in them.
    state : dict
        By parameter: a dict of tensors and numbers that the updates keep.

    Raises
    ------
    TypeError
        If `params` is a single tensor, or holds anything but tensors.
    ValueError
        If it is empty, names a parameter twice, holds a tensor that is the result of a recorded operation, or if an
        option is out of range.

    Notes
    -----
    Parameters whose ``.grad`` is None are left alone, as in PyTorch. An update writes into the parameters' memory;
    a graph that still needs the old values notices when it is differentiated.

    Examples
    --------
    >>> from microtorch.optim import Optimizer
    >>> class SignDescent(Optimizer):
    ...     def __init__(self, params, lr=0.1):
    ...         super().__init__(params, {"lr": lr})
    ...     def update(self, group):
    ...         for p, g, state, _ in self.gradients(group):
    ...             p -= group["lr"] * np.sign(g)
    >>> import numpy as np
    >>> w = microtorch.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = SignDescent([w])
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([ 0.9, -1.9], requires_grad=True)
    """

    # What the updates keep for a parameter, by name: a "count", a "number" that is not negative, a "real" number, an
    # "array" that `fits`, or lists, "numbers" and "arrays"; "array if amsgrad" only where that option, or that other
    # entry, is not zero. A saved state is checked by it. None: nothing is known.
    kept = None
    ranges = {}  # option -> (lowest, highest) allowed value
    formula = None  # formula(p, g, *arrays of the state, numbers); its kernel has the same name
    # From `kept`: its numbers, its arrays in the order of the formula, and which of these an option switches on.
    counts, arrays, optional = {}, (), {}

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "kept" in cls.__dict__:
            kinds = {key: kind.partition(" if ") for key, kind in cls.kept.items()}
            cls.counts = {key: kind for key, (kind, _, _) in kinds.items() if kind in ("count", "number")}
            cls.arrays = tuple(key for key, (kind, _, _) in kinds.items() if kind == "array")
            cls.optional = {key: option for key, (_, _, option) in kinds.items() if option}
        if "step" in cls.__dict__:
            cls.step = hooked(cls.step)

    def __init__(self, params, defaults, **hints):
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, but got a Tensor. "
                "Write [tensor]."
            )
        self.defaults = {name: as_number(name, value) for name, value in defaults.items()}
        refuse(type(self).__name__, hints, self.defaults)
        self.state = collections.defaultdict(dict)
        self.param_groups = []
        self.stepped = False  # schedulers warn if they are stepped first
        self._watched = {}  # parameter -> (its array, what `watch` found about it, whether it is contiguous)
        self._written = []  # what `watch` found, of the parameters that this step writes into
        self._batches = {}  # id of a group -> what the last step found
        self._prepared = {}  # the same of this step, where all groups are looked at before the first is changed
        if not hasattr(params, "__iter__"):
            model = " Write model.parameters()." if hasattr(params, "parameters") else ""
            raise TypeError(
                f"params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
                f"{type(params).__name__}.{model}"
            )
        groups = list(params)
        if not groups:
            raise ValueError(
                "optimizer got an empty parameter list. An iterator such as model.parameters() is empty after its "
                "first use: keep list(model.parameters()), or call it again. A model of plain lists of layers has no "
                "parameters either: use nn.ModuleList."
            )
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    # -- groups ----------------------------------------------------------------------------------------------------

    def add_param_group(self, param_group):
        """Optimize more parameters, with options of their own.

        Parameters
        ----------
        param_group : dict
            ``"params"``: tensors or (name, tensor) pairs; other entries take the place of the defaults.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group).__name__}")
        group = {k: as_number(k, v) for k, v in param_group.items() if k not in HINTS}
        refuse(type(self).__name__, {k: v for k, v in param_group.items() if k in HINTS}, self.defaults)
        group["params"], names = named(group.get("params"))
        if names is not None:
            group["param_names"] = names
        for name, default in self.defaults.items():
            group.setdefault(name, default)
        self.check(group)
        taken = {p for other in self.param_groups for p in other["params"]}
        if len(set(group["params"])) != len(group["params"]):
            twice = [i for i, p in enumerate(group["params"]) if p in set(group["params"][:i])]
            raise ValueError(
                f"a parameter group with duplicate parameters: number {', '.join(map(str, twice))} in it came before. "
                "Each would be updated twice in a step."
            )
        if taken.intersection(group["params"]):
            raise ValueError("some parameters appear in more than one parameter group")
        for other in self.param_groups:
            if ("param_names" in other) != (names is not None):
                how = "with" if names is not None else "without"
                raise ValueError(
                    "all optimizer param groups should be with/without names. "
                    f"cannot add param group {how} names to the optimizer"
                )
        self.param_groups.append(group)

    def check(self, group):
        """Raise ValueError if an option of `group` is out of its range."""
        for name, (lowest, highest) in self.ranges.items():
            if not lowest <= group[name] <= highest:
                called = _CALLED.get(name, f"{name} value")
                raise ValueError(
                    f"Invalid {called}: {group[name]}. {type(self).__name__} needs "
                    f"{lowest:g} <= {name}" + (f" <= {highest:g}." if highest < math.inf else ".")
                )
        for i, beta in enumerate(group.get("betas", ())):
            if not 0.0 <= beta < 1.0:
                raise ValueError(
                    f"Invalid beta parameter at index {i}: {beta}. {type(self).__name__} needs 0 <= beta < 1."
                )

    def names(self):
        """The names of all parameters in the order of the groups, or None where they are not known or not unique."""
        names = [
            name
            for group in self.param_groups
            for name in group.get("param_names") or [p.name for p in group["params"]]
        ]
        return names if None not in names and len(set(names)) == len(names) else None

    # -- the step --------------------------------------------------------------------------------------------------

    def zero_grad(self, set_to_none=True):
        """Forget the gradients.

        Parameters
        ----------
        set_to_none : bool, default True
            Set ``.grad`` to None, which costs nothing and lets the next backward write instead of add. Otherwise the
            gradients are filled with zeros.
        """
        if state.observers:
            tell("used", self)
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none:
                    p.grad = None
                else:
                    zero_gradient(p)

    @hooked
    def step(self, closure=None):
        """Update the parameters by their gradients.

        Parameters
        ----------
        closure : callable, optional
            Computes the loss anew, with its gradients, and returns it.

        Returns
        -------
        Tensor or None
            What `closure` returned.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        self.stepped = True
        written = self._written
        try:
            if len(self.param_groups) > 1 and type(self).update is Optimizer.update and self.formula is not None:
                for group in self.param_groups:  # all of them, before the first is changed
                    self._prepared[id(group)] = self._prepare(group)
            for group in self.param_groups:
                self.update(group)
        except (ValueError, NotImplementedError):
            self._explain()
            raise
        finally:
            self._prepared.clear()
            record_changes(written, f"{type(self).__name__}.step", user_line())
            written.clear()
        return loss

    def update(self, group):
        """Update the parameters of one group, by the optimizer's `formula` or, fused, by the kernel of that name."""
        if self.formula is None:
            raise NotImplementedError(f"{type(self).__name__} has neither update(group) nor step(closure).")
        batches, numbers = self._prepared.pop(id(group), None) or self._prepare(group)
        if batches.fresh:
            batches.start(self, numbers)
            self._batches[id(group)] = batches
        self._written += batches.watched
        for batch, (of_rule, counts) in zip(batches.batches, numbers):
            batch.run(of_rule, counts)
        batches.gradients = None

    def _prepare(self, group):
        """The arguments of `update`; raises, before anything is changed, where gradients or state do not fit."""
        batches = self._batches.get(id(group))
        if batches is None or batches.group is not group or not batches.hold(self.state):
            batches = Batches(self, group)
        return batches, [self.numbers(group, batch.entries[0].kept) for batch in batches.batches]

    def numbers(self, group, state):
        """The numbers of the formula at the next step of a parameter with this `state`.

        Returns
        -------
        numbers : tuple of float
            The last argument of the formula.
        counts : dict
            The numbers that the state keeps after the step, as ``{"step": 1}``.
        """
        raise NotImplementedError(f"{type(self).__name__} has no numbers(group, state).")

    def initial(self, group, key):
        """The number that the array `key` of a state is filled with at first."""
        return 0.0

    def called(self, param):
        """The name of `param`, or its number among all parameters."""
        names = self.names()
        everything = [p for group in self.param_groups for p in group["params"]]
        i = next(i for i, p in enumerate(everything) if p is param)
        return names[i] if names else i

    def gradients(self, group):
        """Go through the parameters of `group` that have a gradient, noting that they are written into.

        Yields
        ------
        p, g : ndarray
            A parameter's memory and its gradient.
        state : dict
            What is kept for the parameter from step to step; empty at first.
        contiguous : bool
            Whether both lie in memory in row-major order, as kernels need it.
        """
        known, written, kept = self._watched, self._written.append, self.state
        for param in group["params"]:
            grad = getattr(param, "_grad", None)  # as param.grad, 50 ns sooner
            if grad is None:
                continue
            p, g = param._array, grad._array
            found = known.get(param)
            if found is None or found[0] is not p:
                found = known[param] = p, watch(p), p.flags.c_contiguous
            written(found[1])
            yield p, g, kept[param], found[2] and g.flags.c_contiguous

    def _explain(self):
        """Raise ShapeError if an update failed because a parameter's gradient or state has another shape."""
        names = self.names()
        params = [p for group in self.param_groups for p in group["params"]]
        for i, p in enumerate(params):
            kept = {k: v.shape for k, v in self.state.get(p, {}).items() if isinstance(v, Tensor)}
            for key, shape in {"grad": p.grad.shape if p.grad is not None else p.shape, **kept}.items():
                if shape != p.shape:
                    raise ShapeError(
                        f"{type(self).__name__}.step: parameter {names[i] if names else i} has shape {p.shape} and "
                        f"its {key} {shape}. Was its data replaced? Call zero_grad(), and make a new optimizer."
                    ) from None

    # -- saving and loading ----------------------------------------------------------------------------------------

    def state_dict(self):
        """The state and the options, to be saved.

        Returns
        -------
        dict
            ``"state"``: a dict of tensors and numbers for each parameter, under its name where the names are known
            (the optimizer was made from ``model.named_parameters()``, or each parameter has a ``name`` of its own),
            else under its number, as in PyTorch. ``"param_groups"``: the options, with those keys as ``"params"``.
            The tensors are the optimizer's own, not copies, as in PyTorch.
        """
        for hook in self.hooks_on("state_dict_pre"):
            hook(self)
        keys, groups, start = self.names() or range(sum(len(g["params"]) for g in self.param_groups)), [], 0
        state = {}
        for group in self.param_groups:
            mine = list(keys[start : start + len(group["params"])])
            start += len(mine)
            groups.append({**{k: v for k, v in group.items() if k != "param_names"}, "params": mine})
            for key, p in zip(mine, group["params"], strict=True):
                if self.state.get(p):
                    state[key] = dict(self.state[p])
        result = {"state": state, "param_groups": groups}
        for hook in self.hooks_on("state_dict_post"):
            answer = hook(self, result)
            result = result if answer is None else answer
        return result

    def load_state_dict(self, state_dict):
        """Go on from a saved state.

        Parameters
        ----------
        state_dict : dict
            From `state_dict`, or one that PyTorch's optimizer of the same name made. The tensors are copied.

        Raises
        ------
        CheckpointError
            If it does not fit; the message lists every mismatch, and nothing is changed.

        Notes
        -----
        A state that was saved by name is loaded by name, whatever the order of the parameters is now. One that was
        saved by number is loaded by number, and its shapes are checked.
        """
        for hook in self.hooks_on("load_state_dict_pre"):
            answer = hook(self, state_dict)
            state_dict = state_dict if answer is None else answer
        groups, state = read_state(self, state_dict)
        self.param_groups = groups
        self.state = collections.defaultdict(dict, state)
        for hook in self.hooks_on("load_state_dict_post"):
            hook(self)

    def fits(self, param, key, value):
        """Whether the array `value`, saved as `key`, can be part of the state of `param`."""
        return value.shape == param.shape

    def __getstate__(self):
        # What `watch` found belongs to the memory of this process, and hooks to whoever registered them.
        kept = {name: value for name, value in self.__dict__.items() if name != "_hooks"}
        return {**kept, "_watched": {}, "_written": [], "_batches": {}, "_prepared": {}}

    def __repr__(self):
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {k}: {group[k]}" for k in sorted(group) if k not in ("params", "param_names")]
        return "\n".join([*lines, ")"])
