"""Train an MLP on 1,797 real handwritten digits with three optimizers, and draw what happened.

Writes into the output folder: the backward graph of one training step (graph.svg, graph.png), loss and accuracy
over the epochs (curves.png), the numbers behind them (curves.csv), and the trainings side by side as a page to play
(training.html).
"""

import csv
import pathlib
import time

from . import at_least, folder

RECORDED = 60  # steps of each training, for the page
# What each optimizer is made of: its name in torch.optim's spelling and its settings.
RECIPES = {
    "SGD": ("SGD", {"lr": 0.05}),
    "SGD with momentum": ("SGD", {"lr": 0.05, "momentum": 0.9}),
    "Adam": ("Adam", {"lr": 3e-3}),
}


def add_arguments(parser):
    """The options of the command."""
    parser.add_argument("--epochs", type=int, default=30, help="passes over the training images")
    parser.add_argument("--batch-size", type=int, default=32, help="images per step")
    parser.add_argument("--hidden", type=int, nargs="*", default=[256, 128], help="widths of the hidden layers")
    parser.add_argument("--seed", type=int, default=0, help="of weights and shuffling")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("demo"), help="folder for the pictures")


def run(args):
    """Train with each recipe, print the table, write the pictures."""
    import microtorch

    from .. import viz
    from ..data import DataLoader
    from ..datasets import Digits

    at_least("demo", 1, epochs=args.epochs, batch_size=args.batch_size, hidden=args.hidden)
    folder("demo", args.out)
    train, test = Digits(train=True), Digits(train=False)
    print(f"{len(train)} training and {len(test)} test images of 8×8 pixels, {' '.join(train.classes)}")
    curves, rows, recordings = {}, [], {}
    for title, (optimizer, settings) in RECIPES.items():
        microtorch.manual_seed(args.seed)  # the same weights and the same order for each
        model = network(args.hidden)
        loader = DataLoader(train, batch_size=args.batch_size, shuffle=True)
        update = getattr(microtorch.optim, optimizer)(model.parameters(), **settings)
        start = time.perf_counter()
        every = max(1, args.epochs * len(loader) // RECORDED)  # the same steps of each, on whatever machine
        with viz.record(model, update, None, every=every, title=title) as recordings[title]:
            curves[title] = fit(model, update, loader, test, args.epochs, title)
        seconds = time.perf_counter() - start
        rows.append((title, accuracy(model, train), accuracy(model, test), seconds))
    print_table(rows)
    draw_step(model, train, args.out)
    write_curves(curves, args.out)
    viz.compare(recordings, args.out / "training.html")
    print(f"Pictures: {', '.join(str(p) for p in sorted(args.out.glob('*.*g')))}")
    print(f"To play: {args.out / 'training.html'}")


def network(hidden):
    """64 inputs, ReLU layers, 10 scores."""
    from .. import nn

    sizes = [64, *hidden, 10]
    layers = [nn.Flatten()]
    for n, m in zip(sizes, sizes[1:]):
        layers += [nn.Linear(n, m), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def fit(model, update, loader, test, epochs, title):
    """Train for some epochs; return for each (mean loss, test accuracy)."""
    from tqdm import tqdm

    from ..nn.functional import cross_entropy

    curve = []
    with tqdm(total=epochs * len(loader), desc=f"{title:18}", unit="step", leave=True) as bar:
        for _ in range(epochs):
            total = 0.0
            for images, labels in loader:
                update.zero_grad()
                loss = cross_entropy(model(images), labels)
                loss.backward()
                update.step()
                total += loss.item()
                bar.update()
            curve.append((total / len(loader), accuracy(model, test)))
            bar.set_postfix(loss=f"{curve[-1][0]:.4f}", test=f"{curve[-1][1]:.1%}")
    return curve


def accuracy(model, dataset):
    """The share of images in `dataset` whose highest score is the right digit."""
    import microtorch

    images, labels = dataset.__getitems__(range(len(dataset)))
    with microtorch.no_grad():
        return (model(images).argmax(1) == labels).float().mean().item()


def print_table(rows):
    """The accuracies, one optimizer a line."""
    print(f"\n{'optimizer':20}{'train':>8}{'test':>8}{'seconds':>9}")
    for title, train, test, seconds in rows:
        print(f"{title:20}{train:8.1%}{test:8.1%}{seconds:9.1f}")
    print()


def draw_step(model, dataset, folder):
    """The backward graph of one training step."""
    from .. import viz
    from ..nn.functional import cross_entropy

    images, labels = dataset.__getitems__(range(4))
    model.zero_grad()
    loss = cross_entropy(model(images), labels)
    graph = viz.draw(loss, model, names={"images": images, "labels": labels, "loss": loss})
    graph.save(folder / "graph.svg")
    graph.save(folder / "graph.png")


def write_curves(curves, folder):
    """Loss and accuracy by epoch, as numbers and, where matplotlib is installed, as a picture."""
    from ..io.files import replacing, save_figure

    with replacing(folder / "curves.csv") as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["optimizer", "epoch", "loss", "test_accuracy"])
        for title, curve in curves.items():
            table.writerows((title, epoch, *values) for epoch, values in enumerate(curve, 1))
    try:
        import matplotlib
    except ImportError:
        print("No matplotlib, so no curves.png; pip install 'microtorch[plots]' brings it. The numbers: curves.csv")
        return
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    from ..viz.plots import plots

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
    plots.curves({t: [loss for loss, _ in c] for t, c in curves.items()}, left, ylabel="training loss", log=True)
    plots.curves({t: [right for _, right in c] for t, c in curves.items()}, right, ylabel="test accuracy")
    right.set_ylim(min(0.8, *[right for c in curves.values() for _, right in c]) - 0.02, 1)
    figure.tight_layout()
    save_figure(figure, folder / "curves.png", dpi=120)
    plt.close(figure)
