"""A saved state that is damaged anywhere is refused and changes nothing, or is taken and training runs to its end."""

import random
import tempfile
from pathlib import Path

import resumable
from damages import damaged, damages, places
from stopped import SCHEDULES, saved, solver, stopped_in_the_middle

from microtorch.errors import CheckpointError
from microtorch.io import load

SMALL = 60
RULES = ("adam", "sgd", "nesterov", "rmsprop", "nadam", "adagrad")


def campaign(seconds, seed):
    draw = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "state")
        while True:
            rule, schedule = draw.choice(RULES), draw.choice(sorted(SCHEDULES))
            state = saved(stopped_in_the_middle(rule=rule, schedule=schedule), Path(folder))
            whole = path.read_bytes()
            fresh, before = begin(rule, schedule)
            for _ in range(30):
                try:
                    what, other = (
                        bytes_changed(whole, path, draw) if draw.random() < 0.5 else fields_changed(state, draw)
                    )
                except CheckpointError:
                    yield "file refused", None
                    continue
                except Exception as error:
                    yield "file: another error", f"seed {seed}: {error!r}"
                    continue
                outcome, fault = trial(fresh, before, other)
                yield outcome, fault and f"seed {seed}, {rule}, {schedule}: {what}: {fault}"
                if outcome != "state refused":
                    fresh, before = begin(rule, schedule)


def begin(rule, schedule):
    training = solver(rule, schedule, num_epochs=1)
    training.train()
    training.num_epochs = 4
    return training, resumable.digest(training)


def trial(training, before, state):
    """Load a state; the pair of what came of it."""
    try:
        training.load_state_dict(state)
    except CheckpointError:
        same = resumable.digest(training) == before
        return "state refused", None if same else "refused, and something was changed"
    except Exception as error:
        return "state: another error", repr(error)
    try:
        training.train()
    except Exception as error:
        return "state taken, training failed", repr(error)
    return "state taken, trained to the end", None


def fields_changed(state, draw):
    """What was done, and a state with some fields damaged."""
    done = []
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        path = draw.choice(list(places(state)))
        value = state
        for key in path:
            value = value[key]
        how, other = draw.choice(sorted(damages(value).items(), key=lambda item: item[0]))
        state = damaged(state, path, other)
        done.append(f"{path} {how}")
    return ", ".join(done), state


def bytes_changed(whole, path, draw):
    """What was done, and what is read from a file of which some bytes are others, missing or too many."""
    content, done = bytearray(whole), []
    head = 8 + int.from_bytes(whole[:8], "little")  # half of the changes are there
    for _ in range(draw.choice((1, 1, 2, 5))):
        at = draw.randrange(min(head, len(content)) if draw.random() < 0.5 else len(content))
        how = draw.choice(("bit", "byte", "cut", "insert", "remove"))
        done.append(f"{how} at {at}")
        if how == "bit":
            content[at] ^= 1 << draw.randrange(8)
        elif how == "byte":
            content[at] = draw.randrange(256)
        elif how == "insert":
            content[at:at] = draw.randbytes(draw.randrange(1, 9))
        elif how == "remove":
            del content[at : at + draw.randrange(1, 9)]
        elif draw.random() < 0.2:
            del content[at:]
        if not content:
            break
    path.write_bytes(content)
    return ", ".join(done), load(path)
