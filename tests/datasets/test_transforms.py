"""Transforms mean what torchvision's mean: of pictures what PIL makes of them; grids, and pictures in files."""

import io
import sys
import warnings

import numpy as np
import pytest

import microtorch
from microtorch.data import DataLoader
from microtorch.datasets import MNIST, FashionMNIST, ImageDataset
from microtorch.datasets import transforms as T
from microtorch.errors import DTypeError, ShapeError
from microtorch.viz import make_grid, save_image

Image = pytest.importorskip("PIL.Image")

rng = np.random.default_rng(0)
GREY = rng.integers(0, 256, (5, 28, 20), dtype=np.uint8)
COLOUR = rng.integers(0, 256, (5, 3, 17, 32), dtype=np.uint8)
LABELS = np.arange(5)


def pictures(images):
    return [Image.fromarray(a if a.ndim == 2 else np.ascontiguousarray(a.transpose(1, 2, 0))) for a in images]


def array(image):
    a = np.array(image)
    return a[None] if a.ndim == 2 else a.transpose(2, 0, 1)


def resized(im, width, height, how=Image.BILINEAR):
    """By PIL, in one direction after the other: which comes first depends on its version."""
    return im.resize((width, im.height), how).resize((width, height), how)


def shorter_side(im, short, most=10**6):
    """The size whose shorter side is `short`, unless the longer one would be above `most`."""
    long = int(short * max(im.size) / min(im.size))
    if long > most:
        short, long = int(most * short / long), most
    return (short, long) if im.width <= im.height else (long, short)


def middle(im, n):
    left, top = round((im.width - n) / 2), round((im.height - n) / 2)
    return im.crop((left, top, left + n, top + n))


BY_PIL = {  # a transform, and what PIL makes of an image by itself; sizes are (width, height) there
    "smaller": (T.Resize((14, 10)), lambda im: resized(im, 10, 14)),
    "larger": (T.Resize((31, 45)), lambda im: resized(im, 45, 31)),
    "one side": (T.Resize((28, 7)), lambda im: resized(im, 7, 28)),
    "a number": (T.Resize(9), lambda im: resized(im, *shorter_side(im, 9))),
    "not above": (T.Resize(9, max_size=11), lambda im: resized(im, *shorter_side(im, 9, 11))),
    "cubic": (T.Resize((11, 40), T.InterpolationMode.BICUBIC), lambda im: resized(im, 40, 11, Image.BICUBIC)),
    "nearest": (T.Resize((11, 40), Image.NEAREST), lambda im: im.resize((40, 11), Image.NEAREST)),
    "grey": (T.Grayscale(), lambda im: im.convert("L")),
    "grey, three": (T.Grayscale(3), lambda im: Image.merge("RGB", [im.convert("L")] * 3)),
    "middle": (T.CenterCrop(8), lambda im: middle(im, 8)),
    "mirrored": (T.RandomHorizontalFlip(1.0), lambda im: im.transpose(Image.FLIP_LEFT_RIGHT)),
    "upside down": (T.RandomVerticalFlip(1.0), lambda im: im.transpose(Image.FLIP_TOP_BOTTOM)),
    "turned": (T.RandomRotation((30, 30)), lambda im: im.rotate(30)),
    "turned, larger": (
        T.RandomRotation((30, 30), T.InterpolationMode.BILINEAR, expand=True),
        lambda im: im.rotate(30, Image.BILINEAR, expand=True),
    ),
    "two": (T.Compose([T.Resize(12), T.CenterCrop(8)]), lambda im: middle(resized(im, *shorter_side(im, 12)), 8)),
    "a function": (T.Lambda(lambda im: im.rotate(90, expand=True)), lambda im: im.rotate(90, expand=True)),
}


@pytest.mark.parametrize("images", [GREY, COLOUR], ids=["grey", "colour"])
@pytest.mark.parametrize("name", BY_PIL)
def test_pictures_become_to_the_byte_what_pil_makes_of_them(name, images):
    transform, by_pil = BY_PIL[name]
    right = np.stack([array(by_pil(im)) for im in pictures(images)])
    data = ImageDataset(images, LABELS, T.Compose([transform, T.ToTensor()]))
    x, _ = data.__getitems__(LABELS)
    np.testing.assert_array_equal(x.numpy(), right / np.float32(255))
    np.testing.assert_array_equal(data[3][0].numpy(), x[3].numpy())
    single = transform(pictures(images)[2])  # of an image of PIL's it gives one
    np.testing.assert_array_equal(array(single), right[2])


@pytest.mark.oracle
@pytest.mark.parametrize("mode", ["bilinear", "bicubic", "nearest"])
def test_tensors_are_resized_as_by_pytorch(mode, torch):
    x = rng.random((2, 3, 17, 32)).astype(np.float32)
    for size in ((8, 40), (30, 9)):
        options = {} if mode == "nearest" else {"antialias": True, "align_corners": False}
        right = torch.nn.functional.interpolate(torch.from_numpy(x), size, mode=mode, **options).numpy()
        found = T.Resize(size, T.InterpolationMode(mode))(microtorch.from_numpy(x))
        np.testing.assert_allclose(found.numpy(), right, atol=2e-6)


def test_stages_follow_one_another():
    steps = []

    def note(x):
        steps.append("Tensor" if isinstance(x, microtorch.Tensor) else f"Image {x.mode}")
        return x

    data = ImageDataset(COLOUR, LABELS, T.Compose([note, T.Resize(8), note, T.ToTensor(), note, T.Flatten(), note]))
    x, _ = data.__getitems__(np.array([0, 1]))
    assert steps == ["Image RGB"] * 4 + ["Tensor"] * 4
    assert x.shape == (2, 3 * 8 * 15)
    data.transform = T.Compose([T.PILToTensor(), note, T.ConvertImageDtype(microtorch.float32), T.Normalize(0.5, 0.5)])
    x, _ = data.__getitems__(np.array([0, 1]))
    np.testing.assert_allclose(x.numpy(), (COLOUR[:2] / 255 - 0.5) / 0.5, atol=1e-6)
    data.transform = T.Compose([T.ToTensor(), T.ToPILImage(), note, np.array, T.ToTensor()])
    x, _ = data.__getitems__(np.array([0, 1]))
    assert steps[-1] == "Image RGB"
    np.testing.assert_allclose(x.numpy(), COLOUR[:2] / np.float32(255), atol=1e-6)


def test_a_division_of_the_users_own_is_the_only_one():
    for transform in (
        lambda im: np.array(im, np.float32).ravel() / 255,
        lambda im: microtorch.tensor(np.array(im), dtype=microtorch.float32).flatten() / 255,
        T.Compose([T.PILToTensor(), T.Lambda(lambda x: x.float().flatten() / 255)]),
        T.Compose([T.ToTensor(), T.Lambda(microtorch.flatten)]),
    ):
        x, _ = next(iter(DataLoader(ImageDataset(GREY, LABELS, transform), batch_size=5)))
        assert x.dtype == np.float32
        np.testing.assert_allclose(x.numpy(), GREY.reshape(5, -1) / 255, atol=1e-7)


def test_a_dataset_of_the_users_own_transforms_images_one_by_one():
    class Own(microtorch.data.Dataset):
        def __init__(self, transform):
            self.images, self.transform = pictures(COLOUR), transform

        def __len__(self):
            return len(self.images)

        def __getitem__(self, i):
            return self.transform(self.images[i]), i

    own = Own(T.Compose([T.Grayscale(), T.Resize((8, 8)), T.ToTensor(), T.Normalize((0.5,), (0.5,))]))
    x, _ = next(iter(DataLoader(own, batch_size=5)))
    data = ImageDataset(COLOUR, LABELS, own.transform)
    np.testing.assert_array_equal(x.numpy(), data.__getitems__(LABELS)[0].numpy())
    assert T.Compose([lambda v: v + 1, lambda v: v * 2])(3) == 8  # of anything


def test_random_crops():
    crop = T.RandomCrop((17, 32), padding=(2, 1), fill=(9, 8, 7), generator=microtorch.Generator().manual_seed(0))
    data = ImageDataset(COLOUR, LABELS, T.Compose([crop, T.ToTensor()]))
    x = (data.__getitems__(np.tile(LABELS, 40))[0].numpy() * 255).round().astype(int)
    border = ((0, 0), (1, 1), (2, 2))
    around = np.stack([np.pad(COLOUR[:, c], border, constant_values=v) for c, v in enumerate((9, 8, 7))], 1)
    windows = np.lib.stride_tricks.sliding_window_view(around, (17, 32), axis=(2, 3))  # (5, 3, 3, 5, 17, 32)
    places = set()
    for i, image in enumerate(x):
        here = np.argwhere((windows[i % 5] == image[:, None, None]).all((0, 3, 4)))
        assert len(here) == 1
        places.add(tuple(here[0].tolist()))
    assert len(places) == 15  # each place comes up
    small = microtorch.ones(1, 3, 3)
    assert T.RandomCrop(5, pad_if_needed=True)(small).shape == (1, 5, 5)
    assert T.CenterCrop(5)(small).sum() == 9
    assert T.Pad(1, padding_mode="edge")(small).sum() == 25


REFUSED = {
    "too large": (lambda: T.RandomCrop(5)(microtorch.ones(1, 3, 3)), ShapeError, "5×5 of images of 3×3.*pad_if_needed"),
    "size": (lambda: T.Resize(0), ValueError, "Resize: the size is 0"),
    "sizes": (lambda: T.CenterCrop((1, 2, 3)), ValueError, "CenterCrop: the size is"),
    "padding": (lambda: T.Pad((1, 2, 3)), ValueError, "Pad: padding is"),
    "how": (lambda: T.Pad(1, padding_mode="wrap"), ValueError, "padding_mode is 'wrap'"),
    "max_size": (lambda: T.Resize((3, 4), max_size=5), ValueError, "max_size is 5"),
    "antialias": (lambda: T.Resize(3, antialias=False), ValueError, "antialias=False"),
    "turning tensors": (lambda: T.RandomRotation(5)(microtorch.ones(1, 3, 3)), TypeError, r"before ToTensor\(\)"),
    "angles": (lambda: T.RandomRotation((5, -5)), ValueError, "degrees is"),
    "bytes twice": (lambda: T.PILToTensor()(microtorch.ones(1, 3, 3)), TypeError, "PIL's images, not Tensor"),
    "channels": (lambda: T.ToPILImage()(microtorch.ones(7, 3, 3)), ShapeError, "1 to 4 channels"),
    "bytes normalized": (
        lambda: T.Normalize(0, 1)(microtorch.ones(1, 3, 3, dtype=microtorch.uint8)),
        DTypeError,
        r"not uint8. Put ToTensor\(\) before",
    ),
    "mode": (lambda: T.Resize(3)(Image.new("P", (4, 4))), ValueError, r"mode 'P'.*convert\('RGB'\)"),
    "no callable": (lambda: T.Compose([T.ToTensor(), 3]), TypeError, r"transforms\[1\] is 3"),
    "no function": (lambda: T.Lambda(None), TypeError, "Lambda: None cannot be called"),
    "integers": (lambda: T.ConvertImageDtype(microtorch.int64), DTypeError, "not int64"),
    "grey of four": (lambda: T.Grayscale()(microtorch.ones(4, 2, 2)), ShapeError, "4 channels"),
    "no such one": (lambda: T.ColorJitter, AttributeError, "transforms has no ColorJitter.*Lambda"),
    "two shapes": (lambda: make_grid([microtorch.ones(1, 2, 2), microtorch.ones(1, 3, 3)]), ShapeError, "shapes"),
    "an array": (lambda: make_grid(np.ones((2, 1, 3, 3))), TypeError, "not ndarray"),
    "five dimensions": (lambda: make_grid(microtorch.ones(1, 1, 1, 1, 1)), ShapeError, "not .N, C, H, W"),
    "no format": (lambda: save_image(microtorch.ones(3, 2, 2), "file.xyz"), ValueError, "no picture format. Use .png"),
}  # fmt: skip


@pytest.mark.parametrize("call, kind, words", REFUSED.values(), ids=REFUSED)
def test_refused(call, kind, words):
    with pytest.raises(kind, match=words):
        call()


def test_known_transforms_need_no_pil(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    data = ImageDataset(
        GREY, LABELS, T.Compose([T.Resize(14), T.RandomHorizontalFlip(), T.ToTensor(), T.Normalize(0, 1)])
    )
    assert data.__getitems__(LABELS)[0].shape == (5, 1, 19, 14)
    data.transform = lambda image: image
    with pytest.raises(ImportError, match=r"pip install 'microtorch\[images\]'.*After ToTensor\(\)"):
        data[0]
    with pytest.raises(ImportError, match="microtorch\\[images\\]"):
        save_image(microtorch.ones(1, 2, 2), "x.png")


def test_grids():
    images = microtorch.arange(5 * 4.0).reshape(5, 1, 2, 2)
    grid = make_grid(images, nrow=2, padding=1, pad_value=-1.0)
    assert grid.shape == (3, 10, 7)
    assert grid[0, 0].tolist() == [-1] * 7
    assert grid[1, 1:3, 1:3].tolist() == [[0, 1], [2, 3]]
    assert grid[2, 7:9, 1:3].tolist() == [[16, 17], [18, 19]]
    assert grid[0, 7:9, 4:6].tolist() == [[-1, -1], [-1, -1]]
    assert make_grid(images, normalize=True, padding=0).max() == 1
    each = make_grid(images, normalize=True, scale_each=True, padding=0)
    assert each[0].tolist()[1] == pytest.approx([2 / 3, 1] * 5)
    assert make_grid(images, normalize=True, value_range=(0, 10), padding=0).sum().item() == pytest.approx(3 * 14.5)
    assert make_grid(microtorch.ones(2, 3)).shape == (3, 2, 3)
    assert make_grid([microtorch.ones(3, 2, 2)] * 3).shape == (3, 6, 14)


def test_pictures_in_files(tmp_path):
    x = microtorch.from_numpy(COLOUR[:2].astype(np.float32) / 255)
    save_image(x, tmp_path / "grid.png", nrow=1, padding=0)
    with Image.open(tmp_path / "grid.png") as image:
        np.testing.assert_array_equal(array(image), np.concatenate(list(COLOUR[:2]), axis=1))
    memory = io.BytesIO()
    save_image(x[0] * 2 - 0.5, memory)
    assert Image.open(memory).format == "PNG"
    save_image(x, tmp_path / "grid.jpg")
    with Image.open(tmp_path / "grid.jpg") as image:
        assert image.format == "JPEG"


def idx(a):
    return bytes([0, 0, 8, a.ndim]) + np.array(a.shape, ">u4").tobytes() + a.tobytes()


@pytest.mark.parametrize("where", ["", "MNIST/raw"])
def test_names_and_folders_of_mnist(tmp_path, monkeypatch, where):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    images, labels = rng.integers(0, 256, (3, 28, 28), dtype=np.uint8), np.array([3, 1, 4], np.uint8)
    (tmp_path / where).mkdir(parents=True, exist_ok=True)
    (tmp_path / where / "train-images.idx3-ubyte").write_bytes(idx(images))
    (tmp_path / where / "train-labels.idx1-ubyte").write_bytes(idx(labels))
    data = MNIST(tmp_path, train=True, download=True, transform=T.ToTensor())  # all is there: nothing is asked for
    assert data.targets.tolist() == [3, 1, 4]
    assert data.classes[3] == "3 - three"
    assert data.class_to_idx["4 - four"] == 4
    assert FashionMNIST.classes[0] == "T-shirt/top"
    for old, new in (("train_data", "data"), ("train_labels", "targets"), ("test_labels", "targets")):
        with pytest.warns(UserWarning, match=rf"Use .{new}\."):
            assert getattr(data, old) is getattr(data, new)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert data[0][1] == 3


@pytest.fixture
def in_float64():
    microtorch.set_default_dtype(microtorch.float64)
    yield
    microtorch.set_default_dtype(microtorch.float32)


@pytest.mark.usefixtures("in_float64")
def test_images_become_tensors_of_the_default_dtype():
    expected = GREY[:, None] / 255
    mean, std = 0.1307, 0.3081
    (raw,) = (ImageDataset(GREY, LABELS).__getitems__([0, 1, 2, 3, 4])[0],)
    np.testing.assert_array_equal(raw.numpy(), expected)
    for image, e in zip(pictures(GREY), expected, strict=True):
        np.testing.assert_array_equal(T.ToTensor()(image).numpy(), e)
        np.testing.assert_array_equal(T.ToTensor()(np.array(image)).numpy(), e)
    known = T.Compose([T.ToTensor(), T.Normalize(mean, std)])
    for transform in (known, T.Compose([T.Lambda(lambda image: image), known])):
        images, _ = next(iter(DataLoader(ImageDataset(GREY, LABELS, transform), batch_size=5)))
        np.testing.assert_allclose(images.numpy(), (expected - mean) / std, rtol=1e-15)
