"""The options of parameter groups, as they are given."""

import difflib

from ...tensor import Tensor

# What PyTorch has for choosing between implementations.
HINTS = ("foreach", "fused", "capturable", "differentiable")


def named(params):
    """The parameters of a group as a list, and their names or None."""
    if isinstance(params, Tensor):
        params = [params]
    if params is None:
        raise ValueError("a parameter group is a dict with an entry 'params'")
    if isinstance(params, set):
        raise TypeError("parameters must be in a list, not a set: the order of a set differs from run to run")
    params = list(params)
    names = [entry[0] for entry in params if isinstance(entry, tuple)]
    if names and len(names) != len(params):
        raise ValueError("all optimizer params should be with/without names. Some param names are missing")
    if len(set(names)) != len(names):
        raise ValueError(f"two parameters of a group have the same name, among {', '.join(names)}")
    params = [entry[1] if isinstance(entry, tuple) else entry for entry in params]
    for p in params:
        if not isinstance(p, Tensor):
            raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {type(p).__name__}")
        if not p.is_leaf:
            raise ValueError(
                f"can't optimize a non-leaf Tensor: it is the result of {p.grad_fn.name()}. "
                "Give the tensor that it was computed from, or its detach().requires_grad_()."
            )
    return params, names or None


def as_number(name, value):
    """A tensor of one element as a number, betas as floats; everything else as it is."""
    if name == "betas":
        return tuple(map(float, value))
    if not isinstance(value, Tensor) or name == "params":
        return value
    if value.numel() != 1:
        raise ValueError(f"Tensor {name} must be 1-element, not of shape {value.shape}")
    return value.item()


def refuse(optimizer, hints, options):
    """Raise for an option that does not exist, or asks for what microtorch does not have."""
    for name, value in hints.items():
        if name not in HINTS:
            close = difflib.get_close_matches(name, options, 1)
            hint = f". Did you mean {close[0]!r}?" if close else ""
            raise TypeError(f"{optimizer}: there is no option {name!r}{hint}")
        if value and name in ("capturable", "differentiable"):
            raise ValueError(
                f"{optimizer}: {name}=True is not supported. "
                + (
                    "It is for CUDA graphs."
                    if name == "capturable"
                    else "To differentiate through updates, write them as operations: w2 = w - lr * dw, with dw from "
                    "autograd.grad(..., create_graph=True)."
                )
            )
