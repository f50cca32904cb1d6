"""SummaryWriter, for scripts that write for TensorBoard; it needs the package `tensorboard`, which needs no PyTorch."""

import os
import socket
import time
from datetime import datetime

import numpy as np

from ..errors import needs, warn_at_user_line
from ..tensor import Tensor

__all__ = ["SummaryWriter"]


class SummaryWriter:
    """Writes numbers and distributions of a training to a file that TensorBoard shows.

    Parameters
    ----------
    log_dir : path, optional
        The folder; default a new one in ``runs``, of the time and the machine's name.
    comment : str, default ""
        The end of that folder's name.

    Raises
    ------
    ImportError
        Where the package `tensorboard` is not installed.

    Notes
    -----
    `add_scalar`, `add_scalars` and `add_histogram` write, and `add_graph` what `viz.graph` gives or a loss; other
    ``add_…`` say that they do not.

    Examples
    --------
    >>> from microtorch.utils.tensorboard import SummaryWriter
    >>> writer = SummaryWriter("runs/first")  # doctest: +SKIP
    >>> writer.add_scalar("loss", 0.5, 1)  # doctest: +SKIP
    """

    def __init__(self, log_dir=None, comment="", **ignored):
        with needs("Writing for TensorBoard needs the package tensorboard", "'microtorch[tensorboard]'"):
            from tensorboard.summary.writer.event_file_writer import EventFileWriter
        moment = datetime.now().strftime("%b%d_%H-%M-%S")
        self.log_dir = str(log_dir) if log_dir else os.path.join("runs", f"{moment}_{socket.gethostname()}{comment}")
        self._open = EventFileWriter
        self._file = EventFileWriter(self.log_dir)
        self._others = {}

    def get_logdir(self):
        """The folder."""
        return self.log_dir

    def add_scalar(self, tag, scalar_value, global_step=None, walltime=None, **ignored):
        """Write one number, `scalar_value`, under a `tag`, as that of step `global_step`, at the time `walltime`."""
        _write(self._file, global_step, walltime, tag=tag, simple_value=_number(scalar_value))

    def add_scalars(self, main_tag, tag_scalar_dict, global_step=None, walltime=None):
        """Write several numbers that are shown together, `tag_scalar_dict`, under a `main_tag`; see `add_scalar` for
        `global_step` and `walltime`."""
        for tag, value in tag_scalar_dict.items():
            folder = os.path.join(self.log_dir, f"{main_tag.replace('/', '_')}_{tag}")
            if folder not in self._others:
                self._others[folder] = self._open(folder)
            _write(self._others[folder], global_step, walltime, tag=main_tag, simple_value=_number(value))

    def add_histogram(self, tag, values, global_step=None, bins="tensorflow", walltime=None, **ignored):
        """Write how the elements of `values` are distributed, in 30 bins or as numpy's `bins`; see `add_scalar`.

        What is not finite is in no bin, and where nothing is finite nothing is written.
        """
        from tensorboard.compat.proto.summary_pb2 import HistogramProto

        array = np.asarray(values.detach().numpy() if isinstance(values, Tensor) else values, np.float64).reshape(-1)
        array = array[np.isfinite(array)]
        if not len(array):
            return
        counts, edges = np.histogram(array, 30 if bins == "tensorflow" else bins)
        histogram = HistogramProto(
            min=array.min(),
            max=array.max(),
            num=array.size,
            sum=array.sum(),
            sum_squares=(array**2).sum(),
            bucket_limit=edges[1:].tolist(),
            bucket=counts.tolist(),
        )
        _write(self._file, global_step, walltime, tag=tag, histo=histogram)

    def add_graph(self, model, *ignored, **also_ignored):
        """Write the graph of a loss: `model` is the loss, or what `viz.graph` makes of it; a model itself has none."""
        if isinstance(model, Tensor):
            from ..viz import graph

            model = graph(model)
        if not hasattr(model, "operations"):
            return self._not_written("add_graph")
        from tensorboard.compat.proto.graph_pb2 import GraphDef
        from tensorboard.compat.proto.versions_pb2 import VersionDef

        graph_def = GraphDef(node=_nodes(model), versions=VersionDef(producer=22))
        _write_event(self._file, 0, None, graph_def=graph_def.SerializeToString())

    def _not_written(self, name):
        warn_at_user_line(
            f"SummaryWriter.{name} is not written here; add_scalar, add_scalars and add_histogram are. For the graph "
            "of a loss see microtorch.viz.draw and explore, for images viz.save_image."
        )

    def __getattr__(self, name):
        if not name.startswith("add_"):
            raise AttributeError(f"SummaryWriter has no attribute {name!r}", name=name)
        return lambda *args, **kwargs: self._not_written(name)

    def flush(self):
        """Put on disk what was written so far."""
        for file in (self._file, *self._others.values()):
            file.flush()

    def close(self):
        """Put everything on disk and end."""
        for file in (self._file, *self._others.values()):
            file.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


def _number(value):
    return float(value.item() if hasattr(value, "item") else value)


def _write(file, step, walltime, **value):
    from tensorboard.compat.proto.summary_pb2 import Summary

    _write_event(file, step, walltime, summary=Summary(value=[Summary.Value(**value)]))


def _write_event(file, step, walltime, **content):
    from tensorboard.compat.proto.event_pb2 import Event

    event = Event(wall_time=walltime or time.time(), **content)
    if step is not None:
        event.step = int(step)
    file.add_event(event)


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
