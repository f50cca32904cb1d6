"""gradcheck: it passes what is right, judges kinks, float32 and models; and the numerical derivatives behind it."""

import numpy as np
import pytest
import samples
from test_gradcheck_causes import OPERATIONS, PLANTED, leaf, saved, wrong

import microtorch as mt
from microtorch.autograd import (
    ArrayFunction,
    GradcheckError,
    eval_numerical_gradient,
    eval_numerical_gradient_array,
    gradcheck,
    gradgradcheck,
    numerical_gradient,
    relative_error,
)
from microtorch.errors import GraphError

# -- what is right passes --------------------------------------------------------------------------------------------

CASES = [
    pytest.param(cls, sample, id=f"{name}-{i}")
    for name, cls in OPERATIONS.items()
    for i, sample in enumerate(samples.samples_of(cls))
    if name != "ScatterMultiply"  # has no derivative
    and (name, i) != ("Median", 2)  # NaN, beside which nothing is decided
]


@pytest.mark.parametrize("cls, sample", CASES)
def test_no_false_alarm(cls, sample):
    """Other values than those of test_ops, and float32 through its shadow."""
    for seed, dtype in ((1, np.float64), (2, np.float32)):
        args = sample.tensors(seed, dtype)
        assert gradcheck(lambda *a: (sample.call or cls.apply)(*a), args)


@pytest.mark.parametrize(
    "function, values, kinks",
    [
        (mt.relu, [0.0, 1.0, -1.0], ["kink at input[0]: analytic 0 lies in [0, 1]"]),
        (mt.abs, [0.0, 3e-5, -0.01, 2.0], ["kink at input[0]: analytic 0 lies in [-1, 1]"]),
        (lambda x: mt.amax(x, 0), [1.0, 2.0, 2.0], ["analytic 0.5 lies in [0, 1]"] * 2),
        (lambda x: mt.max(x, 0)[0], [1.0, 2.0, 2.0], ["analytic 1 lies in [0, 1]", "analytic 0 lies in [0, 1]"]),
        (lambda x: mt.nn.functional.leaky_relu(x, 0.1), [0.0, 1e-4, -1.0], ["analytic 0.1 lies in [0.1, 1]"]),
        (lambda x: mt.clamp(x, -1, 1), [1.0, -1.0, 0.999], ["kink at x[0]: analytic 1", "kink at x[1]: analytic 1"]),
        (mt.relu, [1e-3, -1e-3, 1e-5, -1e-5, 0.008], []),
    ],
)
def test_kinks_pass_with_a_note(function, values, kinks):
    x = mt.tensor(values, dtype=mt.float64, requires_grad=True)
    report = gradcheck(function, x)
    assert len(report.notes) == len(kinks)
    for note, words in zip(report.notes, kinks, strict=True):
        assert words in note


@pytest.mark.parametrize("slope", [-0.1, 1.1, 2.0])
def test_a_wrong_subgradient_fails(slope):
    class Relu(ArrayFunction):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return np.maximum(x, 0)

        @staticmethod
        def backward(ctx, dy):
            (x,) = ctx.saved_tensors
            return dy * np.where(x == 0, slope, x > 0)

    with pytest.raises(GradcheckError, match=r"x\[1\] of output 1"):
        gradcheck(Relu.apply, mt.tensor([1.0, 0.0, -1.0], dtype=mt.float64, requires_grad=True))


def test_where_the_function_is_not_finite():
    report = gradcheck(mt.sqrt, mt.tensor([0.0, 1.0], dtype=mt.float64, requires_grad=True))
    assert "1 derivatives by input could not be decided" in report.notes[0]


def test_small_and_large_gradients_are_judged_alike():
    for scale in (1e-12, 1e12):
        assert gradcheck(lambda x, s=scale: mt.sin(x) * s, leaf(3))
        with pytest.raises(GradcheckError):
            gradcheck(lambda x, s=scale: PLANTED["counted twice"][0].apply(x) * s, leaf(3))


def test_an_error_of_a_millionth_is_found():
    off = wrong("Sin", saved(lambda dy, x: dy * np.cos(x) * (1 + 1e-6)))
    with pytest.raises(GradcheckError):
        gradcheck(off.apply, leaf(3))
    assert gradcheck(off.apply, leaf(3), atol=1e-5, rtol=1e-3)  # PyTorch's tolerances do not see it


# -- what it takes and says ------------------------------------------------------------------------------------------


def test_it_needs_an_input_that_requires_a_gradient():
    with pytest.raises(GraphError, match="no input requires a gradient"):
        gradcheck(mt.exp, mt.ones(2))


def test_outputs_and_inputs_of_any_number():
    def f(x, factor, w, labels):
        return mt.exp(x) * factor, (x * w).sum(), labels

    report = gradcheck(f, (leaf(2, 3), 2.0, leaf(3, seed=1), mt.arange(3)))
    assert [b.name for b in report.blocks] == ["x", "w"]
    assert [b.analytic.shape for b in report.blocks] == [(7, 6), (7, 3)]


def test_names_of_tensors_win():
    x = leaf(2)
    x.name = "temperature"
    with pytest.raises(GradcheckError, match="temperature: off by the factor 2"):
        gradcheck(PLANTED["counted twice"][0].apply, x)


def test_inputs_and_global_state_are_as_before():
    x = leaf(2, 3)
    before, array = x.detach().clone(), x._array
    gradcheck(mt.tanh, x)
    assert x._array is array
    assert bool((x.detach() == before).all())
    assert x.grad is None


def test_a_report_is_true_or_false_and_printed():
    good = gradcheck(mt.exp, leaf(2))
    assert good
    assert str(good) == "gradcheck passed\n  input (2,): 4 derivatives agree"
    bad = gradcheck(PLANTED["sign"][0].apply, PLANTED["sign"][1], raise_exception=False)
    assert not bad
    lines = str(bad).splitlines()
    assert lines[0] == "gradcheck failed"
    assert lines[1].startswith("  likely cause: b: wrong sign")
    assert "  b (3, 4): 12 of 144 derivatives wrong (8%)" in lines
    first = bad.worst(1)[0]
    assert (first["input"], first["analytic"], round(first["numeric"])) == ("b", 1.0, -1)


def test_a_function_that_is_random_is_named():
    with pytest.raises(GradcheckError, match=r"two runs.*differ.*Dropout draws a new mask.*eval\(\)"):
        gradcheck(lambda x: mt.nn.functional.dropout(x, 0.5), leaf(20))
    generator = mt.Generator()

    def seeded(x):
        return mt.nn.functional.dropout(x, 0.5, generator=generator.manual_seed(0))

    assert gradcheck(seeded, leaf(20))
    with pytest.raises(GradcheckError, match=r"draws random numbers. Seed a generator"):
        gradcheck(lambda x: x * mt.randn(3), leaf(3))
    count = iter(range(1000))
    with pytest.raises(GradcheckError, match=r"depends on something that it changes"):
        gradcheck(lambda x: x * next(count), leaf(3))
    assert gradcheck(lambda x: x + 1e-9 * next(count), leaf(3), nondet_tol=1e-3, atol=1e-3)


def test_a_backward_that_changes_is_named():
    class Drifts(ArrayFunction):
        calls = 0

        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, dy):
            Drifts.calls += 1
            return dy * 2 + Drifts.calls

    with pytest.raises(GradcheckError, match="another gradient the second time"):
        gradcheck(Drifts.apply, leaf(3))


def test_float32_is_judged_in_float64():
    class OverflowsInFloat32(ArrayFunction):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, dy):
            (x,) = ctx.saved_tensors
            big = x.dtype.type(1e30)
            return 2 * (dy * x * big) * big / big / big  # 1e60 is too much for float32

    x = leaf(3, low=0.5)
    assert gradcheck(OverflowsInFloat32.apply, x)
    x32 = mt.tensor(x.detach().numpy().astype(np.float32), requires_grad=True)
    with pytest.warns(RuntimeWarning), pytest.raises(GradcheckError, match="right in float64, but not in float32"):
        gradcheck(OverflowsInFloat32.apply, x32)


# -- models ----------------------------------------------------------------------------------------------------------


def network(norm=True):
    mt.manual_seed(0)
    layers = [mt.nn.Linear(784, 100), mt.nn.BatchNorm1d(100), mt.nn.ReLU(), mt.nn.Linear(100, 10)]
    return mt.nn.Sequential(*(layers if norm else (layers[0], layers[2], layers[3])))


def batch():
    rng = np.random.default_rng(0)
    return mt.tensor(rng.standard_normal((16, 784)).astype(np.float32)), mt.tensor(rng.integers(0, 10, 16))


def test_a_model_is_checked_by_parameter():
    net = network()
    before = {k: v.numpy().copy() for k, v in net.state_dict().items()}
    report = gradcheck(net, batch(), mt.nn.functional.cross_entropy, budget=0.3)
    assert [b.name for b in report.blocks] == [name for name, _ in net.named_parameters()]
    assert all(b.analytic.size >= 4 for b in report.blocks)
    assert "BatchNorm in Sequential.1" in report.notes[0]
    assert "they were put back" in report.notes[0]
    for k, v in net.state_dict().items():
        np.testing.assert_array_equal(v.numpy(), before[k])
        assert v.dtype == before[k].dtype


def test_a_model_in_directions():
    report = gradcheck(network(), batch(), mt.nn.functional.cross_entropy, fast_mode=True)
    assert [b.analytic.shape for b in report.blocks] == [(1, 1)] * 6


def test_a_wrong_layer_is_named():
    net = network(norm=False)
    half = wrong("Linear", lambda ctx, dy: (dy @ ctx.saved_tensors[1], dy.T @ ctx.saved_tensors[0], dy.sum(0) / 2))
    net[2].forward = lambda x: half.apply(x, net[2].weight, net[2].bias)
    with pytest.raises(GradcheckError, match=r"2\.bias: off by the factor 1/2"):
        gradcheck(net, batch(), mt.nn.functional.cross_entropy, budget=0.2)


def test_dropout_in_a_model_is_named_with_its_place():
    net = mt.nn.Sequential(mt.nn.Linear(4, 30), mt.nn.Dropout(0.5), mt.nn.Linear(30, 2))
    x, y = mt.ones(3, 4), mt.tensor([0, 1, 0])
    with pytest.raises(GradcheckError, match=r"Dropout in Sequential\.1 draws a new mask"):
        gradcheck(net, (x, y), mt.nn.functional.cross_entropy, budget=0.1)
    assert gradcheck(net.eval(), (x, y), mt.nn.functional.cross_entropy, budget=0.1)


def test_loss_is_for_models():
    with pytest.raises(TypeError, match="`loss` goes with a model"):
        gradcheck(mt.exp, leaf(2), mt.sum)


# -- second derivatives ----------------------------------------------------------------------------------------------


def test_gradgradcheck_finds_a_wrong_second_derivative():
    class Cube(ArrayFunction):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, dy):
            (x,) = ctx.saved_tensors
            return dy * 3 * (x * x if type(x) is np.ndarray else x.detach() * x)

    assert gradcheck(Cube.apply, leaf(3))
    with pytest.raises(GradcheckError, match=r"x: off by the factor 1/2"):
        gradgradcheck(Cube.apply, leaf(3))


def test_gradgradcheck_takes_grad_outputs():
    assert gradgradcheck(mt.sin, leaf(3), mt.ones(3, dtype=mt.float64))
    assert gradgradcheck(lambda x, w: (x @ w, x.sum()), (leaf(2, 3), leaf(3, 2, seed=1)))


# -- numerical gradients ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method, tolerance", [("richardson", 1e-11), ("central", 1e-8), ("complex", 1e-15)])
def test_numerical_gradient(method, tolerance):
    x = np.array([[0.5, -1.0], [2.0, 1e-3]])
    g = numerical_gradient(lambda x: np.exp(x) * np.sin(x), x, method=method)
    np.testing.assert_allclose(g, np.exp(x) * (np.sin(x) + np.cos(x)), rtol=tolerance, atol=tolerance)


def test_numerical_gradient_of_tensors_with_weights():
    x, w = leaf(2, 3).detach(), np.arange(6.0).reshape(2, 3)
    g = numerical_gradient(mt.exp, x, mt.tensor(w))
    np.testing.assert_allclose(g.numpy(), np.exp(x.numpy()) * w, rtol=1e-10)


def test_numerical_gradient_stays_in_the_domain():
    np.testing.assert_allclose(numerical_gradient(np.log, np.array([1e-4, 1.0])), [1e4, 1], rtol=1e-6)


def test_numerical_gradient_by_complex_steps_refuses_what_loses_them():
    with pytest.raises(mt.errors.GradientError, match=r"keeps complex numbers.*richardson"):
        numerical_gradient(np.abs, np.ones(2), method="complex")
    with pytest.raises(ValueError, match="needs an ndarray"):
        numerical_gradient(mt.exp, mt.ones(2), method="complex")
    with pytest.raises(ValueError, match="'forward' is none of"):
        numerical_gradient(np.exp, np.ones(2), method="forward")


def test_the_forms_of_the_courses(capsys):
    x, df = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 0.0], [2.0, -1.0]])
    np.testing.assert_allclose(eval_numerical_gradient(lambda x: np.sum(x**2), x), 2 * x, rtol=1e-9)
    assert capsys.readouterr().out.count("\n") == 4
    g = eval_numerical_gradient_array(lambda x: x**3, x, df)
    assert relative_error(g, 3 * x**2 * df) < 1e-9
    np.testing.assert_array_equal(x, [[1, 2], [3, 4]])
    t = mt.tensor(x)
    np.testing.assert_allclose(eval_numerical_gradient(lambda t: (t * t).sum(), t, verbose=False), 2 * x, rtol=1e-9)
    with pytest.raises(mt.errors.DTypeError, match="int64 array cannot be moved"):
        eval_numerical_gradient(np.sum, np.arange(3))


def test_relative_error():
    assert relative_error(np.ones(3), np.ones(3)) == 0
    np.testing.assert_allclose(relative_error([1.0, 2.0], [1.0, 4.0]), 1 / 3)
    assert relative_error(mt.zeros(2), mt.tensor([0.0, 1e-9])) == pytest.approx(0.1)  # 1e-8 at least below
    assert np.isnan(relative_error([np.nan], [1.0]))


# The largest relative errors that the course notebooks ask of central differences.
@pytest.mark.parametrize(
    "function, shapes, tolerance",
    [
        (mt.nn.functional.linear, [(10, 6), (5, 6), (5,)], 1e-9),
        (mt.relu, [(10, 10)], 1e-9),
        (lambda x: mt.nn.functional.leaky_relu(x, 0.01), [(10, 10)], 1e-10),
        (lambda x: mt.nn.functional.dropout(x, 0.2, generator=mt.Generator().manual_seed(0)), [(10, 10)], 1e-10),
        (lambda x, w, b: mt.relu(mt.nn.functional.linear(x, w, b)), [(2, 12), (10, 12), (10,)], 1e-7),
        (lambda x: mt.nn.functional.cross_entropy(x, mt.arange(6)), [(6, 10)], 1e-7),
    ],
)
def test_the_errors_that_courses_ask_for(function, shapes, tolerance):
    args = [leaf(*shape, seed=i) for i, shape in enumerate(shapes)]
    y = function(*args)
    dy = mt.tensor(np.random.default_rng(9).standard_normal(y.shape))
    grads = mt.autograd.grad(y, args, dy)
    for i, (x, dx) in enumerate(zip(args, grads, strict=True)):
        others = list(args)

        def f(moved, i=i, others=others):
            others[i] = moved
            return function(*others)

        assert relative_error(dx, numerical_gradient(f, x.detach(), dy)) < tolerance


@pytest.mark.parametrize("seed", range(6))
def test_a_gradient_that_cancels_to_zero_is_no_false_alarm_in_float32(seed):
    """The bias before batch norm has gradient 0, which float32 gives as rounding noise."""
    mt.manual_seed(seed)
    net = mt.nn.Sequential(mt.nn.Linear(20, 10), mt.nn.BatchNorm1d(10), mt.nn.ReLU(), mt.nn.Linear(10, 3))
    batch = mt.randn(16, 20), mt.randint(0, 3, (16,))
    assert gradcheck(net, batch, mt.nn.functional.cross_entropy)
