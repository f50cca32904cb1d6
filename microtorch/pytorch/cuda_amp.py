"""``torch.cuda.amp``, the old place of mixed precision: see `microtorch.amp`."""

from . import amp
from .amp import GradScaler

__all__ = ["GradScaler", "autocast"]


class autocast(amp.autocast):
    """``microtorch.amp.autocast("cuda", …)``, which is off; see there for `enabled`, `dtype` and `cache_enabled`."""

    def __init__(self, enabled=True, dtype=None, cache_enabled=True):
        super().__init__("cuda", dtype, enabled, cache_enabled)
