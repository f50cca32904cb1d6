"""Memory of a network in training: the peak above the process before it, and the bytes kept for backward.

The peak counts parameters, gradients, the optimizer's state and what a step needs; Linux only.
"""

import json
import pathlib
import subprocess
import sys

from . import cases
from .worker import ENGINES


def measure():
    """For some networks, each engine in a fresh process: bytes by which a step raises the process's peak."""
    rows = []
    for case in (c for c in cases.STEPS if c.sizes[0] > 64 and c.optimizer != "sgd"):
        row = {"name": case.name}
        for engine in ("microtorch", "torch"):
            command = [sys.executable, "-W", "ignore", "-m", "benchmarks.memory", engine, json.dumps(case.as_dict())]
            answer = subprocess.run(command, capture_output=True, text=True, check=False)
            row[engine] = json.loads(answer.stdout) if answer.returncode == 0 else None
        rows.append(row)
    return rows


def main():
    """In a process of its own: the rise of the peak over ten steps, and the bytes saved for backward."""
    engine, case = sys.argv[1], json.loads(sys.argv[2])
    tasks = ENGINES[engine]()
    small = case | {"sizes": [8, 8, 10], "batch": 4}
    run = tasks["step"](small)
    for _ in range(3):
        run()  # libraries load and kernels compile outside the measurement
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew; at its start numba compiled
    before = status("VmRSS")
    run = tasks["step"](case)
    for _ in range(10):
        run()
    peak = status("VmHWM") - before
    print(json.dumps({"peak": peak, "saved": saved_bytes(engine, run)}))


def status(name):
    """What Linux tells of the size of this process, in bytes: ``VmRSS`` now, ``VmHWM`` at its peak."""
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


def saved_bytes(engine, run):
    """The bytes that one step's graph keeps for backward, each memory once, without parameters and the batch."""
    kept = {}
    if engine == "torch":
        import torch

        def pack(t):
            if not t.is_leaf:
                kept[t.untyped_storage().data_ptr()] = t.untyped_storage().nbytes()
            return t

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
            run()
    else:
        import microtorch

        backward = microtorch.Tensor.backward

        def count(loss):
            kept.update({i: row.bytes for i, row in enumerate(microtorch.explain.saved_tensors(loss)) if not row.leaf})
            backward(loss)

        microtorch.Tensor.backward = count
        try:
            run()
        finally:
            microtorch.Tensor.backward = backward
    return sum(kept.values())


if __name__ == "__main__":
    main()
