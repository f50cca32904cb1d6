"""What is not a Tensor, where a Tensor is wanted: one rule for all functions and layers, in words.

Inputs and parameters are Tensors; what is only data (targets, weights of losses, row numbers) may be an array, a list
or a number and means the same.
"""

import contextlib
import inspect
import pickle

import numpy as np
import pytest

import microtorch
from microtorch import nn
from microtorch.errors import not_a_tensor
from microtorch.nn import functional as F

X = np.linspace(-0.9, 0.9, 12, dtype=np.float32).reshape(4, 3)
POSITIVE = np.abs(X) + 0.05
LABELS, SIGNS, IMAGES = (
    np.array([0, 2, 1, 0]),
    np.array([1.0, -1, 1, -1], np.float32),
    np.ones((2, 3, 4, 4), np.float32),
)
W = np.ones((2, 3), np.float32)
ROW = np.ones(3, np.float32)

# function -> its arguments; only those that need another than one or two arrays of X's shape
ARGUMENTS = {
    "linear": (X, W, W[:, 0]),
    "bilinear": (X, X, np.ones((2, 3, 3), np.float32)),
    "batch_norm": (X, ROW * 0, ROW, ROW, ROW, True),
    "instance_norm": (IMAGES[0] * np.arange(4, dtype=np.float32),),
    "group_norm": (X, 3, ROW, ROW),
    "layer_norm": (X, (3,), ROW, ROW),
    "rms_norm": (X, (3,), ROW),
    "cross_entropy": (X, LABELS, ROW),
    "nll_loss": (X, LABELS, ROW),
    "multilabel_margin_loss": (X, np.array([[0, 1, -1], [2, -1, 0], [1, 2, 0], [-1, 0, 1]])),
    "multi_margin_loss": (X, LABELS, 1, 1.0, ROW),
    "embedding": (LABELS, X),
    "one_hot": (LABELS,),
    "glu": (IMAGES,),
    "pad": (X, (1, 1)),
    "threshold": (X, 0.0, 0.0),
    "prelu": (X, ROW),
    "softmax": (X, 1),
    "log_softmax": (X, 1),
    "softmin": (X, 1),
    "binary_cross_entropy": (POSITIVE, POSITIVE, POSITIVE),
    "binary_cross_entropy_with_logits": (X, POSITIVE, POSITIVE),
    "mse_loss": (X, X),
    "kl_div": (X, POSITIVE),
    "poisson_nll_loss": (X, POSITIVE),
    "gaussian_nll_loss": (X, X, POSITIVE),
    "cosine_embedding_loss": (X, X, SIGNS),
    "hinge_embedding_loss": (X, np.sign(X)),
    "soft_margin_loss": (X, np.sign(X)),
    "margin_ranking_loss": (X, X, np.sign(X)),
    "triplet_margin_loss": (X, X + 1, X - 1),
    **{f"dropout{n}d": (IMAGES[0] if n == 1 else IMAGES,) for n in (1, 2)},
    "dropout3d": (IMAGES[None],),
    "feature_alpha_dropout": (IMAGES,),
}
FUNCTIONS = [name for name in dir(F) if inspect.isfunction(getattr(F, name)) and not name.startswith("_")]
# Arguments that are only data, where arrays and lists are taken.
DATA = {"target", "var"} | {"weight of cross_entropy", "weight of nll_loss", "weight of multi_margin_loss"}
DATA |= {"weight of binary_cross_entropy", "weight of binary_cross_entropy_with_logits", "input of embedding"}


def arguments(name):
    """The arguments of a function: {name: ndarray or option}."""
    parameters = inspect.signature(getattr(F, name)).parameters
    required = sum(p.default is p.empty for p in parameters.values())
    return dict(zip(parameters, ARGUMENTS.get(name, (X,) * required), strict=False))


def tensors(given):
    return {name: microtorch.tensor(v) if isinstance(v, np.ndarray) else v for name, v in given.items()}


def cases():
    for function in FUNCTIONS:
        for name, value in arguments(function).items():
            if isinstance(value, np.ndarray):
                yield function, name


@pytest.mark.parametrize("function", FUNCTIONS)
def test_with_tensors_they_all_work(function):
    assert isinstance(getattr(F, function)(**tensors(arguments(function))), microtorch.Tensor)


@pytest.mark.parametrize("function, name", list(cases()))
@pytest.mark.parametrize("kind", ["array", "list"])
def test_arrays_and_lists_are_data_or_refused(function, name, kind):
    given = arguments(function)
    foreign = given[name] if kind == "array" else given[name].tolist()
    call, good = getattr(F, function), tensors(given)
    if name in DATA or f"{name} of {function}" in DATA:
        expected, got = call(**good), call(**good | {name: foreign})
        assert isinstance(got, microtorch.Tensor)
        assert np.array_equal(got.numpy(), expected.numpy(), equal_nan=True)
        return
    conversion = {"array": "from_numpy", "list": "tensor"}[kind]
    with pytest.raises(TypeError) as caught:
        call(**good | {name: foreign})
    assert str(caught.value).startswith(f"{function}: {name} is a ")
    assert f"microtorch.{conversion}({name})" in str(caught.value)


@pytest.mark.parametrize("function, name", list(cases()))
def test_none_is_told_by_name(function, name):
    parameter = inspect.signature(getattr(F, function)).parameters[name]
    optional = name in ("weight", "bias") and parameter.default is None
    optional |= name.startswith("running_")  # one alone is a ValueError
    if not optional:
        with pytest.raises(TypeError, match=f"^{function}: {name} is None, not a Tensor"):
            getattr(F, function)(**tensors(arguments(function)) | {name: None})


class Frame:
    """What a pandas.DataFrame is to us."""

    def __init__(self, values):
        self.values = values

    def to_numpy(self):
        return self.values


LAYERS = {
    "Linear": (nn.Linear(3, 2), X),
    "Bilinear": (nn.Bilinear(3, 3, 2), X),
    "PReLU": (nn.PReLU(), X),
    "ReLU": (nn.ReLU(), X),
    "GELU": (nn.GELU(), X),
    "Softmax": (nn.Softmax(1), X),
    "GLU": (nn.GLU(), IMAGES),
    "Dropout": (nn.Dropout(), X),
    "Dropout1d": (nn.Dropout1d(), IMAGES[0]),
    "AlphaDropout": (nn.AlphaDropout(), X),
    "BatchNorm1d": (nn.BatchNorm1d(3), X),
    "BatchNorm2d": (nn.BatchNorm2d(3), IMAGES),
    "InstanceNorm2d": (nn.InstanceNorm2d(3), IMAGES),
    "GroupNorm": (nn.GroupNorm(3, 3), X),
    "LayerNorm": (nn.LayerNorm(3), X),
    "RMSNorm": (nn.RMSNorm(3), X),
    "Flatten": (nn.Flatten(), IMAGES),
    "Unflatten": (nn.Unflatten(1, (3, 1)), X),
    "MLP": (nn.MLP([3, 2]), X),
    "Sequential": (nn.Sequential(nn.Linear(3, 2), nn.ReLU()), X),
    "MSELoss": (nn.MSELoss(), X),
    "CrossEntropyLoss": (nn.CrossEntropyLoss(), X),
    "BCEWithLogitsLoss": (nn.BCEWithLogitsLoss(), X),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("wrong", ["array", "list", "None", "frame"])
def test_layers_say_what_they_were_given_and_where(name, wrong):
    layer, x = LAYERS[name]
    given = {"array": x, "list": x.tolist(), "None": None, "frame": Frame(x)}[wrong]
    others = [microtorch.tensor(x)] * (
        1 if name in ("Bilinear", "MSELoss", "CrossEntropyLoss", "BCEWithLogitsLoss") else 0
    )
    with pytest.raises(TypeError) as caught:
        nn.Sequential(layer)(given) if not others else layer(given, *others)
    kind = {"array": "a numpy.ndarray", "list": "a list", "None": "None", "frame": "a "}[wrong]
    conversion = {"array": "from_numpy(", "list": "tensor(", "None": "left out", "frame": ".to_numpy()"}[wrong]
    assert f" is {kind}" in str(caught.value)
    assert "not a Tensor" in str(caught.value)
    assert conversion in str(caught.value)
    (where,) = caught.value.__notes__
    assert where.startswith("In Sequential" if not others else "In ")
    assert any(part in where for part in (f"({type(layer).__name__})", "(Linear)", type(layer).__name__))


def test_a_network_of_ones_own_is_told_too():
    class Net(nn.Module):
        def forward(self, x, config=None):
            return config.flatten(1) if config is not None else x.unsqueeze(0)

    assert Net()(microtorch.ones(2)).shape == (1, 2)
    with pytest.raises(TypeError, match=r"^Net: x is a numpy.ndarray of shape \(4, 3\) .*from_numpy\(x\)"):
        Net()(X)
    with pytest.raises(TypeError, match=r"^Net: x is a list, "):
        Net()(x=[1.0])
    with pytest.raises(AttributeError, match=r"'Frame' object has no attribute 'size'"):  # not a question of tensors
        nn.Sequential(Own())(microtorch.ones(1))


class Own(nn.Module):
    def forward(self, x):
        return Frame(x).size


@pytest.mark.parametrize(
    "value, words",
    [
        (X.astype(np.float64), "from_numpy(x), with .float() for float32 layers"),
        ([microtorch.ones(1)], "microtorch.stack(x)"),
        (2.5, "microtorch.tensor(x)"),
        (np.float32(2), "microtorch.tensor(x)"),
        (nn.ReLU, "the class ReLU"),
        (nn.ReLU(), "Was it meant to be called?"),
        ("abc", "is a str"),
        ({"a": 1}, "is a dict"),
    ],
)
def test_the_conversion_fits_what_was_given(value, words):
    text = not_a_tensor("f", "x", value)
    assert words in text
    assert text.startswith("f: x is ")


@pytest.mark.oracle
@pytest.mark.parametrize("requires_grad", [False, True])
def test_a_tensor_of_pytorch(requires_grad):
    import torch

    theirs = torch.ones(2, 3, requires_grad=requires_grad)
    with pytest.raises(TypeError) as caught:
        nn.Linear(3, 2)(theirs)
    detach = ".detach()" if requires_grad else ""
    assert "input is a torch.Tensor of shape (2, 3) and dtype torch.float32" in str(caught.value)
    assert f"microtorch.from_numpy(input{detach}.numpy())" in str(caught.value)


S = microtorch.tensor([[1.0, 2.0], [3.0, 4.0]])
METHODS = {
    "mm": ("mat2", S), "mv": ("vec", S[0]), "bmm": ("mat2", S[None]), "dot": ("tensor", S[0]),
    "expand_as": ("other", S), "type_as": ("other", S), "addmm": ("mat1", S), "baddbmm": ("batch1", S[None]),
}  # fmt: skip


@pytest.mark.parametrize("name", METHODS)
def test_methods_of_tensors(name):
    argument, good = METHODS[name]
    x = {"bmm": S[None], "baddbmm": S[None], "dot": S[0]}.get(name, S)
    rest = [good] if name.endswith("addmm") or name == "baddbmm" else []
    getattr(x, name)(good, *rest)
    for wrong in (good.numpy(), good.tolist(), None):
        with pytest.raises(TypeError, match=f"^{name}: {argument} is .*not a Tensor"):
            getattr(x, name)(wrong, *rest)


@pytest.mark.parametrize(
    "name, arguments", [("gather", (1, [[0], [1]])), ("index_select", (1, [1])), ("take", ([3, 0],))]
)
def test_indices_are_data(name, arguments):
    *before, index = arguments
    expected = getattr(S, name)(*before, microtorch.tensor(index))
    for same in (index, np.array(index)):
        assert getattr(S, name)(*before, same).tolist() == expected.tolist()
    with pytest.raises(TypeError, match=f"^{name}: index is None"):
        getattr(S, name)(*before, None)


def test_the_words_survive_pickling_and_numpy_still_dispatches():
    with pytest.raises(TypeError) as caught:
        F.relu(X)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    assert np.allclose(np.tanh(microtorch.tensor(X)).numpy(), np.tanh(X))


def refuse_any(function, given):
    """Call it with what it may take or not: a documented error in words of ours about a Tensor, or an answer."""
    with contextlib.suppress(TypeError, ValueError, IndexError, OverflowError, RuntimeError, NotImplementedError):
        function(*given)


FOREIGN = [None, "abc", np.ones((2, 3), np.float32), [1.0, 2.0], {}, 10**400, -3, float("nan"), object(), True, {1}, 1j]
EVERYWHERE = [
    f"{space.__name__}.{name}"
    for space in (microtorch, F)
    for name, f in sorted(vars(space).items())
    if inspect.isfunction(f) and f.__module__.startswith("microtorch.ops") and not name.startswith("_")
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", EVERYWHERE)
def test_anything_in_the_place_of_an_argument(path):
    """Each function × each of its first arguments × what is no Tensor: no AttributeError, nothing foreign."""
    space, _, name = path.rpartition(".")
    function = getattr(F if space.endswith("functional") else microtorch, name)
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = [p for p in inspect.signature(function).parameters.values() if p.kind in kinds]
    required = sum(p.default is p.empty for p in parameters)
    for k in range(min(len(parameters), 4)):
        for value in FOREIGN:
            given = [microtorch.ones(2, 3) if p.default is p.empty else p.default for p in parameters]
            given = given[: max(required, k + 1)]
            given[k] = value
            refuse_any(function, given)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", [n for n in dir(microtorch.Tensor) if not n.startswith("_")])
def test_anything_as_the_argument_of_a_method(name):
    for value in FOREIGN:
        for given in ((value,), (0, value), (value, 0)):
            method = getattr(microtorch.ones(2, 3), name)
            if callable(method):
                refuse_any(method, given)


@pytest.mark.parametrize("call", [microtorch.argmax, microtorch.std_mean, microtorch.cumsum])
def test_a_function_says_what_it_was_given(call):
    with pytest.raises(TypeError, match=r"input is a numpy.ndarray of shape \(4, 3\) .* microtorch.from_numpy"):
        call(X)
    with pytest.raises(TypeError, match="input is None, not a Tensor"):
        call(None)
