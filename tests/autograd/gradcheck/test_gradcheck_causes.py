"""gradcheck finds wrong backward formulas, planted into real operations, and names what is wrong with them."""

import re

import numpy as np
import pytest
import samples

import microtorch as mt
from microtorch.autograd import ArrayFunction, GradcheckError, gradcheck

OPERATIONS = samples.operations()


def leaf(*shape, low=-2.0, high=2.0, seed=0):
    return mt.tensor(np.random.default_rng(seed).uniform(low, high, shape), requires_grad=True)


def wrong(name, backward):
    """The operation `name` with another backward."""
    forward = OPERATIONS[name].forward
    return type(
        "Wrong" + name, (ArrayFunction,), {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    )


def saved(formula):
    """A backward that is a formula of dy and what forward saved."""
    return lambda ctx, dy: formula(dy, *ctx.saved_tensors)


class ReluWithMask(ArrayFunction):
    """relu whose backward uses the mask of the call before."""

    last = np.zeros(0)

    @staticmethod
    def forward(ctx, x):
        ctx.mask = np.roll(x > 0, 1)  # what another batch left behind
        return np.maximum(x, 0)

    @staticmethod
    def backward(ctx, dy):
        return dy * ctx.mask


class AddBias(ArrayFunction):
    """x + b with a sum over the batch that is written by hand, and wrongly."""

    @staticmethod
    def forward(ctx, x, b):
        return x + b

    @staticmethod
    def backward(ctx, dy):
        return dy, dy[0]


class MeanOfBatch(AddBias):
    @staticmethod
    def backward(ctx, dy):
        return dy, dy.mean(axis=0)


class IgnoresCotangent(ArrayFunction):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return np.sum(x * x, keepdims=True)

    @staticmethod
    def backward(ctx, dy):
        return 2 * ctx.saved_tensors[0]


class LayerNormWithoutMean(ArrayFunction):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        centred = x - x.mean(axis=-1, keepdims=True)
        return centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True))

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        centred = x - x.mean(axis=-1, keepdims=True)
        rstd = 1 / np.sqrt((centred**2).mean(axis=-1, keepdims=True))
        y = centred * rstd
        return rstd * (dy - y * (dy * y).mean(axis=-1, keepdims=True))


def _overwritten(ctx, dy):
    dx = np.zeros(ctx.shape, dy.dtype)
    dx[ctx.index] = dy
    return dx


# The operation, its wrong backward, the arguments, and words of the cause that must be named.
PLANTED = {
    "inputs swapped": (
        wrong("Mul", saved(lambda dy, a, b: (dy * a, dy * b))),
        (leaf(3, 4), leaf(3, 4, seed=1)),
        "swapped",
    ),
    "weight transposed": (
        wrong("Linear", lambda ctx, dy: (dy @ ctx.saved_tensors[1], ctx.saved_tensors[0].T @ dy)),
        (leaf(5, 3), leaf(3, 3, seed=1), None),
        r"w: transposed",
    ),
    "weight not transposed in dx": (
        wrong("MatMul", saved(lambda dy, a, b: (dy @ b, a.T @ dy))),
        (leaf(2, 3), leaf(3, 3, seed=1)),
        r"transpose.*Jacobian|Jacobian.*transpose",
    ),
    "factor 2 missing": (wrong("Square", saved(lambda dy, x: dy * x)), (leaf(3, 4),), r"factor 1/2"),
    "counted twice": (
        wrong("Sin", saved(lambda dy, x: 2 * dy * np.cos(x))),
        (leaf(3, 4),),
        r"factor 2 .*counted twice",
    ),
    "1/N missing": (
        wrong("Mean", lambda ctx, dy: np.broadcast_to(dy, (3, 4))),
        (leaf(3, 4), None, False),
        r"N = 12.*1/N of a mean is missing",
    ),
    "1/N too much": (
        wrong("Sum", lambda ctx, dy: np.broadcast_to(dy / 12, (3, 4))),
        (leaf(3, 4), None, False),
        r"1/N with N = 12.*mean where a sum",
    ),
    "sign": (wrong("Sub", lambda ctx, dy: (dy, dy)), (leaf(3, 4), leaf(3, 4, seed=1)), r"b: wrong sign"),
    "missing sum": (AddBias, (leaf(3, 4), leaf(4, seed=1)), r"b: missing sum.*Sum over dimension 0.*b was broadcast"),
    "mean of the batch": (MeanOfBatch, (leaf(3, 4), leaf(4, seed=1)), r"b: .*1/N with N = 3"),
    "factor 1 - y missing": (
        wrong("Sigmoid", saved(lambda dy, y: dy * y)),
        (leaf(3, 4),),
        r"the factor 1 - the output is missing",
    ),
    "tanh with 1 - y": (
        wrong("Tanh", saved(lambda dy, y: dy * (1 - y))),
        (leaf(3, 4),),
        r"factor 1 \+ the output is missing",
    ),
    "no local derivative": (wrong("Exp", saved(lambda dy, y: dy)), (leaf(3, 4),), r"passed on unchanged"),
    "stale mask": (ReluWithMask, (leaf(12),), r"mask used in backward is not that of forward"),
    "mask drawn anew": (
        wrong("Dropout", lambda ctx, dy: OPERATIONS["Dropout"].apply(dy, ctx.p, ctx.key + np.array([1, 0], np.uint32))),
        (leaf(12), 0.5, 7),
        r"mask used in backward is not that of forward",
    ),
    "negative slope forgotten": (
        wrong("LeakyRelu", saved(lambda dy, x: dy * (x > 0))),
        (leaf(3, 4), 0.3),
        r"only where the input is negative: the gradient is zero there",
    ),
    "alpha forgotten": (
        wrong("Elu", saved(lambda dy, x: dy * np.where(x > 0, 1, np.exp(np.minimum(x, 0))))),
        (leaf(3, 4), 0.5, 1.0, 1.0),
        r"only where the input is negative: by the factor 2 there",
    ),
    "clamp lets through": (
        wrong("Clamp", lambda ctx, dy: dy * (ctx.saved_tensors[0] > -0.5)),
        (leaf(3, 6), -0.5, 0.7),
        r"only where the input is above .*should be zero",
    ),
    "softmax without its sum": (
        wrong("Softmax", saved(lambda dy, y: dy * y)),
        (leaf(3, 4), 1),
        r"couples the elements",
    ),
    "log_softmax without its sum": (wrong("LogSoftmax", lambda ctx, dy: dy), (leaf(3, 4), 1), r"couples the elements"),
    "batch statistics constant": (
        wrong("BatchNorm", lambda ctx, dy: dy / np.sqrt(ctx.inputs[0].detach().numpy().var(0) + 1e-5)),
        (leaf(5, 3), None, None, None, None, True, 0.1, 1e-5),
        r"couples the elements",
    ),
    "mean not subtracted": (LayerNormWithoutMean, (leaf(3, 5),), r"the same amount.*mean"),
    "repeated index overwritten": (
        wrong("Index", _overwritten),
        (leaf(3), (np.array([0, 2, 2, 1]),)),
        r"repeated indices overwrite",
    ),
    "cotangent ignored": (IgnoresCotangent, (leaf(3, 4),), r"ignores the incoming gradient"),
    "gradient zero": (wrong("Cos", lambda ctx, dy: dy * 0), (leaf(3, 4),), r"the gradient is zero"),
    "a / b instead of a / b²": (
        wrong("Div", saved(lambda dy, a, b: (dy / b, -dy * a / b))),
        (leaf(3, 4), leaf(3, 4, low=0.5, seed=1)),
        r"b: a factor b too much",
    ),
    "x instead of 1 / x": (
        wrong("Log", saved(lambda dy, x: dy * x)),
        (leaf(3, 4, low=0.5),),
        r"inverted: it is the reciprocal",
    ),
    "exponent not lowered": (
        wrong("Pow", saved(lambda dy, x, *rest: 3 * dy * x**3)),
        (leaf(3, 4, low=0.5), 3.0),
        r"a factor a too much",
    ),
    "flip not undone": (wrong("Flip", lambda ctx, dy: dy), (leaf(5), (0,)), r"reversed along dimension 0"),
    "roll the same way": (
        wrong("Roll", lambda ctx, dy: np.roll(dy, 1)),
        (leaf(5), (1,), (0,)),
        r"shifted by \d along dimension 0",
    ),
    "cumsum forwards": (
        wrong("CumSum", lambda ctx, dy: np.cumsum(dy, 0)),
        (leaf(5), 0),
        r"transpose.*Jacobian|Jacobian.*transpose",
    ),
    "n for n - 1": (
        wrong("Var", saved(lambda dy, x: dy * 2 * (x - x.mean()) / 5)),
        (leaf(5), 0, False, 1),
        r"off by the factor 0\.8 everywhere",
    ),
}


@pytest.mark.parametrize("plant", PLANTED)
def test_a_planted_error_is_found(plant):
    operation, arguments, _ = PLANTED[plant]
    with pytest.raises(GradcheckError, match="gradcheck failed") as caught:
        gradcheck(operation.apply, arguments)
    report = caught.value.report
    assert not report
    if report.blocks:  # what is not even linear is not compared by element
        worst = report.worst(1)[0]
        assert worst["error"] > 10 * worst["numeric_error"]
        assert f"{worst['analytic']:.6g}" in str(report)
        assert "<table" in report._repr_html_()


@pytest.mark.parametrize("plant", PLANTED)
def test_the_cause_is_named(plant):
    operation, arguments, words = PLANTED[plant]
    report = gradcheck(operation.apply, arguments, raise_exception=False)
    assert re.search(words, report.cause), report.cause


@pytest.mark.parametrize("plant", PLANTED)
@pytest.mark.parametrize("options", [{"fast_mode": True}, {"budget": 0.05}])
def test_a_planted_error_is_found_quickly_too(plant, options):
    operation, arguments, words = PLANTED[plant]
    report = gradcheck(operation.apply, arguments, raise_exception=False, **options)
    assert not report
    assert re.search(words, report.cause), report.cause
