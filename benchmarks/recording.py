"""What looking on costs: trainings with `viz.record` at its default beside the same ones without, in turns.

`python -m benchmarks recording`. One process, the same seed, the same numbers of steps, the processor's time, which
others do not disturb as much as the clock's; the page is not written here.
"""

import statistics
import time

import microtorch
from microtorch import datasets, nn, viz
from microtorch.nn import functional as F


def measure(rounds, seconds):
    """The median of the ratios of both times over the turns, for two networks.

    Parameters
    ----------
    rounds : int
        At least 9, as the machine may be busy.
    seconds : float
        Of each training, about; below 2 it holds too few recorded steps to tell.

    Returns
    -------
    list of dict
    """
    rows = []
    for name, sizes, batch, data in problems():
        steps = 200
        for _ in range(2):  # the first also compiles kernels
            taken, _ = training(sizes, batch, data, steps, False)
        steps = int(max(seconds, 2.0) / taken * steps)
        training(sizes, batch, data, steps // 4, True)
        ratios, plain, recorded = [], [], []
        for turn in range(max(rounds, 9)):
            pair = {}
            for watched in (False, True) if turn % 2 else (True, False):
                pair[watched], count = training(sizes, batch, data, steps, watched)
                recorded += [count] if watched else []
            plain.append(pair[False] / steps)
            ratios.append(pair[True] / pair[False])
        rows.append(
            {
                "name": f"{name}, {statistics.median(recorded):.0f} of {steps} steps recorded",
                "seconds": statistics.median(plain), "limit": None,
                "cost": statistics.median(ratios) - 1, "spread": [min(ratios) - 1, max(ratios) - 1],
            }
        )  # fmt: skip
    return rows


def problems():
    """(name, sizes, batch, inputs and labels)."""
    microtorch.manual_seed(0)
    moons = datasets.moons(1000, 0.1).tensors
    digits = datasets.Digits(train=True).__getitems__(range(1400))
    return [
        ("moons, 2-16-16-2, SGD, batch 50", (2, 16, 16, 2), 50, moons),
        ("digits, 64-100-10, SGD, batch 100", (64, 100, 10), 100, (digits[0].reshape(1400, 64), digits[1])),
    ]


def training(sizes, batch, data, steps, watched):
    """(its seconds, how many of its steps were recorded)."""
    microtorch.manual_seed(0)
    layers = [part for n, m in zip(sizes, sizes[1:], strict=False) for part in (nn.Linear(n, m), nn.ReLU())]
    model = nn.Sequential(*layers[:-1])
    optimizer = microtorch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    x, t = data
    batches = [(x[i : i + batch], t[i : i + batch]) for i in range(0, len(x), batch)]
    recording = viz.record(model, optimizer, None)
    if watched:
        recording.__enter__()
    start = time.process_time()
    for step in range(steps):
        inputs, labels = batches[step % len(batches)]
        optimizer.zero_grad()
        F.cross_entropy(model(inputs), labels).backward()
        optimizer.step()
    taken = time.process_time() - start
    recording.close()
    return taken, len(recording.steps)
