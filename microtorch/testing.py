"""``assert_close`` of torch.testing: whether results are what was expected, up to rounding."""

import numpy as np

from .ops._promotion import as_tensor

__all__ = ["assert_close"]

# PyTorch's tolerances by dtype: relative and absolute.
_TOLERANCES = {"float32": (1.3e-6, 1e-5), "float64": (1e-7, 1e-7)}


def assert_close(actual, expected, *, rtol=None, atol=None, equal_nan=False, check_dtype=True, msg=None):
    """Raise AssertionError unless `actual` and `expected` are close: ``|a - e| <= atol + rtol · |e|``.

    Parameters
    ----------
    actual, expected : Tensor, ndarray, number, or sequence or mapping of them
    rtol, atol : float, optional
        Default by dtype: 1.3e-6 and 1e-5 for float32, 1e-7 and 1e-7 for float64, 0 for others.
    equal_nan : bool, default False
        Whether NaN is close to NaN.
    check_dtype : bool, default True
        Whether the dtypes must be the same.
    msg : str, optional
        Said instead.

    Raises
    ------
    AssertionError
        With the place and size of the greatest difference.
    ValueError
        If only one of `rtol` and `atol` is given.

    Examples
    --------
    >>> microtorch.testing.assert_close(microtorch.ones(2) / 3 * 3, microtorch.ones(2))
    """
    if (rtol is None) != (atol is None):
        raise ValueError("assert_close: give both of rtol and atol, or none.")
    options = {"rtol": rtol, "atol": atol, "equal_nan": equal_nan, "check_dtype": check_dtype}
    problem = _difference(actual, expected, options, "")
    if problem is not None:
        raise AssertionError(msg or problem)


def _difference(actual, expected, options, place):
    """The difference, in words; None if nothing does. `place` is the path to it in sequences and mappings."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        if actual.keys() != expected.keys():
            return f"the keys{place} are {list(actual)}, expected {list(expected)}"
        pairs = [(actual[k], expected[k], f"{place}[{k!r}]") for k in expected]
    elif isinstance(expected, list | tuple) and isinstance(actual, list | tuple):
        if len(actual) != len(expected):
            return f"the lengths{place} are {len(actual)}, expected {len(expected)}"
        pairs = [(a, e, f"{place}[{i}]") for i, (a, e) in enumerate(zip(actual, expected, strict=True))]
    else:
        return _difference_of_arrays(_array(actual), _array(expected), place=place, **options)
    return next(filter(None, (_difference(a, e, options, where) for a, e, where in pairs)), None)


def _array(x):
    return as_tensor(x).detach().numpy()


def _difference_of_arrays(a, e, rtol, atol, equal_nan, check_dtype, place):
    if a.shape != e.shape:
        return f"the shapes{place} are {a.shape}, expected {e.shape}"
    if check_dtype and a.dtype != e.dtype:
        return f"the dtypes{place} are {a.dtype}, expected {e.dtype}"
    if rtol is None:
        rtol, atol = max(_TOLERANCES.get(x.dtype.name, (0, 0)) for x in (a, e))
    wrong = ~np.isclose(a.astype(float), e.astype(float), rtol, atol, equal_nan)
    if not wrong.any():
        return None
    apart = np.where(wrong, np.abs(a.astype(float) - e.astype(float)), -1)
    worst = np.unravel_index(np.argmax(apart), apart.shape)
    index = tuple(int(i) for i in worst)
    return (
        f"{int(wrong.sum())} of {a.size} elements{place} are not close: the greatest difference, {apart[worst]:.3g}, "
        f"is at {index}: {a[worst]:.7g}, expected {e[worst]:.7g} (rtol={rtol:g}, atol={atol:g})"
    )
