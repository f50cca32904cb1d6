"""Callbacks that write a training down while it runs: to a function, a CSV file, or TensorBoard."""

from ..data import DataLoader
from ..tensor import Tensor
from ..utils.tensorboard import SummaryWriter
from .evaluation import evaluating
from .generators import generators_of, set_states

__all__ = ["CSVLogger", "Logger", "TensorBoard"]


class Logger:
    """Hand every new row of the evaluations to a function, as the loggers of experiments take it.

    Parameters
    ----------
    function : callable
        Called with a dict of the row's numbers: ``step``, ``epoch``, ``loss``, ``lr``, ``val_accuracy`` and so on.

    Examples
    --------
    >>> from microtorch.datasets import Digits
    >>> from microtorch.train import Solver
    >>> from microtorch.train.callbacks import Logger
    >>> rows = []
    >>> solver = Solver(nn.MLP([64, 10]), Digits(), num_epochs=2, verbose=False, callbacks=[Logger(rows.append)])
    >>> _ = solver.train()
    >>> [row["epoch"] for row in rows]
    [1.0, 2.0]
    """

    def __init__(self, function):
        if not callable(function):
            raise TypeError(f"Logger: takes a function of a row, not {type(function).__name__}.")
        self.function, self._seen = function, 0

    def __call__(self, solver):
        rows = solver.history.evaluations.rows()
        for row in rows[self._seen :]:
            self.function(row)
        self._seen = len(rows)


class CSVLogger:
    """Keep the evaluations in a CSV file that is whole after each epoch.

    Parameters
    ----------
    path : path
        Replaced after each epoch, at once; what reads it meanwhile sees whole tables.

    Examples
    --------
    >>> from microtorch.train.callbacks import CSVLogger
    >>> Solver(..., callbacks=[CSVLogger("history.csv")])  # doctest: +SKIP
    """

    def __init__(self, path):
        self.path = path

    def __call__(self, solver):
        solver.history.evaluations.to_csv(self.path)


class TensorBoard:
    """Write losses, metrics, histograms of weights and gradients, and the graph, for ``tensorboard --logdir FOLDER``.

    Parameters
    ----------
    folder : path
        Gets one file of events; a folder for each training keeps them apart.
    histograms : bool, default True
        Whether to write the weights, and the gradients of the last batch, after each epoch.
    graph : bool, default True
        Whether to write the graph of the loss of two samples, once. No number of the training changes by it.

    Raises
    ------
    ImportError
        Where the package `tensorboard` is not installed.

    Notes
    -----
    A callback of epochs: ``Solver(..., callbacks=[TensorBoard("runs/1")])``. The loss of each step is written with its
    own number. A training that is resumed writes its history again, to a file of its own, with the same numbers.

    Examples
    --------
    >>> from microtorch.train.callbacks import TensorBoard
    >>> Solver(..., callbacks=[TensorBoard("runs/first")])  # doctest: +SKIP
    """

    def __init__(self, folder, histograms=True, graph=True):
        self.histograms, self.graph = histograms, graph
        self._writer = SummaryWriter(folder)
        self._steps = self._evaluations = 0

    def __call__(self, solver):
        steps, evaluations = solver.history.steps, solver.history.evaluations.rows()
        for number in range(self._steps, len(steps)):
            for name, values in steps.columns.items():
                self._writer.add_scalar(f"steps/{name}", values[number], number + 1)
        for row in evaluations[self._evaluations :]:
            for name, value in row.items():
                if name != "step":
                    self._writer.add_scalar(name, value, row["step"])
        self._steps, self._evaluations = len(steps), len(evaluations)
        if self.histograms:
            for name, p in solver.model.named_parameters():
                self._writer.add_histogram(f"weights/{name}", p, solver.step)
                if p.grad is not None:
                    self._writer.add_histogram(f"gradients/{name}", p.grad, solver.step)
        if self.graph:
            self._writer.add_graph(_records(solver))
            self.graph = False
        self._writer.flush()

    def close(self):
        """Finish the file; what was written is there before, too."""
        self._writer.close()


def _records(solver):
    """The records of the graph of two samples' loss; every generator and mode is as it was, and no gradient comes."""
    from ..viz import graph

    generators = generators_of(solver)
    before = [generator.get_state() for generator in generators]
    try:
        batch = next(iter(DataLoader(solver.loader.dataset, batch_size=2, collate_fn=solver.loader.collate_fn)))
        inputs, targets = batch
        with evaluating(solver.model):
            loss = solver.loss(solver.model(inputs), targets)
        names = {"input": inputs, "target": targets}
        return graph(loss, solver.model, {name: t for name, t in names.items() if isinstance(t, Tensor)})
    finally:
        set_states(generators, before)
