"""Where results lie in memory: in rows, where PyTorch's do, so that `view` takes them."""

import numpy as np
import pytest

import microtorch
import microtorch.nn.functional as F

TRANSPOSED = {
    "cat": lambda x: microtorch.cat([x, x]),
    "cat along the last": lambda x: microtorch.cat([x, x], -1),
    "stack": lambda x: microtorch.stack([x, x]),
    "vstack": lambda x: microtorch.vstack([x, x]),
    "roll": lambda x: x.roll(1, 0),
    "repeat": lambda x: x.repeat(2, 1),
    "repeat_interleave": lambda x: x.repeat_interleave(2, 1),
    "pad": lambda x: F.pad(x, (1, 2)),
    "pad around": lambda x: F.pad(x[None], (1, 1), mode="circular"),
    "index_select": lambda x: x.index_select(1, microtorch.tensor([2, 0])),
    "index by positions": lambda x: x[:, [2, 0]],
    "index by a mask and a slice": lambda x: x[:, microtorch.tensor([True, False, True, True, False])],
    "gather": lambda x: x.gather(1, microtorch.zeros(3, 2, dtype=microtorch.int64)),
    "tril": lambda x: x.tril(),
    "triu": lambda x: x.triu(),
    "cumsum": lambda x: x.cumsum(0),
    "cumprod": lambda x: x.cumprod(1),
    "logcumsumexp": lambda x: x.logcumsumexp(1),
    "cummax": lambda x: x.cummax(1).values,
}


@pytest.mark.parametrize("name", TRANSPOSED)
def test_what_is_put_together_from_transposed_arguments_is_row_major(name):
    x = microtorch.tensor(np.random.default_rng(0).normal(size=(5, 3))).T
    assert not x.is_contiguous()
    y = TRANSPOSED[name](x)
    assert y.is_contiguous()
    np.testing.assert_array_equal(y.view(-1).numpy(), TRANSPOSED[name](x.contiguous()).numpy().ravel())
