"""A training that is killed at any moment, also beside another in the same folder, ends as the undisturbed one."""

import random
import tempfile
import threading
from pathlib import Path

import resumable

SMALL = 1
EPOCHS = 2
TRIALS = ((1, 2), (3, 1), (6, 2), (12, 1))  # kills of each training, and trainings in the folder


def campaign(seconds, seed):
    draw = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        expected, _ = resumable.run_to_the_end(Path(folder, "undisturbed"), 0, draw, EPOCHS)
    while True:
        for kills, writers in TRIALS:
            with tempfile.TemporaryDirectory() as folder:
                yield from trial(Path(folder), kills, writers, expected, draw.randrange(2**32))


def trial(folder, kills, writers, expected, seed):
    """Trainings in one folder, each killed so often and then run to the end; a pair for each."""
    ends = []

    def run(seed):
        try:
            ends.append(resumable.run_to_the_end(folder, kills, random.Random(seed), EPOCHS))
        except Exception as error:
            ends.append((f"{type(error).__name__}: {error}", 0))

    threads = [threading.Thread(target=run, args=(seed + i,)) for i in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for found, killed in ends:
        outcome = f"{killed} kills, {writers} in the folder: "
        if found == expected:
            yield outcome + "the same end bit for bit", None
        else:
            yield outcome + "another end", f"seed {seed}: {found}"
