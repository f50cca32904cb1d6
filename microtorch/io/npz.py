"""numpy's .npz: named arrays, for everything that reads numpy's files."""

import zipfile
import zlib

import numpy as np

from ..errors import CheckpointError, DTypeError
from ..from_data import as_tensor
from ..tensor import Tensor, wrap
from .files import replacing

__all__ = ["load_npz", "save_npz"]


def save_npz(tensors, filename):
    """Write named tensors to an .npz file.

    Parameters
    ----------
    tensors : dict of str to Tensor or ndarray
        For instance a ``state_dict()``.
    filename : path
        Replaced, when all is written, if it is there; no ending is added.

    Raises
    ------
    OSError
        If it cannot be written, as on a full disk. What was there before is then as it was.

    Examples
    --------
    >>> import tempfile, microtorch
    >>> from microtorch.io import load_npz, save_npz
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_npz({"w": microtorch.tensor([1.0, 2.0])}, f"{folder}/model.npz")
    ...     load_npz(f"{folder}/model.npz")
    {'w': tensor([1., 2.])}
    """
    for name, value in tensors.items():
        if not isinstance(name, str) or not isinstance(value, Tensor | np.ndarray):
            raise TypeError(f"save_npz: {name!r} of type {type(value).__name__} is not a named tensor.")
    arrays = {name: as_tensor(value)._array for name, value in tensors.items()}
    # numpy.savez would take a tensor called "file" for its own argument, and it adds endings
    with (
        replacing(filename) as temporary,
        zipfile.ZipFile(temporary, "w", allowZip64=True) as archive,
    ):
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def load_npz(filename):
    """The tensors in an .npz file.

    Parameters
    ----------
    filename : path
        Written by `save_npz` or ``numpy.savez``.

    Returns
    -------
    dict of str to Tensor

    Raises
    ------
    FileNotFoundError
        If it is not there.
    CheckpointError
        If it is cut off, damaged, of another format, or holds objects, which could be any code: none is run.
    """
    try:
        with open(filename, "rb") as raw, np.load(raw, allow_pickle=False) as file:
            return {name: wrap(as_tensor(file[name])._array) for name in file.files}
    except FileNotFoundError:
        raise
    except (OSError, EOFError, ValueError, AttributeError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise CheckpointError(
            f"load_npz: {filename} is no whole .npz file of numbers ({error}). It was cut off, damaged, or is of "
            "another format."
        ) from error
    except DTypeError as error:
        raise CheckpointError(f"load_npz: {filename}: {error}") from None
