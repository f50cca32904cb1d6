"""Memory of a training step: the peak of the process, and the bytes kept for backward, against PyTorch's."""

import json
import resource
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
    before = peak()
    run = tasks["step"](case)
    saved = saved_bytes(engine, run)
    for _ in range(10):
        run()
    print(json.dumps({"peak": peak() - before, "saved": saved}))


def peak():
    """The largest size the process has had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def saved_bytes(engine, run):
    """The bytes that one step's graph keeps for backward, each memory counted once, parameters left out."""
    kept = {}
    if engine == "torch":
        import torch

        def pack(t):
            if not isinstance(t, torch.nn.Parameter) and not (t.is_leaf and t.requires_grad):
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
