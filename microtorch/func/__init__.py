"""Functions of functions: gradients, Jacobians, maps over samples, models as functions; as torch.func."""

from .batching import vmap
from .derivatives import grad, grad_and_value, jvp, vjp
from .jacobians import hessian, jacfwd, jacrev
from .models import functional_call, stack_module_state

__all__ = [
    "functional_call",
    "grad",
    "grad_and_value",
    "hessian",
    "jacfwd",
    "jacrev",
    "jvp",
    "stack_module_state",
    "vjp",
    "vmap",
]
