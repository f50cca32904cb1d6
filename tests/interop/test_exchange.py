"""Memory and values handed to other libraries and taken from them: DLPack, numpy's protocols, Python's own."""

import importlib.util
import json
import math
import subprocess
import sys

import numpy as np
import pytest

import microtorch
from microtorch import nn
from microtorch.errors import CaptureError, DTypeError, GraphError

DTYPES = ["float32", "float64", "int64", "int32", "uint8", "bool"]
SHAPES = [(), (3,), (2, 3), (0, 2), (2, 1, 3)]


def filled(shape, dtype):
    return np.arange(math.prod(shape)).reshape(shape).astype(dtype)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_numpy_and_tensors_share_memory_both_ways(dtype, shape):
    array = filled(shape, dtype)
    t = microtorch.from_dlpack(array)
    assert t.dtype == array.dtype
    assert t.shape == array.shape
    back = np.from_dlpack(t)
    if array.size:
        back[...] = back + 1 if dtype != "bool" else ~back
        assert np.shares_memory(array, back)
    np.testing.assert_array_equal(t.numpy(), array)
    assert t.__dlpack_device__() == (1, 0)


@pytest.mark.parametrize("view", [lambda t: t.T, lambda t: t[::2], lambda t: t[:, 1:], lambda t: t.flip(0)])
def test_views_are_shared_as_they_lie(view):
    t = view(microtorch.arange(12.0).reshape(4, 3))
    array = np.from_dlpack(t)
    assert array.strides == t.numpy().strides
    np.testing.assert_array_equal(array, t.numpy())


def test_a_copy_shares_nothing():
    array = np.zeros(3)
    t = microtorch.from_dlpack(array, copy=True)
    t += 1
    assert not array.any()
    assert not np.shares_memory(np.from_dlpack(t, copy=True), t.numpy())
    assert np.shares_memory(microtorch.from_dlpack(t).numpy(), t.numpy())


def test_what_must_not_be_handed_out_is_refused():
    w = nn.Linear(2, 2).weight
    frozen = np.zeros(3)
    frozen.flags.writeable = False
    for t, says in [
        (w, r"requires a gradient.*t\.detach\(\)"),
        (w * 2, "requires a gradient"),
        (microtorch.from_numpy(frozen), r"read-only memory.*t\.clone\(\)"),
        (microtorch.ones(1).expand(3), "is expanded"),
    ]:
        with pytest.raises(BufferError, match=says):
            np.from_dlpack(t)
    np.from_dlpack(w.detach())
    assert not np.shares_memory(np.from_dlpack(microtorch.from_numpy(frozen), copy=True), frozen)


class Abroad:
    """An array that says it lies on a GPU."""

    dtype = "float32"

    def __dlpack__(self, **kwargs):
        raise BufferError("it lies on device 2.")

    def __dlpack_device__(self):
        return (2, 0)


@pytest.mark.parametrize(
    "given, error, says",
    [
        ([1.0, 2.0], TypeError, r"a list has no __dlpack__.*microtorch\.tensor\(data\)"),
        (np.zeros(2).__dlpack__(), TypeError, "Pass the array itself"),
        (np.zeros(2, np.float16), DTypeError, "float16"),
        (np.zeros(2, np.complex64), DTypeError, "complex64"),
        (Abroad(), BufferError, "was not handed out.*on the CPU"),
    ],
)
def test_what_cannot_be_taken_is_said(given, error, says):
    with pytest.raises(error, match=says):
        microtorch.from_dlpack(given)


def test_other_devices_are_refused():
    with pytest.raises(ValueError, match="CPU only"):
        microtorch.from_dlpack(np.zeros(1), device="cuda")
    with pytest.raises(BufferError, match="not the CPU"):
        microtorch.ones(1).__dlpack__(dl_device=(2, 0))


def test_read_only_arrays_come_in_and_stay_as_they_are():
    frozen = np.zeros(3)
    frozen.flags.writeable = False
    t = microtorch.from_numpy(frozen)
    with pytest.raises(GraphError, match="read-only"):
        t += 1


@pytest.mark.parametrize(
    "array",
    [
        np.array([[1.0, 2.0], [3.0, 4.0]]).view(np.matrix),
        np.ma.array([[1.0, 2.0], [3.0, 4.0]], mask=[[True, False], [False, True]]),
        np.array([[1.0, 2.0], [3.0, 4.0]]).view(np.recarray),
    ],
    ids=lambda array: type(array).__name__,
)
def test_what_a_class_of_arrays_makes_of_operators_stays_outside(array):
    t, plain = microtorch.from_numpy(array), microtorch.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=microtorch.float64)
    assert (t * t).tolist() == (plain * plain).tolist()
    assert (1 / t).tolist() == (1 / plain).tolist()
    assert t[0].shape == (2,)
    assert t.sum(0).tolist() == [4.0, 6.0]
    assert t.tolist() == plain.tolist()
    assert type(t.numpy()) is np.ndarray
    t += 1
    assert np.asarray(array).tolist() == (plain + 1).tolist()  # the memory is the caller's all the same


def test_a_captured_step_notices():
    @microtorch.capture
    def step(x):
        return microtorch.from_dlpack(np.from_dlpack(x)) * 2

    with pytest.raises(CaptureError, match="__dlpack__ reads a value"):
        step(microtorch.ones(2))


# -- PyTorch and JAX -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_pytorch_and_tensors_share_memory_both_ways(torch, dtype, shape):
    theirs = torch.from_numpy(filled(shape, dtype))
    ours = microtorch.from_dlpack(theirs)
    assert ours.numpy().ctypes.data == theirs.data_ptr() or not ours.numel()
    back = torch.from_dlpack(ours)
    assert back.dtype == theirs.dtype
    if ours.numel() and dtype != "bool":
        back += 1
    assert ours.tolist() == theirs.tolist()


def test_pytorch_reads_tensors_and_views(torch):
    t = microtorch.arange(12.0).reshape(4, 3)
    for make in (torch.tensor, torch.as_tensor, torch.asarray, torch.from_dlpack):
        for view in (t, t.T, t[::2], t[0], t.sum()):
            found = make(view)
            assert found.tolist() == view.tolist()
            assert found.dtype == torch.float32
    torch.as_tensor(t).add_(1)
    assert t[0, 0].item() == 1.0
    torch.tensor(t).add_(1)
    assert t[0, 0].item() == 1.0
    weight = nn.Linear(2, 2).weight
    with pytest.raises(BufferError, match="requires a gradient"):
        torch.as_tensor(weight)
    with pytest.raises(BufferError, match=r"was not handed out.*gradient"):
        microtorch.from_dlpack(torch.ones(2, requires_grad=True))
    with pytest.raises(BufferError, match="was not handed out"):
        microtorch.from_dlpack(torch.ones(2, dtype=torch.bfloat16))


JAX = """
import warnings; warnings.simplefilter("ignore")
import jax, microtorch, numpy as np
theirs = jax.numpy.arange(6.0).reshape(2, 3)
ours = microtorch.from_dlpack(theirs)
assert ours.numpy().ctypes.data == theirs.unsafe_buffer_pointer()
try:
    ours += 1
except microtorch.GraphError as error:
    assert "read-only" in str(error), error
else:
    raise SystemExit("JAX's array was changed")
t = microtorch.ones(64, 64)
back = jax.dlpack.from_dlpack(t)
assert back.dtype == "float32" and float(back.sum()) == 4096
assert float(jax.numpy.asarray(t).sum()) == 4096
try:
    jax.dlpack.from_dlpack(t.requires_grad_())
except BufferError as error:
    assert "t.detach()" in str(error), error
else:
    raise SystemExit("a tensor that requires a gradient was handed out")
"""


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")
def test_jax_and_tensors_share_memory_both_ways():
    # In a process of its own: JAX starts threads, and others fork.
    done = subprocess.run([sys.executable, "-c", JAX], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# -- what else reads tensors ---------------------------------------------------------------------------------------


def test_round_and_its_kin():
    t = microtorch.tensor([2.567, -1.25])
    assert round(t, 1).tolist() == pytest.approx([2.6, -1.2])
    assert round(t).tolist() == [3.0, -1.0]
    assert isinstance(round(t, 2), microtorch.Tensor)
    one = microtorch.tensor(2.5)
    assert (math.floor(one), math.ceil(one), math.trunc(one), math.sqrt(one)) == (2, 3, 2, math.sqrt(2.5))
    with pytest.raises(DTypeError, match="round"):
        round(microtorch.tensor([1, 2]), 1)


def test_scikit_learn_reads_tensors():
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    t = microtorch.arange(12.0).reshape(4, 3)
    found = preprocessing.StandardScaler().fit_transform(t)
    np.testing.assert_allclose(found.mean(0), 0, atol=1e-7)
    assert microtorch.from_numpy(found).dtype == microtorch.float32


def test_pillow_is_given_a_hint():
    Image = pytest.importorskip("PIL.Image")
    t = microtorch.rand(3, 4, 5)
    with pytest.raises(AttributeError, match=r"t\.numpy\(\).*uint8.*permute"):
        Image.fromarray(t)
    assert Image.fromarray((t * 255).to(microtorch.uint8).permute(1, 2, 0).numpy()).size == (5, 4)
    assert not hasattr(t, "__array_interface__")


def test_json_refuses_a_tensor_and_takes_its_list():
    t = microtorch.tensor([1.0, 2.0])
    with pytest.raises(TypeError, match="Tensor is not JSON serializable"):
        json.dumps({"loss": t})
    assert json.dumps(t.tolist()) == "[1.0, 2.0]"
