"""The engine room: operations, the backward pass, and the switches around them, with the names of torch.autograd."""

from ..pytorch.legacy import Variable
from . import functional, graph
from .anomaly import detect_anomaly, is_anomaly_enabled, set_detect_anomaly
from .extending.on_tensors import Function
from .function import ArrayFunction, once_differentiable
from .gradcheck import (
    GradcheckError,
    eval_numerical_gradient,
    eval_numerical_gradient_array,
    gradcheck,
    gradgradcheck,
    numerical_gradient,
    relative_error,
)
from .gradients import backward, grad
from .mode import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled
from .per_sample import per_sample_gradients

__all__ = [
    "ArrayFunction",
    "Function",
    "GradcheckError",
    "Variable",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "eval_numerical_gradient",
    "eval_numerical_gradient_array",
    "functional",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "inference_mode",
    "is_anomaly_enabled",
    "is_grad_enabled",
    "no_grad",
    "numerical_gradient",
    "once_differentiable",
    "per_sample_gradients",
    "relative_error",
    "set_detect_anomaly",
    "set_grad_enabled",
]


def __getattr__(name):
    from ..pytorch.absent import refuse

    raise refuse("autograd", name, globals())
