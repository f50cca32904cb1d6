"""The names that the examples in docstrings take for granted; every example of a page or a lesson imports its own."""

import pytest

import microtorch
from microtorch import nn
from microtorch.nn import functional as F

# It takes the place of PyTorch in a process, which tests do in processes of their own.
collect_ignore = ["microtorch/as_torch.py"]


@pytest.fixture(autouse=True)
def _given_names(doctest_namespace):
    doctest_namespace.update(microtorch=microtorch, nn=nn, F=F)
