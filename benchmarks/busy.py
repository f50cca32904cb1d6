"""Steps while other processes keep all processors busy, as on a classroom's server."""

import statistics
import subprocess
import sys

from . import cases
from .turns import Engine

SPINNING = "while True: pass"
CASES = (cases.Case((64, 128, 10), 100, "sgd"), cases.Case((784, 100, 10), 100, "sgd"))
# Of the time that a step takes on the idle machine with one thread.
LIMITS = {2: {CASES[0].name: 2.5, CASES[1].name: 4.0}, 6: {CASES[0].name: 10.0, CASES[1].name: 10.0}}


def measure(args):
    """Mean times of a step beside no, 2 and 6 spinning processes.

    Returns
    -------
    list of dict
        For each case and number of processes: the seconds of each engine, and `ratios`, of those to the time of
        microtorch alone with one thread.
    """
    rows = []
    for case in CASES:
        if args.case and args.case not in case.name:
            continue
        alone = _times("captured-1", case, 0, args)
        for others in (0, 2, 6):
            names = [
                name for name in ("captured", "captured-auto", "captured-1", "torch") if name != "torch" or args.torch
            ]
            seconds = {name: _times(name, case, others, args) for name in names}
            rows.append(
                {
                    "name": f"{case.name}, {others} spinning", "seconds": seconds, "alone": alone,
                    "ratios": {name: value / alone for name, value in seconds.items()},
                    "limits": {"captured-auto": LIMITS.get(others, {}).get(case.name)},
                }
            )  # fmt: skip
    return rows


def _times(name, case, others, args):
    """The median of the mean times of a few rounds: a best time is one in which the others happened to pause."""
    spinning = [subprocess.Popen([sys.executable, "-c", SPINNING]) for _ in range(others)]
    engine = Engine(name)
    try:
        return statistics.median(
            engine.time("step", case.as_dict(), args.seconds, mean=True) for _ in range(args.rounds)
        )
    finally:
        engine.close()
        for process in spinning:
            process.kill()
            process.wait()
