"""ONNX's operators by microtorch's functions: what `load` runs. Each takes the opset, inputs and attributes."""

import math

import numpy as np

import microtorch

from ...errors import CheckpointError
from ...from_data import as_tensor, tensor
from ...nn import functional as F

__all__ = ["OPERATORS"]


def _same(function):
    """An operator with the arguments of a function."""
    return lambda opset, *inputs: function(*inputs)


def _folded(function):
    """An operator on any number of tensors."""

    def run(opset, first, *others):
        for other in others:
            first = function(first, other)
        return first

    return run


def _gemm(opset, a, b, c=None, *, alpha=1.0, beta=1.0, transA=0, transB=0):
    a = a.T if transA else a
    if transB and alpha == 1 and (c is None or (beta == 1 and c.dim() == 1)):
        return F.linear(a, b, c)
    y = a @ (b.T if transB else b)
    y = y if alpha == 1 else y * alpha
    return y if c is None else y + (c if beta == 1 else c * beta)


def _gelu(opset, x, *, approximate="none"):
    return F.gelu(x, approximate=approximate)


def _selu(opset, x, *, alpha=1.6732631921768188, gamma=1.0507010221481323):
    return microtorch.where(x > 0, x, x.exp() * alpha - alpha) * gamma


def _hard_sigmoid(opset, x, *, alpha=0.2, beta=0.5):
    return microtorch.clamp(x * alpha + beta, 0.0, 1.0)


def _clip(opset, x, low=None, high=None, *, min=None, max=None):
    low, high = (None if t is None else t.item() for t in (low, high)) if opset >= 11 else (min, max)
    return microtorch.clamp(x, low, high)


def _softmax(function):
    def run(opset, x, *, axis=None):
        if opset >= 13:
            return function(x, -1 if axis is None else axis)
        axis = (1 if axis is None else axis) % x.dim()  # before, all dimensions from there on were one
        return function(x.flatten(axis), axis).reshape(x.shape)

    return run


def _batch_norm(opset, x, scale, bias, mean, var, *, epsilon=1e-5, momentum=0.9, training_mode=0, spatial=1):
    if training_mode or not spatial:
        raise CheckpointError("onnx.load: a BatchNormalization in training mode cannot be run. Export for inference.")
    return F.batch_norm(x, mean, var, scale, bias, False, 0.1, epsilon)


def _layer_norm(opset, x, scale, bias=None, *, axis=-1, epsilon=1e-5, stash_type=1):
    shape = x.shape[axis % x.dim() :]
    return F.layer_norm(x, shape, scale.expand(*shape), None if bias is None else bias.expand(*shape), epsilon)


def _gather(opset, x, index, *, axis=0):
    axis, length = axis % x.dim(), x.shape[axis % x.dim()]
    index = microtorch.where(index < 0, index + length, index)
    if axis == 0 and x.is_floating_point() and x.dim() == 2:
        return F.embedding(index, x)
    found = x.index_select(axis, index.reshape(-1))
    return found.reshape(*x.shape[:axis], *index.shape, *x.shape[axis + 1 :])


def _sizes(t):
    return [int(n) for n in t.tolist()]


def _reshape(opset, x, shape, *, allowzero=0):
    sizes = _sizes(shape)
    if not allowzero:
        sizes = [x.shape[i] if n == 0 else n for i, n in enumerate(sizes)]
    return x.reshape(*sizes)


def _flatten(opset, x, *, axis=1):
    axis = axis % x.dim() if axis < 0 else axis
    return x.reshape(math.prod(x.shape[:axis]), -1)


def _transpose(opset, x, *, perm=None):
    return x.permute(*(range(x.dim())[::-1] if perm is None else perm))


def _slice(opset, x, starts=None, ends=None, axes=None, steps=None, **attributes):
    if opset < 10:
        starts, ends, axes = attributes["starts"], attributes["ends"], attributes.get("axes")
    else:
        starts, ends = _sizes(starts), _sizes(ends)
        axes, steps = (None if t is None else _sizes(t) for t in (axes, steps))
    index = [slice(None)] * x.dim()
    for i, (start, end) in enumerate(zip(starts, ends, strict=True)):
        index[axes[i] if axes is not None else i] = slice(start, end, steps[i] if steps is not None else 1)
    return x[tuple(index)]


def _axes(opset, since, given, attribute):
    """The axes of an operator, which from opset `since` on are an input."""
    return (None if given is None else _sizes(given)) if opset >= since else attribute


def _squeeze(opset, x, given=None, *, axes=None):
    axes = _axes(opset, 13, given, axes)
    axes = [i for i, n in enumerate(x.shape) if n == 1] if axes is None else [a % x.dim() for a in axes]
    return x.reshape(*(n for i, n in enumerate(x.shape) if i not in axes))


def _unsqueeze(opset, x, given=None, *, axes=None):
    axes = _axes(opset, 13, given, axes)
    rank = x.dim() + len(axes)
    for axis in sorted(a % rank for a in axes):
        x = x.unsqueeze(axis)
    return x


def _reduce(function, since):
    def run(opset, x, given=None, *, axes=None, keepdims=1, noop_with_empty_axes=0):
        axes = _axes(opset, since, given, axes)
        if not axes:
            if noop_with_empty_axes:
                return x
            axes = range(x.dim())
        return function(x, tuple(axes), bool(keepdims))

    return run


def _product(x, axes, keepdim):
    for axis in sorted((a % x.dim() for a in axes), reverse=True):
        x = x.prod(axis, keepdim)
    return x


def _cast(opset, x, *, to, saturate=1):
    from onnx import helper

    return x.to(helper.tensor_dtype_to_np_dtype(to))


def _constant(opset, *, value=None, value_float=None, value_int=None, value_floats=None, value_ints=None):
    if value is not None:
        return tensor(np.array(value))
    for number, dtype in (
        (value_float, "float32"),
        (value_floats, "float32"),
        (value_int, "int64"),
        (value_ints, "int64"),
    ):
        if number is not None:
            return tensor(np.array(number, dtype))
    raise CheckpointError("onnx.load: a Constant without a number")


def _shape(opset, x, *, start=0, end=None):
    return as_tensor(np.array(x.shape[start:end], np.int64))


def _split(opset, x, lengths=None, *, axis=0, split=None, num_outputs=None):
    sizes = _sizes(lengths) if lengths is not None else split
    if sizes is None:
        if num_outputs is None:
            raise CheckpointError("onnx.load: a Split that does not say how long its parts are cannot be run.")
        part = -(-x.shape[axis] // num_outputs)
        sizes = [part] * (num_outputs - 1) + [x.shape[axis] - part * (num_outputs - 1)]
    return tuple(microtorch.split(x, list(sizes), axis))


def _expand(opset, x, shape):
    sizes = _sizes(shape)
    return x.expand(*np.broadcast_shapes(tuple(x.shape), tuple(sizes)))


def _dropout(opset, x, *more, ratio=0.5, seed=None, is_test=0):
    return x


def _div(opset, a, b):
    return a / b if a.is_floating_point() else microtorch.div(a, b, rounding_mode="trunc")


def _prelu(opset, x, slope):
    return microtorch.where(x > 0, x, x * slope)


def _with(function, **defaults):
    """An operator of one tensor with attributes of the function's own meaning."""
    return lambda opset, x, **given: function(x, *({**defaults, **given}.values()))


OPERATORS = {
    "Gemm": _gemm, "MatMul": _same(microtorch.matmul), "Add": _same(microtorch.add), "Sub": _same(microtorch.sub),
    "Mul": _same(microtorch.mul), "Div": _div,
    "Pow": _same(microtorch.pow), "Neg": _same(microtorch.neg), "Abs": _same(microtorch.abs),
    "Exp": _same(microtorch.exp),
    "Log": _same(microtorch.log), "Sqrt": _same(microtorch.sqrt), "Reciprocal": _same(microtorch.reciprocal),
    "Sign": _same(microtorch.sign), "Floor": _same(microtorch.floor), "Ceil": _same(microtorch.ceil),
    "Round": _same(microtorch.round), "Sin": _same(microtorch.sin),
    "Cos": _same(microtorch.cos), "Tan": _same(microtorch.tan),
    "Sinh": _same(microtorch.sinh), "Cosh": _same(microtorch.cosh), "Tanh": _same(microtorch.tanh),
    "Erf": _same(microtorch.erf),
    "Max": _folded(microtorch.maximum), "Min": _folded(microtorch.minimum), "Where": _same(microtorch.where),
    "Greater": _same(microtorch.gt), "Less": _same(microtorch.lt), "Equal": _same(microtorch.eq),
    "GreaterOrEqual": _same(microtorch.ge), "LessOrEqual": _same(microtorch.le), "Not": _same(microtorch.logical_not),
    "And": _same(microtorch.logical_and), "Or": _same(microtorch.logical_or),
    "Relu": _same(F.relu), "LeakyRelu": _with(F.leaky_relu, alpha=0.01), "Elu": _with(F.elu, alpha=1.0),
    "Celu": _with(F.celu, alpha=1.0), "Selu": _selu, "Gelu": _gelu, "Mish": _same(F.mish),
    "Sigmoid": _same(microtorch.sigmoid),
    "Softplus": _same(F.softplus), "Softsign": _same(F.softsign), "HardSigmoid": _hard_sigmoid,
    "HardSwish": _same(F.hardswish), "Clip": _clip, "PRelu": _prelu,
    "Softmax": _softmax(F.softmax), "LogSoftmax": _softmax(F.log_softmax),
    "BatchNormalization": _batch_norm, "LayerNormalization": _layer_norm, "Gather": _gather,
    "Reshape": _reshape, "Flatten": _flatten, "Transpose": _transpose, "Slice": _slice, "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze, "Concat": lambda opset, *xs, axis: microtorch.cat(list(xs), axis), "Split": _split,
    "Expand": _expand, "Shape": _shape, "Cast": _cast, "Constant": _constant, "Identity": _same(lambda x: x),
    "Dropout": _dropout,
    "ReduceSum": _reduce(lambda x, a, k: x.sum(a, k), 13), "ReduceMean": _reduce(lambda x, a, k: x.mean(a, k), 18),
    "ReduceMax": _reduce(lambda x, a, k: x.amax(a, k), 18), "ReduceMin": _reduce(lambda x, a, k: x.amin(a, k), 18),
    "ReduceProd": _reduce(_product, 18), "ReduceLogSumExp": _reduce(lambda x, a, k: x.logsumexp(a, k), 18),
}  # fmt: skip
