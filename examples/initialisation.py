"""Initialisation: gradients of a ten-layer net by scheme, and ten layers of 200 that train only with the right one."""

import math

import numpy as np
from matplotlib.figure import Figure

import microtorch
from microtorch import nn
from microtorch.datasets import CIFAR10
from microtorch.datasets.transforms import SubtractMean
from microtorch.train import Solver


def scaled(mode, nonlinearity):
    """Normal weights with variance gain² / fan: Xavier's where the gain is 1, He's where it is √2."""
    return lambda w, generator=None: nn.init.kaiming_normal_(
        w, mode=mode, nonlinearity=nonlinearity, generator=generator
    )


def normal(std):
    """Normal weights of one standard deviation, whatever the layer."""
    return lambda w, generator=None: nn.init.normal_(w, std=std, generator=generator)


SCHEMES = {
    "zero": (lambda w, generator=None: nn.init.zeros_(w), 0.0),
    "normal 0.01": (normal(0.01), 0.01),
    "normal 0.1": (normal(0.1), 0.1),
}
for scheme, kind, gain in (("Xavier", "linear", 1.0), ("He", "relu", math.sqrt(2))):
    fans = {"fan_in": 3072, "fan_out": 50, "average": (3072 + 50) / 2}  # of the first layer
    for mode, fan in fans.items():
        SCHEMES[f"{scheme} {mode}"] = scaled(mode, kind), gain / math.sqrt(fan)


def gradient_norms(train, init):
    """The mean over the layers of the norm of each weight's gradient, by iteration; and the first layer's std."""
    microtorch.manual_seed(0)
    model = nn.MLP([3072] + [50] * 9 + [10], init=init)
    weights = [p for name, p in model.named_parameters() if name.endswith("weight")]
    std, norms = weights[0].data.numpy().std(), []

    def record(_):
        norms.append(np.mean([np.linalg.norm(w.grad.numpy()) for w in weights]))

    solver = Solver(model, train, update_rule="sgd", optim_config={"lr": 1e-2}, num_epochs=4, verbose=False,
                    num_train_samples=0, step_callbacks=[record])  # fmt: skip
    solver.train()
    return std, norms, solver.loss_history


def ten_layers_of_200(train, valid, test):
    """He and Adam: the best accuracy in validation, and that of the same model on the test images."""
    microtorch.manual_seed(0)
    model = nn.MLP([3072] + [200] * 10 + [10], init="kaiming_normal")
    solver = Solver(model, train, validation=valid, update_rule="adam", optim_config={"lr": 5e-3}, lr_decay=0.9,
                    batch_size=128, num_epochs=10, verbose=False)  # fmt: skip
    solver.train()
    x, y = test.__getitems__(np.arange(len(test)))
    with microtorch.no_grad():
        return solver.val_acc_history, (model.eval()(x).argmax(1) == y).float().mean().item()


def run(folder):
    """Both; the section for the results, in Markdown."""
    train, valid = CIFAR10().split(1000)
    test = CIFAR10(train=False).part(0, 1000)
    mean = SubtractMean.of(train)
    for part in (train, valid, test):
        part.transform = mean
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    lines = ["| scheme | first layer's std | theory | mean gradient norm, step 1 | step 160 | loss, step 160 |"]
    lines.append("|:--|--:|--:|--:|--:|--:|")
    for scheme, (init, theory) in SCHEMES.items():
        std, norms, losses = gradient_norms(train.part(0, 4000), init)
        lines.append(f"| {scheme} | {std:.5f} | {theory:.5f} | {norms[0]:.2e} | {norms[-1]:.2e} | {losses[-1]:.4f} |")
        axes.semilogy(np.maximum(norms, 1e-12), label="zero, drawn at 1e-12" if scheme == "zero" else scheme)
    axes.set(xlabel="iteration", ylabel="mean gradient norm of a layer", title="Ten layers, SGD 0.01")
    axes.legend(frameon=False, fontsize="small", ncols=3, loc="center", bbox_to_anchor=(0.5, 0.25))
    figure.savefig(folder / "initialisation.png", dpi=120)
    by_epoch, tested = ten_layers_of_200(train, valid, test)
    return (
        "## Initialisation: how gradients survive ten layers\n\n"
        "3072, nine layers of 50, 10; 4,000 images of CIFAR-10, each pixel less its mean.\n\n"
        + "\n".join(lines)
        + "\n\n![gradient norms](results/initialisation.png)\n\n"
        + "Ten layers of 200 with He and Adam 5e-3, times 0.9 an epoch, 49,000 images, ten epochs: best validation\n"
        + f"{100 * max(by_epoch):.1f} %, that model on the first 1,000 test images {100 * tested:.1f} % "
        + "(notebooks: 48.6 and 49.3 %).\n"
    )
