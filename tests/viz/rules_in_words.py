"""What the words of a rule mean, in numpy, for rules that are no formulas: each is a function of the call.

The call has the arguments by name, `y` and `dy` (a list each, of all results), `shape`, that of what the gradient is
for, and `argument`, its name. Nothing here looks into the package.
"""

import numpy as np


def _added(call, index, shape, what):
    total = np.zeros(shape)
    np.add.at(total, index, what)
    return total


def _there(call, of=None):
    """The part that steps show, views as (operation, arguments, number) of slices, then an index."""
    place = call.dy[0] if of is None else of
    for _, args, _ in call.steps:
        place = place[args[0]]
    return place if call.get("then") is None else place[call.then]


def _cleared(call):
    places = np.arange(call.dy[0].size).reshape(call.dy[0].shape)
    return np.where(np.isin(places, _there(call, places)), 0, call.dy[0])


def _at_positions(call):
    """Several results, the second of which is positions along a dimension."""
    if not call.shape:
        return call.dy[0]
    dx, dim = np.zeros(call.shape), call.dim
    dy, i = call.dy[0], np.asarray(call.y[1])
    if dy.ndim < dx.ndim:
        dy, i = np.expand_dims(dy, dim), np.expand_dims(i, dim)
    np.put_along_axis(dx, i, dy, dim)
    return dx


def _at_indices(call):
    """The dimension `dim` may be missing in the indices: one position each."""
    if not call.dy[0].ndim:
        return call.dy[0]
    indices = call.indices if call.indices.ndim == call.dy[0].ndim else np.expand_dims(call.indices, call.dim)
    return np.take_along_axis(call.dy[0], indices, call.dim).reshape(call.shape)


def _along(call, source, index=None):
    """What was added at ``index`` along ``dim``, back in the shape of x."""
    total = np.zeros(call.shape)
    index = call.index if index is None else index
    if not index.ndim:
        return source
    for place in np.ndindex(*index.shape):
        to = list(place)
        to[call.dim] = index[place]
        total[tuple(to)] += source[place]
    return total


def _meeting(call):
    """[(where x and y are, [where src is])] of all that meet at a place, for each place."""
    found = {place: [] for place in np.ndindex(*call.x.shape)}
    for place in np.ndindex(*call.index.shape):
        to = list(place)
        to[call.dim] = int(call.index[place])
        found[tuple(to)].append(place)
    return found.items()


def _met(call, slope):
    """dx or dsrc: dy times ``slope(numbers that meet there, position of this one)``; x is the first of them."""
    grads = {"x": np.zeros(call.x.shape), "src": np.zeros(call.src.shape)}
    for to, places in _meeting(call):
        numbers = np.array([call.x[to], *(call.src[place] for place in places)])
        grads["x"][to] = call.dy[0][to] * slope(numbers, 0)
        for k, place in enumerate(places, 1):
            grads["src"][place] = call.dy[0][to] * slope(numbers, k)
    return grads[call.argument]


def _other_factors(call):
    return _met(call, lambda numbers, k: np.delete(numbers, k).prod())


def _shared_extreme(call):
    def slope(numbers, k):
        best = call.ufunc.reduce(numbers)
        return (numbers[k] == best) / np.sum(numbers == best)

    return _met(call, slope)


def _taken(call):
    found = np.zeros(call.index.shape)
    for place in np.ndindex(*call.index.shape):
        to = list(place)
        to[call.dim] = call.index[place]
        found[place] = call.dy[0][tuple(to)]
    return found


def _without_written(call):
    dx = call.dy[0].copy()
    for place in np.ndindex(*call.index.shape):
        to = list(place)
        to[call.dim] = call.index[place]
        dx[tuple(to)] = 0
    return dx


def _piece(call):
    xs = call.xs
    k = int(call.argument[3:-1])
    start = sum(x.shape[call.dim] for x in xs[:k])
    return np.take(call.dy[0], range(start, start + xs[k].shape[call.dim]), call.dim)


def _others(call, upto):
    """Σ over places j of dy[j] · Π of x[k] over k ≠ i (k ≤ j if `upto`), for each i of the last dimension."""
    dims = range(call.x.ndim) if call.dim is None else (call.dim,)
    x = np.moveaxis(call.x, list(dims), range(-len(list(dims)), 0))
    moved = x.shape
    x = x.reshape(*moved[: x.ndim - len(list(dims))], -1)
    dy = np.moveaxis(call.dy[0], call.dim, -1) if upto else call.dy[0].reshape(x.shape[:-1])
    dx = np.zeros(x.shape)
    for i in range(x.shape[-1]):
        if upto:
            for j in range(i, x.shape[-1]):
                rest = [k for k in range(j + 1) if k != i]
                dx[..., i] += dy[..., j] * x[..., rest].prod(-1)
        else:
            dx[..., i] = dy * x[..., [k for k in range(x.shape[-1]) if k != i]].prod(-1)
    return np.moveaxis(dx.reshape(moved), range(-len(list(dims)), 0), list(dims))


def _shares_of_later_sums(call):
    x, y, dy = (np.moveaxis(a, call.dim, 0) for a in (call.x, call.y[0], call.dy[0]))
    dx = np.zeros(x.shape)
    for j in range(len(x)):
        dx[: j + 1] += dy[j] * np.exp(x[: j + 1] - y[j])
    return np.moveaxis(dx, 0, call.dim)


def _recurrence(call):
    """du, from the end; the a of a place carries what comes after it."""
    dy, a = np.moveaxis(call.dy[0], call.dim, 0), np.moveaxis(call.a, call.dim, 0)
    du = dy.copy()
    for i in range(len(du) - 2, -1, -1):
        du[i] += a[i + 1] * du[i + 1]
    return np.moveaxis(du, 0, call.dim)


def _times_the_y_before(call):
    du = np.moveaxis(_recurrence(call), call.dim, 0)
    y = np.moveaxis(call.y[0], call.dim, 0)
    return np.moveaxis(du * np.concatenate([np.zeros_like(y[:1]), y[:-1]]), 0, call.dim)


def _summed_repeats(call):
    """Each copy's gradient, added to the original's, place by place."""
    dy = call.dy[0]
    shape = (1,) * (dy.ndim - len(call.shape)) + call.shape
    dx = np.zeros(shape)
    for place in np.ndindex(*dy.shape):
        dx[tuple(i % n for i, n in zip(place, shape, strict=True))] += dy[place]
    return dx.reshape(call.shape)


def _polar(call):
    u, s, v = np.linalg.svd(call.x, full_matrices=False)
    ut, vt = np.swapaxes(u, -1, -2), np.swapaxes(v, -1, -2)
    inner = ut @ call.dy[0] @ vt
    turn = u @ ((inner - np.swapaxes(inner, -1, -2)) / (s[..., :, None] + s[..., None, :])) @ v
    # "…": the part of dy outside of the singular vectors' planes, where x is not square
    free = call.dy[0] @ vt - u @ (ut @ call.dy[0] @ vt)
    wide = ut @ call.dy[0] - (ut @ call.dy[0] @ vt) @ v
    return turn + (free / s[..., None, :]) @ v + (u / s[..., None, :]) @ wide


def _without_mean_and_part(call):
    """On one rank, whose samples are all there are."""
    axes, wide = (0, *range(2, call.x.ndim)), (1, -1) + (1,) * (call.x.ndim - 2)
    weight = 1 if call.weight is None else call.weight.reshape(wide)
    spread = np.sqrt(call.x.var(axes, keepdims=True) + call.eps)
    normal, dy = (call.x - call.x.mean(axes, keepdims=True)) / spread, call.dy[0]
    mean, along = dy.mean(axes, keepdims=True), (dy * normal).mean(axes, keepdims=True)
    return weight / spread * (dy - mean - normal * along)


def _inverse_of_the_second(call):
    """Of a function of two results, the first of which has no gradient."""
    return np.swapaxes(np.linalg.inv(call.x), -1, -2) * call.dy[1][..., None, None]


def _unpadded(call):
    dx = np.zeros(call.shape)
    inside = tuple(slice(max(b, 0), n - max(a, 0)) for (b, a), n in zip(call.amounts, call.dy[0].shape, strict=True))
    kept = tuple(slice(max(-b, 0), n - max(-a, 0)) for (b, a), n in zip(call.amounts, call.shape, strict=True))
    dx[kept] = call.dy[0][inside]
    return dx


def _unrolled(call):
    dy = call.dy[0]
    for shift, dim in zip(call.shifts, call.dims, strict=True):
        dy = np.roll(dy, -shift, dim)
    return dy


def _on_diagonal(call):
    dx = np.zeros(call.shape)
    view = np.diagonal(dx, *call.place)
    view.flags.writeable = True
    view[...] = call.dy[0]
    return dx


WORDS = {
    "0, and dy on the diagonal": _on_diagonal,
    "the diagonal of dy": lambda c: np.diagonal(c.dy[0], *c.place),
    "dy on and below a diagonal, else 0": lambda c: np.tril(c.dy[0], c.k),
    "dy on and above a diagonal, else 0": lambda c: np.triu(c.dy[0], c.k),
    "0, and dy at index": lambda c: _added(c, c.index, c.shape, c.dy[0]),
    "dy[index]": lambda c: c.dy[0][c.index],
    "0, and dy added at index, once for each naming": lambda c: _added(c, c.index, c.shape, c.dy[0]),
    "the rows of the gradient at index": lambda c: c.dy[0][c.index],
    "dy at indices": _at_indices,
    "0, and dy added at index along dim": lambda c: _along(c, c.dy[0]),
    "dy at index along dim": _taken,
    "dy, and 0 at index along dim": _without_written,
    "dy, with 0 there": _cleared,
    "dy there": _there,
    "dy at i, else 0": _at_positions,
    "dy put back to where each came from": _at_positions,
    "0, and dy added at k along dim": lambda c: _along(c, c.dy[0], np.asarray(c.y[1])),
    "dy times the other factors there": _other_factors,
    "dy at index along dim, times the other factors": _other_factors,
    "dy, divided among those equal to y": _shared_extreme,
    "dy at index along dim, divided among those equal to y": _shared_extreme,
    "x⁻ᵀ times the gradient of log |det x|": _inverse_of_the_second,
    "weight / σ times dy without its mean over all ranks and without its part along x̂": _without_mean_and_part,
    "the sum of dy from each place to the end": lambda c: np.flip(np.flip(c.dy[0], c.dim).cumsum(c.dim), c.dim),
    "the sum of dy times the product without xᵢ, from each place to the end": lambda c: _others(c, True),
    "dy divided by 2ᵏ": lambda c: c.dy[0] / 2.0 ** c.y[1],
    "the sum of dyⱼ · exp(xᵢ − yⱼ) from each place i to the end": _shares_of_later_sums,
    "dy times the product of the other elements": lambda c: _others(c, False),
    "the same recurrence of dy from the end": _recurrence,
    "du times the y before": _times_the_y_before,
    "U ((Uᵀ dy V − its transpose) / (σᵢ + σⱼ)) Vᵀ, …": _polar,
    "dy in the shape of x": lambda c: c.dy[0].reshape(c.shape),
    "dy summed over what was repeated": _summed_repeats,
    "dy with its dimensions back in their order": lambda c: np.transpose(c.dy[0], np.argsort(c.axes)),
    "the part of dy that came from xᵢ": _piece,
    "dy at i": lambda c: np.take(c.dy[0], int(c.argument[3:-1]), c.dim),
    "dy without the border": _unpadded,
    "dy with them reversed": lambda c: np.flip(c.dy[0], c.dims),
    "dy moved back": _unrolled,
    "the dyᵢ one after the other": lambda c: np.concatenate(c.dy, c.dim),
    "the dyᵢ along that dimension": lambda c: np.stack(c.dy, c.dim),
}
