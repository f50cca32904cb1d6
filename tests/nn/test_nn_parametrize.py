"""Parameters computed from others: parametrizations, weight and spectral norm in both forms, pruning, lazy layers."""

import copy
import pickle
import warnings

import numpy as np
import pytest

import microtorch
from microtorch import nn
from microtorch.errors import CheckpointError, ShapeError
from microtorch.nn.utils import parametrizations, parametrize, prune


class Symmetric(nn.Module):
    def forward(self, x):
        return x.triu() + x.triu(1).T


class Exp(nn.Module):
    def forward(self, x):
        return x.exp()

    def right_inverse(self, y):
        return y.log()


class Split(nn.Module):
    def forward(self, a, b):
        return a + b

    def right_inverse(self, w):
        return w * 0.25, w * 0.75


def names(module):
    return [name for name, _ in module.named_parameters()]


def test_a_parametrized_weight_is_computed_and_trained():
    layer = nn.Linear(3, 3)
    original, before = layer.weight, layer.weight.detach().clone()
    assert parametrize.register_parametrization(layer, "weight", Symmetric()) is layer
    assert repr(layer).startswith("ParametrizedLinear(")
    assert isinstance(layer, nn.Linear)
    assert parametrize.type_before_parametrizations(layer) is nn.Linear
    assert names(layer) == ["bias", "parametrizations.weight.original"]
    assert layer.parametrizations.weight.original is original
    x = microtorch.randn(2, 3)
    right = before.triu() + before.triu(1).T
    assert microtorch.allclose(layer(x), x @ right.T + layer.bias)
    layer(x).sum().backward()
    assert original.grad is not None
    assert (original.grad.tril(-1) == 0).all()
    assert parametrize.is_parametrized(layer)
    assert parametrize.is_parametrized(layer, "weight")
    assert not parametrize.is_parametrized(layer, "bias")
    assert not parametrize.is_parametrized(nn.Linear(1, 1))


def test_values_are_assigned_through_the_inverse():
    layer = nn.Linear(2, 2)
    with pytest.raises(AttributeError):
        layer.parametrizations  # noqa: B018
    layer.weight.data = microtorch.tensor([[1.0, 2.0], [3.0, 4.0]])
    parametrize.register_parametrization(layer, "weight", Exp())
    assert microtorch.allclose(layer.weight, microtorch.tensor([[1.0, 2.0], [3.0, 4.0]]))  # it keeps its value
    for value in (microtorch.full((2, 2), 2.0), nn.Parameter(microtorch.full((2, 2), 3.0))):
        layer.weight = value
        assert microtorch.allclose(layer.weight, value)
        assert names(layer) == ["bias", "parametrizations.weight.original"]
    parametrize.register_parametrization(layer, "bias", Split())
    assert names(layer)[1:] == ["parametrizations.bias.original0", "parametrizations.bias.original1"]
    layer.bias = microtorch.tensor([4.0, 8.0])
    assert layer.parametrizations.bias.original0.tolist() == [1, 2]
    parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
    assert microtorch.allclose(layer.weight, microtorch.full((2, 2), 3.0).log())
    with pytest.raises(ValueError, match="computed from 2 tensors"):
        parametrize.remove_parametrizations(layer, "bias", leave_parametrized=False)
    parametrize.remove_parametrizations(layer, "bias")
    assert type(layer) is nn.Linear
    assert layer.bias.tolist() == [4, 8]
    assert sorted(names(layer)) == ["bias", "weight"]
    assert not hasattr(layer, "parametrizations")


def test_two_parametrizations_one_after_the_other():
    layer = nn.Linear(3, 3, bias=False)
    layer.weight.data = layer.weight.data.abs() + 1.1
    parametrize.register_parametrization(layer, "weight", Exp())
    value = layer.weight.detach().clone()
    parametrize.register_parametrization(layer, "weight", Exp())
    assert microtorch.allclose(layer.weight, value, atol=1e-6)
    assert len(layer.parametrizations.weight) == 2


def test_within_cached_it_is_computed_once():
    layer = parametrize.register_parametrization(nn.Linear(3, 3), "weight", Symmetric())
    with parametrize.cached():
        first = layer.weight
        with parametrize.cached():
            assert layer.weight is first
        assert layer.weight is first
    assert layer.weight is not first


def test_copies_and_states_of_parametrized_layers():
    layer = parametrize.register_parametrization(nn.Linear(3, 3), "weight", Symmetric())
    other = copy.deepcopy(layer)
    parametrize.remove_parametrizations(other, "weight")
    assert parametrize.is_parametrized(layer)
    assert microtorch.equal(layer.weight, other.weight)
    state = {name: t.clone() for name, t in layer.state_dict().items()}
    assert list(state) == ["bias", "parametrizations.weight.original"]
    fresh = parametrize.register_parametrization(nn.Linear(3, 3), "weight", Symmetric())
    fresh.load_state_dict(state)
    assert microtorch.equal(fresh.weight, layer.weight)
    fresh.double()
    assert fresh.weight.dtype == np.float64


def test_a_refused_parametrization_changes_nothing():
    class Longer(nn.Module):
        def forward(self, x):
            return microtorch.cat([x, x])

    layer = nn.Linear(2, 2)
    weight, before = layer.weight, layer.weight.tolist()
    with pytest.raises(ShapeError, match="unsafe=True"):
        parametrize.register_parametrization(layer, "weight", Longer())
    assert layer.weight is weight
    assert layer.weight.tolist() == before
    assert type(layer) is nn.Linear
    assert parametrize.register_parametrization(layer, "weight", Longer(), unsafe=True).weight.shape == (4, 2)


REFUSED = {
    "no such parameter": (
        lambda: parametrize.register_parametrization(nn.Linear(2, 2), "w", Symmetric()),
        ValueError,
        "no parameter or buffer 'w'.*It has weight, bias",
    ),
    "a function": (
        lambda: parametrize.register_parametrization(nn.Linear(2, 2), "weight", abs),
        TypeError,
        "parametrization is a builtin_function_or_method, not a Module",
    ),
    "not parametrized": (
        lambda: parametrize.remove_parametrizations(nn.Linear(2, 2), "weight"),
        ValueError,
        "not parametrized",
    ),
    "no inverse": (
        lambda: setattr(
            parametrize.register_parametrization(nn.Linear(2, 2), "weight", Symmetric()), "weight", microtorch.eye(2)
        ),
        RuntimeError,
        "Symmetric has no right_inverse",
    ),
    "iterations": (lambda: nn.utils.spectral_norm(nn.Linear(2, 2), n_power_iterations=0), ValueError, "positive"),
    "a dimension": (
        lambda: parametrizations.spectral_norm(nn.Linear(2, 2), dim=2),
        IndexError,
        "dim 2 is out of range",
    ),
    "no weight": (lambda: parametrizations.spectral_norm(nn.ReLU()), ValueError, "has no parameter or buffer 'weight'"),
    "removed twice": (lambda: nn.utils.remove_spectral_norm(nn.Linear(2, 2)), ValueError, "there is none on 'weight'"),
    "too many": (lambda: prune.l1_unstructured(nn.Linear(2, 2), "weight", 5), ValueError, "5 are to be pruned of 4"),
    "a share above 1": (lambda: prune.l1_unstructured(nn.Linear(2, 2), "weight", 1.5), ValueError, "from 0 to 1"),
    "a negative share": (lambda: prune.l1_unstructured(nn.Linear(2, 2), "weight", -1), ValueError, "amount is -1"),
    "slices of a vector": (lambda: prune.ln_structured(nn.Linear(2, 2), "bias", 1, 2, 0), ValueError, "no slices"),
    "a mask's shape": (
        lambda: prune.custom_from_mask(nn.Linear(2, 2), "weight", microtorch.ones(3)),
        ShapeError,
        r"mask of shape \(3,\)",
    ),
    "not pruned": (lambda: prune.remove(nn.Linear(2, 2), "weight"), ValueError, "there is none on 'weight'"),
}


@pytest.mark.parametrize("call, kind, words", REFUSED.values(), ids=REFUSED)
def test_refused(call, kind, words):
    with pytest.raises(kind, match=words):
        call()


FORMS = {
    "weight, new": lambda lib, layer, dim: lib.nn.utils.parametrizations.weight_norm(layer, dim=dim),
    "weight, old": lambda lib, layer, dim: lib.nn.utils.weight_norm(layer, dim=dim),
    "spectral, new": lambda lib, layer, dim: lib.nn.utils.parametrizations.spectral_norm(layer, dim=dim),
    "spectral, old": lambda lib, layer, dim: lib.nn.utils.spectral_norm(layer, dim=dim),
}


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("dim", [0, 1])
@pytest.mark.parametrize("form", FORMS)
def test_norms_train_as_pytorchs(form, dim, torch):
    theirs = FORMS[form](torch, torch.nn.Linear(4, 3), dim)
    ours = FORMS[form](microtorch, nn.Linear(4, 3), dim)
    state = {name: t.detach().numpy().copy() for name, t in theirs.state_dict().items()}
    assert list(ours.state_dict()) == list(state)
    ours.load_state_dict(state)
    x = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    losses = []
    for lib, layer in ((microtorch, ours), (torch, theirs)):
        optimizer, found = lib.optim.SGD(layer.parameters(), lr=0.1), []
        for _ in range(5):
            optimizer.zero_grad()
            loss = (layer(lib.from_numpy(x)) ** 2).mean()
            loss.backward()
            optimizer.step()
            found.append(loss.item())
        layer.eval()
        losses.append([*found, layer(lib.from_numpy(x)).sum().item()])
    np.testing.assert_allclose(*losses, rtol=2e-5)


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_norms_are_taken_off():
    layer = nn.Linear(4, 3)
    before = layer.weight.detach().clone()
    nn.utils.weight_norm(layer)
    assert microtorch.allclose(layer.weight, before)
    with pytest.raises(RuntimeError, match="one already"):
        nn.utils.weight_norm(layer)
    nn.utils.remove_weight_norm(layer)
    assert microtorch.allclose(layer.weight, before)
    assert sorted(names(layer)) == ["bias", "weight"]
    nn.utils.spectral_norm(layer, n_power_iterations=30)(microtorch.ones(1, 4))
    nn.utils.remove_spectral_norm(layer)
    assert np.linalg.svd(layer.weight.detach().numpy())[1][0] == pytest.approx(1, abs=1e-4)
    assert layer(microtorch.ones(1, 4)).shape == (1, 3)


def test_the_older_weight_norm_says_so():
    with pytest.warns(FutureWarning, match=r"nn.utils.parametrizations.weight_norm"):
        nn.utils.weight_norm(nn.Linear(2, 2))


PRUNED = {
    "l1": lambda p, layer: p.l1_unstructured(layer, "weight", 0.4),
    "l1, twice": lambda p, layer: p.l1_unstructured(p.l1_unstructured(layer, "weight", 3), "weight", 0.5),
    "ln": lambda p, layer: p.ln_structured(layer, "weight", 1, n=2, dim=0),
    "ln, inputs": lambda p, layer: p.ln_structured(layer, "weight", 0.5, n=1, dim=1),
    "identity": lambda p, layer: p.identity(layer, "weight"),
    "l1, bias": lambda p, layer: p.l1_unstructured(layer, "bias", 2),
}


@pytest.mark.parametrize("name", PRUNED)
def test_pruned_as_pytorchs(name, torch):
    import torch.nn.utils.prune as theirs_prune

    theirs, ours = torch.nn.Linear(4, 3), nn.Linear(4, 3)
    ours.load_state_dict({key: t.detach().numpy() for key, t in theirs.state_dict().items()})
    PRUNED[name](theirs_prune, theirs)
    PRUNED[name](prune, ours)
    assert prune.is_pruned(nn.Sequential(ours))
    mine, right = ours.state_dict(), theirs.state_dict()
    assert sorted(mine) == sorted(right)
    for key in right:
        np.testing.assert_array_equal(mine[key].numpy(), right[key].numpy())
    x = np.ones((2, 4), np.float32)
    np.testing.assert_allclose(ours(microtorch.from_numpy(x)).detach(), theirs(torch.from_numpy(x)).detach(), rtol=1e-6)


def test_pruned_weights_stay_0_while_the_others_learn():
    layer = prune.l1_unstructured(nn.Linear(4, 3), "weight", 0.5)
    gone = layer.weight_mask == 0
    optimizer = microtorch.optim.SGD(layer.parameters(), lr=0.1)
    before = layer.weight.detach().clone()
    for _ in range(3):
        optimizer.zero_grad()
        (layer(microtorch.ones(2, 4)) ** 2).sum().backward()
        optimizer.step()
    layer(microtorch.ones(2, 4))
    assert (layer.weight[gone] == 0).all()
    assert not microtorch.allclose(layer.weight, before)
    prune.remove(layer, "weight")
    assert not prune.is_pruned(layer)
    assert sorted(names(layer)) == ["bias", "weight"]
    assert int((layer.weight == 0).sum()) == 6
    net = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    places = [(net[0], "weight"), (net[1], "weight")]
    prune.global_unstructured(places, prune.random_unstructured, amount=8)
    assert int(net[0].weight_mask.sum() + net[1].weight_mask.sum()) == 24
    prune.random_structured(net[0], "weight", 2, dim=0)
    assert int((net[0].weight_mask.sum(1) == 0).sum()) >= 2


LAZY = {
    "Linear": (lambda m: m.nn.LazyLinear(4), (5, 3)),
    "Linear, no bias": (lambda m: m.nn.LazyLinear(4, bias=False), (2, 5, 3)),
    "BatchNorm1d": (lambda m: m.nn.LazyBatchNorm1d(), (5, 3)),
    "BatchNorm1d, plain": (lambda m: m.nn.LazyBatchNorm1d(affine=False, track_running_stats=False), (5, 3, 2)),
    "BatchNorm2d": (lambda m: m.nn.LazyBatchNorm2d(momentum=0.5), (5, 3, 2, 2)),
    "BatchNorm3d": (lambda m: m.nn.LazyBatchNorm3d(), (5, 3, 2, 2, 2)),
    "InstanceNorm1d": (lambda m: m.nn.LazyInstanceNorm1d(), (5, 3, 4)),
    "InstanceNorm2d": (lambda m: m.nn.LazyInstanceNorm2d(), (5, 3, 4, 4)),
    "InstanceNorm3d": (lambda m: m.nn.LazyInstanceNorm3d(), (5, 3, 2, 2, 2)),
}


@pytest.mark.filterwarnings("ignore:Lazy modules")
@pytest.mark.parametrize("name", LAZY)
def test_lazy_layers_are_pytorchs(name, torch):
    make, shape = LAZY[name]
    ours, theirs = make(microtorch), make(torch)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    ours(microtorch.from_numpy(x)), theirs(torch.from_numpy(x))
    assert type(ours).__name__ == type(theirs).__name__
    assert repr(ours) == repr(theirs) or "Linear" not in name
    state = {key: t.detach().numpy() for key, t in theirs.state_dict().items()}
    assert {key: t.shape for key, t in ours.state_dict().items()} == {key: t.shape for key, t in state.items()}
    ours.load_state_dict(state)
    np.testing.assert_allclose(
        ours(microtorch.from_numpy(x)).detach().numpy(), theirs(torch.from_numpy(x)).detach().numpy(), atol=1e-5
    )


def test_a_lazy_network_trains_with_an_optimizer_made_before():
    net = nn.Sequential(nn.LazyLinear(8), nn.LazyBatchNorm1d(), nn.ReLU(), nn.LazyLinear(1))
    assert [p.requires_grad for p in net.parameters()] == [True] * 6
    assert "LazyLinear(in_features=0, out_features=8, bias=True)" in repr(net)
    optimizer = microtorch.optim.Adam(net.parameters(), lr=0.05)
    x, y = microtorch.randn(32, 5), microtorch.randn(32, 1)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = ((net(x) - y) ** 2).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
    assert isinstance(net[0].weight, nn.Parameter)
    assert not isinstance(net[0].weight, nn.UninitializedParameter)
    assert [type(m).__name__ for m in net] == ["Linear", "BatchNorm1d", "ReLU", "Linear"]


def test_what_is_not_initialised_says_so():
    layer = nn.LazyLinear(4)
    for use in (
        lambda: layer.weight + 1,
        lambda: layer.weight.shape,
        lambda: nn.init.zeros_(layer.weight),
        lambda: layer.weight.sum(),
        lambda: layer.weight.numel(),
    ):
        with pytest.raises(ValueError, match=r"weight is not initialised yet.*Run the model once"):
            use()
    assert repr(layer.weight) == "<UninitializedParameter>"
    assert layer.has_uninitialized_params()


def test_lazy_layers_are_copied_converted_and_loaded():
    layer = nn.LazyLinear(4)
    other = copy.deepcopy(layer)
    assert other.weight is not layer.weight
    again = pickle.loads(pickle.dumps(layer))
    assert isinstance(again.weight, nn.UninitializedParameter)
    other.double()
    assert other(microtorch.ones(2, 3, dtype=microtorch.float64)).dtype == np.float64
    state = nn.Linear(3, 4).state_dict()
    layer.load_state_dict(state)
    assert microtorch.equal(layer.weight, state["weight"])
    assert layer(microtorch.ones(2, 3)).shape == (2, 4)
    assert repr(layer) == "Linear(in_features=3, out_features=4, bias=True)"
    assert microtorch.equal(layer.weight, state["weight"])
    lazy = nn.LazyLinear(4)
    lazy.load_state_dict(nn.LazyLinear(4).state_dict())
    assert lazy.has_uninitialized_params()
    with pytest.raises(CheckpointError, match=r"wrong.*not initialised"):
        nn.Linear(3, 4).load_state_dict(nn.LazyLinear(4).state_dict())


def test_a_lazy_layer_of_the_users_own():
    class Scale(nn.Module):
        def __init__(self, size):
            super().__init__()
            self.factor = nn.Parameter(microtorch.ones(size))

        def forward(self, x):
            return x * self.factor

    class LazyScale(nn.LazyModuleMixin, Scale):
        cls_to_become = Scale

        def __init__(self):
            super().__init__(0)
            self.factor = nn.UninitializedParameter()

        def initialize_parameters(self, x):
            self.factor.materialize(x.shape[-1:])
            nn.init.constant_(self.factor, 2.0)

    scale = LazyScale()
    assert scale(microtorch.ones(1, 3)).tolist() == [[2, 2, 2]]
    assert type(scale) is Scale


def test_arguments_are_those_of_pytorch(torch):
    import inspect

    for name in ("LazyLinear", "LazyBatchNorm1d", "LazyInstanceNorm2d"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = list(inspect.signature(getattr(torch.nn, name)).parameters)
        assert list(inspect.signature(getattr(nn, name)).parameters) == theirs
