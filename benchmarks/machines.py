"""`make bench` with machines: two ranks of one thread against one process of two, and against PyTorch's two ranks."""

import importlib.util
import json
import os
import statistics
import subprocess
import sys

import numpy as np

from microtorch.distributed.launch import mpiexec

from . import cases

# name -> (engine, way, ranks, threads of each)
SETTINGS = {
    "one process, two threads": ("microtorch", "none", 1, 2),
    "two ranks": ("microtorch", "overlap", 2, 1),
    "two ranks, reduced after backward": ("microtorch", "after", 2, 1),
    "two ranks, not reduced": ("microtorch", "none", 2, 1),
    "two ranks, captured": ("captured", "overlap", 2, 1),
    "PyTorch, one process, two threads": ("torch", "none", 1, 2),
    "PyTorch, two ranks": ("torch", "overlap", 2, 1),
}


def measure(args):
    """A row for each network: the median seconds of each setting, over rounds in which all take turns."""
    rows = []
    settings = {n: s for n, s in SETTINGS.items() if s[0] != "torch" or importlib.util.find_spec("torch")}
    for case in cases.PLAIN:
        if case.batch < 2 or (args.case and args.case not in case.name):
            continue
        asked = {"what": "step", "sizes": case.sizes, "batch": case.batch, "optimizer": case.optimizer}
        times = {name: [] for name in settings}
        for _ in range(args.rounds):
            for name, (engine, way, ranks, threads) in settings.items():
                found = on_ranks(ranks, threads, asked | {"engine": engine, "way": way, "seconds": args.seconds})
                times[name].append(found)
        seconds = {name: statistics.median(found) for name, found in times.items()}
        rows.append({"name": case.name, "by setting": seconds, "hidden": hidden(times)})
    return rows


def hidden(times):
    """The share of the reduce that backward hides: the median over rounds, None where it takes no time."""
    after, overlap, none = (
        times[name] for name in ("two ranks, reduced after backward", "two ranks", "two ranks, not reduced")
    )
    shares = [(a - o) / (a - n) for a, o, n in zip(after, overlap, none, strict=True) if a > 1.02 * n]
    return statistics.median(shares) if shares else None


def on_ranks(ranks, threads, asked):
    """What `rank_steps` measures on so many ranks."""
    command = [*([mpiexec(), "-n", str(ranks)] if ranks > 1 else []), sys.executable, "-m", "benchmarks.rank_steps"]
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}
    answer = subprocess.run([*command, json.dumps(asked)], env=environment, capture_output=True, text=True, check=True)
    return json.loads(answer.stdout.splitlines()[-1])


def fitted(points):
    """(α, β) of an all-reduce on two ranks, seconds and seconds a byte: α + β n, fitted to the relative errors."""
    sizes, seconds = np.array(points).T
    columns = np.stack([np.ones_like(sizes), sizes], axis=1) / seconds[:, None]
    (alpha, beta), *_ = np.linalg.lstsq(columns, np.ones_like(sizes), rcond=None)
    return float(max(alpha, 0)), float(beta)
