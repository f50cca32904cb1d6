"""Layers, activations and losses: PyTorch's values on PyTorch's own samples, its names, its repr, its state dicts."""

import inspect
import warnings

import numpy as np
import pytest

import microtorch
from microtorch import nn
from microtorch.errors import ShapeError

CONTAINERS = {"Module", "Sequential", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict", "MLP"}
LAYERS = sorted(name for name, thing in vars(nn).items() if inspect.isclass(thing) and issubclass(thing, nn.Module))
LAYERS = [name for name in LAYERS if name not in CONTAINERS]
DROPOUTS = [name for name in LAYERS if "Dropout" in name]

# What PyTorch's table of modules does not hold: arguments of the constructor, shapes of the inputs.
OWN_SAMPLES = {
    "Identity": [((), [(2, 3)])],
    "Flatten": [((), [(2, 3, 4)]), ((0, 1), [(2, 3, 4)])],
    "Unflatten": [((1, (2, 3)), [(4, 6)]), ((-1, (3, -1)), [(4, 6)])],
    "Hardsigmoid": [((), [(4, 5)])],
    "TripletMarginLoss": [
        ((), [(4, 5)] * 3),
        ((0.5, 1.0, 1e-6, True), [(4, 5)] * 3),
        ((1.0, 2.0, 1e-6, False, None, None, "sum"), [(4, 5)] * 3),
    ],
    "TripletMarginWithDistanceLoss": [((), [(4, 5)] * 3)],
    "RReLU": [((0.25, 0.25), [(4, 5)]), ((0.1, 0.1), [(3,)])],  # one slope: nothing is drawn
    "CosineSimilarity": [((), [(4, 5)] * 2), ((0, 1e-6), [(4, 5)] * 2)],
    "PairwiseDistance": [((), [(4, 5)] * 2), ((1.0, 1e-6, True), [(4, 5)] * 2)],
}


def to_ours(value, torch):
    if isinstance(value, torch.Tensor):
        return microtorch.tensor(value.detach().numpy(), requires_grad=value.requires_grad)
    if isinstance(value, torch.dtype):
        return np.dtype(str(value).removeprefix("torch."))
    if isinstance(value, list | tuple):
        return type(value)(to_ours(v, torch) for v in value)
    return value


def samples(name, torch, dtype, training):
    """(constructor args, kwargs, forward args) of PyTorch's own samples, or of ours where it has none."""
    from torch.testing._internal.common_modules import module_db

    for args, shapes in OWN_SAMPLES.get(name, ()):
        yield args, {}, tuple(torch.randn(shape, dtype=dtype, requires_grad=True) for shape in shapes)
    for info in module_db:
        if info.name == f"nn.{name}":
            for sample in info.module_inputs_func(info, "cpu", dtype, requires_grad=True, training=training):
                made, given = sample.constructor_input, sample.forward_input
                kwargs = {k: v for k, v in made.kwargs.items() if k != "device"}
                names = list(inspect.signature(getattr(nn, name).forward).parameters)[1:]
                yield made.args, kwargs, (*given.args, *(given.kwargs[n] for n in names if n in given.kwargs))


# PyTorch says of these that their second derivative is not implemented.
FIRST_ORDER = {"Hardsigmoid", "MultiLabelMarginLoss", "MultiMarginLoss"}


def derivatives(name, y, inputs, grad, tensor):
    """Those of a weighted sum of the outputs, and of the sum of their squares."""
    weights = np.cos(np.arange(y.numpy(force=True).size)).reshape(y.shape)
    total = (y * tensor(weights.astype(y.numpy(force=True).dtype))).sum()
    if name in FIRST_ORDER:
        return grad(total, inputs, allow_unused=True)
    first = grad(total, inputs, create_graph=True, allow_unused=True)
    squares = [(g * g).sum() for g in first if g is not None and g.requires_grad]
    second = grad(sum(squares), inputs, allow_unused=True) if squares else [None] * len(inputs)
    return [*first, *second]


def close(ours, theirs, tolerance, what):
    if ours is None or theirs is None:  # no gradient, or one of zeros
        for given in (ours, theirs):
            assert given is None or not given.numpy(force=True).any(), what
        return
    np.testing.assert_allclose(
        ours.numpy(force=True), theirs.numpy(force=True), rtol=tolerance, atol=tolerance, err_msg=what
    )
    assert str(ours.dtype) == str(theirs.dtype).removeprefix("torch."), what


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("name", [name for name in LAYERS if name not in DROPOUTS])
def test_equals_pytorch_on_its_own_samples(torch, name, training):
    count = 0
    for dtype, tolerance in ((torch.float64, 1e-8), (torch.float32, 2e-4)):
        for args, kwargs, given in samples(name, torch, dtype, training):
            count += 1
            what = f"{name}{args} {kwargs} on {[getattr(g, 'shape', g) for g in given]}"
            theirs = getattr(torch.nn, name)(*args, **kwargs).to(dtype)
            ours = getattr(nn, name)(*to_ours(args, torch), **{k: to_ours(v, torch) for k, v in kwargs.items()})
            ours.to(to_ours(dtype, torch)).train(training).load_state_dict(theirs.train(training).state_dict())
            x, once = given, {id(g): to_ours(g, torch) for g in given}
            u = tuple(once[id(g)] for g in x)  # an argument that is given twice stays one
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # PyTorch's advice on its own defaults
                y = theirs(*x)
            v = ours(*u)
            close(v, y, tolerance, what)
            for (key, b), (other, c) in zip(ours.named_buffers(), theirs.named_buffers(), strict=True):
                assert key == other
                close(b, c, tolerance, f"{key} after {what}")
            into = [i for i, g in enumerate(x) if isinstance(g, torch.Tensor) and g.requires_grad]
            wanted = [*(x[i] for i in into), *theirs.parameters()]
            if wanted:
                expected = derivatives(name, y, wanted, torch.autograd.grad, torch.from_numpy)
                wanted = [*(u[i] for i in into), *ours.parameters()]
                found = derivatives(name, v, wanted, microtorch.autograd.grad, microtorch.tensor)
                for got, right in zip(found, expected, strict=True):
                    close(got, right, tolerance, f"derivatives of {what}")
    assert count >= 2, f"no samples for {name}: add a row to OWN_SAMPLES"


ARGUMENTS = {
    "Linear": (3, 4),
    "Bilinear": (3, 4, 5),
    "Embedding": (5, 3),
    "GroupNorm": (2, 4),
    "LayerNorm": ((3, 4),),
    "RMSNorm": (3,),
    "Threshold": (0.1, 20),
    "Unflatten": (1, (2, 3)),
    **{f"{kind}Norm{d}d": (3,) for kind in ("Batch", "Instance") for d in (1, 2, 3)},
}
OPTIONS = {
    "Linear": {"bias": False},
    "Embedding": {"padding_idx": -2, "max_norm": 1.0, "norm_type": 1.0, "scale_grad_by_freq": True},
    "GroupNorm": {"affine": False},
    "LayerNorm": {"bias": False, "eps": 1e-3},
    "RMSNorm": {"eps": 1e-3, "elementwise_affine": False},
    "BatchNorm1d": {"momentum": None, "track_running_stats": False},
    "InstanceNorm1d": {"affine": True, "track_running_stats": True},
    "ReLU": {"inplace": True},
    "LeakyReLU": {"negative_slope": 0.2, "inplace": True},
    "Hardtanh": {"min_val": -2.0},
    "ReLU6": {"inplace": True},
    "Threshold": {"inplace": True},
    "ELU": {"alpha": 2.0, "inplace": True},
    "SELU": {"inplace": True},
    "SiLU": {"inplace": True},
    "PReLU": {"num_parameters": 3},
    "GELU": {"approximate": "tanh"},
    "Softplus": {"beta": 2.0},
    "Softmax": {"dim": 1},
    "GLU": {"dim": 0},
    "Dropout": {"p": 0.2, "inplace": True},
    "Flatten": {"start_dim": 0},
}


@pytest.mark.parametrize("name", LAYERS)
def test_repr_state_and_defaults_are_pytorchs(torch, name):
    for options in ({}, OPTIONS.get(name, {})):
        ours = getattr(nn, name)(*ARGUMENTS.get(name, ()), **options)
        theirs = getattr(torch.nn, name)(*ARGUMENTS.get(name, ()), **options)
        assert repr(ours) == repr(theirs)
        mine, other = ours.state_dict(), theirs.state_dict()
        assert list(mine) == list(other)
        assert [t.shape for t in mine.values()] == [tuple(t.shape) for t in other.values()]
        assert [p.requires_grad for p in ours.parameters()] == [p.requires_grad for p in theirs.parameters()]
    ours_or_theirs = {"device", "dtype", "sparse", "_weight", "_freeze", "min_value", "max_value", "generator"}
    signatures = [
        [(p.name, p.default) for p in inspect.signature(c).parameters.values() if p.name not in ours_or_theirs]
        for c in (getattr(nn, name), getattr(torch.nn, name))
    ]
    assert signatures[0] == signatures[1]


@pytest.mark.parametrize("names", [("Sequential", "ModuleList"), ("ModuleDict",)])
def test_repr_of_nets(torch, names):
    def build(nn):
        if names == ("ModuleDict",):
            return nn.ModuleDict({"a": nn.Sequential(nn.Linear(2, 2), nn.ReLU()), "b": nn.ModuleDict()})
        return nn.Sequential(
            nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2), nn.ReLU(), nn.ModuleList([nn.Tanh(), nn.Tanh()])]),
            nn.Sequential(nn.LayerNorm(3)),
        )

    assert repr(build(nn)) == repr(build(torch.nn))


def test_state_dicts_go_to_pytorch_and_back(torch):
    def build(nn):
        return nn.Sequential(
            nn.Flatten(),
            nn.Linear(12, 8),
            nn.BatchNorm1d(8),
            nn.PReLU(),
            nn.Sequential(nn.Linear(8, 3)),
            nn.LayerNorm(3),
        )

    ours, theirs = build(nn), build(torch.nn)
    ours(microtorch.randn(6, 3, 4))
    theirs.load_state_dict({name: torch.from_numpy(t.numpy()) for name, t in ours.state_dict().items()})
    x = np.random.default_rng(0).standard_normal((5, 3, 4)).astype(np.float32)
    y = theirs.eval()(torch.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(ours.eval()(microtorch.tensor(x)).numpy(force=True), y, rtol=1e-5, atol=1e-6)
    theirs.train()(torch.randn(7, 3, 4))
    ours.load_state_dict(theirs.state_dict())
    y = theirs.eval()(torch.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(ours(microtorch.tensor(x)).numpy(force=True), y, rtol=1e-5, atol=1e-6)


# -- dropout ----------------------------------------------------------------------------------------------------------

SHAPES = {"Dropout1d": (20, 50, 6), "Dropout2d": (20, 50, 3, 4), "Dropout3d": (20, 50, 2, 2, 3)}


@pytest.mark.parametrize("name", DROPOUTS)
def test_dropout(name):
    shape = SHAPES.get(name, (20, 50, 6))
    x = microtorch.randn(shape, generator=microtorch.Generator(), requires_grad=True)
    layer = getattr(nn, name)(0.3, generator=microtorch.Generator().manual_seed(2))
    y = layer(x)
    y.sum().backward()
    dropped = x.grad.numpy() == 0
    whole = name not in ("Dropout", "AlphaDropout")
    if whole:  # channels fall together
        dropped = dropped.reshape(20, 50, -1)
        assert (dropped.all(axis=2) | ~dropped.any(axis=2)).all()
        dropped = dropped[:, :, 0]
    assert dropped.mean() == pytest.approx(0.3, abs=0.06)
    if "Alpha" in name:
        assert y.mean().item() == pytest.approx(0, abs=0.1)
        assert (y * y).mean().item() == pytest.approx(1, abs=0.15)
    else:
        kept = x.grad.numpy() != 0
        np.testing.assert_allclose(x.grad.numpy()[kept], 1 / 0.7, rtol=1e-6)
    again = getattr(nn, name)(0.3, generator=microtorch.Generator().manual_seed(2))
    assert np.array_equal(again(x).numpy(force=True), y.numpy(force=True))
    assert not np.array_equal(again(x).numpy(force=True), y.numpy(force=True))
    assert np.array_equal(layer.eval()(x).numpy(force=True), x.numpy(force=True))
    with pytest.raises(ValueError, match="between 0 and 1"):
        getattr(nn, name)(-0.1)


def test_the_default_generator_is_seeded():
    results = []
    for _ in range(2):
        microtorch.manual_seed(11)
        results.append(nn.Dropout(0.5)(microtorch.ones(64)).tolist())
    assert results[0] == results[1]


# -- what is wrong is told --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call, error, message",
    [
        (
            lambda: nn.Linear(5, 11)(microtorch.ones(32, 10)),
            ShapeError,
            r"\(32, 10\).*\(11, 5\).*Did you mean Linear\(10, 11\)",
        ),
        (lambda: nn.BatchNorm1d(3)(microtorch.ones(3)), ShapeError, r"must be \(N, C\) or \(N, C, L\), not \(3,\)"),
        (
            lambda: nn.BatchNorm1d(3)(microtorch.ones(2, 4)),
            ShapeError,
            r"4 channels, the layer 3. Did you mean BatchNorm1d\(4\)",
        ),
        (lambda: nn.BatchNorm2d(3)(microtorch.ones(2, 3)), ShapeError, r"must be \(N, C, H, W\)"),
        (lambda: nn.InstanceNorm1d(3, affine=True)(microtorch.ones(2, 4, 5)), ShapeError, "4 channels, the layer 3"),
        (lambda: nn.GroupNorm(3, 4), ValueError, "4 channels do not fall into 3 equal groups"),
        (lambda: nn.Hardtanh(1.0, -1.0), ValueError, "min_val 1.0 is above max_val -1.0"),
        (lambda: nn.Embedding(3, 2, padding_idx=3), ValueError, "outside a table of 3"),
        (lambda: nn.MSELoss(reduction="average"), ValueError, "'average'"),
        (lambda: nn.MultiMarginLoss(p=3), ValueError, "p is 1 or 2"),
        (lambda: nn.TripletMarginLoss(margin=-1.0), ValueError, "must be positive"),
        (lambda: nn.Bilinear(0, 1, 1), ValueError, "must be positive"),
        (lambda: nn.Linear(1, 1, device="cuda"), ValueError, "CPU only"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_the_old_words_of_losses_warn():
    with pytest.warns(UserWarning, match="reduction='sum'"):
        loss = nn.MSELoss(size_average=False)
    assert loss.reduction == "sum"


# -- numbers of the course notebooks ----------------------------------------------------------------------------------


def linspace(a, b, *shape):
    return np.linspace(a, b, num=int(np.prod(shape))).reshape(shape)


def set_to(layer, w_in_by_out, b):
    layer.load_state_dict({"weight": w_in_by_out.T, "bias": b})


def test_flatten_and_linear_of_the_course_notebooks():
    net = nn.Sequential(nn.Flatten(), nn.Linear(7 * 6 * 4, 4)).double()
    set_to(net[1], linspace(-0.2, 0.2, 7 * 6 * 4, 4), linspace(-0.3, 0.3, 4))
    out = net(microtorch.tensor(linspace(-0.1, 0.4, 3, 7, 6, 4))).numpy(force=True)
    expected = [
        [0.63910291, 0.83740057, 1.03569824, 1.23399591],
        [0.61401587, 0.82903823, 1.04406058, 1.25908294],
        [0.58892884, 0.82067589, 1.05242293, 1.28416997],
    ]
    assert (abs(out - expected) / (abs(out) + np.abs(expected))).max() < 1e-8


def small_net():
    net = nn.Sequential(nn.Linear(4, 30), nn.LeakyReLU(0.01), nn.Linear(30, 7)).double()
    set_to(net[0], linspace(-0.7, 0.3, 4, 30), linspace(-0.6, 0.2, 30))
    set_to(net[2], linspace(-0.2, 0.2, 30, 7), linspace(-0.9, 0.1, 7))
    return net, microtorch.tensor(linspace(-5.5, 4.5, 4, 4).T), microtorch.tensor([0, 5, 1, 4])


def test_small_network_of_the_course_notebooks():
    net, x, y = small_net()
    scores = net(x)
    expected = [
        [-2.33876804, -1.92168925, -1.50461046, -1.08753166, -0.67045287, -0.25337408, 0.16370472],
        [-1.57216705, -1.18571026, -0.79925348, -0.4127967, -0.02633991, 0.36011687, 0.74657365],
        [-0.80556605, -0.44973128, -0.09389651, 0.26193827, 0.61777304, 0.97360782, 1.32944259],
        [-0.03896506, 0.2862477, 0.61146047, 0.93667323, 1.261886, 1.58709876, 1.91231153],
    ]
    assert abs(scores.numpy(force=True) - expected).sum() < 1e-6
    loss = nn.CrossEntropyLoss()(scores, y)
    assert loss.item() == pytest.approx(2.4250083210516835, abs=1e-10)
    loss.backward()
    for p in net.parameters():
        values, numeric = p.numpy(force=True), np.empty(p.shape)
        for i in np.ndindex(*p.shape):
            kept, sides = values[i], []
            for step in (1e-5, -1e-5):
                values[i] = kept + step
                sides.append(nn.functional.cross_entropy(net(x), y).item())
            values[i] = kept
            numeric[i] = (sides[0] - sides[1]) / 2e-5
        error = abs(numeric - p.grad.numpy()) / np.maximum(1e-8, abs(numeric) + abs(p.grad.numpy()))
        assert error[abs(numeric) + abs(p.grad.numpy()) > 1e-9].max() < 1e-6


def test_loss_of_small_random_scores_of_the_course_notebooks():
    scores = 0.001 * np.random.default_rng(0).standard_normal((100, 6))
    labels = np.random.default_rng(1).integers(0, 6, 100)
    loss = nn.CrossEntropyLoss()(microtorch.tensor(scores), microtorch.tensor(labels))
    assert loss.item() == pytest.approx(1.7918, abs=1e-3)  # ln 6
