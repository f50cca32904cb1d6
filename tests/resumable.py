"""A training that can be killed and run again: ``python tests/resumable.py FOLDER`` goes on from the newest checkpoint
in FOLDER and prints, at the end, a digest of all that the training has made.

``mpiexec -n 2 python tests/resumable.py FOLDER --distributed`` does the same on ranks; rank 0 prints.

``python tests/resumable.py FOLDER --kills N`` runs it as a process of its own, kills it N times at random moments,
starts it again each time, and compares each end with that of an undisturbed run.
"""

import argparse
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

import microtorch
from microtorch import nn, optim
from microtorch.data import DataLoader
from microtorch.datasets import Digits, ImageDataset
from microtorch.datasets.transforms import Compose, RandomHorizontalFlip, RandomShift
from microtorch.distributed import get_rank
from microtorch.distributed.group import PLACES
from microtorch.distributed.launch import mpiexec
from microtorch.train import Checkpoints, Solver


def solver(folder, epochs, checkpoint_every=5, distributed=False):
    """A training that draws from three generators and has state of every kind."""
    microtorch.manual_seed(0)
    own, shuffling = (microtorch.Generator().manual_seed(seed) for seed in (1, 2))
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(64, 48), nn.BatchNorm1d(48), nn.ReLU(), nn.Dropout(0.2),
        nn.Linear(48, 32), nn.Tanh(), nn.Dropout(0.1, generator=own), nn.Linear(32, 10),
    )  # fmt: skip
    digits, test = Digits(train=True), Digits(train=False)
    images = (digits.data.numpy() * 15).astype(np.uint8)
    augmented = ImageDataset(images, digits.targets.numpy(), Compose([RandomHorizontalFlip(0.1), RandomShift(1)]))
    return Solver(
        model,
        # On two ranks, a last batch of 2 samples would be 1 for each, which has no variance.
        DataLoader(augmented, batch_size=50 if distributed else 48, shuffle=True, generator=shuffling),
        validation=test,
        update_rule="adam",
        optim_config={"learning_rate": 3e-3},
        scheduler=lambda optimizer: optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs * 16),
        schedule_by="step",
        num_epochs=epochs,
        accumulate=2,
        clip_norm=2.0,
        verbose=False,
        checkpoints=Checkpoints(folder, keep=2),
        checkpoint_every=checkpoint_every,
        distributed=distributed,
    )


def digest(solver):
    """Of every number that the training has made, but for the seconds that it took."""
    content = hashlib.sha256()

    def add(value):
        if isinstance(value, dict):
            for key in value:
                if key != "seconds":
                    content.update(repr(key).encode())
                    add(value[key])
        elif isinstance(value, list | tuple):
            for item in value:
                add(item)
        elif isinstance(value, microtorch.Tensor | np.ndarray):
            array = value.detach().numpy() if isinstance(value, microtorch.Tensor) else value
            content.update(f"{array.dtype}{array.shape}".encode() + array.tobytes())
        else:
            content.update(repr(value).encode())

    add(solver.state_dict())
    return content.hexdigest()


def run_to_the_end(folder, kills, draw, epochs, ranks=1):
    """Run it and kill it `kills` times, after some steps and milliseconds each time; the digest and the kills.

    The steps are counted, not the seconds: however fast the machine is, it dies in the middle of its work. Of several
    ranks, one is killed.
    """
    command = [sys.executable, __file__, str(folder), "--epochs", str(epochs)]
    places = folder.parent / "places"
    places.mkdir(parents=True, exist_ok=True)
    if ranks > 1:
        command = [mpiexec(), "-n", str(ranks), *command, "--distributed"]
    done = 0
    while True:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {PLACES: str(places)}
        )
        last = draw.randint(1, 20) if done < kills else None
        lines = []
        for line in process.stdout:
            lines.append(line.strip())
            if len(lines) == last:
                time.sleep(draw.uniform(0, 0.02))
                if ranks == 1:
                    process.kill()
                else:
                    os.kill(int((places / f"rank.{draw.randrange(ranks)}").read_text()), signal.SIGKILL)
                break
        err = process.communicate()[1]
        if process.returncode in (-signal.SIGKILL, signal.SIGKILL):  # its own, or what mpiexec hands on
            done += 1
        elif process.returncode:
            raise RuntimeError(f"resuming failed after {done} kills:\n{err}")
        else:
            return lines[-1], done


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--ranks", type=int, default=1, help="with --kills: on so many ranks, one of which is killed")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--distributed", action="store_true")
    args = parser.parse_args()
    if not args.kills:
        training = solver(args.folder, args.epochs, distributed=args.distributed)
        first = not args.distributed or get_rank() == 0
        training.step_callbacks = [lambda solver: first and print("step", solver.step, flush=True)]
        training.resume()
        training.train()
        found = digest(training)  # on all ranks, whose states it gathers
        if first:
            print(found, flush=True)
        return
    draw = random.Random(0)
    expected, _ = run_to_the_end(args.folder / "undisturbed", 0, draw, args.epochs, args.ranks)
    killed, ends, at = 0, 0, []
    while killed < args.kills:
        folder = args.folder / "killed"
        shutil.rmtree(folder, ignore_errors=True)
        found, kills = run_to_the_end(folder, min(12, args.kills - killed), draw, args.epochs, args.ranks)
        killed, ends = killed + kills, ends + 1
        at.append(found == expected)
        print(f"{killed} kills, {ends} ends, {sum(at)} of them identical", flush=True)
    sys.exit(not all(at))


if __name__ == "__main__":
    main()
