"""The engine room: operations, the backward pass, and the switches around them, with the names of torch.autograd."""

from .anomaly import detect_anomaly, is_anomaly_enabled
from .engine import backward, grad
from .function import Function, once_differentiable
from .mode import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled

__all__ = [
    "Function",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "grad",
    "inference_mode",
    "is_anomaly_enabled",
    "is_grad_enabled",
    "no_grad",
    "once_differentiable",
    "set_grad_enabled",
]
