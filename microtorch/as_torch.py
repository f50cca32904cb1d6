"""Lets scripts that import torch and torchvision have microtorch instead: ``import microtorch.as_torch`` at the top.

It holds for the running process alone, and nothing is patched: Python asks every finder where a module comes from, and
the one here answers for these names with the modules of this package. ``microtorch run script.py`` does the same for a
script as it is.
"""

import sys
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec

from .pytorch import absent

# PyTorch's and torchvision's modules that scripts import, and which of ours takes the place of each.
MODULES = {
    "torch": "microtorch",
    "torch.accelerator": "microtorch.devices.accelerator",
    "torch.amp": "microtorch.pytorch.amp",
    "torch.autograd": "microtorch.autograd",
    "torch.autograd.function": "microtorch.autograd.extending",
    "torch.autograd.functional": "microtorch.autograd.functional",
    "torch.autograd.gradcheck": "microtorch.autograd.gradcheck",
    "torch.autograd.graph": "microtorch.autograd.graph",
    "torch.autograd.variable": "microtorch.pytorch.legacy",
    "torch.backends": "microtorch.devices.backends",
    "torch.backends.cudnn": "microtorch.devices.backends:cudnn",
    "torch.backends.mps": "microtorch.devices.backends:mps",
    "torch.cuda": "microtorch.devices.cuda",
    "torch.cuda.amp": "microtorch.pytorch.cuda_amp",
    "torch.distributed": "microtorch.distributed",
    "torch.distributions": "microtorch.distributions",
    "torch.distributions.constraints": "microtorch.distributions.constraints",
    "torch.distributions.kl": "microtorch.distributions.kl",
    "torch.distributions.transforms": "microtorch.distributions.transforms",
    "torch.func": "microtorch.func",
    "torch.functional": "microtorch",
    "torch.linalg": "microtorch.linalg",
    "torch.mps": "microtorch.devices.mps",
    "torch.nn": "microtorch.nn",
    "torch.nn.functional": "microtorch.nn.functional",
    "torch.nn.init": "microtorch.nn.init",
    "torch.nn.modules": "microtorch.pytorch.modules",
    "torch.nn.parallel": "microtorch.nn.parallel",
    "torch.nn.parameter": "microtorch.nn.parameter",
    "torch.nn.utils": "microtorch.nn.utils",
    "torch.nn.utils.parametrizations": "microtorch.nn.utils.parametrizations",
    "torch.nn.utils.parametrize": "microtorch.nn.utils.parametrize",
    "torch.nn.utils.prune": "microtorch.nn.utils.prune",
    "torch.nn.utils.stateless": "microtorch.nn.utils.stateless",
    "torch.optim": "microtorch.optim",
    "torch.optim.lr_scheduler": "microtorch.optim.lr_scheduler",
    "torch.optim.optimizer": "microtorch.optim.optimizer",
    "torch.optim.swa_utils": "microtorch.optim.swa_utils",
    "torch.random": "microtorch.random",
    "torch.special": "microtorch.special",
    "torch.testing": "microtorch.testing",
    "torch.utils": "microtorch.utils",
    "torch.utils.data": "microtorch.data",
    "torch.utils.tensorboard": "microtorch.utils.tensorboard",
    "torch.version": "microtorch.pytorch.version",
    "torchvision": None,
    "torchvision.datasets": "microtorch.datasets",
    "torchvision.transforms": "microtorch.datasets.transforms",
    "torchvision.transforms.functional": "microtorch.datasets.transforms.functional",
    "torchvision.utils": "microtorch.viz.plots.grid",
}
# PyTorch's files within these are its own affair (torch.optim.adam, torch.nn.modules.loss, torch.distributions.normal):
# what is in them is found in the whole.
_WHOLE = {
    "torch.nn.modules": "microtorch.nn",
    "torch.nn.parallel": "microtorch.nn.parallel",
    "torch.nn.utils": "microtorch.nn.utils",
    "torch.distributions": "microtorch.distributions",
    "torch.optim": "microtorch.optim",
    "torch.utils.data": "microtorch.data",
    "torchvision.datasets": "microtorch.datasets",
    "torchvision.transforms": "microtorch.datasets.transforms",
}


def _ours(name):
    """Which module of ours takes the place of PyTorch's `name`; a KeyError if none does."""
    if name not in MODULES and absent.sentence_of("", name.rpartition(".")[2]) is None:
        for whole, ours in _WHOLE.items():
            if name.startswith(whole + "."):
                return ours
    return MODULES[name]


class Finder(MetaPathFinder, Loader):
    """Answers for the names in `MODULES`, and says of other modules of PyTorch's that they are not here."""

    def find_spec(self, name, path=None, target=None):
        """A spec for PyTorch's names, None for those that are not PyTorch's."""
        if name.partition(".")[0] not in ("torch", "torchvision"):
            return None
        try:
            _ours(name)
        except KeyError:
            raise absent.no_module(name) from None
        return ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        """None: the usual empty module, which `exec_module` fills or replaces."""

    def exec_module(self, module):
        """Put the module of ours under the name; one that only holds others gets them."""
        name = module.__name__
        ours = _ours(name)
        if ours is None:
            for child in MODULES:
                if child.startswith(name + "."):
                    import_module(child)
            return
        path, _, attribute = ours.partition(":")
        found = import_module(path)
        sys.modules[name] = getattr(found, attribute) if attribute else found


if "torch" in sys.modules and not getattr(sys.modules["torch"], "__name__", "").startswith("microtorch"):
    raise ImportError(
        "microtorch.as_torch: PyTorch itself has been imported already, and what has been imported keeps it. Put "
        "import microtorch.as_torch before every other import, or start the script with: microtorch run script.py"
    )
sys.meta_path.insert(0, Finder())
