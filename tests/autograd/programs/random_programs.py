"""Random programs of operations, views, changes in place and backward passes, run on microtorch and on PyTorch.

A program is a list of lines of Python (see `program_writer`). Both sides run it line by line, in float64: after it
all values, gradients and what hooks have seen are the same, or microtorch has refused a line in words of its own, which
then has changed nothing. A program that fails is shrunk and shown as source that can be pasted.

    python tests/autograd/programs/random_programs.py --count 20000 --seed 0 --jobs 2

prints the counts, what was refused, and each distinct failure.
"""

import argparse
import multiprocessing
import random
import re
import sys
import time
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from program_writer import NAME, generate, run_line

CLOSE = 1e-9  # relative to the largest element of a tensor, or to 1
SHAKE = 1e-13  # how far the numbers of a program are moved to see whether it is well-conditioned


@dataclass
class Outcome:
    """What came of a program on both sides.

    `kind` is None where both agree, else "value", "gradient", "log" (of hooks), "changed" (by a refused line) or
    "foreign" (an error without words of ours); `detail` says more.
    """

    kind: str | None = None
    detail: str = ""
    refusals: list = field(default_factory=list)  # messages of lines that only microtorch refuses
    refused_by_both: int = 0
    refused_by_torch: bool = False


def show(program, package="torch"):
    """The program as Python source; `package` is "torch" or "microtorch"."""
    head = "import torch" if package == "torch" else f"import {package} as torch"
    return "\n".join([head, *(["log = []"] if any("log." in line for line in program) else []), *program])


@lru_cache(1 << 14)
def made_by(line):
    """The names that a line assigns."""
    found = re.match(r"(?:with torch\.no_grad\(\): )?((?:t\d+, ?)*t\d+),? = ", line)
    return NAME.findall(found.group(1)) if found else []


@lru_cache(1 << 14)
def used_by(line):
    """The names that a line reads."""
    made = made_by(line)
    return [name for name in NAME.findall(line) if name not in made or line.count(name) > made.count(name)]


def compare(program, ours, theirs):
    """Run `program` on both packages; the Outcome."""
    mine, other = ({"torch": package, "log": []} for package in (ours, theirs))
    outcome, kept = Outcome(), []
    for line in program:
        if any(name not in mine for name in used_by(line)):
            continue  # it reads what a refused line would have made
        seen = len(mine["log"])
        try:
            run_line(line, mine)
        except Exception as error:
            del mine["log"][seen:]  # the hooks that ran before the refusal
            if type(error).__module__ != "microtorch.errors":
                if accepts(theirs, [*kept, line]):
                    outcome.kind, outcome.detail = "foreign", f"{line}: {type(error).__name__}: {error}"
                outcome.refused_by_torch = outcome.kind is None
                return outcome
            if accepts(theirs, [*kept, line]):
                outcome.refusals.append(f"{type(error).__name__}: {error}")
            else:
                outcome.refused_by_both += 1
            if line.startswith("for "):
                return outcome  # its first rounds have been made
            found = difference(mine, other)
            if found is not None:  # by that line, or by one before
                earlier = compare(kept, ours, theirs)
                outcome.kind, outcome.detail = earlier.kind or "changed", earlier.detail or f"by {line}: {found[1]}"
                return outcome
            continue
        try:
            run_line(line, other)
        except Exception:
            outcome.refused_by_torch = True
            return outcome
        give_memory(line, mine, other)
        kept.append(line)
    found = difference(mine, other)
    if found is not None:
        outcome.kind, outcome.detail = found
    return outcome


def give_memory(line, mine, other):
    """Give the gradients that `line` has asked PyTorch for memory of their own: there, several elements may be one, and
    the gradients of two tensors may be one tensor, or one a view of the other."""
    given = {}  # name -> (PyTorch's tensor, what takes its place)
    for name in made_by(line) if "autograd.grad(" in line else ():
        gradient = other[name]
        if gradient is None or (gradient.is_leaf and gradient.requires_grad):
            continue
        twins = [n for n, (tensor, _) in given.items() if tensor is gradient]
        same = next((n for n in twins if mine[n] is mine[name]), None)
        several = any(step == 0 and n > 1 for step, n in zip(gradient.stride(), gradient.shape))
        several |= any(
            gradient.untyped_storage().data_ptr() == t.untyped_storage().data_ptr() for t, _ in given.values()
        )
        if same is not None:
            other[name] = given[same][1]
        elif twins or several:
            other[name] = gradient.clone()
        given[name] = gradient, other[name]


def watches_in_a_way_of_its_own(program):
    """Whether PyTorch may run hooks, retain gradients or find those asked for in a way that microtorch does not follow.

    The gradient of a result with hooks is asked for: PyTorch gives it as it was before the hooks if it leads to another
    that is asked for, else after them; microtorch always gives what the hooks made of it. Of results that one operation
    has given together, as the rows of ``list(t)``, PyTorch watches all where one is asked for. Where memory is written
    without being recorded, PyTorch makes the nodes of its views anew: what watched a view before is on no way any more.
    """
    unrecorded = any("no_grad" in line or ".detach()" in line or ".data" in line for line in program)
    asked, hooked = set(), set()
    for line in program:
        if found := re.search(r"autograd\.grad\(.*\[(.*?)\]", line):
            asked.update(NAME.findall(found.group(1)))
        if found := re.search(r"inputs=\[(.*?)\]", line):
            hooked.update(NAME.findall(found.group(1)))
        if found := re.match(r"(t\d+)\.(register_hook|retain_grad)", line):
            hooked.add(found.group(1))
    if unrecorded and (asked or hooked or any("requires_grad_()" in line for line in program)):
        return True
    together = [set(names) for line in program if len(names := made_by(line)) > 1 and "autograd" not in line]
    near = asked.union(*(names for names in together if names & asked))
    return bool(hooked & near)


def accepts(package, program):
    """Whether all lines run."""
    namespace = {"torch": package, "log": []}
    try:
        for line in program:
            run_line(line, namespace)
    except Exception:
        return False
    return True


def difference(mine, other):
    """The first difference between two namespaces, as (kind, text), or None."""
    for name, theirs in other.items():
        ours = mine.get(name)
        if name == "log":
            for i, (a, b) in enumerate(zip(ours, theirs)):
                if (wrong := apart(np.array(a), np.array(b))) is not None:
                    return "log", f"what a hook saw, entry {i}: {wrong}"
            if len(ours) != len(theirs):
                return "log", f"hooks ran {len(ours)} times, in PyTorch {len(theirs)}"
        elif NAME.fullmatch(name):
            if ours is None or theirs is None:
                if ours is not theirs:
                    return "value", f"{name} is {ours}, in PyTorch {theirs}"
                continue
            if (wrong := apart(ours.detach().numpy(), theirs.detach().numpy())) is not None:
                return "value", f"{name}: {wrong}"
            try:
                a, b = ours.grad, theirs.grad
            except RuntimeError as error:
                if "view" not in str(error):  # PyTorch refuses to look at a view whose base was changed in place
                    raise
                continue
            if (a is None) is not (b is None):
                return "gradient", f"{name}.grad is {a}, in PyTorch {b}"
            if a is not None and (wrong := apart(a.detach().numpy(), b.detach().numpy(force=True))) is not None:
                return "gradient", f"{name}.grad: {wrong}"
    return None


def apart(ours, theirs):
    """What tells two arrays apart, in words, or None."""
    if ours.shape != theirs.shape:
        return f"shape {ours.shape}, in PyTorch {theirs.shape}"
    scale = max(1.0, float(np.abs(theirs).max())) if theirs.size else 1.0
    if np.allclose(ours, theirs, rtol=0, atol=CLOSE * scale, equal_nan=True):
        return None
    return f"{np.array2string(ours, precision=9)}, in PyTorch {np.array2string(theirs, precision=9)}"


class _Shaken:
    """PyTorch whose ``tensor`` moves the numbers it is given a little."""

    def __init__(self, torch, seed):
        self._torch, self._rng = torch, np.random.default_rng(seed)

    def __getattr__(self, name):
        return getattr(self._torch, name)

    def tensor(self, data, dtype=None, requires_grad=False):
        array = np.array(data)
        if dtype is not None:
            array = array * (1 + SHAKE * self._rng.standard_normal(array.shape))
        return self._torch.tensor(array, dtype=dtype, requires_grad=requires_grad)


def is_well_conditioned(program, torch):
    """Whether PyTorch itself gives nearly the same where all numbers are moved by a rounding."""
    runs = []
    for package in (torch, *(_Shaken(torch, seed) for seed in range(4))):
        namespace = {"torch": package, "log": []}
        try:
            for line in program:
                if all(name in namespace for name in used_by(line)):
                    run_line(line, namespace)
        except Exception:
            pass  # PyTorch refuses it
        runs.append({name: value for name, value in namespace.items() if name != "torch"})
    return all(difference(run, runs[0]) is None for run in runs[1:])


def shrink(program, kind, ours, theirs, seconds=10.0):
    """A short program that fails in the same way."""
    end = time.monotonic() + seconds

    def fails(lines):
        if time.monotonic() > end or compare(lines, ours, theirs).kind != kind:
            return False
        return is_well_conditioned(lines, theirs)

    shorter = True
    while shorter:
        shorter = False
        for i in reversed(range(len(program))):
            for lines in _without(program, i):
                if fails(lines):
                    program, shorter = lines, True
                    break
            if i >= len(program):
                break
    for i in range(len(program)):
        for old, new in ((r", \w+=True\)", ")"), (r"-?\d\.\d+", "2.0"), (r"\.requires_grad_\(\)", "")):
            lines = [*program[:i], re.sub(old, new, program[i]), *program[i + 1 :]]
            if lines != program and fails(lines):
                program = lines
    return renamed(program)


def _without(program, i):
    """Programs with line `i` and what depends on it left out, or its result replaced by one of its operands."""
    before, line, after = program[:i], program[i], program[i + 1 :]
    gone, kept = set(made_by(line)), []
    for other in after:
        if gone.isdisjoint(used_by(other)):
            kept.append(other)
        else:
            gone.update(made_by(other))
    yield before + kept
    if len(made_by(line)) == 1:
        (made,) = made_by(line)
        for operand in dict.fromkeys(used_by(line)):
            yield before + [re.sub(rf"\b{made}\b", operand, other) for other in after]


def renamed(program):
    """The program with its tensors numbered in order."""
    names = {name: f"t{i}" for i, name in enumerate(dict.fromkeys(NAME.findall("\n".join(program))))}
    return [NAME.sub(lambda found: names[found.group()], line) for line in program]


def cause(program, kind):
    """What tells one failure from another: the operations of the shrunk program, without numbers and names."""
    words = [
        re.sub(r"[-\d.\[\], ]+", " ", NAME.sub("t", re.sub(r"torch\.tensor\([^)]*\)", "#", line))) for line in program
    ]
    return kind, *words


def general(message):
    """A message without its numbers, for counting."""
    message = re.sub(r" at <program>:\d+| at \S+:\d+", "", message.replace("\n", " "))
    message = re.sub(r"\([\d, ]*\)", "(…)", message)
    message = re.sub(r"t\d+|\d+", "N", message)
    # Without the names of operations too: one remedy serves them all.
    message = re.sub(r"^(\w+Error: )\w+_:", r"\1…_:", message)
    return re.sub(r"(made by|backward:|afterwards, by|takes the place of) \w+", r"\1 …", message)[:170]


def load():
    """(microtorch, torch), both ready for programs."""
    import microtorch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torch
    torch.set_num_threads(1)
    return microtorch, torch


def examine(seed):
    """(Outcome, shrunk program or None) of one seed."""
    ours, theirs = load()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = generate(random.Random(seed), theirs)
        outcome = compare(program, ours, theirs)
        if outcome.kind is None:
            return outcome, None
        if not is_well_conditioned(program, theirs):
            outcome.kind = "ill-conditioned"
            return outcome, None
        small = shrink(program, outcome.kind, ours, theirs)
        if watches_in_a_way_of_its_own(small):
            outcome.kind = "hooks"
            return outcome, None
        outcome.detail = compare(small, ours, theirs).detail
        return outcome, small


class Tally:
    """Counts over many programs."""

    def __init__(self):
        self.counts, self.refusals, self.failures = Counter(), Counter(), {}

    def add(self, seed, outcome, small):
        """Count one program."""
        self.counts["programs"] += 1
        if outcome.kind in ("ill-conditioned", "hooks"):
            why = (
                "ill-conditioned"
                if outcome.kind != "hooks"
                else "hooks and retained gradients that PyTorch treats in a way of its own"
            )
            self.counts[f"not judged: {why}"] += 1
        elif outcome.kind is not None:
            self.counts[f"FAULTS of kind {outcome.kind}"] += 1
            self.failures.setdefault(cause(small, outcome.kind), []).append((seed, small, outcome.detail))
        elif outcome.refusals:
            self.counts["agree but for lines that microtorch alone refuses"] += 1
        elif outcome.refused_by_torch:
            self.counts["agree until a line that PyTorch refuses"] += 1
        else:
            self.counts["agree"] += 1
        if outcome.refusals:
            self.counts["programs with a line that microtorch alone refuses"] += 1
            self.refusals[general(outcome.refusals[0])] += 1
        self.counts["lines that both refuse"] += outcome.refused_by_both

    def report(self):
        """All counts, refusals and distinct failures as text."""
        lines = [f"{n:8,} {name}" for name, n in sorted(self.counts.items(), key=lambda entry: -entry[1])]
        lines += ["", "First line of a program that microtorch alone refuses:"]
        lines += [f"{n:8,} {message}" for message, n in self.refusals.most_common()]
        lines += ["", f"{len(self.failures)} distinct failures"]
        for found in sorted(self.failures.values(), key=lambda found: (-len(found), len(found[0][1]))):
            seed, program, detail = min(found, key=lambda one: len("".join(one[1])))
            lines += ["", f"# {len(found)} times, as with seed {seed}: {detail}", show(program)]
        return "\n".join(lines)


def main():
    """Run many programs and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--show", type=int, help="print the program of this seed and what comes of it")
    chosen = parser.parse_args()
    if chosen.show is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            print(show(generate(random.Random(chosen.show), load()[1])))
        print(examine(chosen.show))
        return 0
    tally, seeds = Tally(), range(chosen.seed, chosen.seed + chosen.count)
    # Not multiprocessing.Pool, which waits for ever for a process that crashed.
    with ProcessPoolExecutor(chosen.jobs, multiprocessing.get_context("spawn")) as pool:
        for seed, (outcome, small) in zip(seeds, pool.map(examine, seeds, chunksize=20)):
            tally.add(seed, outcome, small)
    print(tally.report())
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
