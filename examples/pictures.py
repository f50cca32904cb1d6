"""The pictures of the README and of docs/pictures.md: graphs at three sizes, the backward page, training.

python examples/pictures.py [folder]
"""

import sys
from pathlib import Path

import numpy as np

import microtorch
import microtorch.nn.functional as F
from microtorch import nn, optim, viz
from microtorch.datasets import Digits
from microtorch.viz.plots import plots

FOLDER = Path(__file__).parent.parent / "docs" / "_static" / "pictures"


def small():
    """A net of two layers on four points: (net, {names}, loss)."""
    microtorch.manual_seed(1)
    net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2))
    x = microtorch.randn(4, 2)
    target = microtorch.tensor([0, 1, 1, 0])
    loss = F.cross_entropy(net(x), target)
    return net, {"x": x, "target": target, "loss": loss}, loss


def backward_page(folder):
    """The page that plays the backward pass of the small net; the build of the documentation makes it too."""
    net, names, loss = small()
    viz.explore(loss, folder / "backprop.html", net, names, check=True)


class Block(nn.Module):
    """x + fc2(gelu(fc1(norm(x))))"""

    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, 2 * width)
        self.fc2 = nn.Linear(2 * width, width)

    def forward(self, x):
        return x + self.fc2(F.gelu(self.fc1(self.norm(x))))


class Residual(nn.Module):
    """A stack of blocks between two linear layers."""

    def __init__(self, blocks, width=16):
        super().__init__()
        self.first = nn.Linear(8, width)
        self.blocks = nn.Sequential(*[Block(width) for _ in range(blocks)])
        self.head = nn.Linear(width, 3)

    def forward(self, x):
        return self.head(self.blocks(self.first(x)))


def graphs(folder):
    """Graphs at three sizes, and what can be laid over them."""
    net, names, loss = small()
    viz.draw(loss, net, names).save(folder / "graph.svg")
    shown = ("values", "gradients", "legend")
    viz.draw(loss, net, names, show=shown, direction="both").save(folder / "graph-values.svg")
    backward_page(folder)
    for blocks, name in ((2, "graph-medium"), (100, "graph-folded")):
        microtorch.manual_seed(2)
        net = Residual(blocks)
        loss = F.cross_entropy(net(microtorch.randn(32, 8)), microtorch.tensor(np.arange(32) % 3))
        viz.draw(loss, net).save(folder / f"{name}.svg")
    viz.draw(loss, net, depth=2, color="gradient", show=("legend",)).save(folder / "graph-folded-gradient.svg")
    net = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(9, 2))
    try:
        net(microtorch.ones(4, 2))
    except microtorch.ShapeError as error:
        viz.draw(error, net).save(folder / "graph-failed.svg")


def spiral(count=300):
    """Two arms of a spiral: points (count, 2), classes (count,)."""
    rng = np.random.default_rng(0)
    t = np.sqrt(rng.uniform(0.02, 1, count)) * 3 * np.pi
    classes = np.arange(count) % 2
    arm = np.stack([np.cos(t + np.pi * classes), np.sin(t + np.pi * classes)], axis=1) * t[:, None] / 9
    return (arm + rng.normal(0, 0.03, arm.shape)).astype(np.float32), classes


def train(seed, make, points, classes, steps=400, watch=False):
    """A net of two hidden layers: (net, losses, watch or None)."""
    microtorch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 2))
    watched = plots.Watch(net) if watch else None
    optimizer = make(net.parameters())
    x, target, losses = microtorch.tensor(points), microtorch.tensor(classes), []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x), target)
        loss.backward()
        optimizer.step()
        if watched is not None:
            watched.step()
        losses.append(loss.item())
    return net, losses, watched


def digit_net():
    """A net trained on real digits: (net, true and predicted digits of the test images)."""
    microtorch.manual_seed(0)
    train_set, test_set = Digits(train=True), Digits(train=False)
    net = nn.Sequential(nn.Linear(64, 24), nn.ReLU(), nn.Linear(24, 10))
    optimizer = optim.Adam(net.parameters(), lr=0.01, weight_decay=1e-3)
    x = train_set.data.reshape(-1, 64).float() / 16.0
    for _ in range(150):
        optimizer.zero_grad()
        F.cross_entropy(net(x), train_set.targets).backward()
        optimizer.step()
    scores = net(test_set.data.reshape(-1, 64).float() / 16.0)
    return net, test_set.targets.numpy(), scores.detach().numpy().argmax(axis=1)


def training(folder):
    """The pictures of training."""
    points, classes = spiral()
    net, _, watch = train(0, lambda p: optim.Adam(p, lr=0.01), points, classes, watch=True)
    x, target = microtorch.tensor(points), microtorch.tensor(classes)
    optimizers = {
        "SGD, momentum 0.9": lambda p: optim.SGD(p, lr=0.1, momentum=0.9),
        "Adam": lambda p: optim.Adam(p, lr=0.01),
    }
    runs = {name: [train(s, make, points, classes)[1] for s in range(4)] for name, make in optimizers.items()}
    lr = optim.lr_scheduler
    digits, right, taken = digit_net()
    pictures = {
        "curves": plots.curves(runs, xlabel="step", log=True),
        "gradient-flow": plots.gradient_flow(net),
        "histogram-gradients": plots.histograms(watch.gradients["2.weight"], title="gradients of 2.weight"),
        "histogram-activations": plots.histograms(watch.activations["3"], title="activations after the second tanh"),
        "update-ratios": plots.update_ratios(watch),
        "decision-boundary": plots.decision_boundary(net, points, classes),
        "loss-surface": plots.loss_surface(
            net, lambda: F.cross_entropy(net(x), target), generator=microtorch.Generator().manual_seed(0)
        ),
        "confusion": plots.confusion_matrix(right, taken),
        "first-layer": plots.weight_images(digits[0].weight, (8, 8)),
        "activations": plots.activation_functions([F.relu, F.gelu, microtorch.tanh, F.silu]),
        "optimizer-path": plots.optimizer_path(
            {
                "SGD": lambda p: optim.SGD(p, lr=0.15),
                "momentum 0.8": lambda p: optim.SGD(p, lr=0.03, momentum=0.8),
                "Adam": lambda p: optim.Adam(p, lr=0.3),
            }
        ),
        "schedules": plots.schedules(
            {
                "StepLR": lambda o: lr.StepLR(o, 25, gamma=0.5),
                "CosineAnnealingLR": lambda o: lr.CosineAnnealingLR(o, 100),
                "OneCycleLR": lambda o: lr.OneCycleLR(o, max_lr=1.0, total_steps=101),
            },
            100,
        ),
    }
    for name, ax in pictures.items():
        ax.figure.savefig(folder / f"{name}.svg", metadata={"Date": None})


def all_reduce(folder):
    """What an all-reduce does to the gradient, and when the gradients of each layer travel."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    microtorch.manual_seed(30)
    x = microtorch.randn(18, 2)
    y = x @ microtorch.tensor([[1.5], [1.0]]) + 1.5 * microtorch.randn(18, 1)
    net = nn.Linear(2, 1, bias=False)
    found = []
    for rows in (slice(0, 6), slice(6, 12), slice(12, 18), slice(None)):
        net.zero_grad()
        F.mse_loss(net(x[rows]), y[rows]).backward()
        found.append(-net.weight.grad.numpy()[0])
    for rank, (dx, dy) in enumerate(found[:3]):
        left.annotate("", (dx, dy), (0, 0), arrowprops={"arrowstyle": "->", "color": "0.6", "lw": 1.5})
        left.annotate(f"rank {rank}", (dx, dy), ha="center", va="bottom", color="0.4")
    left.annotate("", tuple(found[3]), (0, 0), arrowprops={"arrowstyle": "->", "color": "C0", "lw": 3})
    left.annotate("their mean", tuple(found[3]), (6, -12), textcoords="offset points", color="C0")
    ends = np.array([*found, [0, 0]])
    low, high = ends.min(0), ends.max(0)
    margin = 0.2 * (high - low).max()
    left.set(xlim=(low[0] - margin, high[0] + margin), ylim=(low[1] - margin, high[1] + margin))
    left.set(xlabel="first weight", ylabel="second weight", title="a step by each part of the batch, and by all")
    for lane, name in enumerate(("backward", "all-reduce")):
        for i, layer in enumerate((3, 2, 1)):
            start = i if lane == 0 else max(i + 1, 1 + 0.8 * i)
            right.broken_barh([(start, 0.96 if lane == 0 else 0.8)], (0.6 - lane, 0.5), color=f"C{i}")
            right.text(start + 0.4, 0.85 - lane, f"layer {layer}", ha="center", va="center", color="white", size=8)
        right.text(-0.1, 0.85 - lane, name, ha="right", va="center")
    right.axvline(3, color="0.7", linewidth=0.8)
    right.text(3.1, 1.3, "the pass is through", color="0.4")
    right.set(xlim=(-1.6, 4.9), ylim=(-0.6, 1.5), xlabel="time", yticks=[], xticks=[], title="sums travel meanwhile")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(folder / "all-reduce.svg", metadata={"Date": None})
    return figure


def main(folder=FOLDER):
    """Write all pictures to `folder`."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "microtorch"  # the same picture has the same bytes
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    graphs(folder)
    training(folder)
    all_reduce(folder)
    for path in sorted(folder.iterdir()):
        print(path.name, path.stat().st_size)


if __name__ == "__main__":
    main(*sys.argv[1:])
