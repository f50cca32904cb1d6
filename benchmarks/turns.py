"""Engines taking turns: each in a process of its own, several rounds, the median of the ratios of each round."""

import json
import statistics
import subprocess
import sys
import time


class Engine:
    """A worker process."""

    def __init__(self, name):
        self.name = name
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "benchmarks.worker", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def time(self, task, case, seconds, mean=False):
        """Seconds per call of `task` on `case`, measured for about `seconds`: the best, or the mean."""
        time.sleep(0.2)  # the threads of the engine before spin for a while after their last work
        request = json.dumps({"task": task, "case": case, "seconds": seconds, "mean": mean})
        self.process.stdin.write(request + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the {self.name} worker died at {request}")
        return json.loads(answer)["seconds"]

    def close(self):
        """End the process."""
        self.process.stdin.close()
        self.process.wait()


def measure(engines, task, case, *, rounds, seconds):
    """Time `task` in every engine, in turns.

    Returns
    -------
    dict
        ``{"seconds": {engine: median}, "ratios": {engine: median of microtorch / engine over the rounds}}``; where
        captured steps are among the engines, ``"captured"`` has the same ratios of theirs.
    """
    times = {engine.name: [] for engine in engines}
    for _ in range(rounds):
        for engine in engines:
            times[engine.name].append(engine.time(task, case, seconds))
    others = {name: values for name, values in times.items() if name not in ("microtorch", "captured")}
    result = {
        "seconds": {name: statistics.median(values) for name, values in times.items()},
        "ratios": _ratios(times["microtorch"], others),
    }
    if "captured" in times:
        result["captured"] = _ratios(times["captured"], {"microtorch": times["microtorch"], **others})
    return result


def _ratios(ours, others):
    return {
        name: statistics.median(a / b for a, b in zip(ours, values, strict=True)) for name, values in others.items()
    }
