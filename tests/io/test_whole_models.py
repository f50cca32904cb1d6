"""Whole models in files: built again of classes that are there, and nothing imported or run."""

import json
import subprocess
import sys

import pytest
import whole_models
from whole_models import Net

import microtorch
from microtorch import nn
from microtorch.errors import CheckpointError
from microtorch.io import load, safetensors, save


def test_a_model_comes_back_whole(tmp_path):
    net = Net().eval()
    net.norm.running_mean.fill_(0.3)
    x = microtorch.randn(3, 4)
    save(net, tmp_path / "model.pt")
    again = load(tmp_path / "model.pt", weights_only=False)
    assert type(again) is Net
    assert microtorch.equal(again(x), net(x))
    assert repr(again) == repr(net)
    assert list(again.state_dict()) == list(net.state_dict())
    assert [n for n, _ in again.named_parameters()] == [n for n, _ in net.named_parameters()]
    assert (again.hidden, again.scales, again.options) == (8, (0.5, 2.0), {"slope": 0.1, 3: None})
    assert again.activation is nn.functional.relu
    assert again.tied.weight is again.fc1.weight
    assert again.again is again.fc1
    assert not again.fc2.bias.requires_grad
    assert not again.training
    assert "shift" not in again.state_dict()
    assert again.fc1.weight.name == "weight"
    again.train()(x).sum().backward()
    assert again.fc1.weight.grad is not None


def test_a_model_in_a_checkpoint(tmp_path):
    save({"model": nn.Sequential(nn.Linear(2, 3), nn.ReLU()), "epoch": 3}, tmp_path / "file")
    found = load(tmp_path / "file", weights_only=False)
    assert found["epoch"] == 3
    assert isinstance(found["model"][1], nn.ReLU)
    assert sorted(safetensors.load_file(tmp_path / "file")) == ["model.0.bias", "model.0.weight"]  # for any reader


LAYERS = [
    nn.Dropout(0.3), nn.Embedding(3, 4), nn.LayerNorm(4), nn.GELU("tanh"), nn.Softmax(1), nn.Bilinear(2, 3, 4),
    nn.CrossEntropyLoss(weight=microtorch.ones(3), label_smoothing=0.1), nn.GroupNorm(2, 4), nn.PReLU(), nn.Flatten(),
    nn.ModuleDict({"a": nn.Tanh()}), nn.ParameterList([nn.Parameter(microtorch.ones(2))]), nn.MSELoss(reduction="sum"),
]  # fmt: skip


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: type(layer).__name__)
def test_layers_come_back(tmp_path, layer):
    save(layer, tmp_path / "file")
    again = load(tmp_path / "file", weights_only=False)
    assert type(again) is type(layer)
    assert repr(again) == repr(layer)
    assert vars(again).keys() == vars(layer).keys()


def hooked():
    net = nn.Linear(2, 2)
    net.register_forward_hook(print)
    return net


def with_a_function():
    net = nn.Linear(2, 2)
    net.own = lambda x: x
    return net


def inside_a_function():
    class Local(nn.Module):
        pass

    return Local()


REFUSED = {
    "hooks": (hooked, "has hooks, which are code"),
    "a function": (with_a_function, "own is of type function"),
    "a local class": (inside_a_function, "Local is not found under its name"),
    "not initialised": (lambda: nn.LazyLinear(2), "weight is not initialised yet"),
    "parametrized": (lambda: nn.utils.parametrizations.weight_norm(nn.Linear(2, 2)), "ParametrizedLinear is not found"),
    "an optimizer": (lambda: microtorch.optim.SGD([microtorch.ones(1, requires_grad=True)], 0.1), "a SGD, an object"),
}


@pytest.mark.parametrize("make, words", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_saved_whole_shows_the_lines_to_write(tmp_path, make, words):
    with pytest.raises(TypeError, match=words) as caught:
        save(make(), tmp_path / "file")
    assert "  microtorch.save(model.state_dict(), 'file')\n  model = " in str(caught.value)
    assert not (tmp_path / "file").exists()


def test_a_model_is_built_only_where_that_is_asked_for(tmp_path):
    save(Net(), tmp_path / "model.pt")
    for options in ({}, {"weights_only": True}):
        with pytest.raises(CheckpointError, match=r"holds a whole model.*weights_only=False"):
            load(tmp_path / "model.pt", **options)


def changed(tmp_path, change):
    """A file with a model whose description is changed."""
    save(Net(), tmp_path / "model.pt")
    tensors, metadata = safetensors.load_file(tmp_path / "model.pt"), safetensors.load_metadata(tmp_path / "model.pt")
    tree = json.loads(metadata["microtorch"])
    change(tree["$module"])
    safetensors.save_file(tensors, tmp_path / "model.pt", {"microtorch": json.dumps(tree)})
    return tmp_path / "model.pt"


HOSTILE = {
    "another class": (lambda r: r.update({"class": "subprocess:Popen"}), "wants subprocess:Popen made as a model"),
    "no such class": (lambda r: r.update({"class": "os.path:Net"}), "class os.path.Net, which is not there"),
    "not imported": (lambda r: r.update({"class": "antigravity:Net"}), "nothing is imported for a file"),
    "a constructor": (lambda r: r.update({"class": "whole_models:Strict"}), "made as a model, which is none"),
    "a function": (lambda r: r["plain"].update(f={"function": "__builtins__"}), "described in an unknown way"),
    "the registry": (lambda r: r["plain"].update(_kinds={"value": {}}), "an attribute is called _kinds"),
    "a kind": (lambda r: r["held"][0].__setitem__(1, "code"), "an attribute is a code"),
    "itself as a tensor": (lambda r: r["held"][0].__setitem__(2, {"same": 0}), "held as two kinds|damaged"),
    "no tensor": (lambda r: r["held"][0][2].update(held=[["weight", "parameter", {"number": 9, "values": 3,
                  "requires_grad": True}]]), "damaged"),
    "nothing": (lambda r: r.clear(), "damaged"),
}  # fmt: skip


@pytest.mark.parametrize("change, words", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_description_runs_nothing(tmp_path, change, words):
    assert whole_models.Strict
    before = set(sys.modules)
    with pytest.raises(CheckpointError, match=words):
        load(changed(tmp_path, change), weights_only=False)
    assert set(sys.modules) - before <= {"microtorch.io.modules"}


def test_another_program_needs_the_class(tmp_path):
    save(Net(), tmp_path / "model.pt")
    code = (
        "import sys, microtorch\n"
        "try: microtorch.load(sys.argv[1], weights_only=False)\n"
        "except RuntimeError as error: print(error)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "model.pt"], capture_output=True, text=True, check=True
    )
    assert "class whole_models.Net, which is not there. Define or import it first" in found.stdout
