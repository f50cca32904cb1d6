"""From pictures to tensors and back, and what is done to the numbers."""

import numpy as np

from ...dtypes import as_dtype, get_default_dtype
from ...errors import DTypeError, ShapeError
from ...from_data import as_tensor
from ...tensor import Tensor, over, wrap
from .base import Pictures, Transform, is_pil, picture_of

__all__ = [
    "ConvertImageDtype",
    "Flatten",
    "Normalize",
    "PILToTensor",
    "SubtractMean",
    "ToDtype",
    "ToImage",
    "ToPILImage",
    "ToTensor",
]


class ToTensor(Transform):
    """Images as Tensors (C, H, W) in [0, 1], of the default dtype.

    Notes
    -----
    As in torchvision: of one of PIL's images, or of an ndarray (H, W) or (H, W, C) of uint8, divided by 255; an array
    of another dtype keeps its numbers. The sets in `microtorch.datasets` without a transform give such images already,
    and floating Tensors pass unchanged.

    Examples
    --------
    >>> import numpy as np
    >>> from microtorch.datasets.transforms import ToTensor
    >>> ToTensor()(np.full((2, 2, 3), 255, np.uint8)).shape
    (3, 2, 2)
    """

    def batch(self, images):
        return images

    def __call__(self, images):
        if is_pil(images):
            return super().__call__(images)
        if isinstance(images, np.ndarray):
            if images.ndim not in (2, 3):
                raise ShapeError(f"ToTensor: an image of shape {images.shape} is neither (H, W) nor (H, W, C).")
            image = (images[..., None] if images.ndim == 2 else images).transpose(2, 0, 1)
            if images.dtype != np.uint8:
                return over(np.array(image, as_dtype(images.dtype)))
            return wrap(np.divide(np.ascontiguousarray(image), 255, dtype=get_default_dtype()))
        if not isinstance(images, Tensor) or images.dtype.kind != "f":
            what = f"a Tensor of {images.dtype}" if isinstance(images, Tensor) else type(images).__name__
            raise DTypeError(f"ToTensor: takes PIL's images, arrays and floating tensors, not {what}.")
        return super().__call__(images)


class PILToTensor(Transform):
    """Pictures as uint8 Tensors (C, H, W), 0 to 255.

    Examples
    --------
    >>> import numpy as np
    >>> from microtorch.datasets import ImageDataset
    >>> from microtorch.datasets.transforms import PILToTensor
    >>> ImageDataset(np.full((2, 3, 3), 255, np.uint8), [0, 1], PILToTensor())[0][0].dtype
    dtype('uint8')
    """

    def run(self, images):
        """The bytes of pictures."""
        if not isinstance(images, Pictures):
            raise TypeError("PILToTensor: these are tensors already. It takes pictures, before ToTensor().")
        return images.array

    def __call__(self, image):
        if not is_pil(image):
            raise TypeError(f"PILToTensor: takes one of PIL's images, not {type(image).__name__}.")
        return wrap(np.ascontiguousarray(picture_of(image)))


class ToImage(PILToTensor):
    """Pictures, and arrays (H, W, C), as Tensors (C, H, W) with their numbers; as torchvision.transforms.v2.

    Examples
    --------
    >>> import numpy as np
    >>> from microtorch.datasets.transforms import ToImage
    >>> ToImage()(np.full((2, 2, 3), 255, np.uint8)).shape
    (3, 2, 2)
    """

    def run(self, images):
        """The bytes of pictures; tensors as they are."""
        return images.array if isinstance(images, Pictures) else images

    def __call__(self, image):
        if isinstance(image, np.ndarray):
            image = (image[..., None] if image.ndim == 2 else image).transpose(2, 0, 1)
            return over(np.array(image, as_dtype(image.dtype)))
        return image if isinstance(image, Tensor) else super().__call__(image)


class ToPILImage(Transform):
    """Tensors (C, H, W), or arrays (H, W, C), as images of PIL's.

    Parameters
    ----------
    mode : str, optional
        PIL's name of the mode; default by the number of channels.

    Notes
    -----
    Floating tensors are taken from 0 to 1, and multiplied by 255; bytes are taken as they are.

    Examples
    --------
    >>> from microtorch.datasets.transforms import ToPILImage
    >>> ToPILImage()(microtorch.ones(3, 2, 4)).size
    (4, 2)
    """

    def __init__(self, mode=None):
        self.mode = mode

    def run(self, images):
        """Pictures of a batch of tensors."""
        if isinstance(images, Pictures):
            raise TypeError("ToPILImage: these are pictures already.")
        if images.ndim != 4 or not 1 <= images.shape[1] <= 4:
            raise ShapeError(f"ToPILImage: images of shape {images.shape[1:]} are not (C, H, W) with 1 to 4 channels.")
        return Pictures(images if images.dtype == np.uint8 else (images * 255).astype(np.uint8))

    def __call__(self, image):
        if isinstance(image, np.ndarray):
            image = (image[..., None] if image.ndim == 2 else image).transpose(2, 0, 1)
        elif not isinstance(image, Tensor):
            raise TypeError(f"ToPILImage: takes a Tensor or an array, not {type(image).__name__}.")
        array = as_tensor(image)._array
        array = array[None] if array.ndim == 2 else array
        (made,) = self.run(array[None]).images("ToPILImage", "")
        return made if self.mode in (None, made.mode) else made.convert(self.mode)


class ConvertImageDtype(Transform):
    """Tensors of another dtype, with the range that goes with it: floats from 0 to 1, bytes from 0 to 255.

    Parameters
    ----------
    dtype : numpy.dtype
        Of float32, float64 and uint8.

    Examples
    --------
    >>> from microtorch.datasets.transforms import ConvertImageDtype
    >>> ConvertImageDtype(microtorch.float32)(microtorch.full((1, 1, 1), 255, dtype=microtorch.uint8))
    tensor([[[1.]]])
    """

    def __init__(self, dtype):
        self.dtype = as_dtype(dtype)
        if self.dtype.kind != "f" and self.dtype != np.uint8:
            raise DTypeError(f"ConvertImageDtype: images are floating or uint8 here, not {self.dtype}.")

    def batch(self, images):
        if images.dtype == self.dtype or images.dtype.kind == self.dtype.kind == "f":
            return images.astype(self.dtype)
        if self.dtype.kind == "f":
            return np.divide(images, 255, dtype=self.dtype)
        return (images * (255 + 1 - 1e-3)).astype(np.uint8)  # as torchvision: 1 - 1e-9 is 255, too

    def run(self, images):
        """Make a tensor of a picture."""
        return self.batch(images.array if isinstance(images, Pictures) else images)


class ToDtype(ConvertImageDtype):
    """Tensors of another dtype, as torchvision.transforms.v2.

    Parameters
    ----------
    dtype : numpy.dtype
        Of float32, float64 and uint8.
    scale : bool, default False
        Whether the range changes with it, as in `ConvertImageDtype`; else the numbers stay.

    Examples
    --------
    >>> from microtorch.datasets.transforms import ToDtype
    >>> ToDtype(microtorch.float32)(microtorch.full((1, 1, 1), 255, dtype=microtorch.uint8))
    tensor([[[255.]]])
    """

    def __init__(self, dtype, scale=False):
        super().__init__(dtype)
        self.scale = scale

    def batch(self, images):
        return super().batch(images) if self.scale else images.astype(self.dtype)


class Normalize(Transform):
    """``(image - mean) / std``, by channel.

    Parameters
    ----------
    mean, std : float or sequence of float, length C
        One for all channels, or one for each.
    inplace : bool, default False
        Accepted; the result is always new.

    Raises
    ------
    ValueError
        If a `std` is 0, NaN or infinite.

    Examples
    --------
    >>> from microtorch.datasets.transforms import Normalize
    >>> Normalize((0.0, 1.0), (1.0, 2.0))(microtorch.ones(2, 1, 1)).tolist()
    [[[1.0]], [[0.0]]]
    """

    def __init__(self, mean, std, inplace=False):
        self.mean = np.asarray(mean, np.float64).reshape(-1, 1, 1)
        self.std = np.asarray(std, np.float64).reshape(-1, 1, 1)
        if not self.std.all() or not np.isfinite(self.std).all():
            raise ValueError(f"Normalize: std {std} has a zero or is not finite, and images would be divided by it.")

    def batch(self, images):
        if images.dtype.kind != "f":
            raise DTypeError(f"Normalize: takes floating images, not {images.dtype}. Put ToTensor() before it.")
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) not in (1, images.shape[1]):
                raise ShapeError(f"Normalize: {name} of {len(values)} channels, images of {images.shape[1]}.")
        result = images - self.mean.astype(images.dtype)
        result /= self.std.astype(images.dtype)
        return result


class SubtractMean(Transform):
    """Images less the mean image, pixel by pixel.

    Parameters
    ----------
    mean : Tensor or ndarray, shape (C, H, W)
        As `SubtractMean.of` finds it for a set of images.

    Examples
    --------
    >>> import numpy as np
    >>> from microtorch.datasets import ImageDataset
    >>> from microtorch.datasets.transforms import SubtractMean
    >>> images = ImageDataset(np.array([[[0, 255]], [[255, 255]]], np.uint8), [0, 1])
    >>> images.transform = SubtractMean.of(images)
    >>> images[0][0]
    tensor([[[-0.5,  0. ]]])
    """

    def __init__(self, mean):
        self.mean = np.asarray(as_tensor(mean)._array, np.float64)

    @classmethod
    def of(cls, dataset):
        """The transform with the mean of all images of `dataset`, an ImageDataset, before its own transform."""
        data = dataset.data._array
        mean = data.mean(axis=0, dtype=np.float64) / 255
        return cls(mean if mean.ndim == 3 else mean[None])

    def batch(self, images):
        if images.shape[1:] != self.mean.shape:
            raise ShapeError(f"SubtractMean: a mean of shape {self.mean.shape} and images {images.shape[1:]}.")
        return images - self.mean.astype(images.dtype)


class Flatten(Transform):
    """Images as vectors (C·H·W,).

    Examples
    --------
    >>> from microtorch.datasets.transforms import Flatten
    >>> Flatten()(microtorch.ones(3, 4, 4)).shape
    (48,)
    """

    def batch(self, images):
        return images.reshape(len(images), -1)
