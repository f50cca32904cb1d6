"""How tensors are printed, and the options of it."""

import numpy as np

from .dtypes import bool_, float32, int64

__all__ = ["set_printoptions"]

_PROFILES = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": float("inf"), "edgeitems": 3, "linewidth": 80},
}
_options = {**_PROFILES["default"], "sci_mode": None}


def set_printoptions(precision=None, threshold=None, edgeitems=None, linewidth=None, profile=None, sci_mode=None):
    """Set how tensors are printed, in the whole process; what is None stays as it is, but `sci_mode`.

    Parameters
    ----------
    precision : int, default 4
        Digits after the point.
    threshold : int, default 1000
        Elements above which the middle is left out.
    edgeitems : int, default 3
        Elements at each end that are printed then.
    linewidth : int, default 80
        Characters in a line.
    profile : str, optional
        ``"default"``, ``"short"`` or ``"full"``: a whole set, which the others change.
    sci_mode : bool, optional
        Numbers as 1.2e+03 always, or never; None leaves it to the numbers.

    Raises
    ------
    ValueError
        For another profile.

    Examples
    --------
    >>> microtorch.set_printoptions(precision=2)
    >>> microtorch.tensor([0.12345, 100.0])
    tensor([  0.12, 100.  ])
    >>> microtorch.set_printoptions(profile="default")
    """
    if profile is not None:
        if profile not in _PROFILES:
            raise ValueError(f"set_printoptions: profile {profile!r} is none of {', '.join(_PROFILES)}.")
        _options.update(_PROFILES[profile])
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    _options.update({name: value for name, value in given.items() if value is not None}, sci_mode=sci_mode)


def text_of(tensor):
    """The text of a tensor, as ``repr`` gives it."""
    array = tensor._array
    floating = array.dtype.kind == "f"
    body = _number(array) if floating and array.ndim == 0 else _array(array)
    notes = [body]
    if array.dtype not in (float32, int64, bool_):
        notes.append(f"dtype={array.dtype.name}")
    if tensor.grad_fn is not None:
        notes.append(f"grad_fn=<{tensor.grad_fn.name()}>")
    elif tensor.requires_grad:
        notes.append("requires_grad=True")
    return f"tensor({', '.join(notes)})"


def _array(array):
    scientific, digits = _options["sci_mode"], _options["precision"]
    formatter = None
    if scientific and array.dtype.kind == "f":
        formatter = {"float_kind": lambda x: f"{x:.{digits}e}"}
    return np.array2string(
        array,
        separator=", ",
        prefix="tensor(",
        floatmode="maxprec",
        precision=digits,
        threshold=_options["threshold"],
        edgeitems=_options["edgeitems"],
        max_line_width=_options["linewidth"] - 5,
        suppress_small=scientific is False,
        formatter=formatter,
    )


def _number(array):
    scientific, digits = _options["sci_mode"], _options["precision"]
    if scientific is None:
        scientific = not (1e-4 <= abs(array) < 1e6 or array == 0)
    if scientific:
        return f"{array.item():.{digits}e}"
    text = np.format_float_positional(array, precision=digits, unique=False, trim="-")
    return text + "." if text.lstrip("-").isdigit() else text
