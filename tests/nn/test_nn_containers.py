"""Containers: lists and dicts of modules and parameters, and the MLP builder."""

import copy

import numpy as np
import pytest

import microtorch
from microtorch import nn


def layers(count):
    return [nn.Linear(2, 2) for _ in range(count)]


@pytest.mark.parametrize(
    "container", [nn.ModuleList, lambda items=(): nn.Sequential(*items)], ids=["list", "sequential"]
)
def test_modules_in_a_list(container):
    a, b, c, d = layers(4)
    held = container([a, b, c])
    assert len(held) == 3
    assert list(held) == [a, b, c]
    assert held[0] is a
    assert held[-1] is c
    assert b in held
    assert d not in held
    assert list(held[1:]) == [b, c]
    assert type(held[1:]) is type(held)
    held[1] = d
    assert list(held) == [a, d, c]
    held.append(b).insert(0, c)
    assert list(held) == [c, a, d, c, b]
    assert [name for name, _ in held.named_modules(remove_duplicate=False)][1:] == list("01234")
    assert held.pop(1) is a
    del held[-1]
    assert list(held) == [c, d, c]
    assert list(held + container([a])) == [c, d, c, a]
    held += [b]
    assert list(held) == [c, d, c, b]
    held.extend([a, a])
    assert len(held) == 6
    assert len(list(held.parameters())) == 8
    del held[1:]
    assert list(held) == [c]
    for index in (1, -2):
        with pytest.raises(IndexError, match=f"index {index} is out of range for a .* of 1"):
            held[index]
    with pytest.raises(TypeError, match="holds modules, not int"):
        held.append(3)
    with pytest.raises(TypeError, match="holds modules, not function"):
        held[0] = lambda x: x


def test_sequential_with_names():
    net = nn.Sequential({"fc": nn.Linear(2, 3), "act": nn.ReLU(), "out": nn.Linear(3, 1)})
    assert list(net.state_dict()) == ["fc.weight", "fc.bias", "out.weight", "out.bias"]
    assert net.fc is net[0]
    assert [name for name, _ in net[1:].named_children()] == ["act", "out"]
    del net[1]
    assert [name for name, _ in net.named_children()] == ["fc", "out"]
    assert net(microtorch.ones(4, 2)).shape == (4, 1)
    assert nn.Sequential()(3) == 3


def test_subclasses_of_sequential_may_hold_more():
    class Scaled(nn.Sequential):
        def __init__(self, *modules):
            super().__init__(*modules)
            self.scale = nn.Parameter(microtorch.tensor(2.0))

        def forward(self, x):
            return super().forward(x) * self.scale

    net = Scaled(nn.Identity(), nn.Identity())
    assert len(net) == 2
    assert net(microtorch.tensor(3.0)).item() == 6


def test_modules_in_a_dict():
    a, b, c = layers(3)
    held = nn.ModuleDict({"a": a, "b": b})
    held.update([("c", c)])
    assert list(held) == list(held.keys()) == ["a", "b", "c"]
    assert list(held.values()) == [a, b, c]
    assert held.items() == [("a", a), ("b", b), ("c", c)]
    assert "a" in held
    assert "z" not in held
    assert held.pop("b") is b
    with pytest.raises(KeyError, match="'b' is none of the names here: 'a', 'c'"):
        held["b"]
    with pytest.raises(KeyError, match="already has an attribute 'keys'"):
        held["keys"] = a
    with pytest.raises(TypeError, match="must be a Module or None, not int"):
        held["n"] = 1
    held.clear()
    assert len(held) == 0


def test_parameters_in_lists_and_dicts():
    p = nn.Parameter(microtorch.ones(2, 3))
    held = nn.ParameterList([p, microtorch.zeros(4)])
    assert held[0] is p
    assert type(held[1]) is nn.Parameter
    assert list(held.state_dict()) == ["0", "1"]
    assert repr(held) == "ParameterList(\n  (0): Parameter of 2x3 float32\n  (1): Parameter of 4 float32\n)"
    named = nn.ParameterDict({"p": p})
    named["q"] = microtorch.zeros(())
    assert named["p"] is p
    assert named.get("z") is None
    assert list(named.state_dict()) == ["p", "q"]
    assert repr(named) == "ParameterDict(\n  (p): Parameter of 2x3 float32\n  (q): Parameter of scalar float32\n)"
    with pytest.raises(TypeError, match="holds parameters, not ndarray"):
        named["n"] = np.ones(1)
    with pytest.raises(TypeError, match="holds parameters, not list"):
        held.append([1.0])


def test_copies_are_deep():
    net = nn.ModuleList(layers(2))
    twin = copy.deepcopy(net)
    assert twin[0].weight is not net[0].weight
    assert twin[0].weight.tolist() == net[0].weight.tolist()


# -- MLP --------------------------------------------------------------------------------------------------------------


def test_mlp_has_the_layers_asked_for():
    net = nn.MLP([6, 5, 4, 3], activation="leaky_relu", dropout=0.2, norm="batch")
    kinds = [(name, type(m).__name__) for name, m in net.named_children()]
    assert kinds == [
        ("fc1", "Linear"), ("norm1", "BatchNorm1d"), ("act1", "LeakyReLU"), ("drop1", "Dropout"),
        ("fc2", "Linear"), ("norm2", "BatchNorm1d"), ("act2", "LeakyReLU"), ("drop2", "Dropout"),
        ("fc3", "Linear"),
    ]  # fmt: skip
    assert net(microtorch.randn(7, 6)).shape == (7, 3)
    assert nn.MLP([6, 4, 3])(microtorch.randn(6)).shape == (3,)


def test_mlp_takes_images_and_sequences():
    assert nn.MLP([12, 4, 2])(microtorch.randn(5, 1, 3, 4)).shape == (5, 2)
    assert nn.MLP([4, 4, 2])(microtorch.randn(5, 3, 4)).shape == (5, 3, 2)
    with pytest.raises(ValueError, match=r"11 features do not fit 12"):
        nn.MLP([12, 4, 2])(microtorch.randn(5, 11))


def test_mlp_takes_what_makes_modules():
    net = nn.MLP(
        [4, 6, 2], activation=lambda: nn.Softplus(2.0), norm=lambda n: nn.GroupNorm(2, n), init=nn.init.xavier_normal_
    )
    assert net.act1.beta == 2.0
    assert net.norm1.num_channels == 6
    assert net.fc1.bias.tolist() == [0.0] * 6


@pytest.mark.parametrize(
    "options, message",
    [
        ({"sizes": [3]}, "two or more"),
        ({"activation": "rellu"}, "activation 'rellu' is none of .* Did you mean 'relu'"),
        ({"norm": "bach"}, "norm 'bach' is none of batch, layer, rms. Did you mean 'batch'"),
        ({"init": "kaiming"}, "init 'kaiming' is none of .*kaiming_normal"),
        ({"dropout": 1.5}, "between 0 and 1"),
    ],
)
def test_mlp_refuses_what_it_does_not_know(options, message):
    with pytest.raises(ValueError, match=message):
        nn.MLP(**{"sizes": [3, 3, 3], **options})


def test_mlp_is_made_again_from_a_seed():
    def make():
        return nn.MLP([5, 4, 3], dropout=0.5, init="orthogonal", generator=microtorch.Generator().manual_seed(1))

    a, b, x = make(), make(), microtorch.randn(6, 5)
    assert np.array_equal(a(x).numpy(force=True), b(x).numpy(force=True))
    assert a.fc1.weight.tolist() != make().fc2.weight.tolist()
