"""The reducer: an observer of a backward pass that averages gradients over the ranks while the pass still runs.

Note [Buckets]: gradients go into flat buffers, the parameters that were registered last first, because a pass comes to
them first. When the last gradient of a bucket has arrived its reduce begins, without waiting; so the sums of the last
layers travel while the first ones are differentiated. Each arrival also looks after the reduces that are under way:
an MPI library moves data only while it is called. Buckets begin in the same order on all ranks.

Note [Complete]: how many gradients will arrive at a parameter is counted in the graph when the pass comes to the first
result of the model: one for each use, be it in several calls of the model or in a penalty beside it. Where a hook may
change a gradient, it waits for the end of the pass.
"""

from collections import Counter

import numpy as np

from ...autograd.graph import nodes_below
from ...autograd.mode import state
from ...autograd.observe import Observer, tell
from ...distributed.group import mpi
from ...errors import DistributedError, DTypeError, GraphError

FIRST_MEGABYTES = 1  # of the first bucket, so that something travels early; as in PyTorch
MEGABYTES = 25


class Bucket:
    """Gradients that travel together.

    Parameters
    ----------
    params : list of Tensor
    """

    def __init__(self, params):
        sizes = [p.numel() for p in params]
        self.flat = np.zeros(sum(sizes), params[0].dtype)
        parts = np.split(self.flat, np.cumsum(sizes)[:-1])
        self.views = {p: part.reshape(p.shape) for p, part in zip(params, parts, strict=True)}
        self.missing, self.request = len(params), None


def bucketed(params, megabytes):
    """Buckets for `params`, the last ones first, each of one dtype and about so large."""
    buckets, group, size, limit = [], [], 0, min(FIRST_MEGABYTES, megabytes) * 1e6
    for p in reversed(params):
        if group and (size + p.nbytes > limit or p.dtype != group[0].dtype):
            buckets.append(Bucket(group))
            group, size, limit = [], 0, megabytes * 1e6
        group.append(p)
        size += p.nbytes
    return buckets + ([Bucket(group)] if group else [])


class Reducer(Observer):
    """Averages the gradients of the parameters of one model.

    Parameters
    ----------
    title : str
        The model, in messages.
    parameters : dict of str to Tensor
        All of the model, by name.
    group : Group
    megabytes : float
    find_unused : bool
        Whether ranks may use different parameters, or not all.
    """

    def __init__(self, title, parameters, group, megabytes, find_unused):
        self.title, self.group, self.find_unused = title, group, find_unused
        self.talk = group.own_talk()  # where only buckets travel, so that no other call can be taken for one
        # Ranks that come to several models in another order are told, too.
        self.call = f"a backward pass of {title}{f', model {group.talks}' if group.talks > 1 else ''}"
        self.names = {p: name for name, p in parameters.items() if p.requires_grad}
        self.frozen = {p: name for name, p in parameters.items() if not p.requires_grad}
        self.buckets = bucketed(list(self.names), megabytes)
        self.bucket_of = {p: bucket for bucket in self.buckets for p in bucket.views}
        self.boundary = None  # the node by which the pass came in, until it has begun
        self.left = {}  # parameter -> how many gradients are still to come
        self.unused, self.started = [], 0
        self.comparison = None

    # -- a pass --------------------------------------------------------------------------------------------------------

    def join(self, boundary):
        """Look on from `boundary` on, a node of the pass that runs."""
        running = state.running
        if self in running.guests:
            return
        if running.asked is not None:
            wanted = [name for p, name in self.names.items() if p in running.asked.found]
            if wanted:
                raise GraphError(
                    f"{self.title}: gradients of {', '.join(wanted[:3])} are asked for by name, and only those that go "
                    "into .grad are averaged over the ranks. Call loss.backward(), or compute them inside "
                    "model.no_sync() and all_reduce them."
                )
            return  # an input's, which is this rank's own
        if running.create_graph:
            raise GraphError(
                f"{self.title}: backward(create_graph=True) would record the gradients of this rank, not the averages. "
                "Take the inner gradient with autograd.grad(..., create_graph=True), and call loss.backward() without."
            )
        self.boundary = boundary
        running.bring_in(self)

    def arrived(self, node, edge, dx, held, total):
        if self.boundary is not None:
            self._begin()
        left = self.left.get(edge)
        if left is not None:
            if left == 1:
                self._fill(edge, total)
            self.left[edge] = left - 1
        for bucket in self.buckets[: self.started]:
            if bucket.request is not None:
                self.talk.test(bucket.request)

    def _begin(self):
        """Find out what will arrive; Note [Complete]."""
        boundary, self.boundary = self.boundary, None
        self._do(self._open)
        below = [node for node in nodes_below(state.running.user.edges) if node.number <= boundary.number]
        uses = Counter(edge for node in below for edge in node.edges if edge in self.bucket_of)
        pending = state.running.pending
        self.unused = [p for p in self.names if p not in uses and p not in pending]
        self.left = {p: n for p, n in uses.items() if not p.hooks}
        for p in self.names:
            if p in pending and p not in uses and not p.hooks:  # a penalty's, which has come before
                self.left[p] = 0
                self._fill(p, pending[p])

    def _open(self):
        """Tell the other ranks that a pass begins, and take the buckets back."""
        if self.comparison is not None:  # of a pass that failed, on all ranks alike
            self.group.wait(self.comparison[0], self.title)
        for bucket in self.buckets:
            if bucket.request is not None:
                self.talk.wait(bucket.request, self.title)
            bucket.missing, bucket.request = len(bucket.views), None
        self.started = 0
        self.comparison = self.group.compare(self.call)

    def _fill(self, p, total):
        """Put the gradient of `p` into its bucket, with what is in ``.grad`` already, and start what is full."""
        bucket, old = self.bucket_of[p], getattr(p, "_grad", None)
        view = bucket.views[p]
        if total is not None and total.dtype != view.dtype:
            raise DTypeError(
                f"{self.title}: {self.names[p]} is {p.dtype}, and was {view.dtype} when DistributedDataParallel was "
                "made. Convert the model before."
            )
        if total is None:  # not used on this rank
            self._do(np.copyto, view, np.zeros((), view.dtype) if old is None else old._array)
        elif old is None:
            self._do(np.copyto, view, total)
        else:
            self._do(np.add, total, old._array, view)
        bucket.missing -= 1
        while self.started < len(self.buckets) and self.buckets[self.started].missing == 0:
            self._do(self._start, self.buckets[self.started])
            self.started += 1

    def _start(self, bucket):
        bucket.request = self.talk.start("Iallreduce", mpi().IN_PLACE, bucket.flat, mpi().SUM)

    # -- its end -------------------------------------------------------------------------------------------------------

    def gathered(self, pending):
        """Replace the gradients of a pass that is through, by parameter, by the averages over the ranks."""
        self._check_all_known(pending)
        self._do(self._agree)
        absent = self._absent_everywhere() if self.find_unused else ()
        for p in self.names:
            if self.left.get(p) != 0:  # hooks, or none has come
                self._fill(p, pending.get(p))
        self.left = {}
        for bucket in self.buckets:
            averages = {p: np.empty(p.shape, p.dtype) for p in bucket.views if p not in absent}
            self._do(self._average, bucket, list(averages.values()), [bucket.views[p] for p in averages])
            for p in averages:
                p._grad = None  # it is part of the average
            pending.update(averages)

    def _check_all_known(self, pending):
        if self.unused and not self.find_unused:
            names = [self.names[p] for p in self.unused]
            raise DistributedError(
                f"{self.title}, {self.group.place}: {len(names)} parameters got no gradient: "
                f"{', '.join(names[:8])}{', …' if len(names) > 8 else ''}. The loss does not depend on them, so other "
                "ranks would wait. Freeze them before, or pass find_unused_parameters=True."
            )
        thawed = [name for p, name in self.frozen.items() if p in pending]
        if thawed:
            raise DistributedError(
                f"{self.title}: {', '.join(thawed[:8])} did not require a gradient when DistributedDataParallel was "
                "made, and would not be averaged. Make it anew after unfreezing."
            )

    def _absent_everywhere(self):
        """The parameters that no rank has used: they stay as they are."""
        if state.observers:
            tell("left", "find_unused_parameters asks all ranks, at each step, what they have used")
        unused = set(self.unused)
        used = np.array([p not in unused for p in self.names], np.uint8)
        request = self.group.start("Iallreduce", mpi().IN_PLACE, used, mpi().MAX)
        self.group.wait(request, self.call)
        return {p for p, flag in zip(self.names, used, strict=True) if not flag}

    def _agree(self):
        comparison, self.comparison = self.comparison, None
        self.group.agreed(comparison)

    def _average(self, bucket, averages, views):
        self.talk.wait(bucket.request, f"the reduce of a bucket of {self.title}")
        bucket.request = None
        for average, view in zip(averages, views, strict=True):
            np.divide(view, self.talk.size, out=average)

    def _do(self, function, *args):
        """Call, and tell others who look on: a captured step calls the same again."""
        function(*args)
        tell("called", function, args, {}, None)
