"""From wrong derivatives to what is likely wrong in the backward: each hypothesis is tested on the numbers.

Every hypothesis takes a `_Wrong` and returns a sentence if it explains the whole difference, else None. They are
asked in order, the more special first, because a special pattern often fits a general one as well.
"""

import numpy as np

SAME = 1e-5  # relative: far above the error of the numeric derivative, far below any wrong formula


class _Wrong:
    """One input whose derivatives are wrong, as two Jacobians, and what they can be compared with."""

    def __init__(self, block, x, others, y, out_shape):
        finite = np.isfinite(block.numeric) & ~block.kink & ~block.unsure
        self.name, self.shape, self.x, self.others, self.y, self.out_shape = (
            block.name,
            block.shape,
            x,
            others,
            y,
            out_shape,
        )
        self.finite = finite
        self.a, self.n = np.where(finite, block.analytic, 0.0), np.where(finite, block.numeric, 0.0)
        self.wrong = block.wrong
        self.scale = np.max(np.abs(self.n), initial=0.0) or 1.0
        self.complete = block.indices is not None and len(block.indices) == int(np.prod(block.shape))
        self.indices = block.indices

    def same(self, p, q):
        return p.shape == q.shape and bool(np.all(np.abs(p - q) <= SAME * self.scale))

    def near(self, p, q):
        """By element."""
        return np.abs(p - q) <= SAME * self.scale

    def nonzero(self, p):
        return np.abs(p) > SAME * self.scale

    @property
    def square(self):
        return self.complete and self.a.shape[0] == self.a.shape[1] and self.a.shape[0] > 1


def likely_cause(blocks, inputs, outputs):
    """The likely cause of a failed check, as a sentence.

    Parameters
    ----------
    blocks : list of Block
        Judged; whole Jacobians say more than samples.
    inputs : list of ndarray
        The values at which they were taken.
    outputs : list of Tensor
    """
    y = np.concatenate([np.ravel(t._array) for t in outputs]) if outputs else np.zeros(0)
    out_shape = outputs[0].shape if len(outputs) == 1 else None
    sentences = []
    swapped = _swapped(blocks)
    if swapped:
        return swapped
    for block, x in zip(blocks, inputs, strict=True):
        if block.wrong.any():
            others = [(b.name, o) for b, o in zip(blocks, inputs, strict=True) if b is not block]
            case = _Wrong(block, x, others, y, out_shape)
            found = next((s for s in (hypothesis(case) for hypothesis in HYPOTHESES) if s), None)
            sentences.append(f"{block.name}: {found or 'no known pattern fits'}")
    return "; ".join(sentences)


def _swapped(blocks):
    """Two inputs whose gradients are each other's."""
    for i, p in enumerate(blocks):
        for q in blocks[i + 1 :]:
            if (
                p.analytic.shape == q.analytic.shape
                and p.wrong.any()
                and p.indices is not None
                and q.indices is not None
            ):
                size = max(p.scale, q.scale)
                if all(np.allclose(s.analytic, t.numeric, rtol=0, atol=SAME * size) for s, t in ((p, q), (q, p))):
                    return (
                        f"the gradients of {p.name} and {q.name} are swapped: return them in the order of the arguments"
                    )
    return None


def _undefined(c):
    if np.isnan(c.a).any() or np.isinf(c.a).any():
        count = int(np.sum(~np.isfinite(c.a)))
        return f"{count} derivatives are NaN or infinite where the function is smooth: infinity times zero, or 0/0"
    return None


def _zero(c):
    if not c.nonzero(c.a).any():
        return "the gradient is zero: not computed, detached, or None returned"
    return None


def _constant_factor(c):
    """The same factor everywhere."""
    where = c.nonzero(c.n)
    if not where.any() or c.nonzero(c.a[~where]).any():
        return None
    ratios = c.a[where] / c.n[where]
    factor = float(np.median(ratios))
    if not c.same(c.a, factor * c.n) or abs(factor) < 1e-4:
        return None
    if abs(factor + 1) < 1e-4:
        return "wrong sign: off by the factor -1"
    return f"off by the factor {_number(factor)} everywhere{_size_of(factor, c)}"


def _number(factor):
    for k in range(2, 1025):
        if abs(abs(factor) * k - 1) < 1e-4:
            return f"{'-' if factor < 0 else ''}1/{k}"
    nearest = round(factor)
    return f"{nearest}" if nearest and abs(factor - nearest) < 1e-4 * abs(factor) else f"{factor:.4g}"


def _size_of(factor, c):
    """Whether a factor is the number of elements of something: a mean, or a sum, that was mistaken for the other."""
    sizes = {}
    for what, shape in (("the input", c.shape), ("the output", c.out_shape or ())):
        if shape:
            sizes.setdefault(int(np.prod(shape)), f"the number of elements of {what}")
        for i, length in enumerate(shape):
            sizes.setdefault(length, f"the length of dimension {i} of {what}")
    for size, words in sizes.items():
        if size > 1:
            if abs(abs(factor) * size - 1) < 1e-4:
                return f": 1/N with N = {size}, {words}; a mean where a sum belongs, or a division done twice"
            if abs(abs(factor) / size - 1) < 1e-4:
                return f": N = {size}, {words}; the 1/N of a mean is missing"
    if abs(factor - 2) < 1e-4:
        return ": something is counted twice, or the 1/2 of a square is missing"
    if abs(factor - 0.5) < 1e-4:
        return ": one of two paths is missing, or the 2 of a square"
    return ""


def _transposed(c):
    """The matrix gradient as its transpose."""
    if not c.complete or len(c.shape) < 2 or min(c.shape[-2:]) < 2:
        return None
    numeric = c.n.reshape(-1, *c.shape)
    if c.same(c.a, np.swapaxes(numeric, -1, -2).reshape(c.n.shape)):
        return "transposed: the last two dimensions are exchanged"
    return None


def _jacobian_transposed(c):
    """Backward does what forward does, instead of its transpose."""
    if c.square and c.same(c.a, c.n.T):
        return "the Jacobian is applied where its transpose belongs: W for Wᵀ, or a sum that runs the wrong way"
    return None


def _misplaced(c):
    """The right values at wrong places along a dimension."""
    if not c.complete or not c.shape:
        return None
    numeric = c.n.reshape(-1, *c.shape)
    for axis in range(1, numeric.ndim):
        if c.same(c.a, np.flip(numeric, axis).reshape(c.n.shape)):
            return f"reversed along dimension {axis - 1}"
        for shift in range(1, numeric.shape[axis]):
            if c.same(c.a, np.roll(numeric, shift, axis).reshape(c.n.shape)):
                return f"shifted by {shift} along dimension {axis - 1}: the wrong elements receive the gradient"
    return None


def _passed_through(c):
    if c.square and _diagonal(c, c.n) and c.same(c.a, np.eye(len(c.a))):
        return "the incoming gradient is passed on unchanged: the local derivative is missing"
    return None


def _kinds(p):
    """The different values in `p` other than 0, to four digits."""
    return sorted({float(f"{v:.4g}") for v in p} - {0.0})


def _stale_mask(c):
    """The same few values, at other places: a mask that is not the one of forward."""
    if not c.square or not _diagonal(c, c.a) or not _diagonal(c, c.n):
        return None
    a, n = np.diag(c.a), np.diag(c.n)
    if (
        not c.same(a, n)
        and _kinds(a) == _kinds(n)
        and len(_kinds(n)) == 1
        and (~c.nonzero(n)).any() | (~c.nonzero(a)).any()
    ):
        return "the mask used in backward is not that of forward (stale, or drawn anew): zeros at other places"
    return None


def _diagonal(c, p):
    return not c.nonzero(p - np.diag(np.diag(p))).any()


def _missing_rows(c):
    """The contributions of some outputs are right, those of others missing: a sum cut short."""
    if not c.complete or len(c.a) < 2:
        return None
    involved = c.nonzero(c.n).any(axis=1)
    right = np.all(c.near(c.a, c.n), axis=1)
    lost = involved & ~right
    # Each element of the input must still receive something: otherwise it is not a sum that is cut short.
    shared = c.nonzero(c.n).sum(axis=0)
    if c.nonzero(c.a[lost]).any() or not (involved & right).any() or shared.max() < 2:
        return None
    if c.out_shape is not None:
        by_place = lost.reshape(c.out_shape)
        for axis, length in enumerate(c.out_shape):
            one = np.moveaxis(by_place, axis, 0).reshape(length, -1)
            kept = np.moveaxis((involved & right).reshape(c.out_shape), axis, 0).reshape(length, -1)
            if length > 1 and np.all(one.all(axis=1) | kept.all(axis=1)) and _is_broadcast(c, axis):
                return (
                    f"missing sum: only {int(kept.all(axis=1).sum())} of {length} entries of dimension {axis} of the "
                    "output contribute. "
                    f"Sum over dimension {axis}, along which {c.name} was broadcast"
                )
    return (
        "contributions of some outputs are lost: repeated indices overwrite where they must add (np.add.at), or a sum "
        "is cut short"
    )


def _is_broadcast(c, axis):
    place = axis - (len(c.out_shape) - len(c.shape))
    return place < 0 or c.shape[place] == 1


def _missing_coupling(c):
    """Every element alone is considered, but in the function they act on one another."""
    if c.square and _diagonal(c, c.a) and not _diagonal(c, c.n):
        return (
            "a term that couples the elements is missing (the derivative of a sum, mean or maximum over a dimension, "
            "as in softmax or a normalisation)"
        )
    return None


def _missing_mean(c):
    """The difference is the same along a dimension: a mean that was not subtracted, or a constant term."""
    if not c.complete or not c.shape:
        return None
    d = (c.a - c.n).reshape(-1, *c.shape)
    for axis in range(1, d.ndim):
        if d.shape[axis] > 2 and c.same(d, np.broadcast_to(d.mean(axis=axis, keepdims=True), d.shape)):
            return (
                f"off by the same amount for all elements along dimension {axis - 1}: a mean over them is not "
                "subtracted, or a constant term is missing"
            )
    return None


def _region(c):
    """Wrong exactly where the input is in some region."""
    if c.indices is None:
        return None
    values = np.array([c.x[i] for i in c.indices])
    matters = (c.nonzero(c.n) | c.nonzero(c.a)).any(axis=0)
    bad = c.wrong.any(axis=0)
    good = ~bad & matters
    if bad.sum() < 2 or good.sum() < 2:
        return None
    what = _within(c, bad)
    for words, inside in (("negative", values < 0), ("positive", values > 0)):
        if inside[bad].all() and not inside[good].any():
            return f"off only where the input is {words}{what}"
    if values[bad].min() > values[good].max():
        return f"off only where the input is above {values[good].max():.3g}{what}"
    if values[bad].max() < values[good].min():
        return f"off only where the input is below {values[good].min():.3g}{what}"
    if np.abs(values[bad]).min() > np.abs(values[good]).max():
        return f"off only where the input is larger than {np.abs(values[good]).max():.3g} in size{what}"
    if np.abs(values[bad]).max() < np.abs(values[good]).min():
        return f"off only where the input is smaller than {np.abs(values[good]).min():.3g} in size{what}"
    return None


def _within(c, bad):
    """The fault inside a region, as the end of a sentence."""
    a, n = c.a[:, bad], c.n[:, bad]
    if not c.nonzero(a).any():
        return ": the gradient is zero there"
    if not c.nonzero(n).any():
        return ": the gradient should be zero there"
    where = c.nonzero(n)
    factor = float(np.median(a[where] / n[where]))
    if np.all(np.abs(a - factor * n) <= SAME * c.scale):
        return f": by the factor {_number(factor)} there"
    return ""


def _varying_factor(c):
    """A factor that is a simple function of an input or the output, element by element."""
    where = c.nonzero(c.n)
    if not where.any() or c.nonzero(c.a[~where]).any():
        return None
    rows, columns = np.nonzero(where)
    ratio = c.a[where] / c.n[where]
    if c.same(c.a[where] * c.n[where], np.ones_like(ratio)) and not np.allclose(ratio, 1):
        return "inverted: it is the reciprocal of what it should be"
    candidates = []
    if c.indices is not None:
        candidates.append((c.name, np.array([c.x[i] for i in c.indices])[columns]))
    if len(c.a) == len(c.y) and len(c.y) > 1:
        candidates.append(("the output", c.y[rows]))
    for name, other in c.others:  # of an elementwise operation, each output has its element of the other input
        if c.out_shape is not None and _fits(other.shape, c.out_shape):
            candidates.append((name, np.ravel(np.broadcast_to(other, c.out_shape))[rows]))
    for name, v in candidates:
        with np.errstate(all="ignore"):
            forms = {
                name: v,
                f"1 - {name}": 1 - v,
                f"{name}²": v * v,
                f"1 - {name}²": 1 - v * v,
                f"√{name}": np.sqrt(v),
                f"2·{name}": 2 * v,
                f"{name} - 1": v - 1,
                f"1 + {name}": 1 + v,
                f"exp({name})": np.exp(v),
            }
            for form, f in forms.items():
                if np.ptp(f) > 1e-3 and np.allclose(ratio * f, 1, rtol=1e-4):
                    return f"the factor {form} is missing"
                if np.ptp(f) > 1e-3 and np.allclose(ratio, f, rtol=1e-4):
                    return f"a factor {form} too much"
    return None


def _fits(shape, out_shape):
    try:
        return np.broadcast_shapes(shape, out_shape) == tuple(out_shape)
    except ValueError:
        return False


HYPOTHESES = (
    _undefined,
    _zero,
    _constant_factor,
    _passed_through,
    _transposed,
    _misplaced,
    _jacobian_transposed,
    _missing_rows,
    _region,
    _stale_mask,
    _missing_coupling,
    _varying_factor,
    _missing_mean,
)
