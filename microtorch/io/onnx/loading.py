"""`load`: a network in an ONNX file, of ours or of another program, as a module."""

import json
import math
from pathlib import Path

import numpy as np

from ...dtypes import as_dtype
from ...errors import CheckpointError, needs, visible
from ...nn.module import Module
from ...nn.parameter import Parameter
from ...tensor import wrap
from ..strangers import documented
from .operators import OPERATORS

__all__ = ["Network", "load"]

_LONGEST = 1 << 31  # bytes of a file: the format's own limit
_MADE = 1 << 28  # elements that a constant of the file may have


def load(path):
    """The network in an ONNX file.

    Parameters
    ----------
    path : path
        Written by `save`, PyTorch's exporter or any other program. Weights in a file of their own must lie beside it.

    Returns
    -------
    Network
        A Module, whose parameters and buffers have their names in the file, in evaluation mode; it can be trained.

    Raises
    ------
    FileNotFoundError
        If it is not there.
    CheckpointError
        If it is damaged, of another format, or holds an operator that is none of those of full-connected networks; the
        message names it. Nothing in a file is ever executed.
    ImportError
        Without the package ``onnx``, the extra ``onnx``.

    Examples
    --------
    >>> from microtorch.io import onnx
    >>> onnx.load("no-such.onnx")
    Traceback (most recent call last):
    FileNotFoundError: [Errno 2] No such file or directory: 'no-such.onnx'
    """
    with needs("io.onnx needs onnx", "'microtorch[onnx]'"):
        import onnx

    with open(path, "rb") as file:
        data = file.read(_LONGEST)
    where = visible(str(path))
    message = f"onnx.load: {where} is no whole ONNX file ({{}}). It was cut off, damaged, or is of another format."
    with documented(CheckpointError, message):
        model = onnx.load_model_from_string(data)
        _take_in(model, Path(path).parent)
        unknown = sorted({node.op_type for node in model.graph.node if _kind(node) not in OPERATORS})
        if unknown:
            raise CheckpointError(
                f"onnx.load: {where} holds operators that are not known here: {visible(', '.join(unknown), 300)}. "
                f"Known are those of full-connected networks: {', '.join(sorted(OPERATORS))}."
            )
        onnx.checker.check_model(model)
        return Network(model)


def _kind(node):
    return node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}"


def _take_in(model, folder):
    """Take in weights that lie beside the file; ValueError where a tensor says that it is larger than any can be."""
    tensors = [*model.graph.initializer]
    tensors += [a.t for node in model.graph.node for a in node.attribute if a.HasField("t")]
    for tensor in tensors:
        if any(n < 0 for n in tensor.dims) or math.prod(tensor.dims) > _MADE:
            raise ValueError(f"{visible(tensor.name, 60)} has the shape {list(tensor.dims)[:8]}")
        if tensor.data_location == tensor.EXTERNAL:
            tensor.raw_data = _outside(tensor, folder)
            tensor.ClearField("data_location")
            tensor.ClearField("external_data")


class Network(Module):
    """A network read from an ONNX file: its nodes are run one after another by microtorch's functions.

    Attributes
    ----------
    nodes : list of (str, list of str, list of str, dict)
        Operator, names of inputs and outputs, attributes.
    input_names, output_names : list of str
    opset : int
    """

    def __init__(self, model):
        super().__init__()
        graph = model.graph
        self.opset = next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), 1)
        self.nodes = [
            (_kind(n), list(n.input), list(n.output), {a.name: _attribute(a) for a in n.attribute}) for n in graph.node
        ]
        arrays = {t.name: _array(t) for t in graph.initializer}
        self.input_names = [i.name for i in graph.input if i.name not in arrays]
        self.output_names = [o.name for o in graph.output]
        self._known = {}  # names in the file -> (module, name) or a tensor that is no state
        trained, buffers = _state(model, self.nodes, arrays)
        for name, array in arrays.items():
            if name in trained or name in buffers:
                self._keep(name, array, name in trained)
            else:
                self._known[name] = wrap(array)
        self._last = self._last_uses()
        self.eval()

    def _keep(self, name, array, trained):
        """A parameter or buffer under its name, as modules nest."""
        *path, last = [part or "_" for part in name.replace("::", ".").replace("/", ".").split(".")]
        place = self
        for part in path:
            if part not in place._modules:
                if hasattr(place, part):
                    part = f"{part}_"
                if part not in place._modules:
                    place.add_module(part, Module())
            place = place._modules[part]
        while hasattr(place, last):
            last = f"{last}_"
        if trained:
            place.register_parameter(last, Parameter(wrap(array)))
        else:
            place.register_buffer(last, wrap(array))
        self._known[name] = (place, last)

    def _last_uses(self):
        """{number of a node: what nobody needs after it}, so that results are let go."""
        last = {name: i for i, (_, inputs, _, _) in enumerate(self.nodes) for name in inputs}
        found = {}
        for name, i in last.items():
            if name not in self.output_names:
                found.setdefault(i, []).append(name)
        return found

    def forward(self, *inputs):
        """The inputs of the file, in their order -> its output, or a tuple of them."""
        if len(inputs) != len(self.input_names):
            raise TypeError(
                f"Network: takes {len(self.input_names)} inputs, {', '.join(self.input_names)}, not {len(inputs)}"
            )
        values = dict(zip(self.input_names, inputs, strict=True))
        for name, kept in self._known.items():
            values[name] = getattr(*kept) if isinstance(kept, tuple) else kept
        for i, (kind, names, outputs, attributes) in enumerate(self.nodes):
            found = OPERATORS[kind](self.opset, *(values[n] if n else None for n in names), **attributes)
            found = found if isinstance(found, tuple) else (found,)
            values.update(zip(outputs, found, strict=False))
            for name in self._last.get(i, ()):
                values.pop(name, None)
        found = tuple(values[name] for name in self.output_names)
        return found[0] if len(found) == 1 else found

    def extra_repr(self):
        kinds = [kind for kind, *_ in self.nodes]
        return f"{', '.join(self.input_names)} -> {', '.join(kinds[:12])}{', …' if len(kinds) > 12 else ''}"


# Where weights stand among the inputs of an operator.
_WEIGHTS = {
    "Gemm": (1, 2), "MatMul": (0, 1), "BatchNormalization": (1, 2), "LayerNormalization": (1, 2), "PRelu": (1,),
    "Gather": (0,), "Add": (0, 1), "Mul": (0, 1),
}  # fmt: skip


def _state(model, nodes, arrays):
    """The names of the parameters and of the buffers: those that the file says, or else what stands where they do."""
    for entry in model.metadata_props:
        if entry.key == "microtorch.state":
            found = json.loads(entry.value)
            trained, buffers = (set(found[kind]) for kind in ("parameters", "buffers"))
            if not trained | buffers <= set(arrays) or any(arrays[n].dtype.kind != "f" for n in trained):
                raise ValueError("its list of parameters is damaged")
            return trained, buffers
    trained, buffers = (
        {inputs[i] for kind, inputs, _, _ in nodes for i in places.get(kind, ()) if i < len(inputs)}
        for places in (_WEIGHTS, {"BatchNormalization": (3, 4)})
    )
    floating = {name for name, array in arrays.items() if array.dtype.kind == "f" and array.ndim}
    return trained & floating, buffers & floating


def _array(tensor):
    from onnx import numpy_helper

    array = numpy_helper.to_array(tensor)
    if list(array.shape) != list(tensor.dims):
        raise ValueError(f"{visible(tensor.name, 60)} has not the shape that it says")
    as_dtype(array.dtype)
    return np.array(array)


def _outside(tensor, folder):
    """The bytes of a tensor in a file of its own, which must be a plain file in the same folder."""
    from onnx import helper

    entries = {entry.key: entry.value for entry in tensor.external_data}
    name = entries.get("location", "")
    file = Path(folder, name)
    if not name or Path(name).name != name or file.is_symlink() or not file.is_file():
        raise ValueError(f"{visible(tensor.name, 60)} lies in {visible(repr(name), 100)}, which is no file beside it")
    dtype = helper.tensor_dtype_to_np_dtype(tensor.data_type)
    count = math.prod(tensor.dims)
    with open(file, "rb") as stream:
        stream.seek(int(entries.get("offset", 0)))
        data = stream.read(count * dtype.itemsize)
    if len(data) != count * dtype.itemsize:
        raise ValueError(f"{visible(name, 100)} is too short")
    return data


def _attribute(attribute):
    """An attribute as Python has it; tensors as arrays."""
    from onnx import AttributeProto, helper, numpy_helper

    if attribute.type == AttributeProto.TENSOR:
        return numpy_helper.to_array(attribute.t)
    value = helper.get_attribute_value(attribute)
    return value.decode() if isinstance(value, bytes) else value
