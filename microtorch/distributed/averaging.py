"""Local steps and averages: training over links too slow for an exchange at every step."""

import numpy as np

from ..autograd.inplace.changes import record_changes, watch
from ..errors import user_line
from ..optim.sgd import SGD
from ..tensor import wrap
from .collectives import ReduceOp, broadcast_array, reduce_array
from .joining import the_group

__all__ = ["LocalSteps"]


class LocalSteps:
    """Each rank steps by itself, and after every `sync_every` steps the parameters become their mean over the ranks.

    Parameters
    ----------
    model : Module
        The same on all ranks; the values of rank 0 are given to all.
    sync_every : int
        How many steps lie between two exchanges.
    lr : float, default 1.0
        How far the parameters move from the last mean towards the new one.
    momentum : float, default 0.0
        What remains of earlier such moves.
    nesterov : bool, default False
        Whether to look ahead along that momentum.

    Raises
    ------
    DistributedError
        If there is no process group, or the ranks' calls differ.

    Notes
    -----
    With the last mean m and the mean over ranks p of where the optimizers have come to, Δ = m − p is given to SGD as
    the gradient of m: with ``lr=1`` and no momentum that is the plain mean, post-local SGD; ``lr=0.7``,
    ``momentum=0.9`` and ``nesterov=True`` are DiLoCo's. The optimizer of each rank keeps its own moments. Floating
    buffers, as running means, become plain means. An exchange sends every parameter once, so `sync_every` divides what
    is sent.

    References
    ----------
    T. Lin, S. U. Stich, K. K. Patel, M. Jaggi: Don't Use Large Mini-Batches, Use Local SGD, ICLR 2020.
    A. Douillard et al.: DiLoCo: Distributed Low-Communication Training of Language Models, 2023, algorithm 1.

    Examples
    --------
    >>> from microtorch import distributed as dist, nn, optim
    >>> dist.init_process_group()
    >>> model = nn.Linear(2, 1)
    >>> optimizer, local = optim.SGD(model.parameters(), lr=0.1), dist.LocalSteps(model, sync_every=4)
    >>> for i in range(8):
    ...     optimizer.zero_grad()
    ...     model(microtorch.ones(3, 2)).mean().backward()
    ...     optimizer.step()
    ...     _ = local.step()
    >>> local.exchanges
    2
    >>> dist.destroy_process_group()
    """

    def __init__(self, model, sync_every, lr=1.0, momentum=0.0, nesterov=False):
        if isinstance(sync_every, bool) or not isinstance(sync_every, int) or sync_every < 1:
            raise ValueError(f"LocalSteps: sync_every is {sync_every!r}. Pass a positive integer.")
        self.model, self.sync_every = model, sync_every
        self.steps = self.exchanges = 0
        self._group = the_group("LocalSteps")
        self._params = [p for p in model.parameters() if p.requires_grad]
        self._means = None
        if (lr, momentum) != (1.0, 0.0):
            self._means = [wrap(p._array.copy()).requires_grad_() for p in self._params]
            self._outer = SGD(self._means, lr=lr, momentum=momentum, nesterov=nesterov)
        for t in (*model.parameters(), *model.buffers()):
            broadcast_array(self._group, t._array)
        self._remember()

    def step(self):
        """Count a step of the optimizer, and exchange if it is due; whether that was done."""
        self.steps += 1
        if self.steps % self.sync_every:
            return False
        self.average()
        return True

    def average(self):
        """Exchange now: all ranks have the same model afterwards."""
        arrays = [p._array for p in self._params]
        buffers = [b._array for b in self.model.buffers() if b._array.dtype.kind == "f"]
        self.exchanges += 1
        for dtype in sorted({a.dtype for a in arrays + buffers}, key=str):
            of_one = [a for a in arrays + buffers if a.dtype == dtype]
            flat = np.concatenate([a.ravel() for a in of_one])
            reduce_array(self._group, flat, ReduceOp.AVG, "all_reduce of a model")
            parts = np.split(flat, np.cumsum([a.size for a in of_one])[:-1])
            for a, part in zip(of_one, parts, strict=True):
                np.copyto(a, part.reshape(a.shape))
        if self._means is not None:
            for mean, a in zip(self._means, arrays, strict=True):
                mean.grad = wrap(mean._array - a)
            self._outer.step()
            for mean, a in zip(self._means, arrays, strict=True):
                np.copyto(a, mean._array)
        record_changes(tuple([watch(a) for a in arrays + buffers]), "LocalSteps.average", user_line())

    def _remember(self):
        if self._means is not None:
            for mean, p in zip(self._means, self._params, strict=True):
                np.copyto(mean._array, p._array)

    def state_dict(self):
        """The momentum of the exchanges, and their count; to be saved after one, when all ranks are the same."""
        outer = None if self._means is None else self._outer.state_dict()["state"]
        return {"steps": self.steps, "exchanges": self.exchanges, "outer": outer}

    def load_state_dict(self, state_dict):
        """Go on from what `state_dict` gave, after the model's own values have been loaded."""
        self.steps, self.exchanges = state_dict["steps"], state_dict["exchanges"]
        self._remember()
        if self._means is not None:
            self._outer.load_state_dict(self._outer.state_dict() | {"state": state_dict["outer"]})
