"""Memory that must not be written to: changes in place say so and change nothing, everything else works."""

import numpy as np
import pytest

import microtorch
from microtorch import nn
from microtorch.errors import GraphError
from microtorch.nn import functional as F


def read_only(*shape, dtype=np.float32):
    """A tensor over memory that numpy guards."""
    array = np.linspace(0.1, 0.9, int(np.prod(shape)), dtype=np.float32).reshape(shape).astype(dtype)
    array.flags.writeable = False
    return microtorch.from_numpy(array)


def expanded(*shape):
    """A tensor of which several elements are one place in memory."""
    return microtorch.full((1,) * len(shape), 0.5).expand(*shape)


MAKERS = {"read-only": (read_only, "read-only memory"), "expanded": (expanded, "expanded")}


def setitem(t, index, value):
    t[index] = value


def set_weight(t):
    layer = nn.Linear(3, 3, bias=False)
    layer.weight = nn.Parameter(t, requires_grad=False)
    return layer


def load(t):
    set_weight(t).load_state_dict({"weight": np.ones((3, 3))})


def with_grad(t, change):
    p = microtorch.zeros(3, 3, requires_grad=True)
    p.grad = t
    change([p])


# What writes without `in_place`.
CHANGES = {
    "add_": lambda t: t.add_(1.0),
    "relu_": lambda t: t.relu_(),
    "copy_": lambda t: t.copy_(microtorch.ones(3, 3)),
    "fill_": lambda t: t.fill_(1.0),
    "scatter_": lambda t: t.scatter_(0, microtorch.zeros(1, 3, dtype=microtorch.int64), 1.0),
    "silu(inplace=True)": lambda t: nn.functional.silu(t, inplace=True),
    "setitem": lambda t: setitem(t, 0, 1.0),
    "setitem of a tensor": lambda t: setitem(t, (slice(None), 1), microtorch.ones(3)),
    "setitem by mask": lambda t: setitem(t, t > 0.3, 0.0),
    **{
        name: lambda t, name=name: getattr(nn.init, name)(t)
        for name in nn.init.__all__
        if name.endswith("_") and name not in ("constant_", "sparse_")
    },
    "constant_": lambda t: nn.init.constant_(t, 1.0),
    "sparse_": lambda t: nn.init.sparse_(t, 0.5),
    "load_state_dict": load,
    "vector_to_parameters": lambda t: nn.utils.vector_to_parameters(microtorch.ones(9), [t]),
    "clip_grad_norm_": lambda t: with_grad(t, lambda ps: nn.utils.clip_grad_norm_(ps, 0.1)),
    "clip_grad_value_": lambda t: with_grad(t, lambda ps: nn.utils.clip_grad_value_(ps, 0.1)),
    "embedding max_norm": lambda t: F.embedding(microtorch.tensor([0, 1]), t, max_norm=0.1),
    "batch_norm": lambda t: F.batch_norm(microtorch.randn(4, 3), t[0], t[1], training=True),
    "batch_norm variance": lambda t: F.batch_norm(microtorch.randn(4, 3), microtorch.zeros(3), t[1], training=True),
    "instance_norm": lambda t: F.instance_norm(microtorch.randn(2, 3, 4), t[0], t[1]),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("kind", MAKERS)
def test_a_change_is_refused_with_a_remedy(change, kind):
    make, words = MAKERS[kind]
    t = make(3, 3)
    before = t.tolist()
    with pytest.raises(GraphError, match=words) as caught:
        CHANGES[change](t)
    assert "clone()" in str(caught.value)
    assert t.tolist() == before


def test_all_or_none():
    layer = nn.Linear(3, 3)
    layer.bias = nn.Parameter(read_only(3))
    before = layer.weight.tolist()
    with pytest.raises(GraphError, match=r"load_state_dict: bias of shape \(3,\) lies in read-only memory"):
        layer.load_state_dict({"weight": np.ones((3, 3)), "bias": np.ones(3)})
    with pytest.raises(GraphError, match="vector_to_parameters"):
        nn.utils.vector_to_parameters(microtorch.ones(12), layer.parameters())
    assert layer.weight.tolist() == before


def test_a_batch_norm_that_cannot_follow_counts_nothing():
    norm = nn.BatchNorm1d(3)
    norm.running_var = expanded(3)
    mean = norm.running_mean.tolist()
    with pytest.raises(GraphError, match=r"batch_norm: running_var of shape \(3,\) is expanded"):
        norm(microtorch.randn(4, 3))
    with pytest.raises(ValueError, match="one value for each channel"):
        nn.Sequential(norm)(microtorch.randn(1, 3))
    assert norm.num_batches_tracked.item() == 0
    assert norm.running_mean.tolist() == mean
    assert norm.eval()(microtorch.randn(4, 3)).shape == (4, 3)


OUT_OF_PLACE = {
    "relu": F.relu, "gelu": F.gelu, "silu": F.silu, "elu": F.elu, "softplus": F.softplus, "sigmoid": F.sigmoid,
    "tanh": F.tanh, "hardswish": F.hardswish, "softmax": lambda x: F.softmax(x, 1), "exp": lambda x: x.exp(),
    "log_softmax": lambda x: F.log_softmax(x, 0), "dropout": lambda x: F.dropout(x, 0.0), "erf": lambda x: x.erf(),
    "layer_norm": lambda x: F.layer_norm(x, (3,)), "rms_norm": lambda x: F.rms_norm(x, (3,)),
    "batch_norm": lambda x: F.batch_norm(x, None, None, training=True), "sum": lambda x: x.sum(0),
    "linear": lambda x: F.linear(x, x), "mse": lambda x: F.mse_loss(x, x * 2),
    "cross_entropy": lambda x: F.cross_entropy(x, microtorch.tensor([0, 1, 2])),
    "bce": lambda x: F.binary_cross_entropy_with_logits(x, x), "sort": lambda x: x.sort(1).values,
    "embedding": lambda x: F.embedding(microtorch.tensor([0, 2]), x), "prelu": lambda x: F.prelu(x, x[0]),
}  # fmt: skip


@pytest.mark.parametrize("name", OUT_OF_PLACE)
@pytest.mark.parametrize("kind", MAKERS)
def test_what_changes_nothing_works_and_differentiates(name, kind):
    """A kernel is compiled for guarded memory, too."""
    guarded = MAKERS[kind][0](3, 3)
    results = []
    for x in (guarded, guarded.clone()):
        leaf = x.detach().requires_grad_()
        y = OUT_OF_PLACE[name](leaf)
        (y * y).sum().backward()
        results.append((y.detach().numpy(), leaf.grad.numpy()))
    assert all(np.allclose(a, b, rtol=1e-6) for a, b in zip(*results, strict=True))


def test_guarded_targets_and_labels():
    x, target = microtorch.randn(3, 3, requires_grad=True), read_only(3, 3)
    F.mse_loss(x, target).backward()
    F.cross_entropy(x, read_only(3, dtype=np.int64)).backward()
    F.nll_loss(F.log_softmax(x, 1), read_only(3, dtype=np.int32)).backward()
    assert x.grad.shape == (3, 3)
