"""Datasets ready to train on."""

from .digits import Digits

__all__ = ["Digits"]
