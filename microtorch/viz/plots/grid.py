"""Many images as one, and images as files: as torchvision.utils."""

import io
import math
from pathlib import Path

import numpy as np

from ...errors import DTypeError, ShapeError
from ...from_data import as_tensor
from ...io.files import replacing
from ...tensor import Tensor, wrap

__all__ = ["make_grid", "save_image"]


def make_grid(tensor, nrow=8, padding=2, normalize=False, value_range=None, scale_each=False, pad_value=0.0):
    """Several images in rows, as one image.

    Parameters
    ----------
    tensor : Tensor or list of Tensor
        Images (N, C, H, W), one image (C, H, W) or (H, W), or a list of images (C, H, W).
    nrow : int, default 8
        How many stand in a row.
    padding : int, default 2
        Pixels between them.
    normalize : bool, default False
        Whether values are moved to lie from 0 to 1.
    value_range : tuple of float, optional
        The values that become 0 and 1; default the least and the greatest that there are.
    scale_each : bool, default False
        Whether each image is normalized by itself.
    pad_value : float, default 0
        The value between them.

    Returns
    -------
    Tensor, shape (3, H', W')
        Grey images get three equal channels.

    Examples
    --------
    >>> from microtorch.viz import make_grid
    >>> make_grid(microtorch.ones(10, 1, 28, 28), nrow=5).shape
    (3, 62, 152)
    """
    images = _images(tensor)
    if normalize:
        if value_range is not None and not isinstance(value_range, tuple):
            raise TypeError(f"make_grid: value_range is {value_range!r}. It is a tuple (min, max).")
        parts = images if scale_each else [images]
        images = np.stack([_normalized(part, value_range) for part in parts]).reshape(images.shape)
    count, channels, height, width = images.shape
    if count == 1:
        return wrap(np.array(images[0]))
    columns = min(nrow, count)
    rows = math.ceil(count / columns)
    down, across = height + padding, width + padding
    grid = np.full((channels, rows * down + padding, columns * across + padding), pad_value, images.dtype)
    for i, image in enumerate(images):
        top, left = (i // columns) * down + padding, (i % columns) * across + padding
        grid[:, top : top + height, left : left + width] = image
    return wrap(grid)


def _images(tensor):
    """The images as an ndarray (N, C, H, W), grey ones with three channels."""
    if isinstance(tensor, list | tuple):
        arrays = [as_tensor(t)._array for t in tensor]
        if len({a.shape for a in arrays}) != 1:
            shapes = sorted({a.shape for a in arrays})
            raise ShapeError(f"make_grid: images of different shapes, {shapes}, make no grid.")
        images = np.stack(arrays)
    elif isinstance(tensor, Tensor):
        images = tensor._array
    else:
        raise TypeError(f"make_grid: takes a Tensor or a list of Tensors, not {type(tensor).__name__}.")
    if images.ndim == 2:
        images = images[None]
    if images.ndim == 3:
        images = images[None]
    if images.ndim != 4:
        raise ShapeError(f"make_grid: images of shape {images.shape} are not (N, C, H, W), (C, H, W) or (H, W).")
    return np.repeat(images, 3, axis=1) if images.shape[1] == 1 else images


def _normalized(images, value_range):
    if images.dtype.kind != "f":
        raise DTypeError(f"make_grid: normalize takes floating images, not {images.dtype}.")
    low, high = (images.min(), images.max()) if value_range is None else value_range
    return (np.clip(images, low, high) - low) / max(float(high) - float(low), 1e-5)


def save_image(tensor, fp, format=None, **options):
    """Write images, in rows, to a picture file.

    Parameters
    ----------
    tensor : Tensor or list of Tensor
        As for `make_grid`, floating, from 0 to 1.
    fp : path or file object
        A path is replaced, when all is written, if it is there; its ending says the format.
    format : str, optional
        The format, as ``"png"``, for a file object or another ending.
    **options
        As for `make_grid`.

    Raises
    ------
    OSError
        If it cannot be written. What was there before is then as it was.

    Notes
    -----
    Values are multiplied by 255 and rounded. PIL writes the file: ``pip install 'microtorch[images]'``.

    Examples
    --------
    >>> import tempfile, microtorch
    >>> from microtorch.viz import save_image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_image(microtorch.rand(4, 1, 8, 8), f"{folder}/samples.png", nrow=2)
    """
    from ...datasets.transforms.base import pil

    image = pil("save_image").Image
    grid = make_grid(tensor, **options)._array
    pixels = np.clip(grid * 255 + 0.5, 0, 255).astype(np.uint8).transpose(1, 2, 0)
    if pixels.shape[2] not in (3, 4):
        raise ShapeError(f"save_image: images of {pixels.shape[2]} channels. It takes 1, 3 or 4.")
    made = image.fromarray(np.ascontiguousarray(pixels))
    if hasattr(fp, "write"):
        made.save(fp, format=format or "png")
        return
    memory = io.BytesIO()
    made.save(memory, format=format or _format_of(image, Path(fp)))
    with replacing(fp) as temporary:
        temporary.write_bytes(memory.getvalue())


def _format_of(image, path):
    image.init()
    known = image.registered_extensions().get(path.suffix.lower())
    if known is None:
        raise ValueError(
            f"save_image: the ending of {str(path)!r} is no picture format. Use .png, or pass format='png'."
        )
    return known
