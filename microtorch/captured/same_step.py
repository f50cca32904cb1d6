"""The step of an optimizer in a captured step: the kernels of the eager one, without its search for gradients."""

from ..autograd.inplace.changes import record_changes
from ..errors import user_line
from .source import Source


def same_step(optimizer, gradients):
    """The function that repeats ``optimizer.step()``, for a captured step, whose gradients are always the same.

    Returns a `SameStep`, or None where a gradient is not among `gradients`, {parameter: its gradient}, or where
    something has no row.
    """
    found = [(group, optimizer._batches.get(id(group))) for group in optimizer.param_groups]
    if any(batches is None for _, batches in found):
        return None
    places = [place for _, batches in found for place in batches.places if place[1] is not None]
    given = [(param._grad, cells, i) for param, _, _, cells, i in places if gradients.get(param) is param._grad]
    if len(given) < len(places) or any(cells is None for _, cells, _ in given):
        return None
    return SameStep(optimizer, found, given)


class SameStep:
    """A step of an optimizer in a captured step.

    Eager and captured steps run the same kernels on the same rows; this one does not look for gradients, which takes
    half of a small step.
    """

    def __init__(self, optimizer, found, gradients):
        self.optimizer, self.found, self.gradients = optimizer, found, gradients
        self.batches = [(group, batch) for group, batches in found for batch in batches.batches]
        self.watched = [w for _, batches in found for w in batches.watched]
        self.operation, self.line = f"{type(optimizer).__name__}.step", user_line()
        self.holds = self._compiled()

    def __call__(self):
        """Do it, with all that Python has to do, or as the optimizer itself does where something is not as it was."""
        if (numbers := self.prepare()) is None:
            self.optimizer.step()
            return
        for (_, batch), (of_rule, counts) in zip(self.batches, numbers):
            batch.run(of_rule, counts)
        self.finish(())

    def kernels(self):
        """The calls of kernels that it consists of: (kernel, arguments), the numbers last."""
        return [
            (batch.kernel, (batch.rows, batch.like, self.optimizer.numbers(group, batch.entries[0].kept)[0]))
            for group, batch in self.batches
        ]

    def prepare(self):
        """Before the kernels run: for each batch its numbers and counts, or None where this is not the same step."""
        optimizer = self.optimizer
        if optimizer.has_step_hooks or not self.holds():
            return None
        for _, batches in self.found:
            if batches.filled_by is not self:  # another step has written its gradients' ids into the rows
                for gradient, cells, i in self.gradients:
                    cells[i] = id(gradient._array)
                batches.filled_by = self
        return [optimizer.numbers(group, batch.entries[0].kept) for group, batch in self.batches]

    def _compiled(self):
        """The checks of `Batches.hold_states` as one function made from source: a third of the time."""
        source, tests = Source(), []
        state = source.constant(self.optimizer.state)
        for group, batches in self.found:
            options = source.constant(group)
            tests += [f"bool({options}[{option!r}]) is {on}" for option, on in batches.options]
            for param, p, kept, _, _ in batches.places:
                t = source.constant(param)
                if p is None:  # it had no gradient, as a frozen one; one left from before would count
                    tests.append(f"{t}.grad is None")
                else:
                    tests.append(f"{t}._array is {source.constant(p)} and {state}.get({t}) is {source.constant(kept)}")
            for kept, key, tensor, array in batches.arrays:
                t = source.constant(tensor)
                tests.append(f"{source.constant(kept)}[{key!r}] is {t} and {t}._array is {source.constant(array)}")
            for batch in batches.batches:
                counts = source.constant(batch)
                for key in batch.counts:
                    tests.append(f"(v := {counts}.counts[{key!r}]) is v")
                    tests += [f"{source.constant(kept)}[{key!r}] is v" for kept in batch.states]
        return source.predicate("holds", "", tests)

    def finish(self, numbers):
        """After the kernels ran with these `numbers`."""
        for (_, batch), (_, counts) in zip(self.batches, numbers):
            batch.count(counts)
        self.optimizer.stepped = True
        record_changes(self.watched, self.operation, self.line)
