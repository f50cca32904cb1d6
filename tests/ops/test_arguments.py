"""Arguments: what PyTorch refuses is refused with words, and what it takes is taken."""

import itertools
import warnings

import numpy as np
import pytest

import microtorch as mt
from microtorch import nn
from microtorch.errors import DTypeError, ShapeError
from microtorch.nn import functional as F

X = mt.arange(12.0).reshape(3, 4)
SCALAR = mt.tensor(5.0)


def positions(*values):
    return mt.tensor(list(values))


@pytest.mark.parametrize("wrong", [-1, -3, 3, 7])
@pytest.mark.parametrize(
    "call",
    [
        lambda x, i: x.gather(0, i[:, None]),
        lambda x, i: x.scatter(0, i[:, None], 5.0),
        lambda x, i: x.scatter(0, i[:, None], x),
        lambda x, i: x.clone().scatter_(0, i[:, None], 5.0, reduce="multiply"),
        lambda x, i: x.scatter_add(0, i[:, None], x),
        lambda x, i: x.clone().scatter_add_(0, i[:, None], x),
        lambda x, i: x.index_add(0, i, x[:2]),
        lambda x, i: x.clone().index_add_(0, i, x[:2]),
        lambda x, i: x.index_select(0, i),
        lambda x, i: SCALAR.index_select(0, i[1:]),
        lambda x, i: F.embedding(i, x),
    ],
)
def test_positions_do_not_count_from_the_back(call, wrong):
    with pytest.raises(IndexError, match=f"{wrong}"):
        call(X, positions(0, wrong))


def test_where_positions_count_from_the_back():
    assert X[positions(-1)].tolist() == [[8, 9, 10, 11]]
    assert X.take(positions(-1)).tolist() == [11]


@pytest.mark.parametrize(
    "call, kind, words",
    [
        (lambda: SCALAR[positions(0, 0, -1)], IndexError, "too many indices"),
        (lambda: SCALAR[[0]], IndexError, "too many indices"),
        (lambda: SCALAR.movedim(2, 0), IndexError, "movedim: there is no dimension 2"),
        (lambda: SCALAR.movedim(0, 1), IndexError, "movedim: there is no dimension 1"),
        (lambda: SCALAR.clone().copy_(mt.ones(1, 1)), ShapeError, r"copy_: a source of shape \(1, 1\)"),
        (lambda: mt.zeros(3).copy_(mt.ones(1, 3)), ShapeError, "copy_: a source"),
        (lambda: mt.zeros(3).copy_(mt.ones(2)), ShapeError, "copy_: a source"),
        (lambda: mt.zeros(3).fill_(mt.ones(3)), ShapeError, "fill_: value must be one number"),
        (lambda: X.flip(), TypeError, "flip: no dims"),
        (lambda: nn.Unflatten(1, "abc"), TypeError, "Unflatten: unflattened_size is 'abc'. It is a tuple"),
        (lambda: nn.Unflatten(1, (2, 1.5)), TypeError, "Unflatten"),
        (lambda: nn.HuberLoss(delta=1j), TypeError, "HuberLoss: delta is a number"),
        (lambda: F.huber_loss(X, X, delta=1j), TypeError, "huber_loss: takes one number, not complex"),
        (lambda: F.smooth_l1_loss(X, X, beta=1j), TypeError, "smooth_l1_loss: takes one number, not complex"),
        (lambda: mt.linspace(0, 1, 3, dtype=mt.bool), DTypeError, "linspace: dtype=bool"),
        (lambda: mt.arange(2, dtype=mt.bool), DTypeError, "arange: dtype=bool"),
        (lambda: mt.randperm(2, dtype=mt.bool), DTypeError, "randperm: dtype=bool"),
        (lambda: mt.arange(0, 3, 0.5, dtype=mt.int64), ValueError, "arange: step must not be 0, as 0.5 is in int64"),
        (lambda: mt.randint(0, 2.5, (2,)), TypeError, "randint: low and high must be ints"),
        (lambda: F.binary_cross_entropy(mt.tensor([1.5]), mt.ones(1)), ValueError, "the input is 1.5, not between"),
        (lambda: F.cross_entropy(mt.zeros(2, 0), positions(0, 0)), IndexError, "has no classes for label 0 in row 0"),
        (
            lambda: F.cross_entropy(mt.zeros(2, 0), positions(0, 0), label_smoothing=0.1),
            IndexError,
            "has no classes",
        ),
        (lambda: F.nll_loss(mt.zeros(2, 0), positions(0, 0)), IndexError, "has no classes"),
        (lambda: F.multi_margin_loss(mt.zeros(2, 0), positions(0, 0)), IndexError, "has no classes"),
        (lambda: F.one_hot(positions(-1)), IndexError, "index -1 is negative"),
        (lambda: F.group_norm(mt.ones(1, 4), 4), ShapeError, "group_norm: .* one value for each of 4 groups"),
        (lambda: nn.GroupNorm(4, 4)(mt.ones(1, 4, 1)), ShapeError, "one value for each of 4 groups"),
        (lambda: F.instance_norm(mt.ones(2, 4, 1)), ShapeError, "one value for each channel"),
        (lambda: F.batch_norm(mt.ones(1, 4), None, None, training=True), ShapeError, "one value for each channel"),
        (lambda: mt.tensor("12"), TypeError, "cannot make numbers of str"),
        (lambda: mt.tensor([1j]), DTypeError, "complex128 is none of"),
        (lambda: mt.tensor([1j], dtype=mt.float32), DTypeError, "complex128 is none of"),
        (lambda: mt.tensor(np.array(["1"]), dtype=mt.float32), DTypeError, "is none of"),
    ],
)
def test_refused(call, kind, words):
    with pytest.raises(kind, match=words):
        call()


@pytest.mark.parametrize(
    "name",
    [
        "sum",
        "mean",
        "amax",
        "amin",
        "max",
        "argmax",
        "all",
        "prod",
        "var",
        "std",
        "logsumexp",
        "norm",
        "cumsum",
        "sort",
    ],
)
def test_a_message_about_a_dimension_says_itself_once(name):
    with pytest.raises(IndexError) as error:
        getattr(X, name)(dim=5)
    assert str(error.value) == f"{name}: there is no dimension 5 in a tensor of 2 dimensions. Give dim from -2 to 1."


def test_a_list_that_contains_itself():
    endless = []
    endless.append(endless)
    for call in (mt.tensor, mt.as_tensor):
        with pytest.raises(ShapeError, match="does it contain itself"):
            call(endless)


@pytest.mark.oracle
def test_what_pytorchs_layers_refuse(torch):
    import torch_samples
    from torch.testing._internal.common_modules import module_db

    refused = 0
    for info in module_db:
        layer = getattr(nn, info.name.split(".")[-1], None)
        if layer is None or info.module_error_inputs_func is None:
            continue
        options = {"device": "cpu", "dtype": torch.float32, "requires_grad": False, "training": True}
        for case in info.module_error_inputs_func(info, **options):
            finding = torch_samples.module_error(layer, case)
            assert finding is None, (info.name, finding)
            refused += 1
    assert refused > 15


# -- shapes that losses compare ----------------------------------------------------------------------------------------

LOSSES = ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "kl_div", "poisson_nll_loss", "hinge_embedding_loss"]


@pytest.mark.parametrize("name", LOSSES)
def test_a_column_against_a_vector_is_warned_of(name):
    with pytest.warns(UserWarning, match=rf"{name}: input \(3, 1\) and target \(3,\) differ in shape"):
        getattr(F, name)(mt.ones(3, 1), mt.ones(3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        getattr(F, name)(mt.ones(3, 1), mt.ones(3, 1))


def test_shapes_that_enlarge_a_loss_are_refused():
    column, row = mt.full((3, 1), 0.5), mt.ones(3)
    for call in (
        lambda: F.binary_cross_entropy(column, column, weight=row),
        lambda: F.binary_cross_entropy_with_logits(column, column, weight=row),
        lambda: F.binary_cross_entropy_with_logits(column, column, pos_weight=row),
        lambda: F.binary_cross_entropy(column, row),
    ):
        with pytest.raises(ShapeError, match="binary_cross_entropy"):
            call()
    with pytest.warns(UserWarning, match="soft_margin_loss"), pytest.raises(ShapeError, match="a target of shape"):
        F.soft_margin_loss(column, row)
    with pytest.warns(UserWarning, match="gaussian_nll_loss"):
        F.gaussian_nll_loss(column, row, column)


# -- memory ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["constant", "reflect", "replicate", "circular"])
def test_pad_by_nothing_is_a_copy(mode):
    x = mt.ones(2, 3, requires_grad=True)
    y = F.pad(x, (0, 0, 0, 0), mode=mode)
    assert not np.shares_memory(y.detach().numpy(), x.detach().numpy())
    y.sum().backward()
    assert x.grad.tolist() == mt.ones(2, 3).tolist()


def test_to_takes_copy_as_its_last_position():
    x = mt.ones(2)
    assert x.to("cpu", mt.float32, False, True) is not x
    assert x.to(mt.float32, True) is x


@pytest.mark.oracle
def test_memory_is_shared_where_pytorch_shares_it(torch):
    import torch_samples

    compared, wrong = 0, []
    for name, ops in torch_samples.entries().items():
        if torch_samples.find(name) is None or name in (
            "contiguous",
            "double",
            "resize_",
            "resize_as_",
            "to",
            "zero_",
        ):  # memory formats, changes
            continue
        for op in ops:
            for sample in itertools.islice(torch_samples.samples(op, "float64"), 6):
                outputs = torch_samples.shared_outputs(op, sample)
                if outputs is not None:
                    # What PyTorch returns as it is may be another tensor over the same memory here.
                    fits = [a == b and (same or not ours) for (a, ours), (b, same) in zip(*outputs, strict=True)]
                    if not all(fits):
                        wrong.append((name, sample.summary(), outputs))
                    compared += 1
                hidden = torch_samples.hidden_views(op, sample)
                # A view of what nobody sees: PyTorch has some, so they may be here, too; others must not.
                if hidden is not None and any(ours and not theirs for ours, theirs in zip(*hidden, strict=False)):
                    wrong.append((name, sample.summary(), "a view of what is no argument"))
    assert not wrong
    assert compared > 500


# -- attributes of layers that are changed afterwards ------------------------------------------------------------------


def _changed(lib, make, **attributes):
    layer = make(lib)
    for name, value in attributes.items():
        setattr(layer, name, value)
    return layer


LAYERS = [
    (lambda lib: lib.nn.BatchNorm1d(4), {"track_running_stats": False}),
    (lambda lib: lib.nn.BatchNorm1d(4), {"momentum": None}),
    (lambda lib: lib.nn.BatchNorm1d(4), {"momentum": 0.5, "eps": 0.1}),
    (lambda lib: lib.nn.BatchNorm1d(4), {"weight": None, "bias": None}),
    (lambda lib: lib.nn.BatchNorm1d(4), {"running_mean": None, "running_var": None}),
    (lambda lib: lib.nn.BatchNorm1d(4), {"num_batches_tracked": None}),
    (lambda lib: lib.nn.BatchNorm1d(4, track_running_stats=False), {"track_running_stats": True}),
    (lambda lib: lib.nn.InstanceNorm1d(4, track_running_stats=True), {"track_running_stats": False}),
    (lambda lib: lib.nn.InstanceNorm1d(4, affine=True), {"weight": None, "bias": None}),
    (lambda lib: lib.nn.LayerNorm(3), {"eps": 1.0, "weight": None, "bias": None}),
    (lambda lib: lib.nn.RMSNorm(3), {"eps": 1.0, "weight": None}),
    (lambda lib: lib.nn.GroupNorm(2, 4), {"num_groups": 4, "eps": 1.0, "bias": None}),
    (lambda lib: lib.nn.LeakyReLU(), {"negative_slope": 0.5}),
    (lambda lib: lib.nn.ELU(), {"alpha": 0.5}),
    (lambda lib: lib.nn.CELU(), {"alpha": 0.5}),
    (lambda lib: lib.nn.Softplus(), {"beta": 2.0, "threshold": 0.5}),
    (lambda lib: lib.nn.Hardtanh(), {"min_val": -0.3, "max_val": 0.2}),
    (lambda lib: lib.nn.ReLU6(), {"max_val": 0.2}),
    (lambda lib: lib.nn.Threshold(0.1, 2.0), {"threshold": 0.5, "value": 7.0}),
    (lambda lib: lib.nn.GELU(), {"approximate": "tanh"}),
    (lambda lib: lib.nn.Softmax(0), {"dim": 1}),
    (lambda lib: lib.nn.Dropout(0.5), {"p": 0.0}),
    (lambda lib: lib.nn.Dropout(0.5), {"p": 1.0}),
    (lambda lib: lib.nn.Dropout(0.5), {"training": False}),
    (lambda lib: lib.nn.Flatten(), {"start_dim": 0}),
]


@pytest.mark.oracle
@pytest.mark.parametrize("make, attributes", LAYERS, ids=[f"{i} {', '.join(a)}" for i, (_, a) in enumerate(LAYERS)])
def test_forward_reads_the_attributes_of_its_layer(make, attributes, torch):
    x = np.random.default_rng(0).standard_normal((5, 4, 3)).astype(np.float32)
    mine, theirs = _changed(mt, make, **attributes), _changed(torch, make, **attributes)
    for _ in range(2):
        a, b = mine(mt.tensor(x)), theirs(torch.tensor(x))
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-5, atol=1e-6)
    mine.train(False), theirs.train(False)
    a, b = mine(mt.tensor(x * 2)), theirs(torch.tensor(x * 2))
    np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-5, atol=1e-6)
    for name, buffer in theirs.named_buffers():
        np.testing.assert_allclose(dict(mine.named_buffers())[name].numpy(), buffer.numpy(), rtol=1e-5, atol=1e-6)


def test_statistics_that_are_no_longer_tracked_stay():
    layer = nn.BatchNorm1d(2)
    layer.track_running_stats = False
    layer(mt.randn(8, 2))
    assert (layer.running_mean.tolist(), layer.num_batches_tracked.item()) == ([0, 0], 0)


# -- what is taken -----------------------------------------------------------------------------------------------------

AXIS = {
    "std": {},
    "var": {"keepdims": True},
    "logsumexp": {"keepdims": True},
    "softmax": {},
    "log_softmax": {},
    "median": {"keepdims": True},
    "sort": {},
    "topk": {"k": 2},
    "squeeze": {},
    "unsqueeze": {},
    "unbind": {},
    "chunk": {"chunks": 2},
    "select": {"index": 1},
    "narrow": {"start": 1, "length": 1},
    "index_select": {"index": positions(0, 1)},
    "gather": {"index": positions(0, 1)[None]},
    "scatter": {"index": positions(0, 1)[None], "value": 1.0},
    "index_add": {"index": positions(0), "source": X[:1]},
    "sum": {"keepdims": True},
    "argsort": {},
    "amax": {"keepdims": True},
    "all": {"keepdims": True},
    "cumprod": {},
}


def _values(result):
    return [t.tolist() for t in result] if isinstance(result, tuple) else result.tolist()


@pytest.mark.parametrize("name", AXIS)
def test_axis_means_dim(name):
    options = AXIS[name]
    ours = {{"keepdims": "keepdim"}.get(k, k): v for k, v in options.items()}
    method = getattr(X, name)
    assert _values(method(axis=0, **options)) == _values(method(dim=0, **ours))


def test_two_names_of_one_argument_are_refused():
    with pytest.raises(TypeError, match="std: dim and axis are two names"):
        X.std(dim=0, axis=1)


def test_cat_gives_an_empty_leaf_an_empty_gradient():
    nothing, x = mt.zeros(0, requires_grad=True), mt.ones(2, 3, requires_grad=True)
    y = mt.cat([nothing, x * x, nothing], 1)
    (first, dx) = mt.autograd.grad(y.sum(), [nothing, x], create_graph=True)
    assert (first.shape, dx.tolist()) == ((0,), [[2] * 3] * 2)
    y.sum().backward()
    assert nothing.grad.shape == (0,)
    with pytest.raises(ShapeError, match="without dimensions"):
        mt.cat([mt.tensor(1.0), nothing])


@pytest.mark.parametrize("sizes", [(2, -2), (-3,), (-2, -1), [-12]], ids=str)
@pytest.mark.parametrize("call", [mt.reshape, mt.Tensor.reshape, mt.Tensor.view, np.reshape])
def test_no_length_but_minus_one_is_what_is_left(call, sizes):
    with pytest.raises(ShapeError, match="do not fit into"):
        call(X, tuple(sizes) if call is mt.Tensor.view else sizes)


@pytest.mark.parametrize("sizes", [(-1,), [2, -1], (np.int64(4), -1), (6, 2), 12, -1])
def test_lengths_come_as_any_kind_of_integers(sizes):
    assert X.reshape(sizes).shape == np.reshape(X, sizes).shape == X.numpy().reshape(sizes).shape
