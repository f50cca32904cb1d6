"""The findings of a gradient check, element by element, and how it is shown."""

import html

import numpy as np

from ...errors import GradientError, visible

WORST = 5  # elements shown
KINKS = 3
NEGLIGIBLE = 1e-6  # of the natural size of a derivative


class GradcheckError(GradientError):
    """A gradient check failed; ``report`` holds the details."""

    def __init__(self, report):
        super().__init__(str(report))
        self.report = report


class Block:
    """The derivatives by one input: a row for each output element (or one, of a random sum of them).

    Attributes
    ----------
    name, shape
        Of the input.
    indices : list of tuple, or None
        The element of each column; None for one column along a random direction.
    analytic, numeric, error, low, high : ndarray of shape (rows, columns)
        What backward says, what values say and how far that may be off, and the one-sided derivatives.
    natural : float
        The size of the outputs by that of the input: a derivative far below it is zero but for rounding.
    kink, wrong, unsure : ndarray of bool
        Do the sides differ; is the analytic one refuted; could it be decided.
    """

    def __init__(self, name, shape, indices, analytic, estimates, natural=0.0):
        self.name, self.shape, self.indices, self.analytic, self.natural = name, shape, indices, analytic, natural
        columns = [np.stack(field, axis=-1) for field in zip(*estimates, strict=True)]
        # No columns for an input without elements.
        self.numeric, self.error, self.low, self.high, self.kink = columns[:5] or [np.zeros(analytic.shape)] * 5
        self.kink = self.kink.astype(bool)
        self.wrong = self.unsure = np.zeros(analytic.shape, bool)

    @property
    def scale(self):
        """The largest derivative."""
        return np.max(np.abs(self.numeric), where=np.isfinite(self.numeric), initial=0.0)

    def judge(self, within, floor, atol, rtol):
        """Set `wrong` and `unsure`."""
        with np.errstate(invalid="ignore"):  # inf − inf
            off = np.abs(self.analytic - self.numeric)
            if atol is None and rtol is None:
                allowed = within * self.error + floor * self.scale + 1e-14
            else:
                allowed = (atol or 0.0) + (rtol or 0.0) * np.abs(self.numeric)
            fine = off <= allowed
            fine |= self.kink & (self.analytic >= self.low - allowed) & (self.analytic <= self.high + allowed)
            size = np.max(np.abs(self.analytic), where=np.isfinite(self.analytic), initial=self.scale)
            size = max(size, NEGLIGIBLE * self.natural)
            coarse = ~np.isfinite(self.numeric) | (within * self.error > 0.1 * size) & (size > 0) & (self.error > 0)
        self.unsure = coarse & ~(self.kink & fine)
        self.wrong = ~fine & ~self.unsure

    def where(self, column):
        return f"{self.name} along a random direction" if self.indices is None else _at(self.name, self.indices[column])

    def line(self):
        """The summary of this input."""
        total = self.wrong.size
        bad = int(self.wrong.sum())
        head = f"  {self.name} {self.shape}: "
        elements = "directions" if self.indices is None else "elements" if len(self.analytic) == 1 else "derivatives"
        if bad:
            return head + f"{bad} of {total} {elements} wrong ({bad / total:.0%})"
        return head + f"{total} {elements} agree"


class Report:
    """The outcome of a gradient check: true if it passed; ``print`` shows it.

    Attributes
    ----------
    passed : bool
    blocks : list of Block
        One for each input checked.
    cause : str or None
        After a failure, what is likely wrong.
    notes : list of str
        What else is worth knowing: kinks, elements that could not be decided, buffers that drift.
    """

    def __init__(self):
        self.blocks, self.notes, self.cause, self.broken = [], [], None, False

    @property
    def passed(self):
        return not self.broken and not any(b.wrong.any() for b in self.blocks)

    def __bool__(self):
        return self.passed

    def fail(self, cause):
        """The check failed before any element could be compared."""
        self.broken, self.cause = True, cause
        return self

    def worst(self, count=WORST):
        """The elements that are wrong, the most wrong first.

        Returns
        -------
        list of dict
            With the keys input, index, output, analytic, numeric, error and numeric_error.
        """
        found = []
        for b in self.blocks:
            with np.errstate(invalid="ignore"):
                off = np.nan_to_num(np.abs(b.analytic - b.numeric), nan=np.inf, posinf=np.inf)
            for r, c in np.argwhere(b.wrong):
                found.append((off[r, c] / (b.scale or 1.0), b, int(r), int(c)))
        found.sort(key=lambda item: -item[0])
        return [
            {
                "input": b.name,
                "index": None if b.indices is None else b.indices[c],
                "output": r if len(b.analytic) > 1 else None,
                "analytic": float(b.analytic[r, c]),
                "numeric": float(b.numeric[r, c]),
                "error": float(abs(b.analytic[r, c] - b.numeric[r, c])),
                "numeric_error": float(b.error[r, c]),
            }
            for _, b, r, c in found[:count]
        ]

    def __str__(self):
        lines = [f"gradcheck {'passed' if self else 'failed'}"]
        if self.cause is not None:
            lines.append(f"  likely cause: {self.cause}")
        lines += [b.line() for b in self.blocks]
        worst = self.worst()
        if worst:
            lines.append(f"  {'element':24} {'analytic':>13} {'numeric':>13} {'error':>10} {'numeric error':>14}")
        for e in worst:
            place = f"{e['input']} (direction)" if e["index"] is None else _at(e["input"], e["index"])
            place += "" if e["output"] is None else f" of output {e['output']}"
            lines.append(
                f"  {place:24} {e['analytic']:13.6g} {e['numeric']:13.6g} {e['error']:10.2g} {e['numeric_error']:14.1g}"
            )
        lines += [f"  note: {note}" for note in self.notes]
        return "\n".join(visible(line) for text in lines for line in text.split("\n"))

    __repr__ = __str__

    def _repr_html_(self):
        """The report and, after a failure, a map of the errors of the worst input; notebooks show it."""
        text = f"<pre>{html.escape(str(self))}</pre>"
        failing = [b for b in self.blocks if b.wrong.any() and b.indices is not None]
        if not failing:
            return text
        b = max(failing, key=lambda b: b.wrong.mean())
        return text + _heat_map(b)


def _at(name, index):
    return f"{name}[{', '.join(map(str, index))}]" if index else name


def _heat_map(b):
    """A table with a cell for each element: white where it agrees, redder by the order of its relative error."""
    with np.errstate(all="ignore"):
        error = np.nan_to_num(np.abs(b.analytic - b.numeric).max(axis=0) / (b.scale or 1.0), nan=1.0, posinf=1.0)
    shape = b.shape if len(b.indices) == int(np.prod(b.shape)) else (len(b.indices),)
    cells = error.reshape(-1, shape[-1] if shape else 1)[:64, :64]
    wrong = b.wrong.any(axis=0).reshape(error.reshape(-1, shape[-1] if shape else 1).shape)[:64, :64]
    rows = []
    for i, row in enumerate(cells):
        tds = []
        for j, e in enumerate(row):
            depth = int(np.clip(12 + np.log10(max(float(e), 1e-12)), 0, 12)) if wrong[i, j] else 0
            colour = f"rgb(255,{255 - 19 * depth},{255 - 19 * depth})"
            tds.append(
                f'<td style="width:9px;height:9px;padding:0;background:{colour}" title="{i}, {j}: {float(e):.2g}"></td>'
            )
        rows.append(f"<tr>{''.join(tds)}</tr>")
    caption = html.escape(visible(f"relative error of the gradient of {b.name} {b.shape}"))
    style = "border-collapse:collapse;border:1px solid #888"
    return f'<table style="{style}"><caption>{caption}</caption>{"".join(rows)}</table>'
