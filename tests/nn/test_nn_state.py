"""The state of modules: hooks, extra states, assigning, and what may have which name."""

import copy
import pickle

import numpy as np
import pytest

import microtorch
from microtorch import nn
from microtorch.errors import CheckpointError


def net():
    return nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.BatchNorm1d(3)))


# -- hooks -------------------------------------------------------------------------------------------------------------


def test_hooks_of_state_dict_run_from_the_outside_in_and_back():
    model, calls = net(), []
    for name, module in model.named_modules():
        module.register_state_dict_pre_hook(lambda m, prefix, keep, name=name: calls.append(("before", prefix, keep)))
        module.register_state_dict_post_hook(
            lambda m, state, prefix, metadata: calls.append(("after", prefix, len(state)))
        )
    state = model.state_dict()
    prefixes = [("before", p, False) for p in ("", "0.", "1.", "1.0.")]
    assert [c for c in calls if c[0] == "before"] == prefixes
    assert [c for c in calls if c[0] == "after"] == [
        ("after", "0.", 2),
        ("after", "1.0.", 7),
        ("after", "1.", 7),
        ("after", "", 7),
    ]
    assert list(state) == list(net().state_dict())


def test_a_hook_may_change_the_state_dict_and_be_removed():
    model = net()
    handle = model.register_state_dict_post_hook(lambda m, state, prefix, metadata: state.update(note=1))
    assert model.state_dict()["note"] == 1
    handle.remove()
    assert "note" not in model.state_dict()
    with model._register_state_dict_hook(lambda m, state, prefix, metadata: {"all": len(state)}):
        assert model.state_dict() == {"all": 7}
    model.register_state_dict_post_hook(lambda m, state, prefix, metadata: {})
    with pytest.raises(RuntimeError, match="returns None"):
        model.state_dict()


def test_a_hook_renames_what_an_older_model_saved():
    model, old = net(), {f"body.{k}": v.clone() for k, v in net().state_dict().items()}

    def rename(module, state, prefix, metadata, strict, missing, unexpected, errors):
        for key in list(state):
            state[key.removeprefix("body.")] = state.pop(key)

    model.register_load_state_dict_pre_hook(rename)
    keys = list(old)
    assert model.load_state_dict(old) == ([], [])
    assert list(old) == keys  # the caller's dict is not touched
    assert np.array_equal(model[0].weight.detach().numpy(), old["body.0.weight"].numpy())


def test_a_hook_without_the_module_and_its_errors():
    model, seen = net(), []
    model[1]._register_load_state_dict_pre_hook(lambda state, prefix, *rest: seen.append(prefix))
    model.load_state_dict(net().state_dict())
    assert seen == ["1."]
    model.register_load_state_dict_pre_hook(lambda m, s, p, md, strict, mi, un, errors: errors.append("too old"))
    before = model[0].weight.tolist()
    with pytest.raises(CheckpointError, match="too old; nothing was loaded"):
        model.load_state_dict(net().state_dict())
    assert model[0].weight.tolist() == before


def test_a_hook_forgives_missing_keys_or_everything_is_as_it_was():
    model = net()
    state = {k: v * 0 + 7 for k, v in net().state_dict().items() if k != "0.bias"}
    model.register_load_state_dict_post_hook(lambda m, keys: keys.missing_keys.clear())
    model.load_state_dict(state)
    assert model[0].weight.tolist() == [[7, 7]] * 3
    for assign in (False, True):
        model = net()
        weight, before = model[0].weight, model[0].weight.tolist()
        model.register_load_state_dict_post_hook(lambda m, keys: None)
        with pytest.raises(CheckpointError, match=r"missing  0.bias"):
            model.load_state_dict(state, assign=assign)
        assert model[0].weight is weight
        assert weight.tolist() == before


# -- extra states ------------------------------------------------------------------------------------------------------


class Counted(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc, self.calls = nn.Linear(2, 1), 0

    def get_extra_state(self):
        return {"calls": self.calls}

    def set_extra_state(self, state):
        self.calls = state["calls"]


def test_an_extra_state_goes_along(tmp_path):
    model = nn.Sequential(Counted())
    model[0].calls = 5
    state = model.state_dict()
    assert state["0._extra_state"] == {"calls": 5}
    microtorch.save(state, tmp_path / "state")
    other = nn.Sequential(Counted())
    other.load_state_dict(microtorch.load(tmp_path / "state"))
    assert other[0].calls == 5
    del state["0._extra_state"]
    with pytest.raises(CheckpointError, match=r"missing  0\._extra_state"):
        other.load_state_dict(state)
    assert other.load_state_dict(state, strict=False).missing_keys == ["0._extra_state"]
    plain = nn.Sequential(nn.Linear(2, 1))
    with pytest.raises(CheckpointError, match="unexpected  _extra_state  no tensor"):
        plain[0].load_state_dict({**plain[0].state_dict(), "_extra_state": {"calls": 1}})
    with pytest.raises(NotImplementedError, match="define get_extra_state"):
        plain.get_extra_state()


# -- assign ------------------------------------------------------------------------------------------------------------


def test_assign_takes_the_given_tensors_themselves():
    model = net()
    model[0].bias.requires_grad_(False)
    state = {k: v.double() if v.is_floating_point() else v.clone() for k, v in net().state_dict().items()}
    given = nn.Parameter(state["0.weight"])
    state["0.weight"] = given
    model.load_state_dict(state, assign=True)
    assert model[0].weight is given
    assert model[0].bias.dtype == microtorch.float64
    assert isinstance(model[0].bias, nn.Parameter)
    assert not model[0].bias.requires_grad
    assert np.shares_memory(model[0].bias.numpy(), state["0.bias"].numpy())
    assert np.shares_memory(model[1][0].running_mean.numpy(), state["1.0.running_mean"].numpy())
    with pytest.raises(CheckpointError, match="wrong shape"):
        model.load_state_dict({**state, "0.bias": np.ones(4)}, assign=True)
    with pytest.raises(CheckpointError, match="wrong dtype"):
        model.load_state_dict({**state, "0.weight": np.ones((3, 2), np.int64)}, assign=True)


@pytest.mark.parametrize("value", [tuple, ((1, 2), (3,)), {"a": 1}, "abc", None, [object()]])
def test_what_is_no_tensor_is_refused_by_name_where_it_is_wanted(value):
    model = nn.Linear(2, 3)
    state = {**model.state_dict(), "weight": value}
    with pytest.raises(CheckpointError, match=r"load_state_dict: 'weight' .*nothing was loaded"):
        model.load_state_dict(state)
    assert model.load_state_dict({**model.state_dict(), "odd": value}, strict=False).unexpected_keys == ["odd"]
    with pytest.raises(TypeError, match="names of tensors are strings"):
        model.load_state_dict({1: value})


# -- names -------------------------------------------------------------------------------------------------------------

TAKEN = {
    "parameter": lambda m: m.register_parameter("x", nn.Parameter(microtorch.ones(1))),
    "buffer": lambda m: m.register_buffer("x", microtorch.ones(1)),
    "module": lambda m: m.add_module("x", nn.ReLU()),
    "plain attribute": lambda m: setattr(m, "x", 3),
}


@pytest.mark.parametrize("first", TAKEN)
@pytest.mark.parametrize("then", ["parameter", "buffer", "module"])
def test_registering_over_another_kind_is_refused(first, then):
    module = nn.Module()
    TAKEN[first](module)
    if first == then:
        TAKEN[then](module)  # as in PyTorch, the same kind is replaced
        return
    with pytest.raises(KeyError, match=rf"Module already has an attribute 'x', a {first}"):
        TAKEN[then](module)
    del module.x
    TAKEN[then](module)
    assert then in module._kinds["x"]


class Wide(nn.Module):
    @property
    def width(self):
        return self.fc.in_featurse

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 3)


def test_an_error_inside_a_property_is_told_as_it_is():
    with pytest.raises(AttributeError, match=r"Linear has no attribute 'in_featurse'. Did you mean 'in_features'"):
        _ = Wide().width
    with pytest.raises(AttributeError, match=r"Wide has no attribute 'widht'. Did you mean 'width'"):
        _ = Wide().widht
    assert not hasattr(Wide(), "width")
    assert getattr(Wide(), "height", 3) == 3


def test_a_parameter_carries_marks():
    p = nn.Parameter(microtorch.ones(2))
    p.tag = ["slow"]
    for other in (copy.deepcopy(p), pickle.loads(pickle.dumps(p))):
        assert other.tag == ["slow"]
        assert other.tag is not p.tag
        assert isinstance(other, nn.Parameter)
    layer = nn.Linear(2, 1)
    layer.weight.tag = 1
    assert copy.deepcopy(layer).weight.tag == 1


def test_a_copy_has_a_gradient_of_its_own():
    p = nn.Parameter(microtorch.ones(2))
    (loss,) = microtorch.autograd.grad((p * p * p).sum(), p, create_graph=True)
    loss.sum().backward(create_graph=True)
    assert p.grad.requires_grad
    other = copy.deepcopy(p)
    assert not other.grad.requires_grad
    other.grad.add_(1)
    assert (p.grad.tolist(), other.grad.tolist()) == ([6.0, 6.0], [7.0, 7.0])


# -- sizes -------------------------------------------------------------------------------------------------------------

SIZED = {
    "Linear in_features": lambda n: nn.Linear(n, 2),
    "Linear out_features": lambda n: nn.Linear(2, n),
    "Bilinear in1_features": lambda n: nn.Bilinear(n, 2, 2),
    "Bilinear in2_features": lambda n: nn.Bilinear(2, n, 2),
    "Bilinear out_features": lambda n: nn.Bilinear(2, 2, n),
    "Embedding num_embeddings": lambda n: nn.Embedding(n, 2),
    "Embedding embedding_dim": lambda n: nn.Embedding(2, n),
    **{
        f"{kind}Norm{d}d num_features": lambda n, kind=kind, d=d: getattr(nn, f"{kind}Norm{d}d")(n)
        for kind in ("Batch", "Instance")
        for d in (1, 2, 3)
    },
    "GroupNorm num_groups": lambda n: nn.GroupNorm(n, 2),
    "GroupNorm num_channels": lambda n: nn.GroupNorm(2, n),
    "LayerNorm normalized_shape": lambda n: nn.LayerNorm(n),
    "LayerNorm normalized_shape[1]": lambda n: nn.LayerNorm([2, n]),
    "RMSNorm normalized_shape": lambda n: nn.RMSNorm(n),
    "PReLU num_parameters": lambda n: nn.PReLU(n),
    "MLP sizes[1]": lambda n: nn.MLP([2, n, 2]),
}


@pytest.mark.parametrize("argument", SIZED)
@pytest.mark.parametrize("size", [-2, 2.0, 2.5, "2", None, True, [2.0]])
def test_a_size_that_is_none_is_told_with_its_argument(argument, size):
    layer, name = argument.split()
    if isinstance(size, list) and name == "normalized_shape":
        name = "normalized_shape[0]"
    with pytest.raises(ValueError if size == -2 else TypeError) as caught:
        SIZED[argument](size)
    assert str(caught.value).startswith(f"{layer}: {name} is ")
    SIZED[argument](np.int64(2))


# -- containers --------------------------------------------------------------------------------------------------------


def test_sequential_times_a_number_repeats_its_modules():
    layer = nn.Linear(2, 2)
    model = nn.Sequential(layer, nn.ReLU())
    for three in (model * 3, 3 * model):
        assert len(three) == 6
        assert three[2] is layer
        assert list(three.state_dict())[:3] == ["0.weight", "0.bias", "2.weight"]
    model *= 2
    assert len(model) == 4
    for factor, error in ((0, ValueError), (-1, ValueError), (1.5, TypeError), (True, TypeError)):
        with pytest.raises(error, match=r"Sequential \* "):
            model * factor


@pytest.mark.parametrize("kind", [nn.Sequential, nn.ModuleList])
def test_insert_and_add_stay_within_the_list(kind):
    items = kind(nn.ReLU()) if kind is nn.Sequential else kind([nn.ReLU()])
    for index in (5, -2):
        with pytest.raises(IndexError, match=rf"insert: index {index} is out of range for a {kind.__name__} of 1"):
            items.insert(index, nn.Tanh())
    items.insert(-1, nn.Tanh()).insert(2, nn.Sigmoid())
    assert [type(m).__name__ for m in items] == ["Tanh", "ReLU", "Sigmoid"]
    with pytest.raises(TypeError, match=r"add a .*, or one item with append"):
        items + nn.ReLU()
    before = list(items)
    with pytest.raises(TypeError, match="holds modules, not int"):
        items += [nn.ReLU(), 3]
    assert list(items) == before
    assert len(items + nn.ModuleList([nn.ReLU()])) == 4


def test_a_string_that_is_no_device():
    with pytest.raises(ValueError, match="'flaot' names none of cpu"):
        nn.Linear(2, 2).to("flaot")


@pytest.mark.parametrize("dtype", [["a"], 3, object(), {"x": 1}])
def test_a_dtype_that_is_none(dtype):
    with pytest.raises(TypeError, match=r"is no dtype. There are bool, float32, float64"):
        nn.Linear(2, 2).to(dtype)
