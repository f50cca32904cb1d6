"""ONNX: networks for other programs to run, and those of other programs as modules."""

from .loading import Network, load
from .saving import OPSET, save

__all__ = ["OPSET", "Network", "load", "save"]
