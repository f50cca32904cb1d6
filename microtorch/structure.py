"""One number that moves whenever something changes that decides what a forward or an optimizer does.

A captured step compares it at each replay, 35 ns, and looks closer only if it has moved. What moves it: attributes,
parameters, submodules, hooks and modes of modules; hooks, `requires_grad_` and `.data` of leaves; the default dtype.
"""

from itertools import count

_next = count(1).__next__


class _Structure:
    number = 0  # of the newest change; never the same twice, whichever threads make changes
    # Plain attributes of modules move it only under names that some recording has read: a user's own counter may then
    # change at every step. `forward` is called by the library itself.
    names = {"forward", "training"}

    def moved(self):
        """Say that something has changed; after it has."""
        self.number = _next()


structure = _Structure()
