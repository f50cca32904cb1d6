"""Seven optimizers on MNIST: a 784-100-10 network, batches of 100, 3,000 iterations.

The first three rows of the documents' table are from the course notebooks; the losses are compared with PyTorch's.
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


def make_solver(rule, config, train, test):
    """A fresh training: the same weights and the same order of batches each time."""
    microtorch.manual_seed(0)
    return Solver(
        nn.MLP([784, 100, 10]),
        train,
        validation=test,
        update_rule=rule,
        optim_config=config,
        num_epochs=5,
        batch_size=100,
        eval_every=500,
        num_train_samples=0,
        restore_best=False,
        verbose=False,
        generator=microtorch.Generator().manual_seed(1),
    )


def run(folder):
    """Train with each optimizer; the section for the results, in Markdown."""
    train, test = MNIST(train=True), MNIST(train=False)
    table, twins = Table({"iteration": [500, 1000, 1500, 2000, 2500, 3000]}), Table()
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    for title, (rule, config) in RECIPES.items():
        solver = make_solver(rule, config, train, test)
        theirs = pytorch_twin.train(solver) if pytorch_twin.AVAILABLE else None
        begin = time.perf_counter()
        solver.train()
        seconds = time.perf_counter() - begin
        table.columns[title] = [100 * a for a in solver.val_acc_history]
        axes.plot(table["iteration"], table[title], "o-", markersize=3, label=title)
        if title in DOCUMENT:
            table.columns[f"{title}, document"] = list(DOCUMENT[title])
        if theirs:
            apart = np.abs(np.subtract(solver.loss_history, theirs["losses"]))[:500].max()
            ratio = seconds / theirs["seconds"]
            twins.append(
                **{"final %": table[title][-1], "PyTorch final %": 100 * theirs["accuracies"][-1]}
                | {"losses apart, 500 steps": apart, "seconds": seconds, "share of PyTorch's time": ratio}
            )
    axes.set(xlabel="iteration", ylabel="test accuracy in %", title="MNIST, 784-100-10")
    axes.legend(frameon=False)
    figure.savefig(folder / "mnist.png", dpi=120)
    text = f"## MNIST: seven optimizers\n\n{table.markdown()}\n\n![test accuracy](results/mnist.png)\n"
    if twins.columns:
        names = ", ".join(RECIPES)
        text += f"\nBeside PyTorch, with the same weights and batches and its own DataLoader ({names}):\n\n"
        text += twins.markdown() + "\n"
    return text
