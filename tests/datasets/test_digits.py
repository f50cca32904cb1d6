"""The embedded digits: their content, their split, and what a damaged file says."""

import hashlib

import numpy as np
import pytest

import microtorch
from microtorch.data import DataLoader
from microtorch.datasets import Digits, digits, transforms
from microtorch.errors import DatasetError


def test_content_is_the_published_one():
    everything = Digits(train=None)
    data, targets = everything.data.numpy(), everything.targets.numpy()
    assert data.shape == (1797, 8, 8)
    assert (data.min(), data.max(), data.sum(dtype=np.int64)) == (0, 16, 561_718)
    assert np.bincount(targets).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert data[0].tolist() == [
        [0, 0, 5, 13, 9, 1, 0, 0],
        [0, 0, 13, 15, 10, 15, 5, 0],
        [0, 3, 15, 2, 0, 11, 8, 0],
        [0, 4, 12, 0, 0, 8, 8, 0],
        [0, 5, 8, 0, 0, 9, 8, 0],
        [0, 4, 11, 0, 1, 12, 7, 0],
        [0, 2, 14, 5, 10, 12, 0, 0],
        [0, 0, 6, 13, 10, 0, 0, 0],
    ]
    content = hashlib.sha256(data.tobytes() + targets.astype(np.uint8).tobytes()).hexdigest()
    assert content == "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"


def test_split_is_stratified_and_complete():
    train, test, everything = Digits(train=True), Digits(train=False), Digits(train=None)
    assert (len(train), len(test)) == (1442, 355)
    shares = np.bincount(test.targets.numpy()) / np.bincount(everything.targets.numpy())
    assert np.all((shares > 0.19) & (shares <= 0.2))
    both = np.concatenate([train.data.numpy(), test.data.numpy()]).reshape(1797, 64)
    whole = everything.data.numpy().reshape(1797, 64)
    assert np.array_equal(both[np.lexsort(both.T)], whole[np.lexsort(whole.T)])
    fives = everything.data.numpy()[everything.targets.numpy() == 5]
    assert np.array_equal(test.data.numpy()[test.targets.numpy() == 5], fives[4::5])


def test_samples_and_batches_agree():
    data = Digits(train=False)
    image, label = data[7]
    assert isinstance(image, microtorch.Tensor)
    assert (image.shape, image.dtype) == ((1, 8, 8), np.float32)
    assert type(label) is int
    assert np.array_equal(image.numpy()[0] * 16, data.data.numpy()[7])
    x, y = next(iter(DataLoader(data, batch_size=len(data))))
    assert (x.shape, x.dtype, y.dtype) == ((355, 1, 8, 8), np.float32, np.int64)
    assert np.array_equal(x.numpy()[7], image.numpy())
    assert np.array_equal(y.numpy(), data.targets.numpy())
    assert (x.numpy().min(), x.numpy().max()) == (0, 1)


def test_a_batch_does_not_share_memory_with_the_set():
    data = Digits()
    x, y = data.__getitems__(np.arange(3))
    assert not np.shares_memory(x.numpy(), data.data.numpy())
    assert not np.shares_memory(y.numpy(), data.targets.numpy())


@pytest.mark.parametrize("given", ["at once", "afterwards"])
def test_transforms_make_samples_and_batches(given):
    normalize = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.25,))])
    plain = Digits(train=False)
    if given == "at once":
        data = Digits(train=False, transform=normalize, target_transform=lambda digit: digit % 2)
    else:
        data = Digits(train=False)
        data.transform, data.target_transform = normalize, lambda digit: digit % 2
    x, y = next(iter(DataLoader(data, batch_size=20)))
    images, targets = next(iter(DataLoader(plain, batch_size=20)))
    np.testing.assert_array_equal(x.numpy(), (images.numpy() - np.float32(0.5)) / np.float32(0.25))
    np.testing.assert_array_equal(y.numpy(), targets.numpy() % 2)
    np.testing.assert_array_equal(data[7][0].numpy(), x[7].numpy())
    assert data[7][1] == plain[7][1] % 2
    data.transform = data.target_transform = None
    np.testing.assert_array_equal(data[7][0].numpy(), images[7].numpy())


def test_iteration_ends():
    assert sum(1 for _ in Digits(train=False)) == 355


@pytest.mark.parametrize("damage", ["missing", "not a file of arrays", "cut", "changed", "no targets"])
def test_a_damaged_file_is_an_error(damage, tmp_path, monkeypatch):
    path = tmp_path / "digits.npz"
    whole = digits._FILE.read_bytes()
    arrays = dict(np.load(digits._FILE))
    if damage == "not a file of arrays":
        path.write_bytes(b"not a file of arrays")
    elif damage == "cut":
        path.write_bytes(whole[:-2000])
    elif damage == "changed":
        arrays["data"][5, 5, 5] ^= 1
        np.savez(path, **arrays)
    elif damage == "no targets":
        np.savez(path, data=arrays["data"])
    monkeypatch.setattr(digits, "_FILE", path)
    with pytest.raises(DatasetError, match=r"Digits: digits.npz .*Install microtorch again"):
        Digits()
