"""`save`: a network's forward, as it runs, written down as ONNX."""

import inspect
import json

import numpy as np

from ...autograd.mode import scope_path, state
from ...autograd.observe import Observer
from ...errors import ExportError, needs
from ...from_data import as_tensor
from ...tensor import Tensor, wrap
from ..files import replacing
from .forms import COMPARISONS, FORMS

__all__ = ["OPSET", "save"]

OPSET = 20  # of the operators that are written; programs since 2024 read it


def save(model, example, path):
    """Write a network as ONNX, for another program to run.

    Parameters
    ----------
    model : Module
        Written as it evaluates. Parameters and buffers keep their names (``fc1.weight``), and each node has that of its
        module.
    example : Tensor or tuple of Tensor
        What forward takes, two samples at least; the first dimension is the batch, and stays free in the file.
    path : path
        The .onnx file; replaced, when all is written, if it is there.

    Raises
    ------
    ExportError
        If an operation has no ONNX form, or Python code looks at values or at the size of the batch, so that a file
        would not do what the model does; the message names the operation and its module.
    ImportError
        Without the package ``onnx``, the extra ``onnx``.
    OSError
        If it cannot be written.

    Notes
    -----
    Opset 20, of ONNX's own operators only. The forward runs twice, on the example and on other values of another batch
    size: what differs must be what the file computes, so no value or size is frozen into it unnoticed.

    Examples
    --------
    >>> import tempfile, microtorch
    >>> from microtorch.io import onnx
    >>> net = nn.MLP([4, 8, 3])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     onnx.save(net, microtorch.randn(2, 4), f"{folder}/net.onnx")
    ...     again = onnx.load(f"{folder}/net.onnx")
    >>> x = microtorch.randn(5, 4)
    >>> bool(microtorch.allclose(again(x), net(x)))
    True
    """
    with needs("io.onnx needs onnx", "'microtorch[onnx]'"):
        import onnx  # noqa: F401  asked for before the model runs
    from ...train.evaluation import evaluating

    example = example if isinstance(example, tuple) else (example,)
    example = tuple(wrap(as_tensor(x)._array.copy()) for x in example)  # each in memory of its own
    if not example or any(x.dim() == 0 or len(x) < 2 for x in example):
        raise ExportError("onnx.save: the example needs a first dimension, the batch, of two samples at least.")
    with evaluating(model):
        writers = [_Writer(model, inputs) for inputs in (example, tuple(map(_other, example)))]
    first, second = writers
    _agree(first, second)
    with replacing(path) as temporary:
        temporary.write_bytes(first.model(type(model).__name__).SerializeToString())


def _other(x):
    """Other values of the same kind, one sample more."""
    array = np.concatenate([x._array, x._array[:1]])
    if array.dtype.kind == "f":
        return wrap((array * 0.75 + 0.125).astype(array.dtype))
    return wrap(np.ascontiguousarray(array[::-1]))


class Value(str):
    """The name of a value in the file."""

    __slots__ = ()


class _Writer(Observer):
    """Looks on while the forward runs, and writes nodes down."""

    def __init__(self, model, inputs):
        self.nodes, self.initializers, self.alive, self.names, self.facts = [], {}, [], {}, {}
        self.frozen = []  # sizes and constants that were found, in order, to compare two runs
        self.batch = len(inputs[0])
        self.state = {
            "parameters": [name for name, _ in model.named_parameters()],
            "buffers": [name for name, _ in model.named_buffers()],
        }
        for name, t in [*model.named_parameters(), *model.named_buffers()]:
            self._know(t._array, Value(name))
            self.initializers[name] = t._array
        parameters = [p.name for p in inspect.signature(model.forward).parameters.values()]
        self.inputs = []
        for i, x in enumerate(inputs):
            name = parameters[i] if i < len(parameters) else f"input{i}"
            self.inputs.append((Value("input" if name in ("args", "kwargs") else name), x._array))
            self._know(x._array, self.inputs[-1][0])
        with self:
            found = model(*inputs)
        found = found if isinstance(found, tuple | list) else (found,)
        if not all(isinstance(y, Tensor) for y in found):
            raise ExportError("onnx.save: forward must return a Tensor, or a tuple of Tensors.")
        self.outputs = []
        for i, y in enumerate(found):
            name = Value("output" if len(found) == 1 else f"output{i}")
            self.nodes.append(("Identity", [self._name(y._array)], [name], {}, f"{name}/Identity"))
            self.outputs.append((name, y._array))

    # -- looking on --------------------------------------------------------------------------------------------------

    def forward(self, ctx, arrays, outputs):
        kind, where = type(ctx).__name__, scope_path(state.scope) if state.scope else ""
        self.where, self.kind = where, kind
        form = FORMS.get(kind)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        made = None
        if form is not None and len(outputs) == 1:
            read = len(arrays) if kind != "Embedding" else 2  # what follows is for the gradient
            made = form(self, *(self._argument(a, arrays) for a in arrays[:read]))
        if made is None:
            raise ExportError(
                f"onnx.save: {kind}{f' in {where}' if where else ''} has no ONNX form here"
                f"{', with these settings' if form else ''}. Replace it for the export, or export the part before it."
            )
        self._know(outputs[0]._array, made)

    def called(self, function, args, kwargs, result):
        kind = COMPARISONS.get(function.__name__)
        self.where, self.kind = scope_path(state.scope) if state.scope else "", kind
        arrays = [a._array if isinstance(a, Tensor) else a for a in args]
        if kind is not None and not kwargs:
            made = self.node(kind, [self._argument(a, arrays) for a in arrays])
        elif function.__name__ == "row_numbers":  # the positions of an embedding, looked at and made int64
            made = self.node("Cast", [self._name(arrays[0])], to=self.type_of(np.int64))
        else:
            return  # if it matters, it is an array that nobody knows, and no constant
        self._know(result._array if isinstance(result, Tensor) else result, made)

    def written(self, watched, operation, line):
        self._refuse(f"{operation} changes a tensor in place", "Use the operation that returns a new one.")

    def left(self, reason, remedy=None):
        self._refuse(reason, "What Python does with it would be missing in the file.")

    def made(self, array, data):
        if isinstance(data, Tensor):
            self._refuse("tensor(t) copies a tensor's values", "Use t.clone().")

    def _refuse(self, what, remedy):
        where = scope_path(state.scope) if state.scope else ""
        raise ExportError(f"onnx.save: {what}{f' in {where}' if where else ''}. {remedy}")

    # -- values ------------------------------------------------------------------------------------------------------

    def _know(self, array, name):
        self.alive.append(array)  # so that no other takes its memory
        self.names[_place(array)] = name
        self.facts[name] = (array.shape, array.dtype)

    def _name(self, array):
        """The name of an array: known, or else a constant."""
        return self.names.get(_place(array)) or self.constant(array)

    def _argument(self, value, arrays):
        """An array by its name, a number beside tensors as a constant of their dtype, anything else as it is."""
        if isinstance(value, np.ndarray):
            return self._name(value)
        if self.kind in _WITH_NUMBERS and isinstance(value, int | float | np.generic):
            dtype = next(a.dtype for a in arrays if isinstance(a, np.ndarray))
            return self.constant(np.array(value, dtype))
        return value

    def constant(self, array):
        """The name of a constant."""
        array = np.asarray(array)
        name = Value(f"constant{len(self.frozen)}")
        self.frozen.append(array.copy())
        self.initializers[name] = array
        self.facts[name] = (array.shape, array.dtype)
        return name

    def sizes(self, shape):
        """The name of a constant with a shape, in which the batch may be left free."""
        name = self.constant(np.array(shape, np.int64))
        self.frozen[-1] = ("sizes", self.frozen[-1], name)
        return name

    def like(self, number, x):
        """A number as a constant of the dtype of `x`."""
        return self.constant(np.array(number, self.dtype(x)))

    def node(self, kind, inputs, **attributes):
        """Write a node down; the name of its result. Facts of results between are those of the first input."""
        name = Value(f"{self.where.replace('.', '/') or 'net'}/{kind}{len(self.nodes)}")
        self.nodes.append((kind, list(inputs), [name], attributes, name))
        self.facts[name] = self.facts[next(i for i in inputs if i)]
        return name

    def shape(self, name):
        """Its shape."""
        return self.facts[name][0]

    def ndim(self, name):
        """Its number of dimensions."""
        return len(self.facts[name][0])

    def dtype(self, name):
        """Its dtype."""
        return self.facts[name][1]

    def type_of(self, dtype):
        """ONNX's number for a dtype."""
        from onnx import helper

        return helper.np_dtype_to_tensor_dtype(np.dtype(dtype))

    # -- the file ----------------------------------------------------------------------------------------------------

    def model(self, title):
        """The whole as onnx.ModelProto."""
        from onnx import checker, helper, numpy_helper

        used = {name for _, inputs, *_ in self.nodes for name in inputs}
        nodes = [helper.make_node(kind, i, o, name=name, **more) for kind, i, o, more, name in self.nodes]
        initializers = [
            numpy_helper.from_array(np.ascontiguousarray(array), str(name))
            for name, array in self.initializers.items()
            if name in used
        ]
        ends = [
            [helper.make_tensor_value_info(name, self.type_of(a.dtype), self._free(a)) for name, a in values]
            for values in (self.inputs, self.outputs)
        ]
        graph = helper.make_graph(nodes, title, *ends, initializers)
        made = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9, producer_name="microtorch"
        )
        state = {kind: [name for name in names if name in used] for kind, names in self.state.items()}
        helper.set_model_props(made, {"microtorch.state": json.dumps(state)})
        checker.check_model(made)
        return made

    def _free(self, array):
        return [("N" if i == 0 and n == self.batch else n) for i, n in enumerate(array.shape)]


# Operations whose numbers stand for tensors.
_WITH_NUMBERS = {"Add", "Sub", "Mul", "Div", "Pow", "Maximum", "Minimum", "Where", *COMPARISONS.values()}


def _place(array):
    return array.__array_interface__["data"][0], array.shape, array.strides, array.dtype.str


def _agree(first, second):
    """Free the sizes that follow the batch; refuse what else differs between two runs."""
    alike = [(kind, inputs, more) for kind, inputs, _, more, _ in first.nodes] == [
        (kind, inputs, more) for kind, inputs, _, more, _ in second.nodes
    ]
    if not alike or len(first.frozen) != len(second.frozen):
        raise ExportError(
            "onnx.save: the model does other operations for another batch size, which a file cannot hold."
        )
    for a, b in zip(first.frozen, second.frozen, strict=True):
        if isinstance(a, tuple):
            (_, a, name), (_, b, _) = a, b
            differ = np.flatnonzero(a != b)
            if len(differ) > 1:
                raise ExportError(f"onnx.save: a reshape to {a.tolist()} has several sizes that follow the batch.")
            if len(differ):
                first.initializers[name] = np.where(a != b, -1, a)
        elif a.shape != b.shape or not np.array_equal(a, b, equal_nan=a.dtype.kind == "f"):
            raise ExportError(
                f"onnx.save: an array of shape {a.shape} is computed from the input outside of operations, by numpy or "
                "from the batch's size, and would be a constant in the file. Compute it with microtorch's functions."
            )
