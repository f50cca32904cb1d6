"""Files that torch.save wrote: read as they are, in both formats, and nothing in them is run."""

import io
import os
import pickle
import struct
import zipfile

import files_made as made
import numpy as np
import pytest
from files_made import Named, torch_pickled, torch_tensor

import microtorch
from microtorch import nn
from microtorch.errors import CheckpointError
from microtorch.io import load


@pytest.mark.parametrize("content", [made.torch_zip(made.TORCH_PICKLE), made.torch_older(made.OLDER_PICKLE)])
def test_both_formats_are_read(tmp_path, content):
    (tmp_path / "model.pt").write_bytes(content)
    for given in (tmp_path / "model.pt", io.BytesIO(content)):
        tree = load(given, map_location="cpu", weights_only=True)
        assert tree["w"].tolist() == [[0, 1, 2], [3, 4, 5]]
        assert tree["same"].tolist() == [1, 4]
        assert (tree["n"].shape, tree["n"].dtype, tree["n"].item()) == ((), np.int64, 7)
        assert (tree["lr"], tree["more"]) == (0.1, [1, (2, None), "text"])
        tree["w"][0, 1] = 9.0  # tensors that shared their memory still do
        assert tree["same"].tolist() == [9, 4]


def written(torch, older):
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 2))
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    net(torch.randn(5, 3)).sum().backward()
    optimizer.step()
    base = torch.arange(12.0).reshape(3, 4)
    tree = {
        "model": net.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3, 5: "five", "best": np.float64(2.5),
        "views": [base.T, base[1:, ::2], torch.ones(1).expand(5), torch.empty(0, 3), torch.tensor(2.5)],
        "dtypes": [torch.tensor(v).to(getattr(torch, d)) for v, d in ((1, "uint8"), (1, "int32"), (True, "bool"))],
        "double": torch.ones(2, dtype=torch.float64, requires_grad=True),
        "parameter": torch.nn.Parameter(torch.ones(2)),
        "size": torch.Size([2, 3]), "large": 2**70, "device": torch.device("cpu"), "dtype": torch.float32,
    }  # fmt: skip
    file = io.BytesIO()
    torch.save(tree, file, _use_new_zipfile_serialization=not older)
    return net, tree, file.getvalue()


def assert_same(torch, theirs, ours):
    if isinstance(theirs, torch.Tensor):
        assert isinstance(ours, microtorch.Tensor)
        assert (ours.shape, ours.requires_grad) == (tuple(theirs.shape), theirs.requires_grad)
        assert str(theirs.dtype) == f"torch.{ours.dtype}"
        assert np.array_equal(ours.detach().numpy(), theirs.detach().numpy())
    elif isinstance(theirs, dict):
        assert list(theirs) == list(ours)
        for key in theirs:
            assert_same(torch, theirs[key], ours[key])
    elif isinstance(theirs, list | tuple):
        assert len(theirs) == len(ours)
        for a, b in zip(theirs, ours, strict=True):
            assert_same(torch, a, b)
    elif isinstance(theirs, torch.device | torch.dtype):
        assert ours in ("cpu", np.dtype("float32"))
    else:
        assert theirs == ours


@pytest.mark.filterwarnings("ignore")  # PyTorch's own, about its older storages
@pytest.mark.parametrize("older", [False, True])
def test_what_pytorch_writes_is_read(tmp_path, torch, older):
    net, tree, content = written(torch, older)
    ours = load(io.BytesIO(content))
    assert_same(torch, tree, ours)
    assert isinstance(ours["parameter"], nn.Parameter)
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    model.load_state_dict(ours["model"])
    optimizer = microtorch.optim.Adam(model.parameters(), lr=1.0)
    optimizer.load_state_dict(ours["optimizer"])
    assert optimizer.param_groups[0]["lr"] == 1e-3
    x = np.ones((5, 3), np.float32)
    right = net.eval()(torch.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(model.eval()(microtorch.from_numpy(x)).detach().numpy(), right, atol=1e-6)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("older", [False, True])
def test_whole_models_and_half_numbers_of_pytorch_are_refused_in_words(torch, older):
    for value, words in (
        (torch.nn.Linear(2, 2), r"asks for torch.nn.modules.linear.Linear to be made.*model.state_dict\(\)"),
        ({"w": torch.ones(2).half()}, r"holds float16, which tensors here cannot be. Save it as float32"),
        ({"w": torch.ones(2).bfloat16()}, "holds bfloat16"),
    ):
        file = io.BytesIO()
        torch.save(value, file, _use_new_zipfile_serialization=not older)
        file.seek(0)
        with pytest.raises(CheckpointError, match=words):
            load(file)


class Runs:
    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.mkdir, (str(self.target),)


def _deep(levels):
    """A list that holds the same list twice, which holds ...: 2 ** levels values."""
    inside = []
    for _ in range(levels):
        inside = [inside, inside]
    return inside


def _itself():
    held = []
    held.append(held)
    return held


FLAT = np.arange(6, dtype=np.float32)
HOSTILE = {
    "a function": lambda target: (pickle.dumps({"w": Runs(target)}, 2), "asks for .*mkdir to be made, which is code"),
    "a function under another name": lambda target: (b"\x80\x02cbuiltins\neval\nX\x03\x00\x00\x001+1\x85R.", "eval"),
    "by its parts": lambda target: (b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.", "os.system"),
    "an old instruction": lambda target: (b"\x80\x02(S'true'\nios\nsystem\n.", "instruction STRING"),
    "a method of what is allowed": lambda target: (
        b"\x80\x02ccollections\nOrderedDict\n)RX\x05\x00\x00\x00clear\x85R.", "something that is not a name"),
    "attributes": lambda target: (torch_pickled(Named("torch Size", (1,)))[0][:-1] + b"}X\x01\x00\x00\x00aK\x01sb.",
                                  "the state of a tuple to be set"),
    "a name as a value": lambda target: (torch_pickled({"a": [Named("torch Size")]})[0], "torch Size to be made"),
    "beyond its memory": lambda target: (torch_pickled(torch_tensor(FLAT, 4, (3,)))[0], "larger than its memory"),
    "before its memory": lambda target: (torch_pickled(torch_tensor(FLAT, 2, (2,), (-2,)))[0], "no numbers"),
    "a petabyte of one number": lambda target: (
        torch_pickled(torch_tensor(FLAT, 0, (2**25, 2**25), (0, 0)))[0], "larger than its memory"),
    "many dimensions": lambda target: (torch_pickled(torch_tensor(FLAT, 0, (1,) * 99))[0], "no numbers"),
    "as many as no memory has": lambda target: (
        torch_pickled(torch_tensor(np.zeros(10**6, np.float32), 0, (10**6,)))[0], "memory 0 has 24 bytes"),
    "no dtype": lambda target: (
        b"\x80\x02(X\x07\x00\x00\x00storageK\x01X\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQ.", "names no dtype"),
    "no memory": lambda target: (
        torch_pickled(Named("torch._utils _rebuild_tensor_v2", [1, 2], 0, (2,), (1,)))[0], "in an unknown way"),
    "texts as shape": lambda target: (torch_pickled(torch_tensor(FLAT, 0, ("a",), (1,)))[0], "no numbers"),
    "keys that are lists": lambda target: (b"\x80\x02}((((ttt)s.", "keys that are not names|takes more"),
    "the same lists many times over": lambda target: (pickle.dumps(_deep(64), 2), "more than 524,288 values"),
    "nesting": lambda target: (b"\x80\x02" + b"]" * 1000 + b"a" * 999 + b".", "200 lists in one another"),
    "itself": lambda target: (pickle.dumps(_itself(), 2), "holds itself"),
    "no end": lambda target: (b"\x80\x02}", "no end|exhausted"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_runs_nothing_and_is_refused(tmp_path, name):
    pickled, words = HOSTILE[name](tmp_path / "made by the file")
    (tmp_path / "model.pt").write_bytes(made.torch_zip(pickled))
    with pytest.raises(CheckpointError, match=words):
        load(tmp_path / "model.pt")
    begin = made.torch_older(b"|").partition(b"|")[0]
    (tmp_path / "older.pt").write_bytes(begin + pickled + pickle.dumps(["0"], 2) + bytes(40))
    with pytest.raises(CheckpointError):
        load(tmp_path / "older.pt")
    assert not (tmp_path / "made by the file").exists()


def test_limits(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x/data.pkl", made.TORCH_PICKLE)
        archive.writestr("x/data/0", bytes(80_000_000))
    with pytest.raises(CheckpointError, match=r"80,.* bytes of memory, more than .* max_bytes"):
        load(tmp_path / "bomb.pt")
    with pytest.raises(CheckpointError, match="compressed"):
        load(tmp_path / "bomb.pt", max_bytes=10**9)
    older = made.torch_older(made.OLDER_PICKLE)
    count = struct.pack("<q", 6)
    (tmp_path / "older.pt").write_bytes(older.replace(count, struct.pack("<q", 7)))
    with pytest.raises(CheckpointError, match="another size"):
        load(tmp_path / "older.pt")
    (tmp_path / "script.pt").write_bytes(made.zipped({"x/data.pkl": b"", "x/constants.pkl": b""}))
    with pytest.raises(CheckpointError, match="TorchScript"):
        load(tmp_path / "script.pt")


def test_arguments_of_load(tmp_path):
    (tmp_path / "model.pt").write_bytes(made.torch_zip(made.TORCH_PICKLE))
    for place in (None, "cpu", "cpu:0", lambda storage, location: storage, {"cuda:0": "cpu"}):
        assert "w" in load(tmp_path / "model.pt", place, mmap=False, weights_only=False)
    with pytest.raises(ValueError, match="map_location 'cuda:0': microtorch runs on the CPU only"):
        load(tmp_path / "model.pt", "cuda:0")
    with pytest.raises(ValueError, match="no pickle is run here"):
        load(tmp_path / "model.pt", pickle_module=pickle)


def test_other_files_that_begin_alike_are_told_apart(tmp_path):
    """The first bytes of a safetensors file are the length of its head: it may be 640, b"\\x80\\x02", or b"PK"."""
    for length in (640, 19280):
        for filler in range(length - 200, length):
            microtorch.save({"w": microtorch.ones(2), "text": "x" * filler}, tmp_path / "file")
            content = (tmp_path / "file").read_bytes()
            if int.from_bytes(content[:8], "little") == length:
                break
        assert content[:2] in (b"\x80\x02", b"PK")
        assert load(tmp_path / "file")["w"].tolist() == [1, 1]
