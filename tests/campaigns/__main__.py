"""Run campaigns for some time, print how their trials came out, and exit with 1 if any came out badly."""

import argparse
import collections
import contextlib
import importlib
import pkgutil
import sys
import time
import traceback

import campaigns

SHOWN = 10  # faults of a campaign that are printed; all are counted


def names():
    """Every campaign in this folder: list of str."""
    return sorted(name for _, name, _ in pkgutil.iter_modules(campaigns.__path__) if name != "__main__")


def run(name, seconds, seed, trials=None):
    """Make trials of one campaign until `seconds` are over, or `trials` of them.

    Returns
    -------
    counts : Counter of str
        How they came out.
    faults : list of str
    """
    module = importlib.import_module(f"campaigns.{name}")
    counts, faults, end = collections.Counter(), [], time.monotonic() + seconds
    try:
        with contextlib.closing(module.campaign(seconds, seed)) as outcomes:
            for outcome, fault in outcomes:
                counts[outcome] += 1
                if fault is not None:
                    faults.append(fault)
                if time.monotonic() > end or counts.total() == trials:
                    break
    except Exception:
        faults.append(f"the campaign itself failed:\n{traceback.format_exc()}")
    return counts, faults


def main():
    parser = argparse.ArgumentParser(prog="python -m campaigns", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names())}; default: all")
    parser.add_argument("--seconds", type=float, default=60, help="for all together")
    parser.add_argument("--seed", type=int, default=None, help="default: a new one each time; it is printed")
    args = parser.parse_args()
    if unknown := set(args.names) - set(names()):
        parser.error(f"there is no campaign {', '.join(sorted(unknown))}; there are {', '.join(names())}")
    chosen = args.names or names()
    seed = time.time_ns() % 2**32 if args.seed is None else args.seed
    failed = False
    for name in chosen:
        begin = time.monotonic()
        counts, faults = run(name, args.seconds / len(chosen), seed)
        print(f"{name}, seed {seed}: {counts.total()} trials in {time.monotonic() - begin:.0f} s", flush=True)
        for outcome, count in sorted(counts.items()):
            print(f"  {count:9,}  {outcome}")
        print(f"  {len(faults):9,}  faults", flush=True)
        for fault in faults[:SHOWN]:
            print(f"             {fault}")
        failed |= bool(faults)
    sys.exit(failed)


if __name__ == "__main__":
    main()
