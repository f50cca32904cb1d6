"""CIFAR-10: optimizers on 4,000 images, overfitting 50, momentum against batch size, and a net with batch norm.
Recipes of the course notebooks. Pixels count 0 to 255 less the mean image; the last net scales for itself.
"""

import numpy as np
import pytorch_twin
from matplotlib.figure import Figure

import microtorch
from microtorch import nn
from microtorch.data import DataLoader
from microtorch.datasets import CIFAR10
from microtorch.datasets.transforms import Compose, Normalize, SubtractMean
from microtorch.train import Solver, Table, accuracy, evaluate

RULES = {"sgd": 1e-2, "momentum": 1e-2, "nesterov": 1e-2, "rmsprop": 1e-4, "adam": 1e-3}


def trained(train, hidden, std, rule, rate, seed=0, **options):
    """A solver that has trained a plain network, weights drawn with standard deviation `std`."""
    microtorch.manual_seed(seed)
    model = nn.MLP([3072, *hidden, 10], init=lambda w, generator: nn.init.normal_(w, std=std, generator=generator))
    solver = Solver(model, train, update_rule=rule, optim_config={"lr": rate}, verbose=False, **options)
    solver.train()
    return solver


def compare_rules(train, valid, axes):
    """Six layers on 4,000 images for five epochs with each rule: a table in Markdown."""
    lines = ["| rule | lr | train % | validation % |", "|:--|--:|--:|--:|"]
    for rule, rate in RULES.items():
        solver = trained(train.part(0, 4000), [100] * 5, 5e-2, rule, rate, validation=valid, num_epochs=5)
        shares = 100 * solver.train_acc_history[-1], 100 * solver.val_acc_history[-1]
        lines.append(f"| {rule} | {rate} | {shares[0]:.1f} | {shares[1]:.1f} |")
        axes.plot(np.convolve(solver.loss_history, np.full(10, 0.1), "valid"), label=rule)
    axes.set(xlabel="step", ylabel="loss, mean of 10 steps", title="4,000 images, six layers")
    axes.legend(frameon=False)
    return "\n".join(lines)


def momentum_or_batch(train):
    """Training accuracies after 300 steps: SGD with batches of 400, momentum with 100; means over three seeds."""
    images = train.part(0, 6000)
    sgd = [trained(images, [100] * 5, 5e-2, "sgd", 1e-2, s, batch_size=400, num_epochs=20) for s in range(3)]
    momentum = [trained(images, [100] * 5, 5e-2, "momentum", 1e-2, s, num_epochs=5) for s in range(3)]
    return [np.mean([solver.train_acc_history[-1] for solver in solvers]) for solvers in (sgd, momentum)]


def deeper(train, valid, test, axes):
    """3072-500-500-500-10 with batch norm on 49,000 images for ten epochs: a table, beside PyTorch's."""
    microtorch.manual_seed(0)
    model = nn.MLP([3072, 500, 500, 500, 10], norm="batch", init="kaiming_normal")
    solver = Solver(model, train, validation=valid, update_rule="adam", optim_config={"lr": 1e-3}, lr_decay=0.9,
                    num_epochs=10, verbose=False, generator=microtorch.Generator().manual_seed(1))  # fmt: skip
    theirs = pytorch_twin.train(solver) if pytorch_twin.AVAILABLE else None
    solver.train()
    table = Table({"epoch": range(1, 11), "validation %": [100 * a for a in solver.val_acc_history]})
    table.columns |= {"PyTorch's validation %": [100 * a for a in theirs["accuracies"]]} if theirs else {}
    for name in list(table.columns)[1:]:
        axes.plot(table["epoch"], table[name], "o-", markersize=3, label=name)
    axes.set(xlabel="epoch", ylabel="accuracy in %", title="49,000 images, batch norm")
    axes.legend(frameon=False)
    return table, 100 * evaluate(model, DataLoader(test, 500), {"accuracy": accuracy})["accuracy"]


def run(folder):
    """All four; the section for the results, in Markdown."""
    train, valid = CIFAR10().split(1000)
    test = CIFAR10(train=False).part(0, 1000)
    mean = SubtractMean.of(train)
    left, right = (figure := Figure(figsize=(9, 3.6), layout="constrained")).subplots(1, 2)
    train.transform = valid.transform = Compose([mean, Normalize(0, 1 / 255)])
    rules = compare_rules(train, valid, left)
    learnt = trained(train.part(0, 50), [100] * 4, 1e-1, "sgd", 1e-3, batch_size=25, num_epochs=20).train_acc_history
    sgd, momentum = momentum_or_batch(train)
    train.transform = valid.transform = test.transform = mean
    table, tested = deeper(train, valid, test, right)
    figure.savefig(folder / "cifar.png", dpi=120)
    return f"""## CIFAR-10: optimizers, and a net with batch norm

3072-100-100-100-100-100-10 on 4,000 images for five epochs. The notebooks expect momentum to beat SGD, Nesterov to do
at least as well, and RMSprop and Adam to reach 45 % on the training images.

{rules}

Fifty images learnt by heart: training accuracy {max(learnt)}, first in epoch {learnt.index(max(learnt)) + 1}
(notebooks: 1.0 within 20).

300 steps of momentum with batches of 100, and of SGD with batches of 400, mean of three seeds: training accuracy
{momentum:.3f} and {sgd:.3f}, a relative error of {abs(sgd - momentum) / (sgd + momentum):.3f}
(notebooks: at most 0.04).

3072-500-500-500-10 with batch norm, He and Adam 1e-3, times 0.9 an epoch, 49,000 images. The notebooks have 53.7 and
58.3 % in validation, 53.8 and 58.5 % in test. The best epoch here has {tested:.1f} % of the first 1,000 test images.

{table.markdown()}

![loss and accuracy](results/cifar.png)
"""
