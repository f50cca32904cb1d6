"""The layers, under the stems of `ops/nn`.

Parameters
----------
inplace : bool, default False
    Overwrite the input.
generator : Generator, default microtorch's own
    What the initial values are drawn from.
"""
