"""The engine room: operations, the backward pass, and the switches around them, with the names of torch.autograd."""

from .anomaly import detect_anomaly, is_anomaly_enabled
from .function import Function, once_differentiable
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
    "Function",
    "GradcheckError",
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
    "set_grad_enabled",
]
