"""The ONNX form of each operation that has one: what `save` writes, by the name of the operation's class.

A form takes a `Writer` and the operation's arguments: names of values (`Value`) where tensors were, else Python's own.
It returns the name of the result.
"""

import math

import numpy as np

__all__ = ["COMPARISONS", "FORMS"]

# numpy's functions that operators outside of the graph call, and their form.
COMPARISONS = {
    "greater": "Greater", "less": "Less", "greater_equal": "GreaterOrEqual", "less_equal": "LessOrEqual",
    "equal": "Equal", "logical_and": "And", "logical_or": "Or", "logical_not": "Not",
}  # fmt: skip


def _one(kind, **fixed):
    """An operation with a form of the same arguments."""
    return lambda write, *args: write.node(kind, args, **fixed)


def _linear(write, x, w, b):
    if write.ndim(x) == 2 and write.ndim(w) == 2 and (b is None or write.ndim(b) == 1):
        return write.node("Gemm", [x, w] if b is None else [x, w, b], transB=1)
    if write.ndim(w) != 2:
        return None
    y = write.node("MatMul", [x, write.node("Transpose", [w], perm=[1, 0])])
    return y if b is None else write.node("Add", [y, b])


def _elu(write, x, alpha, scale, rate):
    if scale != 1 or rate != 1:
        return None
    return write.node("Elu", [x], alpha=float(alpha))


def _celu(write, x, alpha, scale, rate):
    return write.node("Celu", [x], alpha=float(alpha))


def _selu(write, x, alpha, scale, rate):
    return write.node("Selu", [x], alpha=1.6732632423543772, gamma=1.0507009873554805)


def _softplus(write, x, beta, threshold):
    if beta == 1:
        return write.node("Softplus", [x])
    beta = write.like(beta, x)
    return write.node("Div", [write.node("Softplus", [write.node("Mul", [x, beta])]), beta])


def _silu(write, x):
    return write.node("Mul", [x, write.node("Sigmoid", [x])])


def _logsigmoid(write, x):
    return write.node("Neg", [write.node("Softplus", [write.node("Neg", [x])])])


def _clip(write, x, low, high):
    bounds = ["" if bound is None else write.like(bound, x) for bound in (low, high)]
    return write.node("Clip", [x, *bounds])


def _threshold(write, x, limit, value):
    above = write.node("Greater", [x, write.like(limit, x)])
    return write.node("Where", [above, x, write.like(value, x)])


def _batch_norm(write, x, weight, bias, mean, var, training, momentum, eps, counter=None):
    if training or mean is None:
        return None
    size = write.shape(mean)
    weight = write.constant(np.ones(size, write.dtype(x))) if weight is None else weight
    bias = write.constant(np.zeros(size, write.dtype(x))) if bias is None else bias
    return write.node("BatchNormalization", [x, weight, bias, mean, var], epsilon=float(eps))


def _layer_norm(write, x, weight, bias, shape, eps):
    weight = write.constant(np.ones(shape, write.dtype(x))) if weight is None else weight
    inputs = [x, weight] if bias is None else [x, weight, bias]
    return write.node("LayerNormalization", inputs, axis=-len(shape), epsilon=float(eps))


def _rms_norm(write, x, weight, shape, eps):
    eps = np.finfo(write.dtype(x)).eps if eps is None else eps
    axes = write.constant(np.arange(-len(shape), 0))
    mean = write.node("ReduceMean", [write.node("Mul", [x, x]), axes], keepdims=1)
    y = write.node("Div", [x, write.node("Sqrt", [write.node("Add", [mean, write.like(eps, x)])])])
    return y if weight is None else write.node("Mul", [y, weight])


def _leaky_relu(write, x, slope):
    return write.node("LeakyRelu", [x], alpha=float(slope))


def _along(kind):
    return lambda write, x, dim: write.node(kind, [x], axis=int(dim))


def _reduced(kind):
    def form(write, x, dim, keepdim):
        inputs = [x] if dim is None or dim == () else [x, write.constant(np.atleast_1d(np.array(dim, np.int64)))]
        return write.node(kind, inputs, keepdims=int(keepdim))

    return form


def _reshape(write, x, shape):
    if -1 in shape:
        rest = math.prod(write.shape(x)) // max(1, math.prod(n for n in shape if n != -1))
        shape = tuple(rest if n == -1 else n for n in shape)
    return write.node("Reshape", [x, write.sizes(shape)])


def _slice(write, x, index):
    """Basic indexing: ranges, then single positions, then new dimensions."""
    index = index if isinstance(index, tuple) else (index,)
    if any(i is Ellipsis or not (i is None or isinstance(i, int | slice | np.integer)) for i in index):
        return None
    shape, starts, ends, steps, axes, single, new, place = write.shape(x), [], [], [], [], [], [], 0
    for at, i in enumerate(index):
        if i is None:
            new.append(at - len([j for j in index[:at] if isinstance(j, int | np.integer)]))
            continue
        if isinstance(i, slice):
            start, end, step = i.indices(shape[place])
            if (start, end, step) != (0, shape[place], 1):
                if step < 0 or place == 0:  # along the batch the end would be that of the example
                    return None
                starts, ends, steps, axes = [*starts, start], [*ends, end], [*steps, step], [*axes, place]
        else:
            i = int(i) % shape[place]
            starts, ends, steps, axes = [*starts, i], [*ends, i + 1], [*steps, 1], [*axes, place]
            single.append(place)
        place += 1
    if axes:
        x = write.node("Slice", [x, *(write.constant(np.array(v, np.int64)) for v in (starts, ends, axes, steps))])
    if single:
        x = write.node("Squeeze", [x, write.constant(np.array(single, np.int64))])
    if new:
        x = write.node("Unsqueeze", [x, write.constant(np.array(new, np.int64))])
    return x


def _cat(write, dim, *xs):
    return write.node("Concat", xs, axis=int(dim))


def _stack(write, dim, *xs):
    axis = write.constant(np.array([dim], np.int64))
    return write.node("Concat", [write.node("Unsqueeze", [x, axis]) for x in xs], axis=int(dim))


def _cast(write, x, dtype):
    return write.node("Cast", [x], to=write.type_of(dtype))


def _square(write, x):
    return write.node("Mul", [x, x])


FORMS = {
    "Linear": _linear, "MatMul": _one("MatMul"), "Embedding": _one("Gather"),
    "Relu": _one("Relu"), "Relu6": _clip, "LeakyRelu": _leaky_relu,
    "Elu": _elu, "Celu": _celu, "Selu": _selu, "Gelu": _one("Gelu"), "GeluTanh": _one("Gelu", approximate="tanh"),
    "Silu": _silu, "Mish": _one("Mish"), "Sigmoid": _one("Sigmoid"), "Tanh": _one("Tanh"), "Softplus": _softplus,
    "Logsigmoid": _logsigmoid, "Hardtanh": _clip, "Clamp": _clip, "Threshold": _threshold, "Prelu": _one("PRelu"),
    "Hardsigmoid": _one("HardSigmoid", alpha=1 / 6, beta=0.5), "Hardswish": _one("HardSwish"),
    "Softmax": _along("Softmax"), "LogSoftmax": _along("LogSoftmax"),
    "BatchNorm": _batch_norm, "LayerNorm": _layer_norm, "RmsNorm": _rms_norm,
    "Add": _one("Add"), "Sub": _one("Sub"), "Mul": _one("Mul"), "Div": _one("Div"), "Pow": _one("Pow"),
    "Maximum": _one("Max"), "Minimum": _one("Min"), "Neg": _one("Neg"), "Abs": _one("Abs"), "Exp": _one("Exp"),
    "Log": _one("Log"), "Sqrt": _one("Sqrt"), "Square": _square, "Reciprocal": _one("Reciprocal"), "Sign": _one("Sign"),
    "Floor": _one("Floor"), "Ceil": _one("Ceil"), "Sin": _one("Sin"), "Cos": _one("Cos"), "Tan": _one("Tan"),
    "Sinh": _one("Sinh"), "Cosh": _one("Cosh"), "Erf": _one("Erf"), "Where": _one("Where"),
    "Rsqrt": lambda write, x: write.node("Reciprocal", [write.node("Sqrt", [x])]),
    "Sum": _reduced("ReduceSum"), "Mean": _reduced("ReduceMean"), "Amax": _reduced("ReduceMax"),
    "Amin": _reduced("ReduceMin"), "Prod": _reduced("ReduceProd"), "LogSumExp": _reduced("ReduceLogSumExp"),
    "Reshape": _reshape, "Permute": lambda write, x, axes: write.node("Transpose", [x], perm=[int(a) for a in axes]),
    "Slice": _slice, "Cat": _cat, "Stack": _stack, "Cast": _cast,
    "Unchanged": _one("Identity"), "Clone": _one("Identity"), "Contiguous": _one("Identity"),
}  # fmt: skip
