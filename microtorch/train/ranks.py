"""Where a training runs: in one process, or on ranks that share out every batch.

Note [Shared out]: all ranks draw the same order of the data, from the generators of rank 0, and each takes its part
of every batch, so that how many ranks there are changes nothing but roundings. A larger part counts for more.
Afterwards the ranks' generators go on at places of their own: each draws other masks and other changes of its samples.
"""

import contextlib
import copy
import tempfile
import zlib
from pathlib import Path

import numpy as np

from ..data import DistributedSampler
from ..errors import CheckpointError, DistributedError
from ..optim.state.checkpoint import read_state
from ..tensor import Tensor, wrap
from .generators import generators_of, set_states

_WITHOUT = contextlib.nullcontext()


class Alone:
    """A training in one process; what `Ranks` does together with others is done by itself here.

    Parameters
    ----------
    model : Module
    sync_every : int
    outer : dict or None
    periods : dict of str to int or None
        Of what needs the same model on all ranks.
    """

    first, size = True, 1

    def __init__(self, model, sync_every=1, outer=None, periods=()):
        if sync_every != 1 or outer is not None:
            raise ValueError("Solver: sync_every and outer are for ranks: pass distributed=True.")
        self.model = model

    def part(self, loader, training=False):
        """This rank's part of each batch of a loader."""
        return loader

    def begin(self, solver):
        """Make sure that all ranks have the same before them."""

    def start_epoch(self, generators, loader):
        """The generators' states with which all ranks draw the order of an epoch, and the batches in that order."""
        return [generator.get_state() for generator in generators], iter(loader)

    def shares(self, solver, group):
        """By what the mean losses of this rank's parts count, for a few batches; None where all count alike."""
        return None

    def joint(self, last):
        """A context in which gradients are averaged over the ranks if it is for the last batch of an update."""
        return _WITHOUT

    def after_step(self, solver):
        """The work of all ranks after a step."""

    def settle(self, solver, last=False):
        """Have the same model on all ranks, for an evaluation, a checkpoint or as the last thing."""

    def wait_for_all(self):
        """Wait until rank 0 has written what the others are to stop after."""

    def private(self, solver):
        """The part of a state for ranks other than 0."""
        return {}

    def summed(self, numbers):
        """The sums of some numbers over all ranks: list of float."""
        return numbers

    def take(self, solver, state):
        """Take over the generators of a saved state."""
        set_states(generators_of(solver), state["generators"])

    def read(self, checkpoints):
        """The newest state in the folder of rank 0, or None if there is none."""
        return checkpoints.load() if checkpoints.paths() else None


class Ranks(Alone):
    """A training on several ranks, each with a copy of the model.

    Parameters
    ----------
    model, sync_every, outer, periods
        As of `Alone`.
    """

    def __init__(self, model, sync_every=1, outer=None, periods=()):
        from .. import distributed
        from ..distributed.joining import the_group

        for name, period in dict(periods).items():
            if period is not None and period % sync_every:
                raise ValueError(
                    f"Solver: {name} is {period}, and all ranks have the same model every {sync_every} steps "
                    "(sync_every). Pass a multiple of that."
                )
        if not distributed.is_initialized():
            distributed.init_process_group()
        self.group = the_group("Solver")
        self.first, self.size, self.rank = self.group.rank == 0, self.group.size, self.group.rank
        self.local = None
        if sync_every > 1 or outer is not None:
            self.model, self.local = model, distributed.LocalSteps(model, sync_every, **(outer or {}))
        else:
            self.model = distributed.DistributedDataParallel(model)
        self.exchanged = 0  # the steps whose losses have been exchanged

    def part(self, loader, training=False):
        if isinstance(loader.sampler, DistributedSampler):
            raise ValueError(
                "Solver: distributed=True shares out every batch itself, and the DataLoader has a DistributedSampler. "
                "Leave it out; batch_size is that of all ranks together."
            )
        found = copy.copy(loader)
        found.batch_sampler = Parts(loader.batch_sampler, self, training)
        return found

    def begin(self, solver):
        options = [{k: v for k, v in g.items() if k != "params"} for g in solver.optimizer.state_dict()["param_groups"]]
        self.group.same(
            f"a training of {solver.num_epochs} epochs of {len(solver.loader)} batches of {len(solver.loader.dataset)} "
            f"samples, {solver.accumulate} an update, from step {solver.step}, by {type(solver.optimizer).__name__} "
            f"{options}"
        )
        self.exchanged = solver.step

    def start_epoch(self, generators, loader):
        states = self.group.share([generator.get_state() for generator in generators])
        set_states(generators, states)
        batches = iter(loader)
        self.part_ways(generators)
        return states, batches

    def part_ways(self, generators):
        """Let each rank's generators go on at places of their own."""
        for generator in generators:
            generator.jump(self.rank)

    def shares(self, solver, group):
        sizes = solver.loader.batch_sampler.sizes[solver.position :]
        return tuple([len(targets) * self.size / size for (_, targets), size in zip(group, sizes)])

    def joint(self, last):
        return _WITHOUT if last or self.local is not None else self.model.no_sync()

    def after_step(self, solver):
        if self.local is None or self.local.step():
            self._exchange(solver)

    def settle(self, solver, last=False):
        if self.local is None:
            self.model.share_buffers()
        elif self.exchanged < solver.step:
            self.local.average()
        if last or self.exchanged < solver.step:
            self._exchange(solver)

    def _exchange(self, solver):
        """Make the losses since the last exchange those of the whole batches, and agree on stopping."""
        losses = solver.history.steps["loss"]
        fresh = losses[self.exchanged :]
        *sums, heard = self.summed([*fresh, float(bool(solver._interrupt.heard))])
        losses[self.exchanged :] = [total / self.size for total in sums]
        self.exchanged = len(losses)
        if heard:
            solver._interrupt.agree()

    def wait_for_all(self):
        self.group.same("a stop")

    def private(self, solver):
        """The other ranks' generators; with local steps, what these have come to, and on rank 0 their optimizers."""
        _, *others = self.group.gather([generator.get_state() for generator in generators_of(solver)])
        found = {"ranks": others} if others else {}
        if self.local is not None:
            found["local"] = self.local.state_dict()
            found["moments"] = self._moments(solver.optimizer.state_dict()["state"])
        return found

    def _moments(self, entries):
        """The optimizers' states of all other ranks, on rank 0; elsewhere none."""
        by_rank = [{key: dict(entry) for key, entry in entries.items()} for _ in range(self.size if self.first else 0)]
        for key, entry in entries.items():
            for name, value in entry.items():
                if isinstance(value, Tensor) and value.dtype.kind == "f":
                    for place, array in zip(by_rank, self.group.collect(value._array)):
                        place[key][name] = wrap(array)
        return by_rank[1:]

    def take(self, solver, state):
        """Take over what a saved state has for this rank; its parts have been checked."""
        states, own = states_by_rank(state, self)
        generators = generators_of(solver)
        set_states(generators, states)
        if not own:
            self.part_ways(generators)
        if self.local is not None:
            if "local" in state:
                self.local.load_state_dict(state["local"])
            if own and len(state.get("moments", ())) >= self.rank > 0:
                entries = state["moments"][self.rank - 1]
                solver.optimizer.load_state_dict(state["optimizer"] | {"state": entries})

    def summed(self, numbers):
        from ..distributed.collectives import ReduceOp, reduce_array

        array = np.array(numbers, np.float64)
        reduce_array(self.group, array, ReduceOp.SUM, "all_reduce")
        return array.tolist()

    def read(self, checkpoints):
        """As alone; where rank 0 alone can see the folder, the others get the content of the file."""
        from ..distributed.collectives import broadcast_array

        state = super().read(checkpoints) if self.first else None
        path = self.group.share(str(checkpoints.paths()[-1]) if state is not None else None)
        if path is None:
            return None
        content = np.fromfile(path, np.uint8) if self.first else None
        length = self.group.share(len(content) if self.first else None)
        content = content if self.first else np.empty(length, np.uint8)
        broadcast_array(self.group, content)
        if self.first:
            return state
        with tempfile.TemporaryDirectory() as folder:
            copied = Path(folder) / Path(path).name
            content.tofile(copied)
            return checkpoints.load(copied)


class Parts:
    """A rank's part of each batch that a batch sampler gives; Note [Shared out].

    Parameters
    ----------
    batches : iterable of sequences of int
        The same on all ranks.
    ranks : Ranks
    training : bool
        Whether every rank needs a part of every batch.

    Attributes
    ----------
    sizes : list of int
        How many samples the whole batches of the last epoch have.
    """

    def __init__(self, batches, ranks, training):
        self.batches, self.ranks, self.training, self.sizes = batches, ranks, training, []

    def __len__(self):
        return len(self.batches)

    def __iter__(self):
        # The whole order is drawn now, by all ranks from the same states.
        whole = [np.asarray(batch) for batch in self.batches]
        ranks, self.sizes = self.ranks, [len(batch) for batch in whole]
        if ranks.size > 1:  # neighbours go to the same rank, so that it reads its own part of a file
            whole = [np.sort(batch) for batch in whole]
        order = 0
        for batch in whole:
            order = zlib.crc32(np.ascontiguousarray(batch, np.int64), order)
        ranks.group.same(f"an epoch of {len(whole)} batches, their order {order:08x}")
        least = min(self.sizes, default=ranks.size)
        if self.training and least < ranks.size:
            raise DistributedError(
                f"Solver: a batch of {least} samples for {ranks.size} ranks: each needs one at least. Pass a "
                "DataLoader with drop_last=True, or another batch_size."
            )
        parts = (np.array_split(batch, ranks.size)[ranks.rank] for batch in whole)
        return (part for part in parts if len(part))


def states_by_rank(state, ranks):
    """The states of this rank's generators in a saved state, and whether they are its own, not those of rank 0."""
    others = state.get("ranks") or []
    own = len(others) + 1 == ranks.size and not ranks.first
    return (others[ranks.rank - 1], True) if own else (state["generators"], ranks.first)


def check_ranks(solver, state, check):
    """Raise CheckpointError unless the entry for other ranks, where there is one, is a list that `check` accepts."""
    others = state.get("ranks", [])
    if not isinstance(others, list | tuple):
        raise CheckpointError("Solver: the state is damaged: ranks is not a list of the ranks' generators.")
    for rank, states in enumerate(others, 1):
        if not isinstance(states, list | tuple):
            raise CheckpointError(f"Solver: the state is damaged: ranks.{rank} is not a list.")
        check(states, f"ranks.{rank}")
    if solver._ranks.size == len(others) + 1 and "local" in state:
        for entries in state["moments"]:
            read_state(solver.optimizer, state["optimizer"] | {"state": entries})
