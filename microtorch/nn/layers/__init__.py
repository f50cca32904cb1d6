"""The layers, under the stems of `ops/nn`."""
