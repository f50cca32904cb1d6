"""Arrays as short text: all numbers of a small one, a tiny histogram and a few statistics of a larger one."""

import numpy as np

SMALL = 6  # numbers that still fit into a box
_BARS = "▁▂▃▄▅▆▇█"


def number(x):
    """A number in at most eight characters or so."""
    x = x.item() if isinstance(x, np.generic) else x
    if isinstance(x, bool | int):
        return str(x)
    if x != x or x in (float("inf"), float("-inf")):
        return {"inf": "∞", "-inf": "−∞"}.get(str(x), "NaN")
    size = abs(x)
    text = f"{x:.3g}" if size == 0 or 1e-3 <= size < 1e4 else f"{x:.1e}"
    mantissa, _, exponent = text.partition("e")
    mantissa = mantissa.removesuffix(".0") if exponent else mantissa
    return (mantissa + (f"e{int(exponent)}" if exponent else "")).replace("-", "−")


def shape_text(shape):
    """``4 × 3``; a scalar is ``1``'s absence: "scalar"."""
    return " × ".join(map(str, shape)) if shape else "scalar"


def size_text(nbytes):
    """Bytes with a unit."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if nbytes >= size:
            return f"{nbytes / size:.3g} {unit}"
    return f"{nbytes} B"


def time_text(seconds):
    """Seconds with a unit."""
    for unit, size in (("s", 1), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def statistics(array, bins=12):
    """The summary of a large array.

    Returns
    -------
    dict
        norm, min, max, mean, std over the finite elements; nan, inf and zero as counts; size; histogram as counts
        between min and max.
    """
    flat = np.asarray(array).ravel().astype(np.float64)
    finite = flat[np.isfinite(flat)]
    found = {
        "size": flat.size,
        "nan": int(np.isnan(flat).sum()),
        "inf": int(np.isinf(flat).sum()),
        "zero": int((flat == 0).sum()),
        "norm": float(np.sqrt((finite * finite).sum())),
    }
    if finite.size:
        low, high = float(finite.min()), float(finite.max())
        counts = [finite.size] if low == high else np.histogram(finite, bins, (low, high))[0].tolist()
        found.update(min=low, max=high, mean=float(finite.mean()), std=float(finite.std()), histogram=counts)
    return found


def sparkline(counts):
    """Counts as a line of bars; what is there at all is seen."""
    top = max(counts)
    return "".join(" " if not c else _BARS[-(-c * (len(_BARS) - 1) // top)] for c in counts)


def summary(array):
    """One line: the numbers of a small array, else a histogram, norm and range; NaN and inf always said."""
    if array.size == 0:
        return "empty"
    if array.size <= SMALL:
        return _nested(array)
    s = statistics(array)
    text = (
        f"{sparkline(s['histogram'])} ‖{number(s['norm'])}‖ {number(s['min'])}…{number(s['max'])}" if "min" in s else ""
    )
    bad = [f"{s[k]} {word}" for k, word in (("nan", "NaN"), ("inf", "inf")) if s[k]]
    return " ".join(filter(None, [text, *bad]))


def _nested(array):
    if array.ndim == 0:
        return number(array[()])
    if array.ndim == 1:
        return " ".join(number(x) for x in array)
    return "; ".join(_nested(row) for row in array)
