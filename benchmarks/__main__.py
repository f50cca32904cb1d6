"""`make bench`: every speed and memory claim of the README, measured, against PyTorch and JAX."""

import argparse
import json
import os
import pathlib
import platform
import time

from . import busy, cases, estimators, files, kernels, machines, memory, peers, recording, report, startup
from .turns import Engine, measure

ENGINES = ["captured", "torch", "compile", "jax", "floor", "mygrad", "tinygrad"]


def main():
    """Run the chosen groups; print tables, write JSON and a plot."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    usual = [group for group in MEASURES if group != "files"]  # which writes 4 GB
    parser.add_argument("groups", nargs="*", default=usual, metavar="GROUP", help=f"of {', '.join(MEASURES)}")
    parser.add_argument("--rounds", type=int, default=5, help="turns that each engine takes")
    parser.add_argument("--seconds", type=float, default=0.4, help="of each measurement")
    parser.add_argument("--case", help="only networks whose name contains this")
    parser.add_argument("--engines", nargs="*", default=ENGINES)
    parser.add_argument("--no-torch", dest="torch", action="store_false", help="leave PyTorch out of `busy`")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("benchmarks/results"))
    args = parser.parse_args()
    unknown = set(args.groups) - set(MEASURES)
    if unknown:
        parser.error(f"no group {', '.join(sorted(unknown))}; there are {', '.join(MEASURES)}")
    results = {"machine": machine(), "date": time.strftime("%Y-%m-%d")}
    print(f"{results['machine']}, {results['date']}\n")
    for group in args.groups:
        results[group] = MEASURES[group](args)
        report.show(group, results[group])
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / "results.json"
    old = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(old | results, indent=1) + "\n")
    report.plot(old | results, args.out / "steps.png")
    print(f"Written: {path}, {args.out / 'steps.png'}")


def machine():
    """What ran this: processor, cores, versions."""
    name = platform.processor() or platform.machine()
    info = pathlib.Path("/proc/cpuinfo")
    if info.exists():
        names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
        name = names[0] if names else name
    return f"{name}, {os.cpu_count()} cores, Python {platform.python_version()}"


def steps(args):
    """Whole training steps, every engine in turns."""
    rows = []
    for case in cases.STEPS:
        if args.case and args.case not in case.name:
            continue
        wanted = [e for e in args.engines if not (case.extras and e in ("jax", "compile", "floor", *PEERS))]
        wanted = [e for e in wanted if e not in PEERS or (case.sizes[0] == 64 and peers.available(e))]
        row = in_turns("step", case.as_dict(), wanted, args)
        rows.append(row | {"name": case.name, "limits": case.limits, "captured_limits": case.captured})
    return rows


def chain(args):
    """Small elementwise operations one after another, forward and backward."""
    length = 200
    row = in_turns("chain", {"length": length}, ["torch", *filter(peers.available, PEERS)], args)
    row["seconds"] = {name: value / length for name, value in row["seconds"].items()}
    return [row | {"name": "an operation on 8×8, forward and backward", "limits": {"torch": 0.60}}]


def adam(args):
    """Adam on 10 million numbers; the floor copies as many bytes as a step must move."""
    row = in_turns("adam", {"numel": 10_000_000}, ["torch", "floor"], args)
    return [row | {"name": "Adam on 10,000,000 float32", "limits": {"torch": 1.0, "floor": 1 / 0.7}}]


def epoch(args):
    """A shuffled epoch through DataLoader."""
    case = {"examples": 60_000, "features": 784, "batch": 100}
    row = in_turns("epoch", case, ["torch"], args)
    return [row | {"name": "an epoch of 60,000×784 in batches of 100", "limits": {"torch": 0.10}}]


def in_turns(task, case, others, args):
    """`task` in fresh workers of microtorch and the others."""
    engines = [Engine(name) for name in ("microtorch", *others)]
    try:
        return measure(engines, task, case, rounds=args.rounds, seconds=args.seconds)
    finally:
        for engine in engines:
            engine.close()


def growth(args):
    """How the cost of a step grows with depth, width, batch and the size of the graph."""
    rows = []
    for name, variants in {
        "depth": [((64, *[64] * d, 10), 32) for d in (2, 8, 32, 128)],
        "width": [((64, w, 10), 32) for w in (32, 128, 512, 2048)],
        "batch": [((64, 64, 10), n) for n in (1, 16, 256, 4096)],
    }.items():
        for sizes, batch in variants:
            case = cases.Case(sizes, batch, "sgd")
            row = in_turns("step", case.as_dict(), ["floor"], args)
            value = len(sizes) - 2 if name == "depth" else sizes[1] if name == "width" else batch
            rows.append(row | {"name": f"{name} {value}", "limits": {}})
    for length in (100, 1000, 10_000, 100_000):
        row = in_turns("chain", {"length": length}, [], args)
        row["seconds"] = {engine: value / length for engine, value in row["seconds"].items()}
        rows.append(row | {"name": f"an operation in a graph of {length:,}", "limits": {}})
    return rows


MEASURES = {
    "steps": steps,
    "chain": chain,
    "adam": adam,
    "epoch": epoch,
    "kernels": lambda args: kernels.measure(args.seconds),
    "startup": lambda args: startup.measure(args.rounds),
    "memory": lambda args: memory.measure(),
    "growth": growth,
    "estimators": lambda args: estimators.measure(args.rounds),
    "recording": lambda args: recording.measure(args.rounds, args.seconds),
    "busy": busy.measure,
    "machines": machines.measure,
    "files": lambda args: files.measure(),
}
PEERS = ("mygrad", "tinygrad")

if __name__ == "__main__":
    main()
