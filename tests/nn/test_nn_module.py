"""Module: registration, walking, state, calls, and what it says when something is wrong."""

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest

import microtorch
from microtorch import nn
from microtorch.errors import CheckpointError, DTypeError, GraphError
from microtorch.nn.scope import scope_path


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(4, 8)
        self.norm = nn.BatchNorm1d(8)
        self.fc2 = nn.Linear(8, 3)

    def forward(self, x):
        return self.fc2(nn.functional.relu(self.norm(self.fc1(x))))


def names(pairs):
    return [name for name, _ in pairs]


def arrays(state):
    return {name: t.numpy(force=True).copy() for name, t in state.items()}


def test_names_are_found_in_order_of_registration():
    net = Net()
    assert names(net.named_parameters()) == [
        "fc1.weight", "fc1.bias", "norm.weight", "norm.bias", "fc2.weight", "fc2.bias",
    ]  # fmt: skip
    assert names(net.named_buffers()) == ["norm.running_mean", "norm.running_var", "norm.num_batches_tracked"]
    assert names(net.named_modules()) == ["", "fc1", "norm", "fc2"]
    assert names(net.named_children()) == ["fc1", "norm", "fc2"]
    assert names(net.named_parameters(prefix="net", recurse=False)) == []
    assert list(net.children()) == [net.fc1, net.norm, net.fc2]
    assert list(net.modules()) == [net, net.fc1, net.norm, net.fc2]


def test_what_is_shared_comes_once():
    net = Net()
    net.again = net.fc1
    net.fc2.bias = net.norm.bias
    net.fc3 = nn.Linear(4, 3)
    net.fc3.bias = net.norm.bias
    assert len(list(net.parameters())) == 6
    assert names(net.named_children()) == ["fc1", "norm", "fc2", "fc3"]
    everywhere = names(net.named_parameters(remove_duplicate=False))
    assert {"again.weight", "fc2.bias", "fc3.bias"} <= set(everywhere)
    assert {"again.weight", "fc2.bias", "fc3.bias"} <= set(net.state_dict())


def test_parameters_know_their_first_name():
    net = Net()
    assert net.fc1.weight.name == "weight"
    net.tied = net.fc1.weight
    assert net.tied.name == "weight"


def test_super_init_may_be_forgotten():
    class Forgetful(nn.Module):
        def __init__(self):
            self.w = nn.Parameter(microtorch.ones(2))

    assert names(Forgetful().named_parameters()) == ["w"]
    assert Forgetful().training


def test_registered_names_take_their_kind_or_none():
    net = Net()
    net.fc1.bias = None
    assert names(net.fc1.named_parameters()) == ["weight"]
    net.fc1.bias = nn.Parameter(microtorch.zeros(8))
    assert names(net.fc1.named_parameters()) == ["weight", "bias"]
    with pytest.raises(
        TypeError, match=r"Linear.bias is a parameter: it takes a Parameter or None, not Tensor.*nn.Par"
    ):
        net.fc1.bias = microtorch.zeros(8)
    with pytest.raises(TypeError, match=r"Net.fc1 is a module"):
        net.fc1 = 3
    with pytest.raises(TypeError, match=r"BatchNorm1d.running_mean is a buffer"):
        net.norm.running_mean = np.zeros(8)
    net.norm.running_mean = microtorch.ones(8)
    assert net.norm.running_mean.tolist() == [1.0] * 8
    net.fc2 = nn.Parameter(microtorch.ones(1))  # a new kind
    assert names(net.named_children()) == ["fc1", "norm"]
    assert "fc2" in net.state_dict()
    del net.fc2
    assert "fc2" not in net.state_dict()
    assert not hasattr(net, "fc2")


def test_register_by_name():
    net = nn.Module()
    net.register_parameter("w", nn.Parameter(microtorch.ones(2)))
    net.register_parameter("nothing", None)
    net.register_buffer("seen", microtorch.zeros(1))
    net.register_buffer("scratch", microtorch.zeros(1), persistent=False)
    net.add_module("fc", nn.Linear(1, 1))
    assert net.nothing is None
    assert list(net.state_dict()) == ["w", "seen", "fc.weight", "fc.bias"]
    assert names(net.named_buffers()) == ["seen", "scratch"]
    for name, error in (("forward", KeyError), ("a.b", KeyError), ("", KeyError), (3, TypeError)):
        with pytest.raises(error):
            net.add_module(name, nn.Identity())
    with pytest.raises(TypeError, match="must be a Parameter or None, not Tensor"):
        net.register_parameter("v", microtorch.ones(1))
    with pytest.raises(TypeError, match="must be a Tensor or None, not Parameter"):
        net.register_buffer("v", nn.Parameter(microtorch.ones(1)))
    with pytest.raises(TypeError, match="must be a Module or None, not int"):
        net.add_module("v", 3)


def test_a_typo_is_told_with_what_was_meant():
    net = Net()
    with pytest.raises(AttributeError, match=r"Net has no attribute 'fc12'. Did you mean 'fc2' or 'fc1'\?"):
        net.fc12  # noqa: B018
    with pytest.raises(AttributeError, match="Did you mean 'train'"):
        net.trian()
    assert not hasattr(net, "anything_else")


def test_paths():
    net = nn.Sequential(Net(), nn.ReLU())
    assert net.get_submodule("0.fc1") is net[0].fc1
    assert net.get_submodule("") is net
    assert net.get_parameter("0.fc1.weight") is net[0].fc1.weight
    assert net.get_buffer("0.norm.running_var") is net[0].norm.running_var
    with pytest.raises(AttributeError, match=r"Did you mean 'fc2' or 'fc1'"):
        net.get_submodule("0.fc3")
    with pytest.raises(AttributeError, match="not a Module"):
        net.get_submodule("0.training")
    with pytest.raises(AttributeError, match="is not a parameter"):
        net.get_parameter("0.norm.running_var")


def test_train_and_eval_reach_all_below():
    net = nn.Sequential(Net(), nn.Dropout(0.5))
    assert net.eval() is net
    assert not any(m.training for m in net.modules())
    assert all(m.training for m in net.train().modules())
    with pytest.raises(ValueError, match="True or False"):
        net.train("yes")


def test_gradients_can_be_frozen_and_forgotten():
    net = Net()
    net.fc1.requires_grad_(False)
    net(microtorch.randn(5, 4)).sum().backward()
    assert net.fc1.weight.grad is None
    assert net.fc2.weight.grad is not None
    net.zero_grad(set_to_none=False)
    assert np.all(net.fc2.weight.grad.numpy() == 0)
    assert net.fc1.weight.grad is None
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())


def test_apply_visits_children_first():
    seen = []
    net = nn.Sequential(Net())
    assert net.apply(seen.append) is net
    assert seen == [net[0].fc1, net[0].norm, net[0].fc2, net[0], net]


def test_conversion_keeps_the_objects_and_leaves_integers():
    net = Net()
    weight = net.fc1.weight
    net(microtorch.randn(5, 4)).sum().backward()
    assert net.double() is net
    assert weight is net.fc1.weight
    assert weight.dtype == weight.grad.dtype == net.norm.running_mean.dtype == np.float64
    assert net.norm.num_batches_tracked.dtype == np.int64
    assert net(microtorch.randn(5, 4).double()).dtype == np.float64
    for same in (net.float(), net.to("cpu"), net.to(microtorch.float32), net.to(net.fc1.weight), net.cpu()):
        assert same is net
    assert weight.dtype == np.float32
    with pytest.raises(ValueError, match="CPU only"):
        net.to("cuda:0")
    with pytest.raises(DTypeError, match="float32 or float64"):
        net.to(microtorch.int64)


# -- state ------------------------------------------------------------------------------------------------------------


def test_state_dict_goes_round():
    a, b = Net(), Net()
    a(microtorch.randn(6, 4))
    state = a.state_dict()
    assert not any(t.requires_grad for t in state.values())
    assert b.load_state_dict(state) == ([], [])
    x = microtorch.randn(3, 4)
    assert np.array_equal(a.eval()(x).numpy(force=True), b.eval()(x).numpy(force=True))
    assert b.fc1.weight.numpy(force=True).base is not state["fc1.weight"].numpy().base
    state["fc1.bias"].numpy()[:] = 7.0  # shares memory with its own module only
    assert a.fc1.bias.tolist() == [7.0] * 8
    assert b.fc1.bias.tolist() != [7.0] * 8


def test_state_dict_options():
    net = Net()
    assert next(iter(net.state_dict(prefix="net."))) == "net.fc1.weight"
    assert net.state_dict(keep_vars=True)["fc1.weight"] is net.fc1.weight


def test_loading_tells_every_mismatch_and_changes_nothing():
    net = Net()
    before = arrays(net.state_dict())
    state = {name: t.clone() for name, t in net.state_dict().items()}
    state["fc1.wieght"] = state.pop("fc1.weight") + 1
    state["fc2.weight"] = microtorch.zeros(8, 3)
    state["norm.bias"] = microtorch.zeros(9)
    state["fc2.bias"] = state["fc2.bias"] + 1
    state["norm.num_batches_tracked"] = microtorch.tensor(1.5)
    state["junk"] = microtorch.zeros(2)
    with pytest.raises(CheckpointError) as caught:
        net.load_state_dict(state)
    assert str(caught.value).split("\n") == [
        "load_state_dict: the state dict does not fit Net; nothing was loaded.",
        "  missing      fc1.weight                (8, 4) float32  the state dict has 'fc1.wieght': is that it?",
        "  unexpected   fc1.wieght                (8, 4) float32  did you mean 'fc1.weight'?",
        "  unexpected   junk                      (2,) float32",
        "  wrong shape  norm.bias                 (9,) float32    the module has (8,) float32",
        "  wrong dtype  norm.num_batches_tracked  () float32      the module has () int64",
        "  wrong shape  fc2.weight                (8, 3) float32  the module has (3, 8) float32: transposed? "
        "Linear keeps its weight as (out_features, in_features)",
    ]
    assert isinstance(caught.value, RuntimeError)
    for name, array in arrays(net.state_dict()).items():
        assert np.array_equal(array, before[name]), name


def test_loading_not_strictly_passes_over_names_but_not_shapes():
    net = Net()
    result = net.load_state_dict({"fc1.bias": np.full(8, 3.0), "junk": np.zeros(1)}, strict=False)
    assert result.unexpected_keys == ["junk"]
    assert "fc1.weight" in result.missing_keys
    assert net.fc1.bias.tolist() == [3.0] * 8
    assert net.fc1.bias.dtype == np.float32
    with pytest.raises(CheckpointError, match="wrong shape"):
        net.load_state_dict({"fc1.bias": np.zeros(9), "fc2.bias": np.ones(3)}, strict=False)
    assert net.fc2.bias.tolist() != [1.0] * 3


def test_a_prefix_on_every_name_is_recognised():
    net = nn.Linear(2, 2)
    wrapped = {f"module.{name}": t for name, t in net.state_dict().items()}
    with pytest.raises(CheckpointError, match=r"Every name begins with 'module.' there. Take it off: \{name.remove"):
        net.load_state_dict(wrapped)


@pytest.mark.parametrize("state, error", [([1], TypeError), ({"weight": "text"}, CheckpointError)])
def test_what_is_no_state_dict(state, error):
    with pytest.raises(error, match="load_state_dict"):
        nn.Linear(1, 1).load_state_dict(state)


def test_loading_between_forward_and_backward_is_noticed():
    layer = nn.Linear(3, 2)
    loss = layer(microtorch.randn(1, 3).requires_grad_()).sum()
    layer.load_state_dict(nn.Linear(3, 2).state_dict())
    with pytest.raises(GraphError, match=r"load_state_dict at .*test_nn_module"):
        loss.backward()


# -- copies -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["deepcopy", "pickle"])
def test_modules_are_copied_with_their_ties(copied):
    net = nn.Sequential(Net(), nn.Dropout(0.5, generator=microtorch.Generator().manual_seed(3)))
    net[0].tied = net[0].fc1.weight
    x = microtorch.randn(5, 4)
    net(x).sum().backward()
    twin = copied(net)
    assert repr(twin) == repr(net)
    assert twin[0].tied is twin[0].fc1.weight
    assert names(twin.named_parameters()) == names(net.named_parameters())
    assert type(twin[0].fc1.weight) is nn.Parameter
    assert [p.name for p in twin.parameters()] == [p.name for p in net.parameters()]
    assert np.array_equal(net(x).numpy(force=True), twin(x).numpy(force=True))  # the generators go on alike
    with microtorch.no_grad():
        twin[0].fc1.weight.mul_(0)
    assert np.any(net[0].fc1.weight.numpy(force=True))


def test_deepcopy_takes_gradients_along_and_pickle_does_not():
    layer = nn.Linear(2, 1)
    layer(microtorch.ones(1, 2)).sum().backward()
    twin = copy.deepcopy(layer)
    assert twin.weight.grad.tolist() == [[1.0, 1.0]]
    assert twin.weight.grad is not layer.weight.grad
    assert pickle.loads(pickle.dumps(layer)).weight.grad is None


def test_results_are_not_copied():
    y = microtorch.ones(2, requires_grad=True) * 2
    for copied in (copy.deepcopy, pickle.dumps):
        with pytest.raises(GraphError, match=r"is the result of Mul.*Use .detach\(\)"):
            copied(y)


def test_copies_of_a_tensor_have_memory_of_their_own():
    x = microtorch.ones(2, requires_grad=True)
    for copied in (copy.deepcopy(x), pickle.loads(pickle.dumps(x)), pickle.loads(pickle.dumps(x, protocol=5))):
        assert not np.shares_memory(copied._array, x._array)
        assert copied.requires_grad
        assert copied.is_leaf


# -- calls ------------------------------------------------------------------------------------------------------------


def test_operations_know_the_module_they_ran_in():
    class Probe(nn.Module):
        def forward(self, x):
            self.inside = x * 2
            return self.inside

    net = nn.Sequential(nn.Sequential(Probe()), Probe())
    y = net(microtorch.ones(1, requires_grad=True))
    assert scope_path(net[0][0].inside.grad_fn.scope) == "Sequential.0.0"
    assert scope_path(y.grad_fn.scope) == "Sequential.1"
    assert (y * 1).grad_fn.scope is None


def test_an_error_tells_once_where_it_comes_from():
    net = nn.Sequential(nn.Sequential(nn.Linear(4, 4), nn.Linear(5, 4)))
    for _ in range(2):
        with pytest.raises(ValueError, match="linear") as caught:
            net(microtorch.ones(1, 4))
        assert caught.value.__notes__ == ["In Sequential.0.1 (Linear)"]
    assert (microtorch.ones(1, requires_grad=True) * 1).grad_fn.scope is None  # the scope was put back


def test_the_outermost_module_is_named_alone():
    with pytest.raises(NotImplementedError, match="define forward") as caught:
        nn.Module()(1)
    assert caught.value.__notes__ == ["In Module"]


def test_a_module_goes_when_nobody_needs_it():
    net = Net()
    gone = weakref.ref(net.fc1.weight)
    net(microtorch.randn(5, 4)).sum().backward()
    del net
    gc.collect()
    assert gone() is None


def test_plain_tensors_are_no_parameters():
    net = nn.Module()
    net.plain = microtorch.ones(2, requires_grad=True)
    assert list(net.parameters()) == []
    with pytest.raises(DTypeError, match="has no gradient"):
        nn.Parameter(microtorch.arange(3))
    assert not nn.Parameter(microtorch.arange(3), requires_grad=False).requires_grad
    assert repr(nn.Parameter(microtorch.ones(1))) == "Parameter containing:\ntensor([1.], requires_grad=True)"
