"""Processes, threads and forks that fill one cache of kernels, die, and find damaged files, compute what is right."""

import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

SMALL = 1
PROCESSES = 2

# Compiles kernels of the package in an order of its own, in the main thread, another thread and a fork.
USE = """
import os, random, sys, threading, warnings
import numpy as np
warnings.simplefilter("ignore")  # Python warns of forks beside threads
from microtorch.kernels.nn import linear, relu

def use(seed):
    draw = random.Random(seed)
    for kind in draw.sample([np.float32, np.float64], 2):
        x = np.linspace(-2, 2, 64).astype(kind)
        for name in draw.sample(["relu", "add_bias"], 2):
            if name == "relu":
                y = np.empty_like(x)
                relu.relu(x, y)
                assert (y == np.maximum(x, 0)).all(), (name, kind)
            else:
                y = np.ones((3, 64), kind)
                linear.add_bias(y, x)
                assert (y == 1 + x).all(), (name, kind)
        print(kind.__name__, flush=True)

def noting(seed):
    try:
        use(seed)
    except BaseException as error:
        failed.append(error)

failed, seed = [], int(sys.argv[1])
thread = threading.Thread(target=noting, args=(seed + 1,))
thread.start()
child = os.fork() if hasattr(os, "fork") else None
if child == 0:
    noting(seed + 2)
    os._exit(bool(failed))
use(seed)
thread.join()
if child is not None:
    failed += [1] * (os.waitpid(child, 0)[1] != 0)
assert not failed, failed
print("right", flush=True)
"""


def campaign(seconds, seed):
    draw = random.Random(seed)
    while True:
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(4):
                yield from trial(folder, draw)
                damage(Path(folder), draw)


def trial(folder, draw):
    """Some processes at once, one of which may be killed; a pair for each."""
    seeds = [draw.randrange(2**31) for _ in range(PROCESSES)]
    killed = draw.choice([None, *range(PROCESSES)])
    lines = draw.randrange(1, 4)
    env = {**os.environ, "NUMBA_CACHE_DIR": folder}
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": env}
    running = [subprocess.Popen([sys.executable, "-c", USE, str(seed)], **options) for seed in seeds]
    try:
        if killed is not None:
            for _ in range(lines):  # it dies in the middle of its work, however fast the machine is
                running[killed].stdout.readline()
            running[killed].kill()
        for i, (process, seed) in enumerate(zip(running, seeds, strict=True)):
            out, err = process.communicate()
            if i == killed:
                yield "killed", None
            elif process.returncode == 0 and out.endswith("right\n"):
                yield "all kernels right", None
            else:
                yield "failed", f"seed {seed}: status {process.returncode}: {err.strip().splitlines()[-1:]}"
    finally:
        for process in running:
            process.kill()
            process.communicate()


def damage(folder, draw):
    """Cut, change, empty or remove some of the kept kernels."""
    for path in folder.rglob("*.nbc"):
        content = bytearray(path.read_bytes())
        how = draw.choice(("none", "none", "cut", "bit", "garbage", "remove"))
        if how == "cut":
            path.write_bytes(content[: draw.randrange(len(content) + 1)])
        elif how == "bit" and content:
            content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
            path.write_bytes(content)
        elif how == "garbage":
            path.write_bytes(draw.randbytes(draw.randrange(2000)))
        elif how == "remove":
            path.unlink()
