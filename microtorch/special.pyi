# Written by docs/extensions/stubs.py from signatures and docstrings; not to be edited.
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from microtorch import digamma as digamma
from microtorch import digamma as psi
from microtorch import erf as erf
from microtorch import erfc as erfc
from microtorch import erfinv as erfinv
from microtorch import exp2 as exp2
from microtorch import expm1 as expm1
from microtorch import lgamma as gammaln
from microtorch import log1p as log1p
from microtorch import log_softmax as log_softmax
from microtorch import logit as logit
from microtorch import logsumexp as logsumexp
from microtorch import polygamma as polygamma
from microtorch import round as round
from microtorch import sigmoid as expit
from microtorch import sinc as sinc
from microtorch import softmax as softmax
from microtorch import xlogy as xlogy
from microtorch.tensor import Tensor as Tensor


def ndtr(input: Any) -> Any: ...
def ndtri(input: Any) -> Any: ...
