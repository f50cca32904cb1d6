"""Files of strangers: limits are arguments, causes are kept, and the readers of our own read what others write.

What crafted and damaged files do is tried by campaigns/attacks.py and campaigns/damaged.py.
"""

import gzip
import zlib

import files_made as made
import numpy as np
import pytest

from microtorch.datasets import CIFAR10, MNIST, SVHN, ImageDataset
from microtorch.datasets import transforms as T
from microtorch.errors import CheckpointError, DatasetError, DTypeError, ShapeError, visible
from microtorch.io import load, load_npz, safetensors


@pytest.mark.parametrize("name", made.FILES)
def test_every_whole_file_is_read(tmp_path, name):
    reader, file, inside, pack, beside = made.FILES[name]
    for other, content in {**beside, file: pack(inside)}.items():
        (tmp_path / other).write_bytes(content)
    if reader == "mnist":
        found = MNIST(tmp_path, download=False)
        assert np.array_equal(found.data.numpy(), made.GREY)
        assert found.targets.tolist() == made.LABELS
    elif reader == "cifar":
        found = CIFAR10(tmp_path, train=False, download=False)
        assert np.array_equal(found.data.numpy(), made.COLOUR)
        assert found.targets.tolist() == made.LABELS[:2]
    elif reader == "svhn":
        found = SVHN(tmp_path, download=False)
        assert np.array_equal(found.data.numpy(), made.COLOUR)
        assert found.targets.tolist() == [3, 0]
    else:
        assert {"npz": load_npz, "tree": load, "safetensors": safetensors.load_file,
                "metadata": safetensors.load_metadata}[reader](tmp_path / file)  # fmt: skip


def test_what_scipy_writes_is_read(tmp_path):
    savemat = pytest.importorskip("scipy.io").savemat
    for options in ({}, {"do_compression": True}):
        for dtype in ("uint8", "int8", "uint16", "int32", "int64", "float32", "float64"):
            more = {"other": "text", "cell": np.array([1, "a"], object), "z": np.ones(3) * 1j}
            savemat(tmp_path / "train_32x32.mat", {**more, "X": made.X, "y": made.Y.astype(dtype)}, **options)
            found = SVHN(tmp_path, download=False)
            assert np.array_equal(found.data.numpy(), made.COLOUR)
            assert found.targets.tolist() == [3, 0]


def test_limits_are_arguments(tmp_path):
    content = made.idx(np.zeros((90_000, 28, 28), np.uint8))  # 70 MB of nothing
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(content, 1))
    labels = made.idx(np.zeros(90_000, np.uint8))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(labels)
    with pytest.raises(DatasetError, match=r"70,560,000 bytes of memory, more than the 67,108,848 .* max_bytes"):
        MNIST(tmp_path, download=False)
    assert len(MNIST(tmp_path, download=False, max_bytes=80_000_000)) == 90_000
    (tmp_path / "file").write_bytes(made.zipped({"w.npy": made.npy(np.zeros(1000))}))
    with pytest.raises(CheckpointError, match="max_bytes"):
        load_npz(tmp_path / "file", max_bytes=8000)
    assert len(load_npz(tmp_path / "file", max_bytes=9000)["w"]) == 1000
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(made.tar({"test_batch": made.batch()}))
    with pytest.raises(DatasetError, match="max_bytes"):
        CIFAR10(tmp_path, train=False, download=False, max_bytes=5000)
    assert len(CIFAR10(tmp_path, train=False, download=False, max_bytes=30_000)) == 2
    (tmp_path / "test_32x32.mat").write_bytes(made.mat([made.matrix("X", made.X), made.matrix("y", made.Y)]))
    with pytest.raises(DatasetError, match="max_bytes"):
        SVHN(tmp_path, "test", download=False, max_bytes=5000)
    assert len(SVHN(tmp_path, "test", download=False, max_bytes=10_000)) == 2


def test_the_cause_is_kept(tmp_path):
    _, file, inside, _, _ = made.FILES["mat"]
    (tmp_path / file).write_bytes(inside[:200] + bytes(50) + inside[250:])
    with pytest.raises(DatasetError) as caught:
        SVHN(tmp_path, download=False)
    assert isinstance(caught.value.__cause__, zlib.error)
    (tmp_path / "file").write_bytes(b"PK")
    with pytest.raises(CheckpointError) as caught:
        load_npz(tmp_path / "file")
    assert caught.value.__cause__ is not None


def test_a_folder_and_a_hostile_path_are_told(tmp_path):
    for read in (load, load_npz, safetensors.load_file):
        for path in (tmp_path, f"{tmp_path}/a\0b"):
            with pytest.raises(CheckpointError) as caught:
                read(path)
            assert "\0" not in str(caught.value)
    (tmp_path / "train-images-idx3-ubyte").mkdir()
    for root in (tmp_path, f"{tmp_path}/a\0b", f"{tmp_path}/\n\x1b[31m"):
        with pytest.raises(DatasetError) as caught:
            MNIST(root, download=False)
        assert str(caught.value).isprintable()


def test_images_that_do_not_fit_are_refused():
    with pytest.raises(DTypeError, match="uint8"):
        ImageDataset(np.zeros((2, 4, 4)), [0, 1])
    with pytest.raises(ShapeError, match=r"\(N, H, W\)"):
        ImageDataset(np.zeros((2, 4), np.uint8), [0, 1])
    with pytest.raises(ShapeError, match="3 images and targets of shape"):
        ImageDataset(np.zeros((3, 4, 4), np.uint8), [0, 1])
    with pytest.raises(DTypeError, match="whole numbers"):
        ImageDataset(np.zeros((2, 4, 4), np.uint8), [0.5, 1])
    data = ImageDataset(np.zeros((2, 4, 4), np.uint8), [0, 1])
    sizes = iter([2, 3])
    data.transform = T.Compose([T.ToTensor(), lambda image: np.zeros(next(sizes))])
    with pytest.raises(ShapeError, match="samples of shapes"):
        data.__getitems__(np.array([0, 1]))
    for std in (np.nan, np.inf, 0):
        with pytest.raises(ValueError, match="std"):
            T.Normalize(0, std)
    for pixels in (np.nan, np.inf, 1.5, -1):
        with pytest.raises(ValueError, match="whole number"):
            T.RandomShift(pixels)


@pytest.mark.parametrize(
    "text, shown",
    [
        ("plain ä 日本 😀", "plain ä 日本 😀"),
        ("a\0b\n\x1b[31m", r"a\x00b\n\x1b[31m"),
        ("\ud800", r"\ud800"),
        ("ab\u202edc\u200f", r"ab\u202edc\u200f"),
        ("👨‍👩‍👧", "👨‍👩‍👧"),
        ("\\N", "\\N"),
    ],
)
def test_what_cannot_be_seen_is_shown(text, shown):
    assert visible(text) == shown
    assert len(visible("x" * 10_000, 60)) <= 60
