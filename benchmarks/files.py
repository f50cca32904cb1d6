"""`make bench` with files: training from a file four times the limit on memory, on one rank and two, beside memory.

A program of its own, ``python -m benchmarks.files FILE ROWS LIMIT STEPS``, under mpiexec or alone, trains from FILE
under RLIMIT_AS = LIMIT bytes (0: all rows in memory, no limit), and prints seconds a step and the peak of its memory.
"""

import contextlib
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np

FEATURES, BATCH = 1024, 256
SETTINGS = {"in memory": (1, False), "from the file": (1, True), "from the file, two ranks": (2, True)}


def measure(gigabytes=4.0, steps=2000):
    """Rows with the seconds of a step and the peak; the file is made once, of random bytes."""
    rows, found = int(gigabytes * 1e9) // FEATURES, []
    from microtorch.distributed.launch import mpiexec

    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "x.npy"
        array = np.lib.format.open_memmap(path, "w+", np.uint8, (rows, FEATURES))
        rng = np.random.default_rng(0)
        for start in range(0, rows, 1 << 15):
            array[start : start + (1 << 15)] = rng.integers(0, 256, array[start : start + (1 << 15)].shape, np.uint8)
        array.flush()
        del array
        for name, (ranks, limited) in SETTINGS.items():
            limit = int(gigabytes * 1e9) // 4 if limited else 0
            command = [*([mpiexec(), "-n", str(ranks)] if ranks > 1 else []), sys.executable, "-m", "benchmarks.files"]
            answer = subprocess.run(
                [*command, path, str(rows), str(limit), str(steps)], capture_output=True, text=True, check=True,
                env=os.environ | {"OMP_NUM_THREADS": "1"},
            )  # fmt: skip
            found.append({"name": name, "limit": None, **json.loads(answer.stdout.splitlines()[-1])})
    return found


def main():
    """Train, and print what it took."""
    import microtorch
    from microtorch import distributed as dist
    from microtorch import nn
    from microtorch.data import DataLoader, FileDataset
    from microtorch.train import Solver

    path, rows, limit, steps = sys.argv[1], *map(int, sys.argv[2:])
    if limit:
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    dist.init_process_group()
    source = path if limit else np.load(path)
    data = FileDataset(source, np.arange(rows) % 10, transform=lambda x: x.float() / 255)
    times = []

    def watched(solver):
        times.append(time.perf_counter())
        if len(times) == steps:
            raise StopIteration

    microtorch.manual_seed(0)
    solver = Solver(
        nn.MLP([FEATURES, 128, 64, 10]), DataLoader(data, BATCH, shuffle=True), num_epochs=10**6, num_train_samples=0,
        verbose=False, distributed=True, step_callbacks=[watched],
    )  # fmt: skip
    with contextlib.suppress(StopIteration):
        solver.train()
    warm = times[len(times) // 10 :]
    if dist.get_rank() == 0:
        # Not ru_maxrss, which begins with that of the process that started this one.
        status = pathlib.Path("/proc/self/status").read_text()
        peak = 1024 * int(status.split("VmHWM:")[1].split()[0])
        print(json.dumps({"seconds": (warm[-1] - warm[0]) / (len(warm) - 1), "peak": peak}), flush=True)


if __name__ == "__main__":
    main()
