"""The history of a training: numbers by step and by evaluation, as tables, files and a plot."""

import csv
import html
import json
import math

import numpy as np

from ..errors import CheckpointError, describe, needs, visible
from ..io.files import replacing, save_figure
from ..io.npz import save_npz

__all__ = ["History", "Table"]


class Table:
    """Columns of numbers of equal length, in the order in which they came.

    Parameters
    ----------
    columns : dict of str to list, optional
        What is in it at first.

    Attributes
    ----------
    columns : dict of str to list of int or float

    Notes
    -----
    As text, in notebooks and by `markdown` it is a table; `to_csv`, `to_jsonl` and `to_npz` write files.

    Examples
    --------
    >>> from microtorch.train import Table
    >>> table = Table()
    >>> table.append(step=100, loss=0.5)
    >>> table.append(step=200, loss=0.25, accuracy=0.9)
    >>> print(table)
    step    loss  accuracy
     100  0.5000       nan
     200  0.2500    0.9000
    >>> table["loss"]
    [0.5, 0.25]
    """

    def __init__(self, columns=None):
        self.columns = {name: list(values) for name, values in (columns or {}).items()}

    def append(self, **row):
        """Add a row; a column that is new, or missing in it, has NaN in the other rows."""
        count = len(self)
        for name in row:
            self.columns.setdefault(name, [math.nan] * count)
        for name, values in self.columns.items():
            values.append(row.get(name, math.nan))

    def __getitem__(self, name):
        return self.columns[name]

    def __contains__(self, name):
        return name in self.columns

    def __len__(self):
        return max(map(len, self.columns.values()), default=0)

    def rows(self):
        """The rows as dicts: list of dict of str to int or float."""
        return [dict(zip(self.columns, row, strict=True)) for row in zip(*self.columns.values(), strict=True)]

    def to_csv(self, path):
        """Write comma-separated values with a line of names; numbers read back exactly."""
        with replacing(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(self.columns)
            table.writerows(zip(*self.columns.values(), strict=True))

    def to_jsonl(self, path):
        """Write one JSON object a row; what is not a number, which JSON has no word for, is null."""
        with replacing(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
            for row in self.rows():
                finite = {name: value if math.isfinite(value) else None for name, value in row.items()}
                file.write(json.dumps(finite) + "\n")

    def to_npz(self, path):
        """Write one array a column."""
        save_npz(self.arrays(), path)

    def arrays(self):
        """The columns as arrays: dict of str to ndarray, int64 or float64."""
        return {name: np.array(values, None if values else np.float64) for name, values in self.columns.items()}

    def to_frame(self):
        """The table as a pandas DataFrame, which needs pandas; a column of ints is one."""
        with needs("to_frame needs pandas", "pandas"):
            import pandas
        return pandas.DataFrame(self.arrays())

    def __str__(self):
        names, rows = self._cells()
        widths = [max(map(len, column)) for column in zip(names, *rows, strict=True)]
        return "\n".join("  ".join(c.rjust(w) for c, w in zip(row, widths, strict=True)) for row in (names, *rows))

    def markdown(self):
        """The table in Markdown."""
        names, rows = self._cells()
        names = [name.replace("\\", r"\\").replace("|", r"\|") for name in names]
        return "\n".join("| " + " | ".join(row) + " |" for row in (names, ["--:"] * len(names), *rows))

    def _repr_html_(self):
        names, rows = self._cells()
        head = "".join(f"<th>{html.escape(name)}</th>" for name in names)
        body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def _cells(self):
        rows = zip(*self.columns.values(), strict=True)
        return [visible(name, 200) for name in self.columns], [[_cell(value) for value in row] for row in rows]

    def state_dict(self):
        """The columns as arrays, to be saved."""
        return self.arrays()

    def load_state_dict(self, state_dict):
        """Take over saved columns; raises CheckpointError, and changes nothing, if they are no columns of a table."""
        self.columns = columns_of(state_dict)


def columns_of(saved, place=""):
    """Saved columns as lists; CheckpointError where one is no row of numbers. `place` stands before their names."""
    if not isinstance(saved, dict):
        raise CheckpointError(f"the saved history is damaged: {place or 'a table'} is {describe(saved)}, not columns")
    for name, values in saved.items():
        if not isinstance(values, list | np.ndarray) or np.shape(values) != (len(values),):
            raise CheckpointError(f"the saved history is damaged: {place}{name} is {describe(values)}, not a column")
        if len(values) and np.asarray(values).dtype not in (np.int64, np.float64, np.bool_):
            raise CheckpointError(f"the saved history is damaged: {place}{name} holds {np.asarray(values).dtype}")
    columns = {name: np.asarray(values).tolist() for name, values in saved.items()}
    if len({len(values) for values in columns.values()}) > 1:
        lengths = ", ".join(f"{place}{name} {len(values)}" for name, values in columns.items())
        raise CheckpointError(f"the saved history has columns of different lengths: {lengths}")
    return columns


def _cell(value):
    if isinstance(value, int):
        return str(value)
    small = value != 0 and abs(value) < 1e-3
    return f"{value:.2e}" if small or abs(value) >= 1e6 else f"{value:.4f}"


class History:
    """The course of a training.

    Attributes
    ----------
    steps : Table
        One row for each update: ``loss``, and ``grad_norm`` where it is recorded.
    evaluations : Table
        One row for each evaluation: ``step``, ``epoch``, ``loss`` (the mean since the last one), ``lr``,
        ``train_...`` and ``val_...`` for each metric, and ``seconds`` since the start.

    Examples
    --------
    >>> from microtorch.train import History
    >>> history = History()
    >>> history.evaluations.append(step=10, loss=0.5)
    >>> print(history)
    step    loss
      10  0.5000
    """

    def __init__(self):
        self.steps = Table({"loss": []})
        self.evaluations = Table()

    def to_npz(self, path):
        """Write both tables into one .npz file, their columns as ``steps_loss``, ``evaluations_loss`` and so on."""
        tables = {"steps": self.steps, "evaluations": self.evaluations}
        save_npz({f"{t}_{name}": a for t, table in tables.items() for name, a in table.arrays().items()}, path)

    def to_frame(self):
        """The evaluations as a pandas DataFrame; ``history.steps.to_frame()`` has the steps."""
        return self.evaluations.to_frame()

    def plot(self, path=None):
        """The loss by step and the metrics by evaluation, as two panels.

        Parameters
        ----------
        path : path, optional
            Where to save the picture; the ending says in which format.

        Returns
        -------
        matplotlib.figure.Figure
        """
        with needs("History.plot needs matplotlib", "'microtorch[plots]'"):
            from matplotlib.figure import Figure

        from ..viz.plots.landscape import caption

        figure = Figure(figsize=(9, 3.4), layout="constrained")
        left, right = figure.subplots(1, 2)
        losses = np.array(self.steps["loss"], np.float64)
        steps = np.arange(1, len(losses) + 1)
        left.plot(steps, losses, color="0.75", linewidth=0.8, label="each step")
        width = max(1, len(losses) // 100)
        if width > 1 and len(losses):
            mean = np.convolve(losses, np.full(width, 1 / width), mode="valid")
            left.plot(steps[width - 1 :], mean, color="C0", label=f"mean of {width}")
        table = self.evaluations
        if "val_loss" in table:
            left.plot(table["step"], table["val_loss"], "o-", color="C1", markersize=3, label="validation")
        left.set(xlabel="step", ylabel="loss")
        metrics = [n for n in table.columns if n.startswith(("train_", "val_")) and not n.endswith("_loss")]
        for name in metrics:
            right.plot(table["step"], table[name], "o-", markersize=3, label=caption(name.replace("_", " ")))
        right.set(xlabel="step", ylabel="metric")
        for axes in (left, right):
            if axes.lines:
                axes.legend(frameon=False)
            axes.spines[["top", "right"]].set_visible(False)
        if path is not None:
            save_figure(figure, path, dpi=150)
        return figure

    def state_dict(self):
        """Both tables as arrays, to be saved."""
        return {"steps": self.steps.state_dict(), "evaluations": self.evaluations.state_dict()}

    def load_state_dict(self, state_dict):
        """Take over saved tables."""
        steps, evaluations = (columns_of(state_dict[name], f"{name}.") for name in ("steps", "evaluations"))
        self.steps, self.evaluations = Table(steps), Table(evaluations)

    def __str__(self):
        return str(self.evaluations)

    def _repr_html_(self):
        return self.evaluations._repr_html_()


class CourseHistories:
    """The histories in the words of courses, for what has a `history`."""

    @property
    def loss_history(self):
        """list of float: the loss of each step."""
        return self.history.steps["loss"]

    @property
    def grad_norm_history(self):
        """list of float: the norm of all gradients at each step, where it is recorded."""
        return self.history.steps.columns.get("grad_norm", [])

    @property
    def train_acc_history(self):
        """list of float: the training accuracy at each evaluation."""
        return self.history.evaluations.columns.get("train_accuracy", [])

    @property
    def val_acc_history(self):
        """list of float: the validation accuracy at each evaluation."""
        return self.history.evaluations.columns.get("val_accuracy", [])

    def record_histories_as_npz(self, filename):
        """Write all histories into one .npz file; see `History.to_npz`."""
        self.history.to_npz(filename)
