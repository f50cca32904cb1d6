"""Every operation, from the one table in samples.py: values, derivatives, kernels, dtypes, layouts, NaN."""

import os
import subprocess
import sys

import numpy as np
import pytest
import samples

import microtorch
from microtorch.autograd import gradcheck, gradgradcheck
from microtorch.errors import GradientError
from microtorch.tensor import edge_of

OPERATIONS = samples.operations()
CASES = [
    pytest.param(cls, sample, id=f"{name}-{i}")
    for name, cls in OPERATIONS.items()
    for i, sample in enumerate(samples.samples_of(cls))
]
KERNEL_CASES = [c for c in CASES if c.values[0].backward_kernel is not None and c.values[1].call is None]

# Operations whose result does not depend on every element of the input, so that NaN may rightly disappear; nothing
# else may lose one.
DROPS_NAN = """Absorb AddAt Clamp Cleared CopySlices CrossEntropy Diagonal Dropout Embedding Fmax Fmin Gather Index
    Kthvalue Median Mode MultiMarginLoss NanToNum NllLoss OnDiagonal Overwrite Pad Place Scatter
    ScatterAdd ScatterMultiply Sign Slice TiesShare Topk Tril Triu Where"""
NO_DERIVATIVE = "ScatterMultiply"  # as in PyTorch
REFUSES_NAN = {"BinaryCrossEntropy", "NuclearNorm", "Polar"}  # not a probability; no singular values


def run(cls, sample, tensors):
    return (sample.call or cls.apply)(*tensors)


def floating_outputs(result):
    results = result if isinstance(result, tuple) else (result,)
    return [y for y in results if y.dtype.kind == "f"]


def test_every_operation_has_samples():
    missing = [samples.line_to_add(cls) for cls in OPERATIONS.values() if not samples.samples_of(cls)]
    assert not missing, "operations without samples; add to the table:\n" + "\n".join(missing)


def test_the_table_has_no_dead_rows():
    assert not set(samples.SAMPLES) - set(OPERATIONS)
    assert not set(samples.NUMPY) - set(OPERATIONS)


@pytest.mark.parametrize("cls, sample", [c for c in CASES if c.values[0].__name__ in samples.NUMPY])
def test_forward_is_the_numpy_formula(cls, sample):
    for dtype, tolerance in ((np.float64, 1e-12), (np.float32, 1e-5)):
        y = run(cls, sample, sample.tensors(dtype=dtype))
        right = samples.NUMPY[cls.__name__](*sample.arrays(dtype=dtype))
        np.testing.assert_allclose(y.detach().numpy(), right, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("cls, sample", CASES)
def test_first_derivative(cls, sample):
    if cls.__name__ == NO_DERIVATIVE:
        with pytest.raises(GradientError, match="has no derivative"):
            gradcheck(lambda *args: run(cls, sample, args), sample.tensors())
        return
    assert gradcheck(lambda *args: run(cls, sample, args), sample.tensors())


@pytest.mark.parametrize("cls, sample", CASES)
def test_second_derivative(cls, sample):
    outputs = floating_outputs(run(cls, sample, sample.tensors()))
    if not any(y.requires_grad for y in outputs):
        assert cls.__name__ == "TiesShare"  # the only one without a derivative
        return
    if cls.__name__ == NO_DERIVATIVE:
        return  # has none; test_first_derivative
    if getattr(cls.backward, "once_differentiable", False):
        with pytest.raises(GradientError, match=f"backward of {cls.__name__} is marked once_differentiable"):
            gradgradcheck(lambda *args: run(cls, sample, args), sample.tensors())
        return
    assert gradgradcheck(lambda *args: run(cls, sample, args), sample.tensors())


@pytest.mark.parametrize("cls, sample", CASES)
def test_recorded_backward_is_the_ordinary_one(cls, sample):
    """Under create_graph the formula runs on tensors, else on arrays or as a kernel: the same values."""
    if cls.__name__ == NO_DERIVATIVE:
        return
    results = []
    for create_graph in (False, True):
        args = sample.tensors()
        outputs = [y for y in floating_outputs(run(cls, sample, args)) if y.requires_grad]
        leaves = [a for a in args if isinstance(a, microtorch.Tensor) and a.requires_grad]
        dys = [microtorch.from_numpy(np.asarray(np.random.default_rng(4).uniform(0.5, 1.5, y.shape))) for y in outputs]
        grads = microtorch.autograd.grad(outputs, leaves, dys, create_graph=create_graph) if outputs else ()
        results.append([g.detach().numpy() for g in grads])
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("cls, sample", CASES)
def test_float32_stays_float32(cls, sample):
    if cls.__name__ == "Cast":
        return  # it is there to change it; test_dtypes
    args = sample.tensors(dtype=np.float32)
    outputs = floating_outputs(run(cls, sample, args))
    assert {y.dtype for y in outputs} == {np.dtype(np.float32)}
    outputs = [y for y in outputs if y.requires_grad]
    leaves = [a for a in args if isinstance(a, microtorch.Tensor) and a.requires_grad]
    for create_graph in (False, True) if cls.__name__ != NO_DERIVATIVE else ():
        if outputs:
            seeds = [microtorch.ones_like(y) for y in outputs]
            grads = microtorch.autograd.grad(outputs, leaves, seeds, retain_graph=True, create_graph=create_graph)
            assert {g.dtype for g in grads} == {np.dtype(np.float32)}


@pytest.mark.parametrize("cls, sample", CASES)
def test_nothing_given_is_changed_or_handed_out(cls, sample):
    args = sample.tensors()
    arrays = [a._array for a in args if isinstance(a, microtorch.Tensor)]
    before = [a.copy() for a in arrays]
    outputs = floating_outputs(run(cls, sample, args))
    for y in outputs:
        assert all(y._array is not a for a in arrays), "the input itself was returned"
        if not (cls.is_view or sample.call):
            assert not any(np.shares_memory(y._array, a) for a in arrays), (
                "a result shares memory, but is_view is not set"
            )
    outputs = [y for y in outputs if y.requires_grad]
    dys = [np.asarray(np.random.default_rng(3).uniform(0.5, 1.5, y.shape)) for y in outputs]
    kept = [dy.copy() for dy in dys]
    if outputs and cls.__name__ != NO_DERIVATIVE:
        microtorch.autograd.backward(outputs, [microtorch.from_numpy(dy) for dy in dys])
    for a, b in zip((*arrays, *dys), (*before, *kept), strict=True):
        np.testing.assert_array_equal(a, b)
    gradients = [a.grad._array for a in args if isinstance(a, microtorch.Tensor) and a.grad is not None]
    for i, g in enumerate(gradients):
        assert not any(np.shares_memory(g, other) for other in (*arrays, *dys, *gradients[:i]))


def _spread(a):
    """The same values with a gap between all elements: nothing is contiguous."""
    wide = np.full(tuple(2 * n for n in a.shape), np.nan if a.dtype.kind == "f" else 0, a.dtype)
    view = wide[(*(slice(None, None, 2) for _ in a.shape), ...)]
    view[...] = a
    return view


def _backwards(a):
    """The same values with negative strides."""
    back = (*(slice(None, None, -1) for _ in a.shape), ...)
    return a[back].copy()[back]


def _in_layout(cls, sample, layout):
    """What an operation and its backward make of arguments and gradients in a layout."""
    args = [
        a
        if not isinstance(a, microtorch.Tensor)
        else microtorch.from_numpy(layout(a.detach().numpy())).requires_grad_(a.requires_grad)
        for a in sample.tensors()
    ]
    outputs = floating_outputs(run(cls, sample, args))
    recorded = [y for y in outputs if y.requires_grad]
    dys = [
        microtorch.from_numpy(layout(np.asarray(np.random.default_rng(3).uniform(0.5, 1.5, y.shape)))) for y in recorded
    ]
    leaves = [a for a in args if isinstance(a, microtorch.Tensor) and a.requires_grad]
    grads = microtorch.autograd.grad(recorded, leaves, dys) if recorded and cls.__name__ != NO_DERIVATIVE else ()
    return [t.detach().numpy() for t in (*outputs, *grads)]


@pytest.mark.parametrize("cls, sample", CASES)
def test_any_layout(cls, sample):
    wanted = _in_layout(cls, sample, np.array)
    for layout in (_spread, _backwards, lambda a: np.array(a, order="F")):
        for a, b in zip(wanted, _in_layout(cls, sample, layout), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-13)


def _expanded(a):
    """The first of each row for all of it, in the memory of one; positions and masks stay."""
    return np.broadcast_to(a[..., :1], a.shape) if a.ndim and a.size and a.dtype.kind == "f" else a


@pytest.mark.parametrize("cls, sample", CASES)
def test_expanded_is_its_copy(cls, sample):
    wanted = _in_layout(cls, sample, lambda a: np.array(_expanded(a)))
    for a, b in zip(wanted, _in_layout(cls, sample, _expanded), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("cls, sample", [c for c in CASES if c.values[0].__name__ not in DROPS_NAN.split()])
def test_nan_stays(cls, sample):
    args = sample.tensors()
    leaf = next(a for a in args if isinstance(a, microtorch.Tensor) and a.requires_grad)
    leaf._array.ravel()[:1] = np.nan  # nothing where it is empty
    if cls.__name__ in REFUSES_NAN:
        with pytest.raises(ValueError, match=r"\w+ \w+ \w+"):
            run(cls, sample, args)
        return
    outputs = floating_outputs(run(cls, sample, args))
    assert not all(y.numel() and leaf.numel() for y in outputs) or any(np.isnan(y._array).any() for y in outputs)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("cls, sample", KERNEL_CASES)
def test_kernel_is_the_formula(cls, sample, dtype):
    """backward_kernel gives what backward gives, for NaN, infinities, empty arrays, one element and any layout."""
    tolerance = 1e-10 if dtype is np.float64 else 1e-4
    for special in ((), (np.nan,), (np.inf, -np.inf), (0.0,)):
        arrays = sample.arrays(dtype=dtype)
        first = next(i for i, a in enumerate(sample.args) if isinstance(a, samples.Leaf | samples.Fixed))
        arrays[first].ravel()[: len(special)] = special[: arrays[first].size]  # ravel of a fresh array is a view
        for spread in (np.asarray, _spread):
            ctx = cls()
            ctx.inputs = tuple(
                microtorch.from_numpy(np.array(a)).requires_grad_(isinstance(s, samples.Leaf | samples.Fixed))
                if isinstance(a, np.ndarray)
                else a
                for s, a in zip(sample.args, arrays, strict=True)
            )
            ctx.edges = [edge_of(a) if isinstance(a, microtorch.Tensor) else None for a in ctx.inputs]
            ctx.saved = ()
            given = [a._array if isinstance(a, microtorch.Tensor) else a for a in ctx.inputs]
            with np.errstate(all="ignore"):
                y = np.asarray(cls.forward(ctx, *given))
            dy = spread(np.asarray(np.random.default_rng(5).uniform(0.5, 1.5, y.shape), dtype))
            with np.errstate(all="ignore"):
                right, fast = cls.backward(ctx, dy), cls.backward_kernel(ctx, dy)
            right, fast = (g if isinstance(g, tuple) else (g,) for g in (right, fast))
            for i, (a, b) in enumerate(zip(fast, right, strict=False)):
                if ctx.needs_input_grad[i]:
                    shape = ctx.inputs[i].shape
                    with np.errstate(all="ignore"):
                        a, b = _summed(a, shape), _summed(b, shape)
                    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
                    assert np.asarray(a).dtype == dtype


def _summed(g, shape):
    """Summed over the dimensions along which the input was broadcast, as the engine does."""
    g = np.asarray(g)
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    return g.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1 and g.shape[i] != 1), keepdims=True)


def test_kernels_work_without_the_jit():
    """The loops are right as Python, too: the same comparison in a process with NUMBA_DISABLE_JIT=1."""
    test = f"{__file__}::test_kernel_is_the_formula"
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", test]
    done = subprocess.run(command, env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]
