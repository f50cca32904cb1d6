"""Train an MLP on a dataset, with one seed or several; stop with Ctrl-C and go on with --resume.

For each seed, OUT/seed-S/ gets checkpoints, history.csv, losses.csv, curves.png and model.safetensors.
"""

import argparse
import json
import os
import pathlib
import statistics
import sys

from ..errors import visible

DATASETS = ("digits", "mnist", "fashion-mnist", "cifar10", "svhn", "spirals", "moons", "blobs")
SCHEDULES = ("constant", "exponential", "step", "cosine", "onecycle")


def add_arguments(parser):
    """The options of the command."""
    add = parser.add_argument
    add("--dataset", choices=DATASETS, default="digits", help="what to train on")
    add("--data", help="folder with the datasets; default: MICROTORCH_DATA, or the user's cache")
    add("--layers", type=int, nargs="*", default=[100], help="widths of the hidden layers")
    add("--activation", default="relu", help="by the name of its module in any case: relu, leaky_relu, tanh, gelu, ...")
    add("--dropout", type=float, default=0.0, help="probability after each activation")
    add("--norm", choices=("none", "batch", "layer", "rms"), default="none", help="before each activation")
    add("--init", help="initialisation of the weights, as kaiming_normal; default: Linear's own")
    add("--optimizer", default="adam", help="sgd, momentum, nesterov, rmsprop, adagrad, adadelta, adam, adamw, ...")
    add("--lr", type=float, help="learning rate; default: the optimizer's own")
    add("--weight-decay", type=float, default=0.0, help="L2 penalty, decoupled with adamw")
    add("--schedule", choices=SCHEDULES, default="constant", help="of the learning rate")
    add("--epochs", type=int, default=10, help="passes over the training data")
    add("--batch-size", type=int, default=100, help="samples per step")
    add("--clip-norm", type=float, help="largest norm of the gradient")
    add("--patience", type=int, help="stop after so many epochs without a better validation accuracy")
    add("--seeds", type=int, nargs="+", default=[0], help="one training for each")
    add("--checkpoint-every", type=int, help="steps between checkpoints; default: one each epoch")
    add("--out", type=pathlib.Path, default=pathlib.Path("train"), help="folder for results")
    add("--resume", action="store_true", help="go on with the training in OUT, with its options; others are ignored")


def run(args):
    """Train with each seed and print what came out."""
    record = args.out / "options.json"
    if args.resume:
        args = argparse.Namespace(**{**vars(args), **saved_options(record)})
    elif record.exists():
        raise ValueError(f"train: {args.out} holds a training. Go on with --resume, or choose another --out.")
    from microtorch.io.files import replacing

    kept = {k: v for k, v in vars(args).items() if isinstance(v, int | float | str | list | None)}
    with replacing(record) as temporary:
        temporary.write_text(json.dumps({k: v for k, v in kept.items() if k != "resume"}, indent=1), encoding="utf-8")
    if args.data:
        os.environ["MICROTORCH_DATA"] = args.data
    train, valid, test, features, classes = splits(args.dataset)
    print(f"{args.dataset}: {len(train)} samples to train on, {len(valid)} to validate with, {len(test)} to test on")
    found = []
    for seed in args.seeds:
        try:
            found.append(train_one(args, seed, train, valid, test, [features, *args.layers, classes]))
        except KeyboardInterrupt:
            print(f"Go on with: microtorch train --resume --out {args.out}", file=sys.stderr)
            raise
        print(f"seed {seed}: validation {found[-1][0]:.2%}, test {found[-1][1]:.2%}", flush=True)
    if len(found) > 1:
        for name, values in zip(("validation", "test"), zip(*found), strict=True):
            print(f"{name}: {statistics.mean(values):.2%} ± {statistics.stdev(values):.2%} over {len(values)} seeds")
    print(f"Written: {args.out}")


class _Saved(argparse.ArgumentParser):
    """Reads options that were saved: what is wrong is an exception, not the end of the process."""

    def error(self, message):
        raise ValueError(message)


def saved_options(record):
    """The options in a file as if they had been given on the command line, and nothing else; ValueError if damaged."""
    parser = _Saved(add_help=False, allow_abbrev=False)
    add_arguments(parser)
    try:
        saved = json.loads(record.read_text(encoding="utf-8"))
        given = []
        for name, value in saved.items():
            if name in ("out", "resume") or (isinstance(value, list) and not all(type(n) is int for n in value)):
                raise ValueError(f"{name}={value!r} is no option of a training")
            if isinstance(value, list):
                given += [f"--{name.replace('_', '-')}", *map(str, value)]
            elif value is not None:
                given.append(f"--{name.replace('_', '-')}={value}")
        options = vars(parser.parse_args(given))
    except Exception as error:
        words = visible(str(error), 200)
        raise ValueError(f"train: there is no training to resume in {visible(str(record.parent))} ({words})") from error
    return {name: value for name, value in options.items() if name in saved}


def train_one(args, seed, train, valid, test, sizes):
    """One training; the accuracies of the best parameters in validation and test."""
    import microtorch
    from microtorch import nn
    from microtorch.data import DataLoader
    from microtorch.io import safetensors
    from microtorch.train import Solver, accuracy, evaluate

    folder = args.out / f"seed-{seed}"
    microtorch.manual_seed(seed)
    norm = None if args.norm == "none" else args.norm
    model = nn.MLP(sizes, args.activation, args.dropout, norm, args.init)
    config = {"weight_decay": args.weight_decay} if args.weight_decay else {}
    steps = args.epochs * -(-len(train) // args.batch_size)
    solver = Solver(
        model,
        train,
        validation=valid,
        update_rule=args.optimizer,
        optim_config=config | ({} if args.lr is None else {"lr": args.lr}),
        scheduler=lambda optimizer: schedule(args.schedule, optimizer, args.epochs, steps),
        schedule_by="step" if args.schedule == "onecycle" else "epoch",
        num_epochs=args.epochs,
        batch_size=args.batch_size,
        clip_norm=args.clip_norm,
        patience=args.patience,
        checkpoints=folder / "checkpoints",
        checkpoint_every=args.checkpoint_every,
    )
    if args.resume and solver.resume():
        print(f"seed {seed}: going on after step {solver.step}")
    history = solver.train()
    history.evaluations.to_csv(folder / "history.csv")
    history.steps.to_csv(folder / "losses.csv")
    safetensors.save_file(model.state_dict(), folder / "model.safetensors")
    try:
        history.plot(folder / "curves.png")
    except ImportError:
        print("curves.png needs matplotlib: pip install 'microtorch[plots]'", file=sys.stderr)
    return tuple(evaluate(model, DataLoader(s, 1000), {"accuracy": accuracy})["accuracy"] for s in (valid, test))


def schedule(name, optimizer, epochs, steps):
    """A schedule of the learning rate by its name on the command line."""
    from microtorch.optim import lr_scheduler

    rate = optimizer.param_groups[0]["lr"]
    makers = {
        "constant": lambda: lr_scheduler.ConstantLR(optimizer, factor=1.0),
        "exponential": lambda: lr_scheduler.ExponentialLR(optimizer, 0.95),
        "step": lambda: lr_scheduler.StepLR(optimizer, max(1, epochs // 3)),
        "cosine": lambda: lr_scheduler.CosineAnnealingLR(optimizer, epochs),
        "onecycle": lambda: lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps + 1),
    }
    return makers[name]()


def splits(name):
    """Training, validation and test set, the number of features and that of classes."""
    import microtorch
    from microtorch import datasets
    from microtorch.data import Subset
    from microtorch.datasets.transforms import SubtractMean

    if name in ("spirals", "moons", "blobs"):
        make = getattr(datasets, name)
        parts = [make(n, generator=microtorch.Generator().manual_seed(i)) for i, n in enumerate((1000, 300, 300))]
        return *parts, 2, int(parts[0].tensors[1].numpy().max()) + 1
    if name == "digits":
        digits, test = datasets.Digits(train=True), datasets.Digits(train=False)
        held_out = len(digits) // 10
        train, valid = (Subset(digits, range(*ends)) for ends in ((0, len(digits) - held_out), (-held_out, 0)))
        return train, valid, test, 64, 10
    kind = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST", "cifar10": "CIFAR10", "svhn": "SVHN"}[name]
    kind = getattr(datasets, kind)
    whole = kind() if name != "svhn" else kind(split="train")
    train, valid = whole.split(len(whole) // 10)
    test = kind(train=False) if name != "svhn" else kind(split="test")
    train.transform = valid.transform = test.transform = SubtractMean.of(train)
    return train, valid, test, int(train[0][0].numel()), len(kind.classes)
