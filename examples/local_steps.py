"""How seldom may ranks exchange their models? MNIST on two ranks, exchanged after every 1, 4, 16 or 64 steps.

    python examples/local_steps.py --ranks 2 --epochs 3

For each number of steps between exchanges: the test accuracy with plain means and with DiLoCo's outer momentum, beside
gradients averaged at every step; the mean and the spread over seeds.
"""

import argparse
import statistics
import sys

import microtorch
from microtorch import distributed as dist
from microtorch import nn
from microtorch.data import DataLoader
from microtorch.datasets import MNIST
from microtorch.datasets.transforms import SubtractMean
from microtorch.distributed.group import started_ranks
from microtorch.train import Solver, accuracy, evaluate

DILOCO = {"lr": 0.7, "momentum": 0.9, "nesterov": True}
RULES = {"gradients": [(1, None)], "means": [(k, {}) for k in (1, 4, 16, 64)],
         "DiLoCo": [(k, DILOCO) for k in (4, 16, 64)]}  # fmt: skip


def trained(train, test, seed, epochs, sync_every, outer):
    """The test accuracy of one training, and how many megabytes each rank has sent."""
    microtorch.manual_seed(seed)
    model = nn.MLP([784, 128, 64, 10])
    solver = Solver(
        model, train, optim_config={"lr": 1e-3}, num_epochs=epochs, batch_size=128, num_train_samples=0, verbose=False,
        distributed=True, sync_every=sync_every, outer=outer,
    )  # fmt: skip
    solver.train()
    weights = sum(p.nbytes for p in model.parameters()) / 1e6
    return evaluate(model, DataLoader(test, 1000), {"accuracy": accuracy})[
        "accuracy"
    ], weights * solver.step / sync_every


def main():
    """Start the ranks, or be one of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--data", help="folder of MNIST's files; default: as for the class MNIST")
    args = parser.parse_args()
    if args.ranks > 1 and started_ranks() == 1:
        return dist.launch([sys.executable, *sys.argv], args.ranks)
    dist.init_process_group()
    train, test = (MNIST(args.data, train=part, download=args.data is None) for part in (True, False))
    train.transform = test.transform = SubtractMean.of(train)
    if dist.get_rank() == 0:
        print("| exchanged | steps between | test accuracy | megabytes sent by each rank |\n| :-- | --: | --: | --: |")
    for name, rules in RULES.items():
        for sync_every, outer in rules:
            runs = [trained(train, test, seed, args.epochs, sync_every, outer) for seed in range(args.seeds)]
            found = [accuracy for accuracy, _ in runs]
            spread = f" ± {statistics.stdev(found):.2%}" if len(found) > 1 else ""
            if dist.get_rank() == 0:
                line = f"| {name} | {sync_every} | {statistics.mean(found):.2%}{spread} | {runs[0][1]:,.0f} |"
                print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
