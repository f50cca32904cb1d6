"""ONNX: every layer and 20 networks beside onnxruntime, back again, refusals, PyTorch's files, damaged ones."""

import re
import sys

import numpy as np
import pytest

pytest.importorskip("onnx", reason="onnx is not installed")

import onnx as theirs

import microtorch
from microtorch import nn
from microtorch.errors import CheckpointError, ExportError
from microtorch.io import onnx
from microtorch.nn import functional as F

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def rows(*shape):
    return microtorch.from_numpy(np.random.default_rng(0).normal(size=shape).astype(np.float32) * 2)


def run(path, *inputs):
    """What onnxruntime makes of the file."""
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    given = {i.name: t.numpy() for i, t in zip(session.get_inputs(), inputs, strict=True)}
    return session.run(None, given)


def used_norm(kind, *args):
    """A batch norm that has seen data."""
    layer = kind(*args)
    layer(rows(50, 6) + 1)
    return layer


LAYERS = [
    *((layer, (4, 6)) for layer in (
        nn.Linear(6, 3), nn.Linear(6, 3, bias=False), nn.Identity(), nn.Dropout(), nn.AlphaDropout(), nn.Flatten(),
        nn.Unflatten(1, (2, 3)), nn.ReLU(), nn.ReLU6(), nn.LeakyReLU(), nn.LeakyReLU(0.3), nn.ELU(), nn.ELU(0.5),
        nn.CELU(), nn.CELU(2.0), nn.SELU(), nn.GELU(), nn.GELU(approximate="tanh"), nn.SiLU(), nn.Mish(),
        nn.Sigmoid(), nn.Tanh(),
        nn.Softplus(), nn.Softplus(2.0), nn.Softsign(), nn.Tanhshrink(), nn.Hardtanh(), nn.Hardtanh(-0.5, 2.0),
        nn.Hardsigmoid(), nn.Hardswish(), nn.LogSigmoid(), nn.Softmax(1), nn.LogSoftmax(-1), nn.Softmin(1),
        nn.Threshold(0.1, 20.0), nn.PReLU(), nn.PReLU(6), nn.GLU(), used_norm(nn.BatchNorm1d, 6),
        nn.BatchNorm1d(6, affine=False), nn.LayerNorm(6), nn.LayerNorm(6, elementwise_affine=False), nn.RMSNorm(6),
        nn.RMSNorm(6, elementwise_affine=False), nn.GroupNorm(2, 6), nn.MLP([6, 5, 4, 3]),
    )),
    *((layer, (4, 6, 3)) for layer in (
        nn.Linear(3, 5), nn.Flatten(), nn.BatchNorm1d(6), nn.LayerNorm((6, 3)), nn.GroupNorm(3, 6),
        nn.InstanceNorm1d(6),
        nn.InstanceNorm1d(6, affine=True), nn.PReLU(6), nn.Softmax(-1), nn.Dropout1d(), nn.MLP([18, 4, 2]),
    )),
    *((layer, (4, 2, 3, 3)) for layer in (
        nn.BatchNorm2d(2), nn.InstanceNorm2d(2), nn.Dropout2d(), nn.GroupNorm(1, 2), nn.MLP([18, 4, 2]),
    )),
]  # fmt: skip


def check(net, *inputs, path):
    """The file, run by onnxruntime and read again, gives what the network gives; also for other batch sizes."""
    net.eval()
    onnx.save(net, inputs, path)
    again = onnx.load(path)
    for batch in (inputs, tuple(microtorch.cat([t, t, t]) for t in inputs), tuple(t[:1] for t in inputs)):
        wanted = net(*batch).detach().numpy()
        (found,) = run(path, *batch)
        assert found.shape == wanted.shape
        assert found.dtype == wanted.dtype
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(again(*batch).detach().numpy(), wanted, rtol=1e-6, atol=1e-6)
    return again


@pytest.mark.parametrize("layer, shape", LAYERS, ids=[f"{layer!r}-{shape}"[:60] for layer, shape in LAYERS])
def test_every_layer(layer, shape, tmp_path):
    again = check(layer, rows(*shape), path=tmp_path / "layer.onnx")
    assert sorted(again.state_dict()) == sorted(n for n in layer.state_dict() if not n.endswith("num_batches_tracked"))
    assert {n for n, _ in again.named_parameters()} == {n for n, _ in layer.named_parameters()}


def test_layers_with_other_inputs(tmp_path):
    numbers = microtorch.tensor([[1, 2, 0], [9, 0, 3]])
    check(nn.Embedding(10, 4), numbers, path=tmp_path / "embedding.onnx")
    check(nn.Embedding(10, 4, padding_idx=0), numbers, path=tmp_path / "padded.onnx")
    check(nn.Bilinear(6, 5, 2), rows(4, 6), rows(4, 5), path=tmp_path / "bilinear.onnx")


# -- whole networks ------------------------------------------------------------------------------------------------


class Residual(nn.Module):
    def __init__(self, norm):
        super().__init__()
        self.first, self.norm, self.second = nn.Linear(6, 6), norm, nn.Linear(6, 6)

    def forward(self, x):
        return x + 0.5 * self.second(F.silu(self.norm(self.first(x))))


class Gated(nn.Module):
    def __init__(self):
        super().__init__()
        self.value, self.gate, self.scale = nn.Linear(6, 4), nn.Linear(6, 4), nn.Parameter(microtorch.ones(4))

    def forward(self, x):
        y = self.value(x) * self.gate(x).sigmoid() * self.scale
        return y - y.mean(1, keepdim=True)


class TwoInputs(nn.Module):
    def __init__(self):
        super().__init__()
        self.names, self.numbers, self.out = nn.Embedding(10, 4), nn.Linear(6, 4), nn.Linear(8, 2)

    def forward(self, numbers, names):
        return self.out(microtorch.cat([self.numbers(numbers).relu(), self.names(names)], 1))


class Statistics(nn.Module):
    def forward(self, x):
        centred = x - x.mean(1, keepdim=True)
        scaled = centred / ((centred * centred).mean(1, keepdim=True) + 1e-5).sqrt()
        return microtorch.stack([scaled.amax(1), scaled.amin(1), x.logsumexp(1), x.abs().sum(1)], 1)


class Columns(nn.Module):
    def __init__(self):
        super().__init__()
        self.left, self.right = nn.Linear(2, 3), nn.Linear(3, 3)

    def forward(self, x):
        picked = microtorch.where(x[:, 5:] > 0, self.left(x[:, 1:5:2]), self.right(x[:, :3]))
        return (picked @ self.right.weight.T).reshape(len(x), -1).clamp(-2, 2).pow(2) + x[:, 0].unsqueeze(1)


class Mixture(nn.Module):
    def __init__(self):
        super().__init__()
        self.experts, self.gate = nn.ModuleList(nn.Linear(6, 3) for _ in range(3)), nn.Linear(6, 3)

    def forward(self, x):
        outputs = microtorch.stack([expert(x) for expert in self.experts], 2)  # (N, 3, experts)
        return (outputs @ self.gate(x).softmax(1).unsqueeze(2)).squeeze(2)


NETS = {
    **{
        f"MLP {act}": nn.MLP([6, 8, 8, 3], act) for act in ("relu", "tanh", "gelu", "leaky_relu", "elu", "mish", "silu")
    },
    **{f"MLP {norm}": nn.MLP([6, 8, 3], norm=norm, dropout=0.3) for norm in ("batch", "layer", "rms")},
    "deep": nn.MLP([6] + [16] * 12 + [2], "selu"),
    "wide": nn.MLP([6, 600, 3]),
    "classifier": nn.Sequential(nn.Flatten(), nn.Linear(6, 5), nn.Hardswish(), nn.Linear(5, 4), nn.LogSoftmax(1)),
    "residual": nn.Sequential(Residual(nn.LayerNorm(6)), Residual(nn.BatchNorm1d(6)), nn.Linear(6, 2)),
    "groups": nn.Sequential(nn.Linear(6, 8), nn.GroupNorm(4, 8), nn.PReLU(8), nn.Linear(8, 2), nn.Softplus()),
    "gated": nn.Sequential(Gated(), nn.GLU(), nn.Linear(2, 1), nn.Sigmoid()),
    "statistics": nn.Sequential(nn.Linear(6, 5), Statistics()),
    "columns": Columns(),
    "mixture": Mixture(),
    "two inputs": TwoInputs(),
}


@pytest.mark.parametrize("name", NETS)
def test_whole_networks(name, tmp_path):
    assert len(NETS) == 20
    net = NETS[name]
    inputs = (rows(4, 6), microtorch.tensor([0, 3, 9, 1])) if name == "two inputs" else (rows(4, 6),)
    net.train()
    for _ in range(3):
        net(*inputs)  # statistics of batch norms
    again = check(net, *inputs, path=tmp_path / "net.onnx")
    assert {n for n, _ in again.named_parameters()} == {n for n, _ in net.named_parameters()}


def test_the_file_names_modules_and_says_its_opset(tmp_path):
    onnx.save(nn.Sequential(nn.MLP([6, 5, 3]), nn.Softmax(1)), rows(2, 6), tmp_path / "net.onnx")
    model = theirs.load(tmp_path / "net.onnx")
    assert [o.version for o in model.opset_import] == [onnx.OPSET] == [20]
    names = ["0/fc1/Gemm0", "0/act1/Relu1", "0/fc2/Gemm2", "1/Softmax3"]
    assert [n.name for n in model.graph.node] == [*(f"Sequential/{name}" for name in names), "output/Identity"]
    assert "0.fc1.weight" in {i.name for i in model.graph.initializer}
    (given,) = model.graph.input
    assert (given.name, given.type.tensor_type.shape.dim[0].dim_param) == ("input", "N")


def test_what_is_loaded_trains_and_is_saved_again(tmp_path):
    net = nn.MLP([6, 8, 3], norm="batch")
    onnx.save(net, rows(4, 6), tmp_path / "a.onnx")
    again = onnx.load(tmp_path / "a.onnx")
    before = again(rows(4, 6)).detach().numpy()
    optimizer = microtorch.optim.SGD(again.parameters(), lr=0.1)
    loss = F.cross_entropy(again(rows(4, 6)), microtorch.tensor([0, 1, 2, 0]))
    loss.backward()
    optimizer.step()
    assert np.abs(again(rows(4, 6)).detach().numpy() - before).max() > 1e-4
    check(again, rows(4, 6), path=tmp_path / "b.onnx")
    assert "Gemm, BatchNormalization, Relu" in repr(again)
    with pytest.raises(TypeError, match="takes 1 inputs, input, not 2"):
        again(rows(1, 6), rows(1, 6))


def test_float64_is_written_as_it_is(tmp_path):
    net = nn.MLP([6, 8, 3]).double()
    onnx.save(net, rows(4, 6).double(), tmp_path / "net.onnx")
    again = onnx.load(tmp_path / "net.onnx")
    np.testing.assert_array_equal(
        again(rows(3, 6).double()).detach().numpy(), net(rows(3, 6).double()).detach().numpy()
    )


# -- refusals ------------------------------------------------------------------------------------------------------


def module(function):
    """A network whose second layer computes `function`."""

    class Odd(nn.Module):
        def forward(self, x):
            return function(x)

    return nn.Sequential(nn.Linear(6, 6), Odd())


REFUSED = {
    "sort": (lambda x: x.sort(1)[0], "Sort in Sequential.1 has no ONNX form"),
    "cumsum": (lambda x: x.cumsum(1), "CumSum in Sequential.1 has no ONNX form"),
    "item": (lambda x: x * x.sum().item(), "item reads a value into Python in Sequential.1"),
    "branch": (lambda x: x if x.sum() > 0 else -x, "bool reads a value into Python in Sequential.1"),
    "numpy": (lambda x: x + microtorch.from_numpy(x.detach().numpy() * 2), "numpy reads a value into Python in"),
    "in place": (lambda x: x.clone().add_(1.0), r"changes a tensor in place in Sequential\.1.*returns a new one"),
    "copied": (lambda x: microtorch.tensor(x.detach()) + x, r"tensor\(t\) copies.*t\.clone\(\)"),
    "batch size in a number": (lambda x: x / len(x), "computed from the input outside of operations"),
    "batch size in a loop": (lambda x: sum(x[i : i + 1] for i in range(len(x))), "form here, with these settings"),
    "last": (lambda x: x[-2:], "Slice in Sequential.1 has no ONNX form"),
    "not a tensor": (lambda x: {"y": x}, "forward must return a Tensor"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_form_is_refused_with_its_place(name, tmp_path):
    function, says = REFUSED[name]
    with pytest.raises(ExportError, match=says):
        onnx.save(module(function), rows(4, 6), tmp_path / "net.onnx")
    assert not list(tmp_path.iterdir())


def test_examples_that_show_too_little_are_refused(tmp_path):
    for example in (rows(1, 6), microtorch.tensor(1.0), ()):
        with pytest.raises(ExportError, match="two samples"):
            onnx.save(nn.Linear(6, 3), example, tmp_path / "net.onnx")


def test_batch_statistics_are_refused(tmp_path):
    with pytest.raises(ExportError, match="BatchNorm in BatchNorm1d has no ONNX form here, with these settings"):
        onnx.save(nn.BatchNorm1d(6, track_running_stats=False), rows(4, 6), tmp_path / "net.onnx")


def test_without_onnx_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "onnx", None)
    for call in (lambda: onnx.load(tmp_path / "a.onnx"), lambda: onnx.save(nn.ReLU(), rows(2, 2), tmp_path / "a.onnx")):
        with pytest.raises(ImportError, match=re.escape("pip install 'microtorch[onnx]'")):
            call()


# -- files of others, and damaged ones -----------------------------------------------------------------------------


@pytest.mark.parametrize("exporter", ["dynamo", "script", "dynamo, weights beside it"])
@pytest.mark.filterwarnings("ignore")
def test_an_mlp_of_pytorchs_exporter(torch, exporter, tmp_path):
    if exporter != "script":
        pytest.importorskip("onnxscript", reason="onnxscript is not installed")
    net = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(6, 32), torch.nn.BatchNorm1d(32), torch.nn.ReLU(), torch.nn.Dropout(),
        torch.nn.Linear(32, 16), torch.nn.GELU(), torch.nn.LayerNorm(16), torch.nn.Linear(16, 3), torch.nn.Softmax(1),
    ).eval()  # fmt: skip
    x = torch.randn(4, 6)
    options = {"external_data": exporter.endswith("it"), "verbose": False} if exporter != "script" else {}
    torch.onnx.export(net, (x,), str(tmp_path / "net.onnx"), dynamo=exporter != "script", **options)
    again = onnx.load(tmp_path / "net.onnx")
    np.testing.assert_allclose(
        again(microtorch.from_numpy(x.numpy())).detach().numpy(), net(x).detach().numpy(), atol=1e-6
    )
    parameters = dict(again.named_parameters())
    for name in ("5.weight", "5.bias", "8.weight", "8.bias"):  # the first is changed by the batch norm folded into it
        np.testing.assert_array_equal(parameters[name].detach().numpy(), net.get_parameter(name).detach().numpy())


def test_damaged_files_are_errors_of_ours(tmp_path):
    path, damaged = tmp_path / "net.onnx", tmp_path / "damaged.onnx"
    onnx.save(nn.MLP([6, 5, 3], norm="batch"), rows(2, 6), path)
    data = path.read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for trial in range(400):
        if trial < 60:
            bad = data[: len(data) * trial // 60]
        else:
            bad = bytearray(data)
            for place in rng.integers(0, len(data), rng.integers(1, 6)):
                bad[place] = rng.integers(256)
        damaged.write_bytes(bytes(bad))
        try:
            net = onnx.load(damaged)
        except CheckpointError as error:
            refused += "damaged.onnx" in str(error)
        else:
            assert isinstance(net, nn.Module)
    assert refused > 100
    with pytest.raises(FileNotFoundError):
        onnx.load(tmp_path / "none.onnx")
    for other in (b"", b"PK\x03\x04 not a model", b"\x80\x04\x95"):
        damaged.write_bytes(other)
        with pytest.raises(CheckpointError, match="no whole ONNX file"):
            onnx.load(damaged)


def changed(path, change):
    model = theirs.load(path)
    change(model)
    path.write_bytes(model.SerializeToString())


@pytest.mark.parametrize(
    "change, says",
    [
        (lambda m: setattr(m.graph.node[0], "op_type", "Conv"), "operators that are not known here: Conv"),
        (lambda m: setattr(m.graph.initializer[0], "data_location", 1), "is no file beside it"),
        (lambda m: m.graph.initializer[0].dims.__setitem__(0, 1 << 40), "has the shape"),
        (lambda m: m.graph.initializer[0].dims.__setitem__(0, 7), "no whole ONNX file"),
        (lambda m: setattr(m.graph.initializer[0], "data_type", 10), "no whole ONNX file"),
        (lambda m: m.graph.node[1].input.__setitem__(0, "nothing"), "no whole ONNX file"),
        (
            lambda m: setattr(m.metadata_props[0], "value", '{"parameters": ["nobody"], "buffers": []}'),
            "parameters is damaged",
        ),
    ],
)
def test_files_that_ask_for_something_else(change, says, tmp_path):
    path = tmp_path / "net.onnx"
    onnx.save(nn.MLP([6, 5, 3]), rows(2, 6), path)
    changed(path, change)
    with pytest.raises(CheckpointError, match=says):
        onnx.load(path)


@pytest.mark.parametrize("location", ["../secret", "/etc/passwd", "folder/weights", "link"])
def test_weights_elsewhere_are_not_read(location, tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(bytes(1000))
    (folder / "link").symlink_to(tmp_path / "secret")
    path = folder / "net.onnx"
    onnx.save(nn.Linear(6, 3), rows(2, 6), path)

    def outside(model):
        tensor = model.graph.initializer[0]
        tensor.data_location = 1
        tensor.ClearField("raw_data")
        entry = tensor.external_data.add()
        entry.key, entry.value = "location", location

    model = theirs.load(path)
    outside(model)
    path.write_bytes(model.SerializeToString())
    with pytest.raises(CheckpointError, match=r"no file beside it|no whole ONNX file"):
        onnx.load(path)
