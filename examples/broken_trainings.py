"""Seven trainings that go wrong, each recorded as a page to diagnose; and the right one to compare with.

python examples/broken_trainings.py [FOLDER]
"""

import pathlib
import sys
import warnings

import microtorch
from microtorch import nn, viz
from microtorch.datasets import Digits
from microtorch.nn import functional as F

STEPS, BATCH = 150, 32


def network(*sizes, activation=nn.ReLU):
    """Linear layers with activations between them."""
    layers = [part for n, m in zip(sizes, sizes[1:]) for part in (nn.Linear(n, m), activation())]
    return nn.Sequential(*layers[:-1])


def train(path, title, model, rate, change=lambda images, labels: (images, labels), zero=True):
    """Train on digits, recorded; `change` spoils the data, and without `zero` gradients add up."""
    images, labels = Digits(train=True).__getitems__(range(1440))
    images = images.reshape(1440, 64)
    optimizer = microtorch.optim.SGD(model.parameters(), lr=rate, momentum=0.9)
    with viz.record(model, optimizer, path, every=1, title=title) as recording, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # microtorch warns of one of the mistakes; here it is to be found
        for step in range(STEPS):
            rows = slice(step * BATCH % 1440, step * BATCH % 1440 + BATCH)
            x, t = change(images[rows], labels[rows])
            if zero or step == 0:
                optimizer.zero_grad()
            F.cross_entropy(model(x), t).backward()
            optimizer.step()
    return recording


def zeros(model):
    """All weights and biases 0."""
    with microtorch.no_grad():
        for p in model.parameters():
            p.zero_()
    return model


def scaled(model, factor):
    """All weights times a factor."""
    with microtorch.no_grad():
        for p in model.parameters():
            p *= factor
    return model


def shuffled(images, labels):
    """Labels that do not belong to their images."""
    return images, labels[microtorch.randperm(len(labels))]


def make(folder):
    """Write the pages A to G, and `right`; return the recordings by name."""
    folder.mkdir(parents=True, exist_ok=True)
    trainings = {
        "A": lambda: (network(64, 32, 32, 10), 3.0),
        "B": lambda: (network(64, *[32] * 8, 10, activation=nn.Sigmoid), 0.05),
        "C": lambda: (zeros(network(64, 32, 32, 10)), 0.05),
        "D": lambda: (network(64, 32, 32, 10), 0.05, shuffled),
        "E": lambda: (network(64, 32, 32, 10), 0.05, lambda x, t: (x, t), False),
        "F": lambda: (scaled(network(64, 32, 32, 10, activation=nn.Tanh), 15.0), 0.05),
        "G": lambda: (network(64, 32, 32, 10), 0.0001),
        "right": lambda: (network(64, 32, 32, 10), 0.05),
    }
    found = {}
    for name, parts in trainings.items():
        microtorch.manual_seed(0)
        found[name] = train(folder / f"{name}.html", f"training {name}", *parts())
    return found


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "broken-trainings")
    for name, recording in make(folder).items():
        losses = [loss for loss in recording.losses if loss is not None]
        causes = ", ".join(dict.fromkeys(f.cause for f in recording.findings)) or "nothing"
        print(f"{name:6} loss {losses[0]:7.3f} -> {losses[-1]:7.3f}   found: {causes}")
    print(f"Pages: {folder}")
