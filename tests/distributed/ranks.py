"""Programs on real ranks: started with mpiexec, each in a process of its own, within a time.

``python tests/distributed/ranks.py MODULE FOLDER [CASE ...]`` runs, on each rank, the functions that the table
CASES of a module beside it names, and writes what they return, or the error that they raise, as JSON into FOLDER.
"""

import importlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

import numpy as np

from microtorch import distributed
from microtorch.distributed.launch import mpiexec

HERE = pathlib.Path(__file__).resolve().parent


def command(ranks, *program):
    """The command that starts a program of Python's on so many ranks; one rank without mpiexec."""
    return [*([mpiexec(), "-n", str(ranks)] if ranks > 1 else []), sys.executable, *map(str, program)]


def environment(**more):
    """One thread for each rank, and this source."""
    paths = [str(HERE.parents[1]), str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"} | more


def start(ranks, *program, **more):
    """A program on ranks, running; its output is text in pipes."""
    return subprocess.Popen(
        command(ranks, *program), env=environment(**more), text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def finished(process, seconds):
    """(status, stdout, stderr) of a process; AssertionError if it has not ended within `seconds`, and it is ended."""
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        try:
            out, err = process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
        raise AssertionError(f"still running after {seconds} s:\n{out}\n{err}") from None
    return process.returncode, out, err


def results(module, ranks, cases=(), seconds=240, **more):
    """What the cases of a module give on each rank: a list, by rank, of dicts by case."""
    with tempfile.TemporaryDirectory() as folder:
        status, out, err = finished(start(ranks, HERE / "ranks.py", module, folder, *cases, **more), seconds)
        assert status == 0, f"status {status}:\n{out}\n{err}"
        return [json.loads((pathlib.Path(folder) / f"{rank}.json").read_text()) for rank in range(ranks)]


def _plain(value):
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not for JSON")


def main():
    module, folder, *cases = sys.argv[1:]
    table = importlib.import_module(module).CASES
    distributed.init_process_group(timeout=60)
    rank, size = distributed.get_rank(), distributed.get_world_size()
    found = {}
    for name in cases or table:
        try:
            found[name] = table[name](rank, size)
        except Exception as error:
            found[name] = f"{type(error).__name__}: {error}"
    (pathlib.Path(folder) / f"{rank}.json").write_text(json.dumps(found, default=_plain))


if __name__ == "__main__":
    main()
