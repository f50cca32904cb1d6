"""Transforms: they take a whole batch at once, or, where they are of the user's own, one image at a time.

Note [Pictures]: images begin as pictures, bytes from 0 to 255, and become tensors from 0 to 1 by `ToTensor`, or
by whatever computes with them. To a callable of the user's own a picture is shown as PyTorch's torchvision shows it, as
an image of PIL; known transforms work on the bytes of all of them and give what PIL would.
"""

import numpy as np

from ...dtypes import get_default_dtype
from ...errors import ShapeError, describe, needs
from ...from_data import as_tensor
from ...tensor import Tensor, over, wrap

__all__ = ["Compose", "Lambda", "Transform"]

_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}  # PIL's names, by the number of channels


class Pictures:
    """A batch of pictures: `array`, ndarray (N, C, H, W) of uint8. See Note [Pictures]."""

    def __init__(self, array):
        self.array = array

    def tensors(self):
        """The same from 0 to 1, ndarray (N, C, H, W) of the default dtype."""
        return np.divide(self.array, 255, dtype=get_default_dtype())

    def images(self, who="a transform of your own", instead="After ToTensor() in a Compose it is shown a Tensor."):
        """The same as a list of PIL's images, which `who` asks for."""
        image = pil(who, instead).Image
        mode = _MODES.get(self.array.shape[1])
        if mode is None:
            raise ShapeError(
                f"a picture of {self.array.shape[1]} channels is none of PIL's, which have 1 to 4. Begin with "
                "ToTensor()."
            )
        rows = np.ascontiguousarray(self.array.transpose(0, 2, 3, 1))
        return [image.fromarray(a[..., 0] if mode == "L" else a, mode=mode) for a in rows]


def pil(who, instead=""):
    """The package PIL with its images, which only those need who look at single pictures."""
    with needs(f"{who} needs pillow", "'microtorch[images]'", instead):
        import PIL.Image
    return PIL


def is_pil(thing):
    """Whether `thing` is an image of PIL's, without importing it."""
    return type(thing).__module__.partition(".")[0] == "PIL" and hasattr(thing, "getbands")


def picture_of(image):
    """One of PIL's images as an ndarray (C, H, W) of uint8."""
    if image.mode == "1":
        image = image.convert("L")
    if image.mode not in _MODES.values():
        raise ValueError(f"an image of mode {image.mode!r} has no bytes for each channel. Use image.convert('RGB').")
    array = np.array(image)
    return array[None] if array.ndim == 2 else array.transpose(2, 0, 1)


class Transform:
    """A change of images that takes a whole batch at once; subclasses define ``batch(images)``.

    Notes
    -----
    ``batch`` is from an ndarray (N, C, H, W) of floats to one whose first dimension is also N. A transform may be
    called with one image (C, H, W) or a batch (N, C, H, W), and returns a Tensor; or with one of PIL's images, and
    returns one where it changes pictures. What is random in it is drawn for each image.

    Examples
    --------
    >>> from microtorch.datasets.transforms import Transform
    >>> class Invert(Transform):
    ...     def batch(self, images):
    ...         return 1 - images
    >>> Invert()(microtorch.zeros(1, 2, 2)).shape
    (1, 2, 2)
    """

    pictures = False  # whether `batch` takes pictures, too, and gives pictures for them

    def batch(self, images):
        """The changed images, ndarray (N, ...); the argument stays as it is."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it does: define batch(images).")

    def run(self, images):
        """Transform a batch of `Pictures`, or of an ndarray (N, ...)."""
        if isinstance(images, Pictures):
            if self.pictures:
                return Pictures(self.batch(images.array))
            images = images.tensors()
        return self.batch(images)

    def __call__(self, images):
        if is_pil(images):
            return _single(self.run(Pictures(picture_of(images)[None])))
        array = as_tensor(images)._array
        if array.ndim == 3:
            return _single(self.run(array[None]))
        if array.ndim != 4:
            raise ShapeError(
                f"{type(self).__name__}: images of shape {array.shape} are neither (C, H, W) nor (N, C, H, W)."
            )
        result = self.run(array)
        return result if isinstance(result, list) else Tensor(result)


def _single(result):
    """The only sample of a result: an image of PIL's, a Tensor, or what a user's own callable has made."""
    if isinstance(result, Pictures):
        return result.images()[0]
    return result[0] if isinstance(result, list) else wrap(np.ascontiguousarray(result[0]))


def step(transform, images):
    """Apply one transform to `Pictures`, an ndarray (N, ...) or a list of samples; one of these three."""
    if isinstance(transform, Compose):
        for part in transform.transforms:
            images = step(part, images)
        return images
    own = transform.lambd if isinstance(transform, Lambda) else transform
    if isinstance(own, Transform) and not isinstance(images, list):
        return own.run(images)
    if isinstance(images, Pictures):
        images = images.images()
    elif not isinstance(images, list):
        images = [over(image) for image in images]
    return gathered([own(image) for image in images])


def gathered(results):
    """Samples as one batch; as they are, a list, where they are no pictures or tensors of one kind."""
    first = results[0] if results else None
    if is_pil(first) and all(is_pil(r) and r.size == first.size and r.mode == first.mode for r in results):
        return Pictures(np.stack([picture_of(r) for r in results])) if first.mode in _MODES.values() else results
    alike = isinstance(first, Tensor) and all(
        isinstance(r, Tensor) and r.shape == first.shape and r.dtype == first.dtype for r in results
    )
    return np.stack([r._array for r in results]) if alike else results


def transform_batch(transform, pictures):
    """`transform` of every picture of an ndarray (N, C, H, W) of uint8: an ndarray (N, ...), or a list of samples."""
    result = step(transform, Pictures(pictures))
    if isinstance(result, list) and any(map(is_pil, result)):  # of several sizes
        return [wrap(Pictures(picture_of(r)[None]).tensors()[0]) if is_pil(r) else r for r in result]
    return result.tensors() if isinstance(result, Pictures) else result


class Compose(Transform):
    """Several transforms, one after the other.

    Parameters
    ----------
    transforms : sequence of callable
        Transforms, or any callables from one image to one image. Such a callable is shown what torchvision shows it:
        one of PIL's images, of numbers from 0 to 255, before `ToTensor`, and a Tensor after it.

    Examples
    --------
    >>> from microtorch.datasets.transforms import Compose, Flatten, Normalize
    >>> Compose([Normalize(0.5, 0.5), Flatten()])(microtorch.ones(1, 2, 2))
    tensor([1., 1., 1., 1.])
    """

    def __init__(self, transforms):
        self.transforms = list(transforms)
        for i, transform in enumerate(self.transforms):
            if not callable(transform):
                raise TypeError(f"Compose: transforms[{i}] is {describe(transform)}, which cannot be called.")

    def run(self, images):
        """Apply all of them to a batch."""
        return step(self, images)

    def __call__(self, images):
        """As of a Transform; what is no image goes through them as it is."""
        if is_pil(images) or (isinstance(images, Tensor) and images.ndim in (3, 4)):
            return super().__call__(images)
        for transform in self.transforms:
            images = transform(images)
        return images

    def __repr__(self):
        inside = "".join(f"\n    {transform!r}" for transform in self.transforms)
        return f"Compose({inside}\n)"


class Lambda(Transform):
    """A function of the user's own, of one image at a time.

    Parameters
    ----------
    lambd : callable
        Shown what torchvision shows it: one of PIL's images before `ToTensor`, and a Tensor after it.

    Examples
    --------
    >>> from microtorch.datasets.transforms import Lambda
    >>> Lambda(lambda x: x.flatten())(microtorch.ones(1, 2, 2)).shape
    (4,)
    """

    def __init__(self, lambd):
        if not callable(lambd):
            raise TypeError(f"Lambda: {describe(lambd)} cannot be called.")
        self.lambd = lambd

    def run(self, images):
        """Transform each image of a batch."""
        return step(self, images)

    def __call__(self, image):
        return self.lambd(image)
