"""The operations, one family per file; importing them attaches them to Tensor and to numpy's functions."""

from .arithmetic import *
