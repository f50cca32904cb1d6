"""Train an MLP on a dataset, with one seed or several; stop with Ctrl-C or SIGTERM and go on with --resume.

With --ranks N, N processes share out every batch.
For each seed, OUT/seed-S/ gets checkpoints, history.csv, losses.csv, curves.png and model.safetensors.
"""

import argparse
import contextlib
import json
import math
import os
import pathlib
import statistics
import sys

from .. import distributed
from ..distributed.group import started_ranks
from ..errors import visible
from . import at_least, between, folder, network, positive, refuse

DATASETS = ("digits", "mnist", "fashion-mnist", "cifar10", "svhn", "spirals", "moons", "blobs")
# What the defaults are measured with: 97.1 % of the test digits (five seeds, 96.6 to 97.5), where Adam's own 1e-3 is
# at 94.6 % after the same 20 epochs.
ADAM_LR = 0.01
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
    add("--lr", type=float, help=f"learning rate; default: {ADAM_LR} for adam, else the optimizer's own")
    add("--weight-decay", type=float, default=0.0, help="L2 penalty, decoupled with adamw")
    add("--schedule", choices=SCHEDULES, default="constant", help="of the learning rate")
    add("--epochs", type=int, default=20, help="passes over the training data")
    add("--batch-size", type=int, default=100, help="samples per step")
    add("--clip-norm", type=float, help="largest norm of the gradient")
    add("--patience", type=int, help="stop after so many epochs without a better validation accuracy")
    add("--seeds", type=int, nargs="+", default=[0], help="one training for each")
    add("--checkpoint-every", type=int, help="steps between checkpoints; default: one each epoch")
    add("--out", type=pathlib.Path, default=pathlib.Path("train"), help="folder for results")
    add("--record", type=pathlib.Path, metavar="PAGE", help="write the training as a page to play: record.html")
    add("--ranks", type=int, default=1, help="processes that share out every batch, each with a part of the cores")
    add("--resume", action="store_true", help="go on with the training in OUT, with its options; others are ignored")


NOT_KEPT = {
    "arguments",
    "command",
    "out",
    "ranks",
    "record",
    "resume",
    "run",
}  # of the arguments, what is no option of the training


def run(args):
    """Train with each seed and print what came out."""
    from ..io.files import replacing

    record = args.out / "options.json"
    at_least("train", 1, ranks=args.ranks)
    first = joined(args)
    if args.resume:
        args = saved_options(args, record)
    elif first and record.exists() and any(args.out.glob("seed-*/*")):
        raise ValueError(f"train: {args.out} holds a training. Go on with --resume, or choose another --out.")
    check(args)
    if args.data:
        os.environ["MICROTORCH_DATA"] = args.data
    train, valid, test, features, classes = splits(args.dataset)
    sizes = [features, *args.layers, classes]
    parts(args, sizes, len(train))  # a mistake in a name or a setting is told before anything is written
    if args.ranks > 1 and started_ranks() == 1:
        return distributed.launch([sys.executable, "-m", "microtorch", *args.arguments], args.ranks)
    say = print if first else lambda *_, **__: None
    if first:
        kept = {k: v for k, v in vars(args).items() if k not in NOT_KEPT}
        with replacing(record) as temporary:
            temporary.write_text(json.dumps(kept, indent=1), encoding="utf-8")
    say(f"{args.dataset}: {len(train)} samples to train on, {len(valid)} to validate with, {len(test)} to test on")
    found = []
    for seed in args.seeds:
        try:
            found.append(train_one(args, seed, (train, valid, test), sizes, say))
        except (KeyboardInterrupt, SystemExit):
            say(f"Go on with: microtorch train --resume --out {args.out}", file=sys.stderr)
            raise
        say(f"seed {seed}: validation {found[-1][0]:.2%}, test {found[-1][1]:.2%}", flush=True)
    return conclude(args, found, say)


def joined(args):
    """Join the ranks that this process was started with, if it was; whether it is the one that writes and speaks."""
    started = started_ranks()
    if started == 1:
        return True
    if args.ranks not in (1, started):
        raise refuse("train", "ranks", args.ranks, f"mpiexec has started {started}. Leave the option out.")
    args.ranks = started
    if not distributed.is_initialized():
        distributed.init_process_group()
    return distributed.get_rank() == 0


def conclude(args, found, say):
    """Print what came out of all seeds; 1 if a loss was lost."""
    if len(found) > 1:
        for name, values in zip(("validation", "test", "lost"), zip(*found), strict=True):
            if name != "lost":
                spread = f"{statistics.mean(values):.2%} ± {statistics.stdev(values):.2%}"
                say(f"{name}: {spread} over {len(values)} seeds")
    say(f"Written: {args.out}")
    lost = [f"seed {seed} at step {step}" for seed, (_, _, step) in zip(args.seeds, found, strict=True) if step]
    if lost:
        say(
            f"microtorch: train: the loss was no longer a number from {', '.join(lost)} on. Lower --lr, or set "
            "--clip-norm 1.",
            file=sys.stderr,
        )
        return 1


def check(args):
    """Complain about an option that no training can have."""
    at_least("train", 1, layers=args.layers, epochs=args.epochs, batch_size=args.batch_size, patience=args.patience)
    at_least("train", 1, checkpoint_every=args.checkpoint_every)
    at_least("train", args.ranks, batch_size=args.batch_size)  # a sample for each
    positive("train", lr=args.lr, clip_norm=args.clip_norm)
    between("train", 0, 1, dropout=args.dropout)
    between("train", 0, math.inf, weight_decay=args.weight_decay)
    if len(set(args.seeds)) < len(args.seeds):
        raise refuse("train", "seeds", args.seeds, "Give each once.")
    for seed in args.seeds:
        if not -(1 << 63) <= seed < 1 << 64:
            raise refuse("train", "seeds", seed, "Give numbers of 64 bits.")
    folder("train", args.out)
    if args.record is not None:
        folder("train", args.record.parent)


def page(args, seed):
    """Where the page of one seed is written: named after the seed, where there are several."""
    return args.record.with_stem(f"{args.record.stem}-{seed}") if len(args.seeds) > 1 else args.record


def parts(args, sizes, samples):
    """The model, the optimizer and what makes the schedule, as the options want them."""
    from ..nn import SyncBatchNorm
    from ..train import make_optimizer

    model = network("train", args, sizes)
    if args.ranks > 1:
        model = SyncBatchNorm.convert_sync_batchnorm(model)
    rate = ADAM_LR if args.lr is None and args.optimizer == "adam" else args.lr
    config = {"weight_decay": args.weight_decay} if args.weight_decay else {}
    try:
        optimizer = make_optimizer(model, args.optimizer, config | ({} if rate is None else {"lr": rate}))
    except ValueError as error:
        raise ValueError(f"train: --optimizer: {error}") from None
    steps = args.epochs * -(-samples // args.batch_size)
    return model, optimizer, schedule(args.schedule, optimizer, args.epochs, steps)


class _Saved(argparse.ArgumentParser):
    """Reads options that were saved: what is wrong is an exception, not the end of the process."""

    def error(self, message):
        raise ValueError(message)


def saved_options(args, record):
    """The options that the file `record` holds, each as the command line would take it, and `args` for the others."""
    parser = _Saved(add_help=False, allow_abbrev=False)
    add_arguments(parser)
    try:
        saved = json.loads(record.read_text(encoding="utf-8"))
        known, found = set(vars(args)) - NOT_KEPT, set(saved) if isinstance(saved, dict) else set()
        if found != known:
            missing, unknown = (", ".join(sorted(names)) or "none" for names in (known - found, found - known))
            raise ValueError(f"damaged, or of another version: missing {missing}, unknown {unknown}")
        for name, value in saved.items():
            _check_saved(parser, name, value)
    except Exception as error:
        words = visible(str(error), 300)
        raise ValueError(f"train: there is no training to resume in {visible(str(record.parent))} ({words})") from error
    return argparse.Namespace(**{**vars(args), **saved})


def _check_saved(parser, name, value):
    """Raise ValueError unless the command line would make `value` of the option `name`."""
    words = [str(word) for word in value] if isinstance(value, list) else None
    flag = f"--{name.replace('_', '-')}"
    line = [] if value is None else [flag, *words] if words is not None else [f"{flag}={value}"]
    parsed = getattr(parser.parse_args(line), name)
    finite = not isinstance(parsed, float) or math.isfinite(parsed)
    if parsed != value or type(parsed) is not type(value) or not finite:
        raise ValueError(f"{name} is {value!r}")


def train_one(args, seed, sets, sizes, say):
    """One training: the accuracies of the best parameters in validation and test, and the step that lost the loss."""
    import microtorch

    from .. import viz
    from ..data import DataLoader
    from ..io import safetensors
    from ..train import Solver, accuracy, evaluate

    folder, (train, valid, test) = args.out / f"seed-{seed}", sets
    microtorch.manual_seed(seed)
    model, optimizer, scheduler = parts(args, sizes, len(train))
    solver = Solver(
        model,
        train,
        validation=valid,
        optimizer=optimizer,
        scheduler=scheduler,
        schedule_by="step" if args.schedule == "onecycle" else "epoch",
        num_epochs=args.epochs,
        batch_size=args.batch_size,
        clip_norm=args.clip_norm,
        patience=args.patience,
        checkpoints=folder / "checkpoints",
        checkpoint_every=args.checkpoint_every,
        distributed=args.ranks > 1,
    )
    if args.resume and solver.resume():
        say(f"seed {seed}: going on after step {solver.step}")
    recorded = args.record is not None and say is print
    with viz.record(model, optimizer, page(args, seed)) if recorded else contextlib.nullcontext():
        history = solver.train()
    if say is print:  # one rank writes
        history.evaluations.to_csv(folder / "history.csv")
        history.steps.to_csv(folder / "losses.csv")
        safetensors.save_file(model.state_dict(), folder / "model.safetensors")
        try:
            history.plot(folder / "curves.png")
        except ImportError:
            say("curves.png needs matplotlib: pip install 'microtorch[plots]'", file=sys.stderr)
    lost = next((step for step, loss in enumerate(history.steps["loss"], 1) if not math.isfinite(loss)), None)
    found = [evaluate(model, DataLoader(s, 1000), {"accuracy": accuracy})["accuracy"] for s in (valid, test)]
    return *found, lost


def schedule(name, optimizer, epochs, steps):
    """A schedule of the learning rate by its name on the command line."""
    from ..optim import lr_scheduler

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

    from .. import datasets
    from ..data import Subset
    from ..datasets.transforms import SubtractMean

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
