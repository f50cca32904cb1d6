"""DataParallel: PyTorch's spreading of a batch over GPUs, as on a machine without one."""

from ..module import Module

__all__ = ["DataParallel"]


class DataParallel(Module):
    """A model that would be spread over GPUs: with none, as here and in PyTorch then, it calls `module`.

    Parameters
    ----------
    module : Module
        The model; its names in a ``state_dict`` begin with ``module.``.
    device_ids, output_device
        Accepted, without effect.
    dim : int, default 0
        Accepted, without effect.

    Examples
    --------
    >>> model = nn.parallel.DataParallel(nn.Linear(3, 2))
    >>> model(microtorch.zeros(5, 3)).shape, list(model.state_dict())
    ((5, 2), ['module.weight', 'module.bias'])
    """

    def __init__(self, module, device_ids=None, output_device=None, dim=0):
        super().__init__()
        self.module = module

    def forward(self, *inputs, **kwargs):
        """Call `module` with the `inputs` and `kwargs`."""
        return self.module(*inputs, **kwargs)
