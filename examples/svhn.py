"""House numbers: Flatten, Linear, LeakyReLU, Linear with four optimizers, and with dropout.

In full where the full files are (73,257 training images; hours on a CPU); else on whatever part of them there is.
"""

import time

import numpy as np
from matplotlib.figure import Figure

import microtorch
from microtorch import nn
from microtorch.datasets import SVHN
from microtorch.datasets.transforms import Normalize
from microtorch.train import Solver

# optimizer, settings, dropout, and the validation accuracy of the course notebooks on 50,000 images
RUNS = {
    "SGD 1e-2": ("sgd", {"lr": 1e-2}, 0.0, 60.3),
    "momentum 0.9": ("momentum", {"lr": 1e-2}, 0.0, 82.1),
    "RMSprop 5e-4": ("rmsprop", {"lr": 5e-4}, 0.0, 80.3),
    "Adam 5e-4": ("adam", {"lr": 5e-4}, 0.0, 81.0),
    "Adam 5e-4, dropout 0.5": ("adam", {"lr": 5e-4}, 0.5, None),
}


def network(dropout):
    """3,072 pixels, as many hidden units, ten digits."""
    hidden = [nn.Linear(3072, 3072), nn.LeakyReLU()]
    return nn.Sequential(nn.Flatten(), *hidden, *([nn.Dropout(dropout)] if dropout else []), nn.Linear(3072, 10))


def run(folder):
    """Train each; the section for the results, in Markdown."""
    whole = SVHN(transform=Normalize(0.5, 0.5))
    # Neighbouring images are digits of one house number, so a block is held out, not single images.
    train, valid = whole.split(len(whole) // 5 if len(whole) < 10_000 else 3257)
    commonest = np.bincount(valid.targets.numpy()).max() / len(valid)
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    lines = ["| run | train % | best validation % | notebooks, 50,000 images | seconds |", "|:--|--:|--:|--:|--:|"]
    for title, (rule, config, dropout, notebooks) in RUNS.items():
        microtorch.manual_seed(0)
        solver = Solver(network(dropout), train, validation=valid, update_rule=rule, optim_config=config, batch_size=32,
                        num_epochs=15, verbose=False)  # fmt: skip
        begin = time.perf_counter()
        solver.train()
        seconds = time.perf_counter() - begin
        axes.plot(range(1, 16), [100 * a for a in solver.val_acc_history], "o-", markersize=3, label=title)
        shares = 100 * solver.train_acc_history[-1], 100 * solver.best_val_acc
        lines.append(f"| {title} | {shares[0]:.1f} | {shares[1]:.1f} | {notebooks or '–'} | {seconds:.0f} |")
    axes.set(xlabel="epoch", ylabel="validation accuracy in %", title=f"SVHN, {len(train):,} images")
    axes.legend(frameon=False)
    figure.savefig(folder / "svhn.png", dpi=120)
    subset = "all of" if len(whole) == 73_257 else f"a part of the {73_257:,} training images: {len(whole):,} in"
    return (
        f"## SVHN: house numbers\n\nRun on {subset} `{whole.file.name}`, {len(train):,} to train on and the last "
        f"{len(valid):,} to validate with, of which the\ncommonest digit has {100 * commonest:.1f} %. "
        "Batches of 32, 15 epochs.\n\n" + "\n".join(lines) + "\n\n![validation accuracy](results/svhn.png)\n"
    )
