"""Seven optimizers on MNIST: a 784-100-10 network, batches of 100, 3,000 iterations.

Beside the figures of the course notebooks, and beside PyTorch: same weights, same batches, its own DataLoader.
"""

import time

import numpy as np
import pytorch_twin
from matplotlib.figure import Figure

import microtorch
from microtorch import nn
from microtorch.datasets import MNIST
from microtorch.train import Solver, Table

RECIPES = {
    "SGD 0.1": ("sgd", {"lr": 0.1}),
    "momentum 0.9": ("momentum", {"lr": 0.1}),
    "Adam 1e-3": ("adam", {"lr": 1e-3}),
    "Adagrad 1e-2": ("adagrad", {"lr": 1e-2}),
    "Adadelta 1": ("adadelta", {"lr": 1.0}),
    "Adamax 2e-3": ("adamax", {"lr": 2e-3}),
    "RMSprop 1e-3": ("rmsprop", {"lr": 1e-3}),
}
# Accuracy in percent after 500, 1000, ..., 3000 iterations, from the course notebooks.
DOCUMENT = {
    "SGD 0.1": (91.5, 92.47, 93.87, 94.47, 95.17, 95.57),
    "momentum 0.9": (95.77, 96.36, 96.47, 97.55, 97.35, 97.4),
    "Adam 1e-3": (93.31, 94.72, 95.54, 96.41, 96.9, 97.21),
}


def make_solver(rule, config, train, test, dtype=microtorch.float32, epochs=5):
    """A fresh training: the same weights and the same order of batches each time."""
    microtorch.manual_seed(0)
    return Solver(
        nn.MLP([784, 100, 10]).to(dtype),
        train,
        validation=test,
        update_rule=rule,
        optim_config=config,
        num_epochs=epochs,
        batch_size=100,
        eval_every=500,
        num_train_samples=0,
        restore_best=False,
        verbose=False,
        generator=microtorch.Generator().manual_seed(1),
    )


def apart(rule, config, train, test):
    """The greatest distance between microtorch's and PyTorch's losses over 500 steps, in float32 and float64."""
    found = []
    # Pairs, because a Solver gives their images the dtype of the weights.
    first, few = train.__getitems__(np.arange(50_000)), test.__getitems__(np.arange(100))
    for dtype in (microtorch.float32, microtorch.float64):
        solver = make_solver(rule, config, first, few, dtype, epochs=1)
        theirs = pytorch_twin.train(solver)["losses"]
        solver.train()
        found.append(np.abs(np.subtract(solver.loss_history, theirs)).max())
    return found


def run(folder):
    """Train with each optimizer; the section for the results, in Markdown."""
    train, test = MNIST(train=True), MNIST(train=False)
    make_solver("sgd", {}, train.part(0, 500), test, epochs=1).train()  # compiles the kernels, which is not timed
    table = Table({"iteration": [500, 1000, 1500, 2000, 2500, 3000]})
    axes = (figure := Figure(figsize=(8, 4), layout="constrained")).subplots()
    lines = ["| recipe | final % | PyTorch's | losses apart | in float64 | CPU seconds | PyTorch's |"]
    lines.append("|:--" + "|--:" * 6 + "|")
    for title, (rule, config) in RECIPES.items():
        solver = make_solver(rule, config, train, test)
        theirs = pytorch_twin.train(solver) if pytorch_twin.AVAILABLE else None
        begin = time.process_time()
        solver.train()
        seconds = time.process_time() - begin
        table.columns[title] = [100 * a for a in solver.val_acc_history]
        axes.plot(table["iteration"], table[title], "o-", markersize=3, label=title)
        table.columns |= {f"{title}, notebooks": DOCUMENT[title]} if title in DOCUMENT else {}
        if theirs:
            single, double = apart(rule, config, train, test)
            lines.append(f"| {title} | {table[title][-1]:.2f} | {100 * theirs['accuracies'][-1]:.2f} | {single:.1e} "
                         f"| {double:.1e} | {seconds:.2f} | {theirs['seconds']:.2f} |")  # fmt: skip
    axes.set(xlabel="iteration", ylabel="test accuracy in %", title="MNIST, 784-100-10")
    axes.legend(frameon=False)
    figure.savefig(folder / "mnist.png", dpi=120)
    text = f"## MNIST: seven optimizers\n\n{table.markdown()}\n\n![test accuracy](results/mnist.png)\n"
    if pytorch_twin.AVAILABLE:
        text += "\nBeside PyTorch; losses apart: the most over 500 steps. In float32 the paths may part where a value\n"
        text += "is 0 within rounding, so that ReLU lets it through in one of them only. "
        text += "In the run this was first seen in (60,000 images,\nthe training's own order, momentum) that happened "
        text += "at step 177, at a value of 5.6e-7, and the losses parted by 0.031.\n\n"
        text += "\n".join(lines) + "\n"
    return text
