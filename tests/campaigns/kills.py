"""A training that is killed at any moment, also beside another in the same folder, ends as the undisturbed one."""

import random
import tempfile
import threading
from pathlib import Path

import resumable

SMALL = 1
EPOCHS = 4
KILLS = 6  # of each training in a trial


def campaign(seconds, seed):
    draw = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        expected, _ = resumable.run_to_the_end(Path(folder, "undisturbed"), 0, draw, EPOCHS)
    while True:
        for writers in (2, 1):
            with tempfile.TemporaryDirectory() as folder:
                yield from trial(Path(folder), writers, expected, draw.randrange(2**32))


def trial(folder, writers, expected, seed):
    """Trainings in one folder, each killed `KILLS` times and run to the end; a pair for each."""
    ends = []

    def run(seed):
        try:
            ends.append(resumable.run_to_the_end(folder, KILLS, random.Random(seed), EPOCHS))
        except Exception as error:
            ends.append((f"{type(error).__name__}: {error}", 0))

    threads = [threading.Thread(target=run, args=(seed + i,)) for i in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for found, kills in ends:
        outcome = f"{kills} kills, {writers} in the folder: "
        if found == expected:
            yield outcome + "the same end bit for bit", None
        else:
            yield outcome + "another end", f"seed {seed}: {found}"
