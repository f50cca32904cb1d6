"""Datasets: each file format from tiny files written here, whole and damaged; transforms; nothing is downloaded."""

import gzip
import io
import os
import pickle
import struct
import tarfile

import numpy as np
import pytest

import microtorch
from microtorch.data import DataLoader, Subset
from microtorch.datasets import CIFAR10, MNIST, SVHN, FashionMNIST, ImageDataset, blobs, files, moons, spirals
from microtorch.datasets import transforms as T
from microtorch.errors import DatasetError, DTypeError, ShapeError

rng = np.random.default_rng(0)
IMAGES = rng.integers(0, 256, (7, 28, 28), dtype=np.uint8)
COLOUR = rng.integers(0, 256, (7, 3, 32, 32), dtype=np.uint8)
LABELS = np.array([3, 0, 9, 1, 1, 5, 2])


@pytest.fixture(autouse=True)
def no_network_and_an_empty_cache(tmp_path_factory, monkeypatch):
    """A test that tries to download fails, and no test sees files of the user's."""
    monkeypatch.delenv("MICROTORCH_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))

    def refuse(*args, **kwargs):
        raise ConnectionError("no network in tests")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)


def idx(array, count=None):
    """The bytes of an IDX file."""
    shape = (len(array) if count is None else count, *array.shape[1:])
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *shape) + array.astype(np.uint8).tobytes()


def write_mnist(folder, images=IMAGES, labels=LABELS, zipped=True, stem="train"):
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in ((f"{stem}-images-idx3-ubyte", images), (f"{stem}-labels-idx1-ubyte", labels)):
        content = idx(array)
        if zipped:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content))
        else:
            (folder / name).write_bytes(content)


# -- MNIST -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("where", ["", "mnist", "MNIST/raw"])
def test_mnist_is_read_wherever_it_lies(tmp_path, where, zipped):
    write_mnist(tmp_path / where, zipped=zipped)
    data = MNIST(tmp_path, download=False)
    assert len(data) == 7
    assert np.array_equal(data.data.numpy(), IMAGES)
    image, label = data[2]
    assert (image.shape, image.dtype, type(label), label) == ((1, 28, 28), np.float32, int, 9)
    assert np.array_equal(image.numpy()[0], IMAGES[2] / np.float32(255))
    x, y = next(iter(DataLoader(data, batch_size=4)))
    assert (x.shape, x.dtype, y.shape, y.dtype) == ((4, 1, 28, 28), np.float32, (4,), np.int64)
    assert np.array_equal(x.numpy()[2], image.numpy())
    assert y.tolist() == LABELS[:4].tolist()


def test_root_comes_before_the_environment_variable(tmp_path, monkeypatch):
    write_mnist(tmp_path / "a", labels=LABELS)
    write_mnist(tmp_path / "b", labels=np.zeros(7))
    monkeypatch.setenv("MICROTORCH_DATA", str(tmp_path / "b"))
    assert MNIST(tmp_path / "a", download=False).targets.tolist() == LABELS.tolist()
    assert MNIST(tmp_path / "elsewhere", download=False).targets.tolist() == [0] * 7
    assert MNIST(download=False).targets.tolist() == [0] * 7


def test_fashion_is_not_mistaken_for_digits(tmp_path):
    write_mnist(tmp_path / "mnist")
    write_mnist(tmp_path / "fashion-mnist", labels=np.ones(7), stem="t10k")
    assert FashionMNIST(tmp_path, train=False, download=False).targets.tolist() == [1] * 7
    with pytest.raises(DatasetError, match="FashionMNIST: train-images"):
        FashionMNIST(tmp_path, download=False)


@pytest.mark.parametrize(
    "damage, told",
    [
        (lambda c: gzip.compress(c)[:-20], "cannot be read"),
        (lambda c: gzip.compress(c[:-5]), "It was cut off"),
        (lambda c: gzip.compress(c + b"x"), "It was cut off, or written over"),
        (lambda c: c[:-5], "It was cut off"),
        (lambda c: b"<html>not found</html>", "not an IDX file"),
        (lambda c: b"", "not an IDX file"),
        (lambda c: c[:9], "not an IDX file"),
        (lambda c: c[:4] + struct.pack(">III", 2**32 - 1, 2**32 - 1, 2**32 - 1) + c[16:], "says it holds"),
        (lambda c: gzip.compress(idx(IMAGES[:, :27])), r"not uint8 images of shape \(N, 28, 28\)"),
        (lambda c: gzip.compress(idx(IMAGES[:6])), "6 images and labels"),
        (lambda c: gzip.compress(idx(IMAGES[:0])), "not uint8 images"),
    ],
)
def test_a_damaged_mnist_says_what_is_wrong(tmp_path, damage, told):
    write_mnist(tmp_path)
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(damage(idx(IMAGES)))
    with pytest.raises(DatasetError, match=told) as caught:
        MNIST(tmp_path, download=False)
    assert "MNIST" in str(caught.value)
    assert path.name in str(caught.value)


def test_labels_out_of_range_are_refused(tmp_path):
    write_mnist(tmp_path, labels=np.array([0, 1, 2, 3, 4, 5, 10]))
    with pytest.raises(DatasetError, match="labels from 0 to 10; there are classes 0 to 9"):
        MNIST(tmp_path, download=False)


# -- what is missing -----------------------------------------------------------------------------------------------


def test_without_network_one_line_says_what_and_where_and_how(tmp_path, monkeypatch):
    pytest.importorskip("pooch")
    monkeypatch.setenv("MICROTORCH_DATA", str(tmp_path / "data"))
    with pytest.raises(DatasetError) as caught:
        MNIST(tmp_path / "root")
    message = str(caught.value)
    assert "\n" not in message
    for part in (
        "train-images-idx3-ubyte.gz",
        str(tmp_path / "root"),
        str(tmp_path / "data"),
        "no connection",
        "https://",
    ):
        assert part in message
    left = [name for _, _, names in os.walk(tmp_path) for name in names]
    assert left == []


@pytest.mark.parametrize("outcome", ["whole", "cut"])
def test_a_download_appears_only_whole(tmp_path, monkeypatch, outcome):
    pooch = pytest.importorskip("pooch")
    content = gzip.compress(idx(IMAGES))
    import hashlib

    def download(url, output, pup):
        with open(output, "wb") as file:
            file.write(content if outcome == "whole" else content[:100])

    monkeypatch.setattr(pooch, "HTTPDownloader", lambda **_: download)
    monkeypatch.setattr(pooch.core, "choose_downloader", lambda *_, **__: download)
    checksum = "md5:" + hashlib.md5(content).hexdigest()
    arguments = ("MNIST", "images.gz", tmp_path, ("mnist",), ("https://example.org/images.gz",), checksum)
    if outcome == "whole":
        assert files.find(*arguments).read_bytes() == content
    else:
        with pytest.raises(DatasetError, match="another checksum"):
            files.find(*arguments)
        assert list((tmp_path / "mnist").iterdir()) == []


def test_without_pooch_it_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pooch", None)
    with pytest.raises(DatasetError, match=r"pip install 'microtorch\[data\]'"):
        MNIST(tmp_path)


# -- CIFAR-10 --------------------------------------------------------------------------------------------------------


def batch_file(images=COLOUR, labels=LABELS, protocol=2):
    content = {b"data": images.reshape(len(images), -1), b"labels": [int(label) for label in labels]}
    return pickle.dumps(content, protocol)


def write_cifar(folder, content=None, names=None):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or [f"data_batch_{i}" for i in range(1, 6)]:
        (folder / name).write_bytes(batch_file() if content is None else content)


@pytest.mark.parametrize("where", ["cifar-10-batches-py", "."])
def test_cifar_is_read_from_a_folder(tmp_path, where):
    write_cifar(tmp_path / where)
    data = CIFAR10(tmp_path, download=False)
    assert len(data) == 35
    assert np.array_equal(data.data.numpy()[7:14], COLOUR)
    image, label = data[1]
    assert (image.shape, label) == ((3, 32, 32), 0)
    assert np.array_equal(image.numpy(), COLOUR[1] / np.float32(255))


def test_cifar_is_read_from_the_archive_without_unpacking_it(tmp_path):
    with tarfile.open(tmp_path / "cifar-10-python.tar.gz", "w:gz") as tar:
        for name in ("test_batch", *(f"data_batch_{i}" for i in range(1, 6))):
            entry = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            content = batch_file()
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    assert len(CIFAR10(tmp_path, download=False)) == 35
    assert len(CIFAR10(tmp_path, train=False, download=False)) == 7
    assert [path.name for path in tmp_path.iterdir()] == ["cifar-10-python.tar.gz"]
    cut = (tmp_path / "cifar-10-python.tar.gz").read_bytes()[:-4000]
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(cut)
    with pytest.raises(DatasetError, match=r"tar.gz (cannot be read|has no data_batch)"):
        CIFAR10(tmp_path, download=False)


class Hostile:
    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.mkdir, (str(self.target),)


def test_nothing_in_a_pickle_is_executed(tmp_path):
    target = tmp_path / "made by the pickle"
    content = pickle.dumps({b"data": Hostile(target), b"labels": [1]}, 2)
    write_cifar(tmp_path, content)
    with pytest.raises(DatasetError, match=r"asks for (posix|nt|os)\.mkdir to be run.*It was not"):
        CIFAR10(tmp_path, download=False)
    assert not target.exists()


@pytest.mark.parametrize(
    "content, told",
    [
        (batch_file()[:-30], "is no batch of images"),
        (b"not a pickle", "is no batch of images"),
        (pickle.dumps([1, 2], 2), "is no batch of images"),
        (pickle.dumps({b"data": b"123", b"labels": [1]}, 2), "is no batch of images"),
        (batch_file(COLOUR.astype(np.float32)), "is no batch of images"),
        (batch_file(COLOUR[:, :2]), "not uint8 images of shape"),
        (batch_file(labels=LABELS[:-1]), "7 images and labels"),
        (batch_file(labels=LABELS - 1), "labels from -1"),
    ],
)
def test_a_damaged_cifar_batch_says_what_is_wrong(tmp_path, content, told):
    write_cifar(tmp_path, content)
    with pytest.raises(DatasetError, match=told):
        CIFAR10(tmp_path, download=False)


# -- SVHN ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def savemat():
    return pytest.importorskip("scipy.io").savemat


@pytest.mark.parametrize("name", ["train_32x32.mat", "train_32x32_first7.mat"])
def test_svhn(tmp_path, savemat, name):
    labels = np.where(LABELS == 0, 10, LABELS)[:, None]  # the files write 10 for the digit 0
    savemat(tmp_path / name, {"X": COLOUR.transpose(2, 3, 1, 0), "y": labels.astype(np.uint8)})
    data = SVHN(tmp_path, download=False)
    assert data.targets.tolist() == LABELS.tolist()
    assert np.array_equal(data.data.numpy(), COLOUR)
    assert data.file.name == name


def test_a_damaged_svhn_says_what_is_wrong(tmp_path, savemat):
    path = tmp_path / "train_32x32.mat"
    savemat(path, {"X": COLOUR.transpose(2, 3, 1, 0), "y": LABELS[:, None]})
    with pytest.raises(DatasetError, match="has the label 0; the files count from 1"):
        SVHN(tmp_path, download=False)
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], b"junk" * 100, b""):
        path.write_bytes(content)
        with pytest.raises(DatasetError, match="is no such MATLAB file"):
            SVHN(tmp_path, download=False)
    with pytest.raises(ValueError, match="there are train, test, extra"):
        SVHN(tmp_path, split="valid")


# -- parts and transforms ----------------------------------------------------------------------------------------------


def test_splits_are_the_same_each_time_and_share_memory():
    data = ImageDataset(COLOUR, LABELS)
    train, valid = data.split(2)
    assert (train.targets.tolist(), valid.targets.tolist()) == (LABELS[:5].tolist(), LABELS[5:].tolist())
    assert np.shares_memory(train.data.numpy(), data.data.numpy())
    valid.transform = T.Flatten()
    assert train[0][0].shape == (3, 32, 32)
    with pytest.raises(ValueError, match="cannot be held out of 7"):
        data.split(8)


def test_a_callable_of_the_users_is_shown_what_torchvision_shows(tmp_path):
    pytest.importorskip("PIL")
    seen = []

    def halve(image):
        seen.append((type(image).__name__, image.mode, image.size))
        return np.array(image, np.float32) / 2

    data = ImageDataset(COLOUR, LABELS, transform=halve, target_transform=lambda label: label + 100)
    x, y = next(iter(DataLoader(data, batch_size=3)))
    assert seen == [("Image", "RGB", (32, 32))] * 3
    assert (x.shape, x.dtype, y.tolist()) == ((3, 32, 32, 3), np.float32, [103, 100, 109])
    np.testing.assert_array_equal(x.numpy(), COLOUR[:3].transpose(0, 2, 3, 1) / np.float32(2))
    assert isinstance(data[0][0], np.ndarray)  # as it was returned
    assert data[0][1] == 103
    data.transform = T.Compose([T.ToTensor(), lambda image: seen.append(type(image).__name__) or image * 2])
    x, _ = data.__getitems__(np.array([1, 2]))
    assert seen[-2:] == ["Tensor", "Tensor"]
    np.testing.assert_array_equal(x.numpy(), COLOUR[1:3] / np.float32(255) * 2)
    assert T.ToTensor()(data[0][0]).dtype == np.float32


def test_batches_and_samples_are_transformed_alike():
    data = ImageDataset(COLOUR, LABELS)
    data.transform = T.Compose([T.SubtractMean.of(data), T.Normalize([0, 0.5, 1], [1, 2, 4]), T.Flatten()])
    x, _ = data.__getitems__(np.arange(7))
    mean = COLOUR.mean(0) / 255
    expected = (COLOUR / 255 - mean - np.array([0, 0.5, 1])[:, None, None]) / np.array([1, 2, 4])[:, None, None]
    assert np.allclose(x.numpy(), expected.reshape(7, -1), atol=1e-6)
    for i in range(7):
        assert np.array_equal(data[i][0].numpy(), x.numpy()[i])
    assert x.dtype == np.float32


def test_flips_and_shifts_move_each_image_by_itself():
    images = microtorch.from_numpy(COLOUR.astype(np.float32))
    flipped = T.RandomHorizontalFlip(0.5, microtorch.Generator().manual_seed(3))(images).numpy()
    same = [np.array_equal(a, b) for a, b in zip(flipped, COLOUR)]
    mirrored = [np.array_equal(a, b[..., ::-1]) for a, b in zip(flipped, COLOUR)]
    assert [a != b for a, b in zip(same, mirrored)] == [True] * 7
    assert 0 < sum(same) < 7
    shifted = T.RandomShift(2, microtorch.Generator().manual_seed(3))(images).numpy()
    padded = np.pad(COLOUR, ((0, 0), (0, 0), (2, 2), (2, 2)))
    places = set()
    for a, b in zip(shifted, padded):
        found = [(i, j) for i in range(5) for j in range(5) if np.array_equal(a, b[:, i : i + 32, j : j + 32])]
        assert len(found) == 1
        places.add(found[0])
    assert len(places) > 2
    again = T.RandomShift(2, microtorch.Generator().manual_seed(3))(images).numpy()
    assert np.array_equal(again, shifted)
    assert np.array_equal(images.numpy(), COLOUR)  # the argument is as it was


def test_to_tensor():
    image = rng.integers(0, 256, (4, 5, 3), dtype=np.uint8)
    assert np.array_equal(T.ToTensor()(image).numpy(), image.transpose(2, 0, 1) / np.float32(255))
    assert T.ToTensor()(image[..., 0]).shape == (1, 4, 5)
    tensor = microtorch.ones(1, 2, 2)
    assert np.array_equal(T.ToTensor()(tensor).numpy(), tensor.numpy())
    with pytest.raises(DTypeError, match="ToTensor"):
        T.ToTensor()("image")


def test_transforms_that_do_not_fit_say_so():
    with pytest.raises(ShapeError, match="mean of 2 channels, images of 3"):
        T.Normalize([0, 0], [1, 1])(microtorch.ones(3, 4, 4))
    with pytest.raises(ValueError, match="std"):
        T.Normalize(0, 0)
    with pytest.raises(ShapeError, match=r"neither \(C, H, W\)"):
        T.Flatten()(microtorch.ones(4, 4))
    with pytest.raises(ShapeError, match="SubtractMean"):
        T.SubtractMean(np.zeros((1, 4, 4)))(microtorch.ones(1, 5, 5))
    with pytest.raises(ValueError, match="probability"):
        T.RandomHorizontalFlip(2)
    with pytest.raises(ValueError, match="whole number"):
        T.RandomShift(-1)


def test_subsets_of_sets_are_fast_and_right():
    x, y = next(iter(DataLoader(Subset(ImageDataset(COLOUR, LABELS), [6, 0]), batch_size=2)))
    assert y.tolist() == [2, 3]
    assert np.allclose(x.numpy()[0] * 255, COLOUR[6])


@pytest.mark.parametrize("make, classes", [(spirals, 3), (moons, 2), (blobs, 3)])
def test_toy_sets_are_balanced_and_repeatable(make, classes):
    points, labels = make(31, generator=microtorch.Generator().manual_seed(0)).tensors
    again = make(31, generator=microtorch.Generator().manual_seed(0)).tensors[0]
    assert (points.shape, points.dtype, labels.dtype) == ((31, 2), np.float32, np.int64)
    counts = np.bincount(labels.numpy())
    assert len(counts) == classes
    assert counts.max() - counts.min() <= 1
    assert np.array_equal(points.numpy(), again.numpy())
    if make is not moons:
        with pytest.raises(ValueError, match="do not make"):
            make(1, classes=2)


def test_the_shape_of_the_toys():
    x, y = moons(100, noise=0.0).tensors
    upper = x.numpy()[y.numpy() == 0]
    assert np.allclose(np.hypot(*upper.T), 1, atol=1e-6)
    assert upper[:, 1].min() > -1e-6
    radius = np.hypot(*spirals(300, noise=0.0).tensors[0].numpy().T)
    assert np.allclose(radius, np.tile(np.linspace(0, 1, 100), 3), atol=1e-6)
