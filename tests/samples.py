"""Note [One table]: the arguments with which every operation is tested.

The tests walk all subclasses of ArrayFunction in the package. One whose `forward` takes only arrays (named x, or a and
b) needs no row; one with options, a special domain or kinks has a row in SAMPLES. A class with neither fails the suite,
and the message shows the line to add. NUMPY says what forward must give, for those that have a plain numpy formula.

What is not tested here: the public functions around the operations, which `test_torch_samples` compares with PyTorch.
"""

import importlib
import inspect
import math
import pkgutil
from typing import NamedTuple

import numpy as np

import microtorch
from microtorch.autograd import ArrayFunction
from microtorch.ops.indexing.index import Slice


class Leaf(NamedTuple):
    """A tensor that requires a gradient, with values drawn between `low` and `high`."""

    shape: tuple
    low: float = -2.0
    high: float = 2.0

    def draw(self, rng, dtype):
        return np.asarray(rng.uniform(self.low, self.high, self.shape)).astype(dtype)


class Fixed(NamedTuple):
    """A tensor that requires a gradient, with these values: at kinks and ties."""

    values: object

    def draw(self, rng, dtype):
        return np.array(self.values, dtype)


class Sample(NamedTuple):
    """Arguments of one call; `call` where that is more than `apply`."""

    args: tuple
    call: object = None

    def arrays(self, seed=0, dtype=np.float64):
        """The arguments as `forward` receives them; floating constants in `dtype`."""
        rng = np.random.default_rng(seed)
        return [
            a.draw(rng, dtype)
            if isinstance(a, Leaf | Fixed)
            else a.astype(dtype)
            if isinstance(a, np.ndarray) and a.dtype.kind == "f"
            else a
            for a in self.args
        ]

    def tensors(self, seed=0, dtype=np.float64):
        """The arguments as `apply` takes them."""
        return [
            microtorch.tensor(value, requires_grad=isinstance(a, Leaf | Fixed))
            if isinstance(value, np.ndarray)
            else value
            for a, value in zip(self.args, self.arrays(seed, dtype), strict=True)
        ]


def x(*shape, low=-2.0, high=2.0):
    return Leaf(shape, low, high)


def at(*values):
    return Fixed(values)


def of(*args, call=None):
    """One sample."""
    return [Sample(args, call)]


UNARY = ((3, 4), (), (1,), (0, 3))
BINARY = (((3, 4), (3, 4)), ((3, 4), (4,)), ((3, 1), (1, 4)), ((), (3,)), ((), ()), ((2, 0), (0,)))


def unary(*options, low=-2.0, high=2.0):
    """One array, in all shapes, and these options."""
    return [Sample((Leaf(shape, low, high), *options)) for shape in UNARY]


def binary(*options, a=(-2.0, 2.0), b=(-2.0, 2.0)):
    """Two arrays, broadcasting both ways, each from its own range."""
    return [Sample((Leaf(p, *a), Leaf(q, *b), *options)) for p, q in (*BINARY, *((q, p) for p, q in BINARY if p != q))]


_rng = np.random.default_rng(7)
LABELS = np.array([2, 0, 1, 2])
SHARES = _rng.dirichlet(np.ones(3), 4)
WEIGHT = np.array([0.5, 1.0, 2.0])
INDEX = np.array([0, 2, 2, 1])  # with a repetition: its gradients must add
PLACES = np.array([[0, 2, 2], [1, 0, 1]])
STEPS = (slice(None, None, 2), slice(3, None, -1))


def _solved(a, b):
    """The solution with matrices that are not singular whatever `a` is."""
    return microtorch.linalg.solve(a + np.eye(a.shape[-1], dtype=a.dtype) * 9, b)


def _logarithm_of_determinant(x):
    """Of matrices that have an inverse whatever `x` is."""
    return microtorch.slogdet(x + np.eye(x.shape[-1], dtype=x.dtype) * 9)[1]


def _positive_definite(x, *rest):
    """A positive definite matrix for each matrix, so that any small step from it is one, too."""
    return microtorch.cholesky(x @ x.mT + np.eye(x.shape[-1], dtype=x.dtype))


SAMPLES = {
    # arithmetic
    "Div": binary(b=(0.5, 2)),
    "FloorDivide": binary(b=(0.5, 2)),
    "TruncDivide": binary(b=(0.5, 2)),
    "Remainder": binary(b=(0.5, 2)),
    "Fmod": binary(b=(0.5, 2)),
    "Pow": binary(a=(0.3, 2)) + of(x(3), 3.0) + of(x(3), 2) + of(2.0, x(3)) + of(at(0.0, 1.0), 2.0),
    "Absorb": binary(),
    "Atan2": binary(a=(0.5, 2), b=(0.5, 2)),
    "Hypot": binary(a=(0.5, 2)),
    "Where": [
        Sample((np.array([[True, False, True]]), *s.args))
        for s in (Sample((x(2, 3), x(2, 3))), Sample((x(2, 1), x(3))))
    ],
    "Clamp": unary(-0.5, 0.7) + of(x(5), None, 0.3) + of(x(2, 3), x(3, low=-1, high=-0.5), x(2, 1, low=0.5, high=1)),
    # of one array, on its domain
    **{name: unary(low=0.3, high=3) for name in ("Log", "Log2", "Log10", "Sqrt", "Rsqrt", "Reciprocal")},
    "Log1p": unary(low=-0.6),
    **{name: unary(low=-0.8, high=0.8) for name in ("Asin", "Acos", "Atanh")},
    "Acosh": unary(low=1.2, high=3),
    "Logit": unary(low=0.1, high=0.9),
    "Sinc": unary() + of(at(0.0, 0.1, -0.19, 0.21, 1.0)),
    "Xlogy": binary(a=(0.5, 2), b=(0.5, 2)) + of(at(0.0, 1.0), x(2, low=0.5)),
    "Tan": unary(low=-1.2, high=1.2),
    "Round": unary(0) + unary(1),
    "Cast": unary(np.dtype(np.float64)),
    "Overwrite": of(x(3, 4), x(4)),
    "Lgamma": unary(low=0.2, high=6) + of(at(-0.5, -2.3, 40.0)),
    "Digamma": unary(low=0.2, high=6) + of(at(-0.5, -2.3, 40.0)),
    "Polygamma": unary(1, low=0.4, high=6) + unary(2, low=0.4, high=6) + of(at(-0.5, -2.3, 40.0), 1),
    "Erfinv": unary(low=-0.9, high=0.9),
    # systems of equations
    "Solve": of(x(3, 3), x(3, 2), call=_solved)
    + of(x(2, 3, 3), x(3, 2), call=_solved)
    + of(x(3, 3), x(3), call=_solved),
    "Slogdet": of(x(3, 3), call=_logarithm_of_determinant) + of(x(2, 2, 2), call=_logarithm_of_determinant),
    "Cholesky": of(x(3, 3), call=_positive_definite) + of(x(2, 2, 2), call=_positive_definite),
    # activations
    "LeakyRelu": unary(0.1) + unary(-0.5),
    "Prelu": of(x(3, 4), x(1, low=0.1)) + of(x(3, 4), x(4, low=0.1)) + of(x(), x(1, low=0.1)),
    "Threshold": unary(0.3, -1.0),
    "Hardtanh": unary(-1.0, 0.5),
    "Hardshrink": unary(0.5),
    "Softshrink": unary(0.5),
    "Relu6": unary(0.0, 6.0, high=8),
    "Hardsigmoid": unary(low=-5, high=5),
    "Hardswish": unary(low=-5, high=5),
    "Elu": unary(0.7, 1.0, 1.0),
    "Selu": unary(1.6732632423543772, 1.0507009873554805, 1.0),
    "Celu": unary(0.7, 1.0, 1 / 0.7),
    "Softplus": unary(2.0, 3.0, low=-3, high=3),
    "Softmax": of(x(3, 4), 1) + of(x(3, 4), 0) + of(x(2, 3, 2), 1) + of(x(5), -1) + of(x(0, 3), 1),
    "LogSoftmax": of(x(3, 4), 1) + of(x(3, 4), 0) + of(x(2, 3, 2), 1) + of(x(5), -1) + of(x(0, 3), 1),
    "Dropout": unary(0.4, 12345),
    # reductions
    "Sum": of(x(3, 4), None, False)
    + of(x(3, 4), 0, False)
    + of(x(2, 3, 4), (0, 2), True)
    + of(x(), None, False)
    + of(x(0, 3), 0, False),
    "Mean": of(x(3, 4), None, False) + of(x(3, 4), 0, False) + of(x(2, 3, 4), (0, 2), True) + of(x(), None, False),
    **{
        name: of(x(3, 4), None, False)
        + of(x(3, 4), 1, True)
        + of(x(2, 3, 2), (0, 2), False)
        + of(at(1.0, 2.0, 2.0, 1.0, 1.0), 0, False)
        for name in ("Amax", "Amin")
    },
    **{name: of(x(3, 4), 1, True) + of(x(3, 4), 0, False) for name in ("Max", "Min")},
    "TiesShare": of(at(1.0, 2.0, 2.0), np.array([2.0])),
    # shape and index
    "Reshape": of(x(3, 4), (2, 6)) + of(x(3, 4), (12,)) + of(x(), (1, 1)),
    "Contiguous": of(x(3, 4)),
    "Expand": of(x(3, 1), (2, 3, 4)) + of(x(), (3,)) + of(x(1, 4), (0, 4)),
    "Permute": of(x(2, 3, 4), (2, 0, 1)) + of(x(3, 4), (1, 0)),
    "Cat": of(0, x(2, 3), x(1, 3)) + of(1, x(2, 3), x(2, 1), x(2, 0)),
    "Stack": of(0, x(2, 3), x(2, 3)) + of(2, x(2, 3), x(2, 3)),
    "Diagonal": of(x(3, 4), 0, 0, 1) + of(x(3, 4), -1, 0, 1) + of(x(2, 3, 3), 1, 2, 1),
    "OnDiagonal": of(x(3), (3, 4), 0, 0, 1) + of(x(2), (3, 3), -1, 0, 1),
    "Tril": of(x(3, 4), 0) + of(x(2, 3, 3), -1),
    "Triu": of(x(3, 4), 0) + of(x(2, 3, 3), 1),
    "Flip": of(x(3, 4), (0,)) + of(x(3, 4), (0, 1)),
    "Roll": of(x(3, 4), (1,), (0,)) + of(x(3, 4), (2, -1), (0, 1)),
    "Tile": of(x(2, 3), (2, 1)) + of(x(3), (2, 2)) + of(x(), (3,)),
    "Split": of(x(5, 3), (2, 3), 0) + of(x(2, 4), (1, 0, 3), 1),
    "Unbind": of(x(2, 3), 0) + of(x(2, 3), 1),
    "Slice": of(x(4, 5), STEPS) + of(x(4, 5), (1, Ellipsis, None)) + of(x(4), (slice(0, 0),)),
    "Place": of(x(2, 4), STEPS, (4, 5)),
    "Index": of(x(3, 2), (INDEX,)) + of(x(3, 3), (INDEX, INDEX)) + of(x(3), (np.array([True, False, True]),)),
    "AddAt": of(x(4, 2), (INDEX,), (3, 2)),
    "CopySlices": of(x(4, 5), x(2, 4), call=lambda a, b: _with_items(a, b, STEPS))
    + of(x(3), x(), call=lambda a, b: _with_items(a, b, 1)),
    "Cleared": of(x(4, 5), ((Slice, (STEPS,), None),), None) + of(x(4), (), (np.array([0, 2]),)),
    "Flat": of(x(3, 4), x(2)),
    "Gather": of(x(2, 4), 1, PLACES) + of(x(3, 3), 0, PLACES),
    "Scatter": of(x(2, 4), 1, np.array([[0, 2, 1], [1, 0, 3]]), x(2, 3)),
    "ScatterMultiply": of(x(2, 4), 1, PLACES, x(2, 3)),
    "ScatterAdd": of(x(2, 4), 1, PLACES, x(2, 3)),
    "ScatterProduct": of(x(2, 4, low=0.5), 1, PLACES, x(2, 3, low=0.5))
    + of(at(0.0, 2.0), 0, INDEX % 2, at(0.0, 3.0, 0.5, 1.5)),
    "ScatterExtreme": of(x(2, 4), 1, PLACES, x(2, 3), np.maximum) + of(x(3), 0, INDEX[:2], x(4), np.minimum),
    "PutAlong": of(x(2, 2), np.array([[0, 3], [2, 1]]), (2, 4), 1)
    + of(x(4), np.array([2, 0, 0, 1]), (3, 4), 0)
    + of(x(), np.array(0), (), 0),
    "Pad": of(x(2, 3), ((1, 2), (0, 1)), 0.5) + of(x(4, 3), ((-1, 1), (0, -2)), 0.0),
    "Embedding": of(x(3, 2), INDEX, None) + of(x(3, 2), PLACES, None),
    "EmbeddingBackward": of(x(4, 2), INDEX, 3),
    # cumulative and sorted
    "CumSum": of(x(3, 4), 1) + of(x(3, 4), 0),
    "CumProd": of(x(3, 4), 1) + of(at(0.5, 0.0, 2.0, 0.0), 0),
    "Prod": of(x(3, 4), 1, False) + of(at(0.5, 0.0, 2.0), 0, True) + of(at(0.0, 0.0, 2.0), 0, False),
    **{name: of(x(3, 4), 1) + of(x(3, 4), 0) + of(x(), 0) for name in ("CumMax", "CumMin")},
    "LogCumSumExp": of(x(3, 4), 1) + of(x(3, 4), 0),
    "Kthvalue": of(x(3, 4), 2, 1, False) + of(x(5), 5, 0, True),
    "Mode": of(x(3, 4), 1, False) + of(at(3.0, 1.0), 0, True) + of(x(), 0, False),
    "Recurrence": of(x(4, 3), x(4, 3), 0) + of(x(2, 3), x(2, 3), 1),
    "Sort": of(x(3, 4), 1, False) + of(x(3, 4), 0, True),
    "Topk": of(x(3, 4), 2, 1, True) + of(x(5), 3, 0, False),
    "Median": of(x(3, 4), 1, False, False) + of(x(5), 0, True, False) + of(at(1.0, np.nan, 0.5), 0, False, True),
    **{name: of(x(3, 4), 1, False, 1) + of(x(2, 3, 2), (0, 2), True, 0) for name in ("Var", "Std")},
    "LogSumExp": of(x(3, 4), 1, False) + of(x(2, 3, 2), (0, 2), True),
    "Norm": of(x(3, 4), 2, 1, False)
    + of(x(3, 4), 1, 0, True)
    + of(x(3, 4), 3.5, None, False)
    + of(x(3, 4), np.inf, 1, False)
    + of(at(0.0, 0.0, 0.0), 2, None, False),
    "NuclearNorm": of(x(3, 4)) + of(x(3, 3)) + of(x(2, 3, 2)),
    "Polar": of(x(3, 4)) + of(x(2, 3, 2)),
    "Lerp": of(x(3, 4), x(4), x(3, 1)) + of(x(3), x(3), 0.7),
    "NanToNum": unary(0.0, 1.0, -1.0),
    # products
    "MatMul": of(x(2, 3), x(3, 4))
    + of(x(3), x(3))
    + of(x(2, 3), x(3))
    + of(x(3), x(3, 2))
    + of(x(2, 1, 2, 3), x(4, 3, 2))
    + of(x(0, 3), x(3, 2)),
    "Linear": of(x(4, 3), x(2, 3), x(2))
    + of(x(4, 3), x(2, 3), None)
    + of(x(3), x(2, 3), x(2))
    + of(x(2, 2, 3), x(2, 3), x(2))
    + of(x(0, 3), x(2, 3), x(2)),
    # losses and normalisation
    "MseLoss": of(x(3, 4), x(3, 4), "mean") + of(x(3, 4), x(4), "sum") + of(x(3), x(3), "none"),
    "CrossEntropy": of(x(4, 3), LABELS, None, -100, "mean", 0.0)
    + of(x(4, 3), LABELS, WEIGHT, 1, "mean", 0.1)
    + of(x(4, 3), LABELS, WEIGHT, -100, "none", 0.0)
    + of(x(4, 3), SHARES, WEIGHT, -100, "mean", 0.2)
    + of(x(4, 3, 2), np.stack([LABELS, LABELS], 1), None, 0, "sum", 0.0)
    + of(x(3), np.array(1), None, -100, "mean", 0.0),
    "NllLoss": of(x(4, 3), LABELS, None, -100, "mean")
    + of(x(4, 3), LABELS, WEIGHT, 1, "mean")
    + of(x(4, 3, 2), np.stack([LABELS, LABELS], 1), WEIGHT, -100, "none"),
    "HuberLoss": of(x(3, 4), x(3, 4), 0.8) + of(x(3, 4), x(4), 2.0),
    "BinaryCrossEntropy": of(x(3, 4, low=0.1, high=0.9), x(3, 4, low=0.1, high=0.9)),
    "BinaryCrossEntropyWithLogits": of(x(3, 4), x(3, 4, low=0, high=1)),
    "MultiMarginLoss": of(x(4, 3), LABELS, 1, 0.7, None)
    + of(x(4, 3), LABELS, 2, 1.0, WEIGHT)
    + of(x(3), np.array(1), 2, 1.0, None),
    "RmsNorm": of(x(3, 4), x(4), (4,), 1e-5) + of(x(2, 3, 2), None, (3, 2), 1e-5),
    "BatchNorm": of(x(5, 3), x(3), x(3), None, None, True, 0.1, 1e-5)
    + of(x(4, 2, 3), None, None, None, None, True, 0.1, 1e-5)
    + of(x(5, 3), x(3), x(3), WEIGHT, WEIGHT, False, 0.1, 1e-5),
    "SyncedBatchNorm": of(x(5, 3), x(3), x(3), None, None, 0.1, 1e-5)
    + of(x(4, 2, 3), None, None, None, None, 0.1, 1e-5),
    "LayerNorm": of(x(3, 4), x(4), x(4), (4,), 1e-5)
    + of(x(2, 3, 2), x(3, 2), None, (3, 2), 1e-5)
    + of(x(3, 4), None, None, (4,), 1e-5),
}


def _with_items(a, b, index):
    c = a.clone()
    c[index] = b
    return c


SAME_AS_NUMPY = "exp exp2 expm1 log log2 log10 log1p sin cos tan sinh cosh tanh floor ceil trunc sinc"

# What forward gives, as a numpy formula of the arrays.
NUMPY = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": np.divide,
    "Neg": np.negative,
    "Pow": np.power,
    "FloorDivide": np.floor_divide,
    "TruncDivide": lambda a, b: np.trunc(a / b),
    "Remainder": np.remainder,
    "Fmod": np.fmod,
    "Atan2": np.arctan2,
    "Hypot": np.hypot,
    "Maximum": np.maximum,
    "Minimum": np.minimum,
    "Where": np.where,
    "Clamp": lambda a, low, high: np.clip(a, low, high),
    "Abs": np.abs,
    "Sign": np.sign,
    "Sqrt": np.sqrt,
    "Rsqrt": lambda a: 1 / np.sqrt(a),
    "Square": np.square,
    "Reciprocal": np.reciprocal,
    **{name.capitalize(): getattr(np, name) for name in SAME_AS_NUMPY.split()},
    **{f"A{name}": getattr(np, f"arc{name}") for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    "LogAddExp": np.logaddexp,
    "LogAddExp2": np.logaddexp2,
    "Fmax": np.fmax,
    "Fmin": np.fmin,
    "Copysign": np.copysign,
    "Erfc": np.vectorize(math.erfc, otypes=[float]),
    "Logit": lambda a: np.log(a) - np.log1p(-a),
    "Xlogy": lambda a, b: a * np.log(b),
    "Round": np.round,
    "Sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    "Erf": np.vectorize(math.erf, otypes=[float]),
    "Relu": lambda a: np.maximum(a, 0),
    "LeakyRelu": lambda a, slope: np.where(a > 0, a, slope * a),
    "Prelu": lambda a, w: np.where(a > 0, a, w * a),
    "Threshold": lambda a, limit, value: np.where(a > limit, a, value),
    "Hardtanh": np.clip,
    "Relu6": np.clip,
    "Hardsigmoid": lambda a: np.clip(a + 3, 0, 6) / 6,
    "Hardswish": lambda a: a * np.clip(a + 3, 0, 6) / 6,
    "Elu": lambda a, alpha, scale, rate: np.where(a > 0, a, alpha * np.expm1(a)),
    "Celu": lambda a, alpha, scale, rate: np.where(a > 0, a, alpha * np.expm1(a / alpha)),
    "Selu": lambda a, alpha, scale, rate: scale * np.where(a > 0, a, alpha * np.expm1(a)),
    "Gelu": lambda a: a / 2 * (1 + np.vectorize(math.erf, otypes=[float])(a / math.sqrt(2))),
    "GeluTanh": lambda a: a / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (a + 0.044715 * a**3))),
    "Silu": lambda a: a / (1 + np.exp(-a)),
    "Mish": lambda a: a * np.tanh(np.log1p(np.exp(a))),
    "Softplus": lambda a, beta, threshold: np.where(a * beta > threshold, a, np.log1p(np.exp(beta * a)) / beta),
    "Logsigmoid": lambda a: -np.log1p(np.exp(-a)),
    "Softmax": lambda a, dim: np.exp(a) / np.exp(a).sum(dim, keepdims=True),
    "LogSoftmax": lambda a, dim: a - np.log(np.exp(a).sum(dim, keepdims=True)),
    "Sum": lambda a, dim, keepdim: a.sum(dim, keepdims=keepdim),
    "Mean": lambda a, dim, keepdim: a.mean(dim, keepdims=keepdim),
    "Amax": lambda a, dim, keepdim: a.max(dim, keepdims=keepdim),
    "Amin": lambda a, dim, keepdim: a.min(dim, keepdims=keepdim),
    "Reshape": np.reshape,
    "Expand": np.broadcast_to,
    "Permute": np.transpose,
    "Tril": np.tril,
    "Triu": np.triu,
    "Flip": np.flip,
    "Roll": np.roll,
    "Tile": np.tile,
    "Cat": lambda dim, *xs: np.concatenate(xs, dim),
    "Stack": lambda dim, *xs: np.stack(xs, dim),
    "Slice": lambda a, index: a[index],
    "Index": lambda a, index: a[index],
    "Gather": lambda a, dim, index: np.take_along_axis(a[: index.shape[0]] if dim else a, index, dim),
    "Pad": lambda a, amounts, value: np.pad(a, np.maximum(amounts, 0), constant_values=value)[_cut(amounts)],
    "Embedding": lambda a, index, factor: a[index],
    "CumSum": lambda a, dim: a.cumsum(dim),
    "CumProd": lambda a, dim: a.cumprod(dim),
    "LogCumSumExp": lambda a, dim: np.log(np.exp(a).cumsum(dim)),
    "Prod": lambda a, dim, keepdim: a.prod(dim, keepdims=keepdim),
    "Var": lambda a, dim, keepdim, correction: a.var(dim, ddof=correction, keepdims=keepdim),
    "Std": lambda a, dim, keepdim, correction: a.std(dim, ddof=correction, keepdims=keepdim),
    "LogSumExp": lambda a, dim, keepdim: np.log(np.exp(a).sum(dim, keepdims=keepdim)),
    "Norm": lambda a, p, dim, keepdim: np.linalg.norm(a.ravel() if dim is None else a, p, dim, keepdim),
    "NuclearNorm": lambda a: np.linalg.norm(a, "nuc", (-2, -1)),
    "Lerp": lambda a, b, w: a + w * (b - a),
    "NanToNum": lambda a, nan, posinf, neginf: np.nan_to_num(a),
    "MatMul": np.matmul,
    "Linear": lambda a, w, b: a @ w.T + (0 if b is None else b),
    "MseLoss": lambda a, t, reduction: {"mean": np.mean, "sum": np.sum, "none": np.asarray}[reduction]((a - t) ** 2),
    "LayerNorm": lambda a, w, b, shape, eps: (
        _normalized(a, tuple(range(-len(shape), 0)), eps) * (1 if w is None else w) + (0 if b is None else b)
    ),
}


def _cut(amounts):
    return tuple(slice(max(-before, 0), min(after, 0) or None) for before, after in amounts)


def _normalized(a, axes, eps):
    return (a - a.mean(axes, keepdims=True)) / np.sqrt(a.var(axes, keepdims=True) + eps)


def operations():
    """All operations of the package by name: the subclasses of ArrayFunction that have a forward."""
    for module in pkgutil.walk_packages(microtorch.__path__, "microtorch."):
        if module.name.startswith(("microtorch.ops.", "microtorch.nn.")):
            importlib.import_module(module.name)
    found, waiting = {}, [ArrayFunction]
    while waiting:
        cls = waiting.pop()
        waiting += cls.__subclasses__()
        public = cls.__module__.startswith("microtorch.") and not cls.__name__.startswith("_")
        if public and cls.forward is not ArrayFunction.forward:
            found[cls.__name__] = cls
    return dict(sorted(found.items()))


def samples_of(cls):
    """The samples of an operation; an empty list if the table has none and the defaults do not fit."""
    if cls.__name__ in SAMPLES:
        return SAMPLES[cls.__name__]
    names = list(inspect.signature(cls.forward).parameters)[1:]
    return unary() if names == ["x"] else binary() if names == ["a", "b"] else []


def line_to_add(cls):
    """What to write into SAMPLES for an operation without samples."""
    names = list(inspect.signature(cls.forward).parameters)[1:]
    options = "".join(f", {name}=..." for name in names[1:])
    return f'    "{cls.__name__}": of(x(3, 4){options}),  # tests/samples.py, SAMPLES'
