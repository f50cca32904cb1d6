"""A disk that gets full costs nothing but the state that did not fit: older files stay whole, and training goes on."""

import errno
import os
import random
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import resumable

from microtorch.errors import CheckpointError
from microtorch.io import load, load_npz, save, save_npz
from microtorch.train import History

SMALL = 2
SIZE = 600_000  # bytes; a state of the training takes some 100,000


def campaign(seconds, seed):
    draw = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        disk = Path(folder, "disk")
        disk.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(disk)]
        try:
            subprocess.run(mount, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            yield "skipped: needs a user who may mount a small disk", None
            return
        try:
            undisturbed = resumable.solver(Path(folder, "undisturbed"), epochs=2)
            undisturbed.train()
            expected = resumable.digest(undisturbed)
            while True:
                yield files(disk, draw)
                yield training(disk, draw, expected)
        finally:
            subprocess.run(["umount", str(disk)], check=True)


def fill(disk, left):
    """Let only `left` bytes, or a few more, be free."""
    room = os.statvfs(disk)
    (disk / "filler").write_bytes(b"\0" * max(0, room.f_bavail * room.f_frsize - left))


def clear(disk):
    for path in sorted(disk.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()


def training(disk, draw, expected):
    """A training in which the disk gets full at a random step, and is cleared."""
    left, at = draw.randrange(0, 400_000), draw.randrange(1, 30)
    what = f"{left} bytes left at step {at}"
    clear(disk)
    solver = resumable.solver(disk / "run", epochs=2)
    solver.step_callbacks = [lambda solver: solver.step == at and fill(disk, left)]
    try:
        solver.train()
        outcome = "training: there was room"
    except CheckpointError as error:
        outcome = "training: no room, told, resumed bit for bit"
        if getattr(error.__cause__, "errno", None) != errno.ENOSPC:
            return "training: told wrongly", f"{what}: {error!r} because of {error.__cause__!r}"
    except Exception as error:
        return "training: ended otherwise", f"{what}: {error!r}"
    (disk / "filler").unlink(missing_ok=True)
    try:
        for path in solver.checkpoints.paths():
            load(path)
        left_over = [path.name for path in (disk / "run").iterdir() if path.name.startswith(".")]
        if left_over:
            return "training: left half a file", f"{what}: {left_over}"
        resumed = resumable.solver(disk / "run", epochs=2)
        resumed.resume()
        resumed.train()
    except Exception as error:
        return "training: did not resume", f"{what}: {error!r}"
    same = resumable.digest(resumed) == expected
    return outcome, None if same else f"{what}: another end"


def files(disk, draw):
    """One file of each kind, first where there is room, then where there may not be."""
    clear(disk)
    old, new = (np.full(draw.randrange(1, 20_000), float(i)) for i in range(2))
    writes = {
        "tree": (lambda a, path: save({"a": a}, path), lambda path: load(path)["a"]),
        "npz": (lambda a, path: save_npz({"a": a}, path), lambda path: load_npz(path)["a"].numpy()),
        "csv": (_csv, lambda path: np.loadtxt(path, skiprows=1, ndmin=1)),
    }
    name = draw.choice(sorted(writes))
    write, read = writes[name]
    path = disk / name
    write(old, path)
    fill(disk, left := draw.randrange(0, 200_000))
    what = f"{name}: {len(old)}, then {len(new)} numbers, {left} bytes left"
    try:
        write(new, path)
        expected, outcome = new, f"{name}: there was room"
    except OSError as error:
        expected, outcome = old, f"{name}: no room, the old file whole"
        if error.errno != errno.ENOSPC:
            return f"{name}: told wrongly", f"{what}: {error!r}"
    except Exception as error:
        return f"{name}: told wrongly", f"{what}: {error!r}"
    left_over = sorted(p.name for p in disk.iterdir()) != sorted(["filler", name])
    whole = np.array_equal(read(path), expected)
    return outcome, None if whole and not left_over else f"{what}: {sorted(disk.iterdir())}, whole: {whole}"


def _csv(values, path):
    history = History()
    history.steps.columns["loss"] = values.tolist()
    history.steps.to_csv(path)
