"""Numerical derivatives, and gradient checks that say what is wrong."""

from .check import gradcheck, gradgradcheck
from .numeric import eval_numerical_gradient, eval_numerical_gradient_array, numerical_gradient, relative_error
from .report import GradcheckError, Report

__all__ = [
    "GradcheckError",
    "Report",
    "eval_numerical_gradient",
    "eval_numerical_gradient_array",
    "gradcheck",
    "gradgradcheck",
    "numerical_gradient",
    "relative_error",
]
