"""Callbacks that write a training down while it runs: to a function, a CSV file, or TensorBoard."""

import time

import numpy as np

from ..data import DataLoader
from ..tensor import Tensor
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
        Without the package ``tensorboard``, the extra ``tensorboard``; its own writer writes.

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
        try:
            from tensorboard.summary.writer.event_file_writer import EventFileWriter
        except ImportError as error:
            raise ImportError(
                "TensorBoard needs the package tensorboard, which is not installed: pip install "
                "'microtorch[tensorboard]'"
            ) from error
        self.histograms, self.graph = histograms, graph
        self._writer = EventFileWriter(str(folder))
        self._steps = self._evaluations = 0

    def __call__(self, solver):
        steps, evaluations = solver.history.steps, solver.history.evaluations.rows()
        for number in range(self._steps, len(steps)):
            for name, values in steps.columns.items():
                self._scalar(f"steps/{name}", values[number], number + 1)
        for row in evaluations[self._evaluations :]:
            for name, value in row.items():
                if name != "step":
                    self._scalar(name, value, row["step"])
        self._steps, self._evaluations = len(steps), len(evaluations)
        if self.histograms:
            for name, p in solver.model.named_parameters():
                self._histogram(f"weights/{name}", p, solver.step)
                if p.grad is not None:
                    self._histogram(f"gradients/{name}", p.grad, solver.step)
        if self.graph:
            self._graph(solver)
            self.graph = False
        self._writer.flush()

    def close(self):
        """Finish the file; what was written is there before, too."""
        self._writer.close()

    # -- events --------------------------------------------------------------------------------------------------------

    def _event(self, step=0, **content):
        from tensorboard.compat.proto.event_pb2 import Event

        self._writer.add_event(Event(wall_time=time.time(), step=int(step), **content))

    def _value(self, step, **value):
        from tensorboard.compat.proto.summary_pb2 import Summary

        self._event(step, summary=Summary(value=[Summary.Value(**value)]))

    def _scalar(self, name, value, step):
        self._value(step, tag=name, simple_value=float(value))

    def _histogram(self, name, tensor, step):
        from tensorboard.compat.proto.summary_pb2 import HistogramProto

        numbers = tensor.detach().numpy().astype(np.float64).reshape(-1)
        numbers = numbers[np.isfinite(numbers)]  # what is not a number is in no bar
        if not len(numbers):
            return
        counts, limits = np.histogram(numbers, bins=30)
        histogram = HistogramProto(
            min=numbers.min(), max=numbers.max(), num=len(numbers), sum=numbers.sum(), sum_squares=(numbers**2).sum(),
            bucket_limit=limits[1:].tolist(), bucket=counts.tolist(),
        )  # fmt: skip
        self._value(step, tag=name, histo=histogram)

    def _graph(self, solver):
        from tensorboard.compat.proto.graph_pb2 import GraphDef
        from tensorboard.compat.proto.versions_pb2 import VersionDef

        nodes = _nodes(_records(solver))
        self._event(graph_def=GraphDef(node=nodes, versions=VersionDef(producer=22)).SerializeToString())


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


def _nodes(records):
    """TensorBoard's nodes: operations inside of their modules, and the values that go in."""
    from tensorboard.compat.proto.attr_value_pb2 import AttrValue
    from tensorboard.compat.proto.node_def_pb2 import NodeDef
    from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto

    names, into, shapes = {}, {}, {}
    for o in records.operations:
        path = f"{o.scope.path.replace('.', '/')}/" if o.scope is not None and o.scope.path else ""
        names[o] = f"{path}{o.name}_{o.number}"
    for i, v in enumerate(records.values):
        names[v] = (v.name or f"{v.kind}{i}").replace(".", "/").replace(" ", "_")
    for edge in records.edges:
        into.setdefault(edge.target, []).append(names[edge.source])
        shapes.setdefault(edge.source, edge.shape)
    found = []
    for thing, name in names.items():
        attributes = {}
        if shapes.get(thing) is not None:
            shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=n) for n in shapes[thing]])
            attributes["_output_shapes"] = AttrValue(list=AttrValue.ListValue(shape=[shape]))
        op = thing.name if thing.kind == "operation" else thing.kind
        found.append(NodeDef(name=name, op=op, input=into.get(thing, []), attr=attributes))
    return found
