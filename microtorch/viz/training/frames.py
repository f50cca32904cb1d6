"""Pictures of one step: histograms, maps over inputs of two features, weights as images, and the worst samples."""

import base64

import numpy as np

from ...autograd.mode import no_grad
from ...tensor import over
from .looking import Look, looking_on

__all__ = ["Maps", "first_weights", "histogram", "worst"]


BINS = 24
GRID = 32  # places along each side of a map
POINTS = 300  # samples that are drawn on it, or one batch more
UNITS = 24  # of a layer that get a map, or whose weights are shown
PIXELS = 1024  # up to which weights and samples are shown as images


def packed(array):
    """uint8 numbers as text."""
    return base64.b64encode(np.ascontiguousarray(array, np.uint8).tobytes()).decode()


def histogram(array):
    """``[low, high, counts]`` of the finite numbers, or None."""
    flat = np.asarray(array, np.float64).ravel()
    flat = flat[np.isfinite(flat)]
    if not flat.size:
        return None
    low, high = float(flat.min()), float(flat.max())
    counts = np.histogram(flat, BINS, (low, high if high > low else low + 1))[0]
    return [float(f"{low:.3g}"), float(f"{high:.3g}"), packed(np.ceil(counts * (255 / counts.max())))]


def grey(rows):
    """Each row as numbers of 0 to 255, with 0 in the middle where there are both signs."""
    rows = np.asarray(rows, np.float64)
    top = np.abs(rows).max(initial=0) or 1.0
    return packed(np.clip(127.5 + 127.5 * rows / top, 0, 255))


def sides(size):
    """(height, width, channels) of `size` numbers as an image, or None."""
    for channels in (1, 3):
        side = round((size / channels) ** 0.5)
        if size <= PIXELS * channels and side * side * channels == size and side > 3:
            return side, side, channels
    return None


def first_weights(parameters):
    """The rows of the first weight as images, where they have a square number of entries."""
    for name, p in parameters:
        if p.ndim == 2:
            shape = sides(p.shape[1])
            if shape is None:
                return None
            rows = p._array[:UNITS]
            return {"name": name, "shape": shape, "count": len(rows), "data": grey(rows)}
    return None


def worst(look, inputs, count=8):
    """The samples of the batch whose right class has the least probability, as images."""
    name, scores, labels = look.charged
    if name != "CrossEntropy" or scores.ndim != 2 or labels.ndim != 1 or labels.dtype.kind not in "iu":
        return None
    flat = inputs.reshape(len(inputs), -1)
    shape = sides(flat.shape[1])
    if shape is None or len(flat) != len(scores):
        return None
    shifted = np.exp(scores - scores.max(1, keepdims=True), dtype=np.float64)
    p = shifted / shifted.sum(1, keepdims=True)
    right = p[np.arange(len(p)), np.clip(labels, 0, p.shape[1] - 1)]
    chosen = np.argsort(right, kind="stable")[:count]
    low, high = flat[chosen].min(), flat[chosen].max()
    pixels = packed((flat[chosen] - low) * (255 / ((high - low) or 1)))
    told = [[int(labels[i]), int(p[i].argmax()), float(f"{right[i]:.2g}")] for i in chosen]
    return {"shape": shape, "samples": told, "data": pixels}


class Maps:
    """Outputs of the model and its hidden units all over the plane, for inputs of two features."""

    def __init__(self, model, layers, inputs):
        self.model, self.layers, self.points = model, layers, {}  # {(x, y): label}
        low, high = inputs.min(0), inputs.max(0)
        margin = 0.25 * (high - low) + 1e-6
        self.box = [float(v) for v in (*(low - margin), *(high + margin))]
        x = np.linspace(self.box[0], self.box[2], GRID)
        y = np.linspace(self.box[3], self.box[1], GRID)  # the first row is the upper one
        self.places = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2).astype(inputs.dtype)

    def add(self, inputs, labels):
        """Samples to draw, as long as there are few."""
        if len(self.points) < POINTS:
            places = map(tuple, np.round(inputs, 3).tolist())
            self.points |= dict(zip(places, np.asarray(labels).ravel().tolist(), strict=True))

    def told(self):
        """The part of the plane and the samples, as the page has them."""
        return {"box": self.box, "at": list(map(list, self.points)), "labels": list(self.points.values())}

    def frame(self):
        """The class (or output) at each place, and the value of each hidden unit."""
        modules = list(self.model.modules())
        modes = [m.training for m in modules]
        look = Look(self.layers)
        for m in modules:
            m.training = False
        try:
            with looking_on(look), no_grad():
                out = self.model(over(self.places))._array
        finally:
            for m, mode in zip(modules, modes, strict=True):
                m.training = mode
        units = [{"layer": path, **unit_maps(y)} for path, y in list(look.results.items())[:-1] if y.ndim == 2]
        return {"output": output_map(out), "units": units[:6]}


def output_map(out):
    """Two rows of numbers: the class at each place, and how sure it is; for one output the value alone."""
    if out.ndim == 2 and out.shape[1] > 1:
        shifted = np.exp(out - out.max(1, keepdims=True), dtype=np.float64)
        p = shifted / shifted.sum(1, keepdims=True)
        return {"classes": out.shape[1], "which": packed(out.argmax(1)), "sure": packed(255 * p.max(1))}
    flat = out.reshape(len(out), -1)[:, 0]
    sure = 1 / (1 + np.exp(-np.abs(flat, dtype=np.float64)))
    return {"classes": 1, "which": packed(flat > 0), "sure": packed(255 * sure)}


def unit_maps(y):
    """Each unit at each second place, scaled by its largest value."""
    half = y.reshape(GRID, GRID, -1)[::2, ::2].reshape(-1, y.shape[1])[:, :UNITS].astype(np.float64)
    top = np.abs(half).max(0)
    return {"count": half.shape[1], "data": packed(np.clip(127.5 + 127.5 * half / np.where(top > 0, top, 1), 0, 255).T)}
