"""DistributedDataParallel: a model whose gradients are averaged over all ranks during backward."""

import contextlib
import copy

from ...autograd.function import ArrayFunction
from ...autograd.mode import state
from ...autograd.observe import one_call
from ...distributed.collectives import broadcast_array
from ...distributed.joining import the_group
from ...errors import DistributedError, describe
from ...tensor import Tensor
from ..module import Module
from .reducer import MEGABYTES, Reducer

__all__ = ["DistributedDataParallel"]


class DistributedDataParallel(Module):
    """A model with a copy on each rank: backward gives every copy the gradients averaged over all ranks.

    Parameters
    ----------
    module : Module
        The model, of the same structure on all ranks; the values of rank 0 are given to all.
    device_ids, output_device : None
        There is only the CPU.
    dim : int, default 0
        Taken for scripts written for PyTorch.
    broadcast_buffers : bool, default True
        Whether buffers, as running means, are those of rank 0 in each forward.
    init_sync : bool, default True
        Whether all ranks begin with the values of rank 0.
    process_group : None
        All ranks take part.
    bucket_cap_mb : float, default 25
        The megabytes of gradients that travel together; the first ones to come are at most 1.
    find_unused_parameters : bool, default False
        Whether the loss may leave out parameters, other ones on each rank. It costs one more exchange; without it,
        that is an error that names them.
    check_reduction, gradient_as_bucket_view, static_graph : bool, default False
        Taken for scripts written for PyTorch.

    Attributes
    ----------
    module : Module
        The model itself.

    Raises
    ------
    DistributedError
        If there is no process group, the ranks have different models, or a parameter gets no gradient.

    Notes
    -----
    With equal parts of a batch and a loss that is a mean, the average of the gradients is that of the whole batch. The
    reduces run while backward does; see `microtorch.nn.parallel.reducer`. Gradients that ``.grad`` holds already, as
    from passes inside `no_sync`, are part of what is averaged. Only what goes into ``.grad`` is: not what
    ``autograd.grad`` returns. Optimizers, schedules and gradient clipping work on ``.grad`` and need to know nothing;
    because all ranks compute the same from the same bits, their parameters stay the same bits.

    References
    ----------
    S. Li et al.: PyTorch Distributed: Experiences on Accelerating Data Parallel Training, VLDB 2020.

    Examples
    --------
    >>> from microtorch import distributed as dist, nn
    >>> from microtorch.nn.parallel import DistributedDataParallel
    >>> dist.init_process_group()
    >>> model = DistributedDataParallel(nn.Linear(2, 1))
    >>> model(microtorch.ones(4, 2)).mean().backward()
    >>> model.module.weight.grad
    tensor([[1., 1.]])
    >>> dist.destroy_process_group()
    """

    def __init__(
        self,
        module,
        device_ids=None,
        output_device=None,
        dim=0,
        broadcast_buffers=True,
        init_sync=True,
        process_group=None,
        bucket_cap_mb=None,
        find_unused_parameters=False,
        check_reduction=False,
        gradient_as_bucket_view=False,
        static_graph=False,
    ):
        super().__init__()
        for name, value in {
            "device_ids": device_ids, "output_device": output_device, "process_group": process_group,
        }.items():  # fmt: skip
            if value is not None:
                raise ValueError(
                    f"DistributedDataParallel: {name} is {value!r}; there is the CPU and one group. Pass None."
                )
        megabytes = MEGABYTES if bucket_cap_mb is None else bucket_cap_mb
        if not megabytes > 0:
            raise ValueError(f"DistributedDataParallel: bucket_cap_mb is {bucket_cap_mb!r}. Pass a number above 0.")
        self.module, self.broadcast_buffers = module, broadcast_buffers
        self.require_backward_grad_sync = True
        self._group = the_group("DistributedDataParallel")
        parameters = dict(module.named_parameters())
        if not any(p.requires_grad for p in parameters.values()):
            raise DistributedError(
                f"DistributedDataParallel: {type(module).__name__} has no parameter that requires a gradient, so there "
                "is nothing to average. Use the model itself."
            )
        self._reducer = None
        if self._group.size > 1:
            self._group.same(f"the making of DistributedDataParallel({type(module).__name__})")
            self._check_same(parameters)
            if init_sync:
                for t in (*parameters.values(), *module.buffers()):
                    broadcast_array(self._group, t._array)
            title = f"DistributedDataParallel({type(module).__name__})"
            self._reducer = Reducer(title, parameters, self._group, megabytes, find_unused_parameters)

    def _check_same(self, parameters):
        """Raise DistributedError, and name the first difference, unless all ranks have such a model."""
        mine = [f"{name} {describe(p)}{'' if p.requires_grad else ' frozen'}" for name, p in parameters.items()]
        mine += [f"{name} {describe(b)}" for name, b in self.module.named_buffers()]
        lists = self._group.gather(mine)
        for rank, theirs in enumerate(lists):
            if theirs != lists[0]:
                here, there = next(
                    (a, b) for a, b in zip([*lists[0], "nothing"], [*theirs, "nothing"], strict=False) if a != b
                )
                raise DistributedError(
                    f"DistributedDataParallel, {self._group.place}: rank {rank} has another model than rank 0: {there} "
                    f"in place of {here}. Make the same model on all ranks."
                )

    def forward(self, *args, **kwargs):
        """The result of the model."""
        if self._reducer is None:
            return self.module(*args, **kwargs)
        if self.broadcast_buffers:
            self.share_buffers()
        result = self.module(*args, **kwargs)
        if not (state.grad and self.require_backward_grad_sync):
            return result
        found = []
        result = _noticed(result, self._reducer, found)
        if not found:
            raise TypeError(
                f"DistributedDataParallel: what {type(self.module).__name__} returns, {describe(result)}, holds no "
                "tensor that requires a gradient. Return tensors, or tuples, lists and dicts of them; without a "
                "gradient, call it under no_grad()."
            )
        return result

    def share_buffers(self):
        """Give all ranks the buffers of rank 0; a call of all ranks."""
        for buffer in self.module.buffers() if self._group.size > 1 else ():
            _shared_from_rank_0(self._group, buffer._array)

    @contextlib.contextmanager
    def no_sync(self):
        """Inside, what the model gives is not averaged in backward: for all but the last batch of an update.

        Examples
        --------
        >>> from microtorch import distributed as dist, nn
        >>> from microtorch.nn.parallel import DistributedDataParallel
        >>> dist.init_process_group()
        >>> model = DistributedDataParallel(nn.Linear(2, 1))
        >>> with model.no_sync():
        ...     model(microtorch.ones(4, 2)).mean().backward()
        >>> model(microtorch.ones(4, 2)).mean().backward()  # averages the sum of both
        >>> model.module.weight.grad
        tensor([[2., 2.]])
        >>> dist.destroy_process_group()
        """
        before, self.require_backward_grad_sync = self.require_backward_grad_sync, False
        try:
            yield
        finally:
            self.require_backward_grad_sync = before


_shared_from_rank_0 = one_call(broadcast_array)


class _RankAverage(ArrayFunction):
    """y = x        dx = dy, and the gradients of parameters below become averages over the ranks"""

    is_view = True

    @staticmethod
    def forward(ctx, x, reducer):
        return x.view()

    @staticmethod
    def backward(ctx, dy):
        ctx.inputs[1].join(ctx)
        return dy


def _noticed(value, reducer, found):
    """`value` with each tensor in it that carries a gradient seen through a node that calls `reducer`."""
    if isinstance(value, Tensor):
        if not value.requires_grad:
            return value
        found.append(value)
        return _RankAverage.apply(value, reducer)
    if isinstance(value, tuple | list):
        items = [_noticed(item, reducer, found) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)  # _fields: a namedtuple
    if isinstance(value, dict):
        made = copy.copy(value)  # with all else that its type keeps, as a default factory
        made.update({key: _noticed(item, reducer, found) for key, item in value.items()})
        return made
    return value
