"""The names that the examples in docstrings take for granted; every example of a page or a lesson imports its own."""

import pytest

import microtorch
from microtorch import nn
from microtorch.nn import functional as F


@pytest.fixture(autouse=True)
def _given_names(doctest_namespace):
    doctest_namespace.update(microtorch=microtorch, nn=nn, F=F)
