"""The libraries that PyTorch computes with, each not here; their switches can be set, and change nothing."""


class Backend:
    """A library that is not here, with switches that scripts set.

    Attributes
    ----------
    enabled, benchmark, deterministic, allow_tf32 : bool
        May be set; microtorch has no such choices, and repeats a run bit for bit in any case.

    Examples
    --------
    >>> microtorch.backends.cudnn.benchmark = True
    >>> microtorch.backends.cudnn.is_available(), microtorch.backends.mps.is_built()
    (False, False)
    """

    enabled = benchmark = deterministic = allow_tf32 = False

    def __init__(self, name):
        self._name = name

    def is_available(self):
        """Whether it can be used: False."""
        return False

    def device_count(self):
        """How many of its devices there are: 0."""
        return 0

    def is_built(self):
        """Whether it is built in: False."""
        return False

    def version(self):
        """Its version: None."""
        return None

    def __repr__(self):
        return f"<backend {self._name}: not here>"


__path__ = []  # scripts import torch.backends.cudnn as a module in this one

cudnn, mps, cuda, mkl, mkldnn, openmp, opt_einsum, xpu = (
    Backend(name) for name in ("cudnn", "mps", "cuda", "mkl", "mkldnn", "openmp", "opt_einsum", "xpu")
)
cuda.matmul = Backend("cuda.matmul")
