"""Checkpoints: whole states in a folder, the newest few of them, each complete or not there."""

import re
import shutil
import tempfile
from pathlib import Path

from ..errors import CheckpointError
from ..io import load, save

__all__ = ["Checkpoints"]

_NAME = re.compile(r"step-(\d{9,})\.safetensors")


class Checkpoints:
    """The newest states of a training in a folder.

    Parameters
    ----------
    folder : path
        Made with the first state.
    keep : int or None, default 3
        How many states stay; older ones are deleted. None keeps all.

    Notes
    -----
    A state is written to a temporary file, which then takes its name, so a process that is killed at any moment
    leaves only whole states. Each is one safetensors file: the tensors under their names, as any framework reads
    them, and all else as JSON in its head. Loading never executes anything.

    Examples
    --------
    >>> import tempfile, microtorch
    >>> from microtorch.train import Checkpoints
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     checkpoints = Checkpoints(folder, keep=2)
    ...     for step in (10, 20, 30):
    ...         _ = checkpoints.save({"step": step, "w": microtorch.zeros(2)}, step)
    ...     print([path.name for path in checkpoints.paths()], checkpoints.load()["step"])
    ['step-000000020.safetensors', 'step-000000030.safetensors'] 30
    """

    def __init__(self, folder, keep=3):
        if keep is not None and keep < 1:
            raise ValueError(f"Checkpoints: keep is {keep}. Keep at least one, or None for all.")
        self.folder = Path(folder)
        self.keep = keep

    def paths(self):
        """The states that are there, oldest first: list of Path."""
        found = [(int(match[1]), path) for path in self.folder.glob("*") if (match := _NAME.fullmatch(path.name))]
        return [path for _, path in sorted(found)]

    def check(self, size=0):
        """Find out now whether a state can be saved, rather than when the first epoch is over.

        Parameters
        ----------
        size : int, default 0
            The bytes that a state takes at least.

        Raises
        ------
        CheckpointError
            If the folder cannot be made or written, or has not so much room.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder) as file:
                file.write(b"0")  # a full disk still makes empty files
            room = shutil.disk_usage(self.folder).free
        except OSError as error:
            raise CheckpointError(
                f"checkpoints cannot be saved in {self.folder} ({error}). Name a folder that you can write, or pass "
                "checkpoints=None."
            ) from error
        if room < size:
            raise CheckpointError(
                f"checkpoints cannot be saved in {self.folder}: a state takes {size:,} bytes at least, and "
                f"{room:,} are free. Make room, or name a folder on another disk."
            )

    def save(self, state, step):
        """Write `state`, a tree of tensors, numbers and strings, as that of `step`.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        CheckpointError
            If it cannot be written, as on a full disk. The states that were there are whole.
        """
        path = self.folder / f"step-{step:09d}.safetensors"
        try:
            save(state, path)
            if self.keep is not None:
                for old in self.paths()[: -self.keep]:
                    old.unlink(missing_ok=True)
        except OSError as error:
            raise CheckpointError(
                f"the state of step {step} could not be saved in {self.folder} ({error}). The states that were saved "
                "before are whole. Make room or give the right to write; the solver can then go on with train()."
            ) from error
        return path

    def load(self, path=None):
        """The newest state, or the one in the file `path`.

        Raises
        ------
        CheckpointError
            If there is none, or the file is damaged.
        """
        newest = path is None
        if newest:
            paths = self.paths()
            if not paths:
                raise CheckpointError(f"there is no checkpoint in {self.folder}. The first one starts a new training.")
            path = paths[-1]
        try:
            return load(path)
        except FileNotFoundError:
            if not newest:
                raise
            return self.load()  # another training in the folder has saved newer ones and deleted it meanwhile
        except CheckpointError as error:
            raise CheckpointError(f"{error} Delete it to go on from the checkpoint before it.") from error
