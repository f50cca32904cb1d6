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

    def is_built(self):
        """Whether it is built in: False."""
        return False

    def version(self):
        """Its version: None."""
        return None

    def __repr__(self):
        return f"<backend {self._name}: not here>"


cudnn, mps, cuda, mkl, mkldnn, openmp, opt_einsum = (
    Backend(name) for name in ("cudnn", "mps", "cuda", "mkl", "mkldnn", "openmp", "opt_einsum")
)
cuda.matmul = Backend("cuda.matmul")
