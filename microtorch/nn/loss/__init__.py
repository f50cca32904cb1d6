"""The losses as modules, under the stems of `ops/loss`."""
