"""Files of tensors: they come back as they were, damage is told, and nothing in them runs."""

import io
import json
import math
import os
import pickle
import struct
import subprocess
import sys
import zipfile

import numpy as np
import pytest

import microtorch
from microtorch import nn
from microtorch.errors import CheckpointError, DTypeError
from microtorch.io import load, load_npz, safetensors, save, save_npz

DTYPES = ["float32", "float64", "int32", "int64", "uint8", "bool"]


def equal(a, b):
    a, b = (t.detach().numpy() if isinstance(t, microtorch.Tensor) else t for t in (a, b))
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


ARRAYS = {f"{dtype} {shape}": (np.arange(math.prod(shape)).reshape(shape) % 2).astype(dtype)
          for dtype in DTYPES for shape in [(), (0,), (3,), (2, 0, 3), (2, 3)]}  # fmt: skip
ARRAYS["special"] = np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324])
BASE = np.arange(24.0).reshape(2, 3, 4)
ARRAYS |= {"transposed": BASE.T, "fortran": np.asfortranarray(BASE), "strided": BASE[:, ::-1, ::2],
           "big end first": np.arange(3.0).astype(">f8")}  # fmt: skip


@pytest.mark.parametrize("write, read", [(safetensors.save_file, safetensors.load_file), (save_npz, load_npz)])
def test_tensors_come_back(tmp_path, write, read):
    given = {name: array for name, array in ARRAYS.items() if array.dtype.byteorder != ">"}
    write({name: microtorch.from_numpy(np.asarray(array)) for name, array in given.items()}, tmp_path / "file")
    found = read(tmp_path / "file")
    assert sorted(found) == sorted(given)
    assert all(equal(found[name], np.ascontiguousarray(a).reshape(a.shape)) for name, a in given.items())
    assert all(isinstance(t, microtorch.Tensor) for t in found.values())
    assert os.stat(tmp_path / "file").st_mode & 0o777 == 0o666 & ~_umask()


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_state_dicts_go_to_pytorch_and_back(tmp_path, torch):
    theirs_st = pytest.importorskip("safetensors.torch")
    ours = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 2))
    ours[0].weight.data = ours[0].weight.data.T.clone().T  # not in row-major order
    theirs = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3), torch.nn.Linear(3, 2))
    safetensors.save_file(ours.state_dict(), tmp_path / "ours.safetensors")
    theirs.load_state_dict(theirs_st.load_file(tmp_path / "ours.safetensors"))
    x = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    expected = theirs.eval()(torch.from_numpy(x)).detach().numpy()
    assert np.allclose(ours.eval()(microtorch.from_numpy(x)).detach().numpy(), expected, atol=1e-6)
    with torch.no_grad():
        for p in theirs.parameters():
            p.add_(1)
    theirs_st.save_file(theirs.state_dict(), tmp_path / "theirs.safetensors")
    ours.load_state_dict(safetensors.load_file(tmp_path / "theirs.safetensors"))
    assert all(np.array_equal(t.numpy(), theirs.state_dict()[name].numpy()) for name, t in ours.state_dict().items())


def test_dtypes_that_tensors_do_not_have_are_refused(tmp_path):
    import safetensors.numpy as other

    other.save_file({"half": np.zeros(2, np.float16)}, tmp_path / "half")
    with pytest.raises(CheckpointError, match=r"half .* is F16"):
        safetensors.load_file(tmp_path / "half")
    with pytest.raises(DTypeError):
        safetensors.save_file({"half": np.zeros(2, np.float16)}, tmp_path / "other")
    with pytest.raises(TypeError, match="list"):
        safetensors.save_file({"list": [1.0]}, tmp_path / "other")
    with pytest.raises(TypeError, match="cannot name"):
        safetensors.save_file({"__metadata__": np.zeros(1)}, tmp_path / "other")
    assert [path.name for path in tmp_path.iterdir()] == ["half"]


TREE = {
    "text": "ä", "none": None, "flag": True, "int": 2**127 + 1, "float": 0.1, "inf": -math.inf,
    "list": [1, [2.5, (3, "x")]], "tuple": (0.9, 0.999), "empty": [{}, (), []],
    "keys": {1: "int", "1": "str", None: 0, 2.5: 0}, "dollar": {"$tensor": "no tensor"},
    "w": microtorch.tensor([1.0, 2.0]), "a": {"b": np.arange(3), "c.d": microtorch.ones(2)},
    "a.b": microtorch.zeros(1), "np": np.float32(0.5), "np int": np.int64(7),
}  # fmt: skip


def same(a, b):
    if isinstance(a, np.generic):
        a = a.item()
    if isinstance(a, microtorch.Tensor | np.ndarray):
        return type(a) is type(b) and equal(a, b)
    if isinstance(a, dict):
        return list(a) == list(b) and all(type(x) is type(y) for x, y in zip(a, b)) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(same(x, y) for x, y in zip(a, b))
    return type(a) is type(b) and a == b


def test_trees_come_back(tmp_path):
    save(TREE, tmp_path / "tree")
    assert same(TREE, load(tmp_path / "tree"))
    assert "a.b" in safetensors.load_file(tmp_path / "tree")  # any reader of the format finds the tensors
    save([1, 2], tmp_path / "tree")
    assert load(tmp_path / "tree") == [1, 2]
    save(microtorch.ones(2), tmp_path / "tree")
    assert load(tmp_path / "tree").tolist() == [1, 1]
    assert microtorch.load is load


def test_what_a_file_cannot_hold_is_named_by_its_place(tmp_path):
    save({"a": 1}, tmp_path / "tree")
    with pytest.raises(TypeError, match=r"optimizer\.0\.hook is of type function"):
        save({"optimizer": [{"hook": lambda: 0}]}, tmp_path / "tree")
    with pytest.raises(TypeError, match="key of type tuple"):
        save({"d": {(1, 2): 0}}, tmp_path / "tree")
    assert load(tmp_path / "tree") == {"a": 1}
    assert len(list(tmp_path.iterdir())) == 1


def _header(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


class Hostile:
    def __reduce__(self):
        return os._exit, (3,)


BAD = {
    "empty": b"",
    "junk": b"junk" * 50,
    "pickle": pickle.dumps(Hostile()),
    "length beyond the file": struct.pack("<Q", 1 << 60) + b"{}",
    "offsets beyond the file": _header({"w": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}, b"\0" * 8),
    "shape that does not fit": _header(
        {"w": {"dtype": "F32", "shape": [1 << 62, 4], "data_offsets": [0, 8]}}, b"\0" * 8
    ),
    "not JSON": _header(b"{broken", b""),
    "metadata that is no JSON": _header({"__metadata__": {"microtorch": "{broken"}}),
    "names no tensor": _header({"__metadata__": {"microtorch": '{"w": {"$tensor": "v"}}'}}),
    "wrong marks": _header({"__metadata__": {"microtorch": '{"w": {"$pairs": [1, 2]}}'}}),
    "unhashable key": _header({"__metadata__": {"microtorch": '{"w": {"$pairs": [[[], 1]]}}'}}),
    "deep": _header({"__metadata__": {"microtorch": "[" * 100_000}}),
    "long number": _header({"__metadata__": {"microtorch": "9" * 100_000}}),
}


@pytest.mark.parametrize("name", BAD)
def test_damaged_and_hostile_files_are_refused(tmp_path, name):
    path = tmp_path / "file.safetensors"
    path.write_bytes(BAD[name])
    with pytest.raises(CheckpointError, match=r"file\.safetensors"):
        load(path)


def test_every_cut_of_a_file_is_refused(tmp_path):
    path = tmp_path / "file"
    save({"w": microtorch.ones(3), "n": 1}, path)
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError):
            load(path)
    save_npz({"w": np.ones(3)}, path)
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match="file is no whole"):
            load_npz(path)


def test_objects_in_an_npz_are_not_unpickled(tmp_path):
    with zipfile.ZipFile(tmp_path / "file", "w") as archive, archive.open("w.npy", "w") as member:
        np.lib.format.write_array(member, np.array([Hostile()], object), allow_pickle=True)
    with pytest.raises(CheckpointError, match="pickle"):
        load_npz(tmp_path / "file")


def test_a_missing_file_is_the_usual_error(tmp_path):
    for read in (load, load_npz, safetensors.load_file):
        with pytest.raises(FileNotFoundError):
            read(tmp_path / "nowhere")


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    save({"a": 1}, tmp_path / "file")
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("no space left")))
    with pytest.raises(OSError, match="no space"):
        save({"a": 2}, tmp_path / "file")
    assert load(tmp_path / "file") == {"a": 1}
    assert len(list(tmp_path.iterdir())) == 1


def test_reading_a_checkpoint_imports_nothing(tmp_path):
    """In a process of its own: what a checkpoint says cannot make load import a module."""
    save(TREE, tmp_path / "tree")
    code = (
        "import sys, microtorch.io; before = set(sys.modules); microtorch.io.load(sys.argv[1]); "
        "print(sorted(set(sys.modules) - before))"
    )
    found = subprocess.run([sys.executable, "-c", code, tmp_path / "tree"], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_tree_goes_through_file_objects(tmp_path):
    tree = {"w": microtorch.arange(3), "epoch": 2, "betas": (0.9, 0.99)}
    memory = io.BytesIO()
    microtorch.save(tree, memory)
    memory.seek(0)
    with open(tmp_path / "file", "wb") as file:
        microtorch.save(tree, file)
    with open(tmp_path / "file", "rb") as file:
        for found in (microtorch.load(memory), microtorch.load(file), microtorch.load(tmp_path / "file")):
            assert found["w"].tolist() == [0, 1, 2]
            assert (found["epoch"], found["betas"]) == (2, (0.9, 0.99))
    with pytest.raises(CheckpointError, match="the file object is no whole"):
        microtorch.load(io.BytesIO(memory.getvalue()[:50]))
    with (
        open(tmp_path / "text", "w") as file,
        pytest.raises(TypeError, match='Open it for bytes: open\\(path, "wb"\\)'),
    ):
        microtorch.save(tree, file)
    with open(tmp_path / "text") as file, pytest.raises(TypeError, match='Open it for bytes: open\\(path, "rb"\\)'):
        microtorch.load(file)


def test_files_of_other_makers_say_how_they_are_read(tmp_path):
    np.savez(tmp_path / "a.npz", w=np.ones(2))
    np.save(tmp_path / "a.npy", np.ones(2))
    (tmp_path / "a.pkl").write_bytes(pickle.dumps({"w": [1.0]}))
    told = {"npz": "load_npz", "npy": "np.load", "pkl": "not one that torch.save wrote"}
    for ending, words in told.items():
        path = tmp_path / f"a.{ending}"
        for f in (path, str(path), io.BytesIO(path.read_bytes())):
            with pytest.raises(CheckpointError, match=words):
                microtorch.load(f)
