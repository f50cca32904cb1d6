"""The records of a graph, how they fold, and the text tree: what every picture is made from."""

import inspect
import re

import numpy as np
import pytest
import samples

import microtorch
from microtorch import nn, viz
from microtorch.autograd import ArrayFunction
from microtorch.nn import functional as F
from microtorch.viz import graph, tree
from microtorch.viz.page.steps import backward_steps
from microtorch.viz.records.folding import READABLE, fold
from microtorch.viz.records.graph import with_gradients
from microtorch.viz.records.names import public_function

CASES = [
    pytest.param(cls, sample, id=name)
    for name, cls in samples.operations().items()
    for sample in samples.samples_of(cls)[:1]
]


def leaf(*shape, seed=0):
    return microtorch.tensor(np.random.default_rng(seed).normal(size=shape).astype(np.float32), requires_grad=True)


def names_of(records):
    return [o.name for o in records.operations]


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc = nn.Linear(width, width)
        self.act = nn.Tanh()

    def forward(self, x):
        return x + self.act(self.fc(x))


class Net(nn.Module):
    def __init__(self, blocks, width=4):
        super().__init__()
        self.first = nn.Linear(3, width)
        self.blocks = nn.Sequential(*[Block(width) for _ in range(blocks)])

    def forward(self, x):
        return self.blocks(self.first(x))


# -- every operation -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cls, sample", CASES)
def test_every_operation_has_a_record_with_the_right_shapes(cls, sample):
    tensors = sample.tensors()
    result = (sample.call or cls.apply)(*tensors)
    outputs = [y for y in (result if isinstance(result, tuple) else (result,)) if y.requires_grad]
    if not outputs:
        pytest.skip("has no gradient, so it is in no graph")
    records = graph(outputs)
    root = next(o for o in records.operations if o.node is outputs[0].grad_fn)
    assert [root.shapes[y.output_nr] for y in outputs] == [y.shape for y in outputs]
    assert [root.dtypes[y.output_nr] for y in outputs] == [y.dtype.name for y in outputs]
    leaves = {id(v.tensor): v for v in records.values if v.kind == "parameter"}
    for t in tensors:
        if isinstance(t, microtorch.Tensor) and t.requires_grad and id(t) in leaves:
            assert leaves[id(t)].shape == t.shape
    assert root.formula.startswith("y") or "=" in root.formula
    assert {edge.shape for edge in records.edges if edge.target is root} <= {
        x.shape for x in root.node.inputs if isinstance(x, microtorch.Tensor)
    }


@pytest.mark.parametrize("cls, sample", CASES)
def test_the_steps_of_every_operation_are_what_backward_does(cls, sample):
    tensors = sample.tensors()
    result = (sample.call or cls.apply)(*tensors)
    outputs = [y for y in (result if isinstance(result, tuple) else (result,)) if y.requires_grad]
    if not outputs:
        pytest.skip("has no gradient, so it is in no graph")
    try:
        steps = backward_steps(graph(outputs))
    except microtorch.GradientError as error:  # an operation that has no derivative says so here as well
        with pytest.raises(microtorch.GradientError, match=re.escape(str(error))):
            microtorch.autograd.backward(outputs, [microtorch.ones_like(y) for y in outputs])
        return
    microtorch.autograd.backward(outputs, [microtorch.ones_like(y) for y in outputs])
    arrived = {}
    for step in steps:
        for arrival in step.arrivals:
            assert arrival.part.shape == arrival.edge.shape
            arrived[arrival.edge.source.id] = arrival
    for arrival in arrived.values():
        if getattr(arrival.edge.source, "tensor", None) is not None:
            np.testing.assert_array_equal(arrival.total, arrival.edge.source.tensor.grad.numpy())


# -- shapes of graphs ----------------------------------------------------------------------------------------------


def test_a_diamond():
    x = leaf(3)
    h = x * 2.0
    loss = (h.exp() + h.tanh()).sum()
    records = graph(loss, names={"x": x, "h": h})
    assert names_of(records) == ["Mul", "Exp", "Tanh", "Add", "Sum"]
    mul = records.operations[0]
    assert mul.labels == ["h"]
    assert [e.target.name for e in records.edges if e.source is mul] == ["Exp", "Tanh"]
    assert [v.name for v in records.parameters] == ["x"]
    arrivals = [a for s in backward_steps(records) for a in s.arrivals if a.edge.source is mul]
    assert [a.nth for a in arrivals] == [1, 2]
    np.testing.assert_allclose(arrivals[1].total, arrivals[0].part + arrivals[1].part, rtol=1e-6)


def test_a_shared_parameter_is_one_record():
    w, x = leaf(3, 3), leaf(2, 3, seed=1)
    records = graph(((x @ w) @ w).sum(), names={"w": w, "x": x})
    (value,) = [v for v in records.values if v.name == "w"]
    assert len([e for e in records.edges if e.source is value]) == 2


def test_one_tensor_twice_in_one_operation():
    w = leaf(2)
    records = graph(w * w, names={"w": w})
    assert [e.argument for e in records.edges if e.target is records.operations[0]] == ["a", "b"]
    assert records.nbytes == w.nbytes  # kept twice in name, once in memory


def test_several_outputs():
    x = leaf(4, 3)
    values, indices = x.max(dim=1)
    records = graph(values.sum())
    assert records.operations[0].shapes[0] == (4,)
    assert len(records.operations[0].shapes) == 2
    assert indices.grad_fn is None


def test_create_graph():
    x = leaf(3)
    (dx,) = microtorch.autograd.grad((x * x * x).sum(), x, create_graph=True)
    records = graph(dx.sum(), names={"x": x})
    assert len(records.operations) > 3
    with_gradients(records)
    np.testing.assert_allclose(records.parameters[0].grad, 6 * x.detach().numpy(), rtol=1e-5)


def test_detached_and_frozen_parts():
    net = Net(1)
    net.first.weight.requires_grad_(False)
    x = microtorch.ones(2, 3)
    h = net(x)
    records = graph((h * h.detach()).sum(), net, names={"x": x})
    kinds = {v.name: v.kind for v in records.values}
    assert (kinds["first.weight"], kinds["first.bias"], kinds["x"]) == ("frozen", "parameter", "input")
    assert [e.flows for e in records.edges if e.target.name == "Mul"] == [True, False]
    assert kinds["blocks.0.fc.weight"] == "parameter"


def test_buffers_have_their_paths_and_stand_in_their_modules():
    net = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2, affine=False))
    records = graph(net(microtorch.ones(4, 3)).sum(), net)
    buffers = {v.name: v.scope.path for v in records.values if v.kind == "buffer"}
    assert buffers == {f"1.{name}": "1" for name in ("running_mean", "running_var", "num_batches_tracked")}
    net.eval()
    net[0].requires_grad_(False)
    net[0].spare = nn.BatchNorm1d(2)
    records = graph(net(microtorch.ones(4, 3, requires_grad=True)).sum(), net)
    assert {v.name for v in records.values if not v.used} == {"0.spare.weight", "0.spare.bias"}


def test_options_that_are_as_by_default_are_not_told_nor_the_state_of_a_generator():
    def options(out):
        return graph(out).operations[-1].options

    x = microtorch.ones(4, 3, requires_grad=True)
    assert options(F.elu(x)) == {}
    assert options(F.elu(x, 0.5)) == {"alpha": "0.5"}
    assert options(F.dropout(x, 0.25)) == {"p": "0.25"}
    target = microtorch.tensor([0, 1, 2, 0])
    assert options(F.cross_entropy(x, target)) == {}
    assert options(F.cross_entropy(x, target, label_smoothing=0.1)) == {"smoothing": "0.1"}
    assert options(x.sum(1)) == {"dim": "1"}
    assert options(x[:, np.array([0, 2])]) != {}


@pytest.mark.parametrize("name", ["Loss", "Shape", "Nn", "Math", "Relu", "Softmax"])
def test_an_operation_of_the_users_own_may_have_any_name(name, tmp_path):
    def forward(ctx, x, dim, slope=2.0):
        return x * dim * slope

    methods = {"forward": staticmethod(forward), "backward": staticmethod(lambda ctx, dy: dy)}
    y = type(name, (ArrayFunction,), methods).apply(leaf(2), 3, 2.0)
    assert graph(y).operations[0].options == {"dim": "3"}
    assert f"1 {name}(dim=3)" in tree(y.sum())
    viz.explore(y.sum(), tmp_path / "x.html")


def test_every_operation_of_the_package_has_a_function_or_none():
    for cls in samples.operations().values():
        function = public_function(cls)
        assert function is None or inspect.isfunction(function), cls


def test_parameters_that_the_graph_does_not_reach():
    net = Net(1)
    net.spare = nn.Linear(2, 2)
    records = graph(net(microtorch.ones(2, 3)).sum(), net)
    assert {v.name for v in records.values if not v.used} == {"spare.weight", "spare.bias"}
    assert "not reached: spare.weight" in tree(net(microtorch.ones(2, 3)).sum(), net)


def test_several_roots_and_their_names():
    x = leaf(2)
    records = graph({"mse": (x * x).sum(), "penalty": x.abs().sum()})
    assert [v.name for v in records.roots] == ["mse", "penalty"]


def test_a_leaf_alone():
    x = leaf(2)
    records = graph(x)
    assert records.operations == []
    assert tree(x) == "x  2  = " + tree(x).split("= ")[1]
    assert tree(x, names={}).startswith("output  2  = ")


# -- states of gradients -------------------------------------------------------------------------------------------


def state_after(prepare):
    w, v = leaf(2), leaf(2, seed=1)
    loss = prepare(w, v)
    return {value.name: value.state for value in graph(loss, names={"w": w, "v": v}).parameters}


def test_none_filled_zero_and_stale_are_told_apart():
    def nothing(w, v):
        return (w * v).sum()

    def filled(w, v):
        loss = (w * v).sum()
        loss.backward()
        return loss

    def zero(w, v):
        loss = (w * 0.0 + v).sum()
        loss.backward()
        return loss

    def stale(w, v):
        (w * 2.0).sum().backward()
        return (w * v).sum()

    def kept(w, v):  # nothing is released, and yet it ran
        loss = (w * v).sum()
        loss.backward(retain_graph=True)
        return loss

    assert state_after(nothing) == {"w": "none", "v": "none"}
    assert state_after(filled) == {"w": "filled", "v": "filled"}
    assert state_after(zero) == {"w": "zero", "v": "filled"}
    assert state_after(stale) == {"w": "stale", "v": "none"}
    assert state_after(kept) == {"w": "filled", "v": "filled"}


def test_after_backward_values_stay_and_what_was_kept_is_gone():
    w = leaf(2)
    loss = (w * w).exp().sum()
    loss.backward()
    records = graph(loss)
    assert records.released
    assert [o.saved for o in records.operations[:2]] == [None, None]
    assert records.nbytes == 0
    np.testing.assert_allclose(records.operations[0].arrays[0], np.square(w.detach().numpy()))
    with pytest.raises(microtorch.GraphError, match="before backward"):
        backward_steps(records)


def test_gradients_are_those_of_backward_and_nothing_changes():
    net = Net(3)
    loss = net(microtorch.ones(5, 3)).square().mean()
    records = with_gradients(graph(loss, net))
    assert all(p.grad is None for p in net.parameters())
    loss.backward()
    for value in records.parameters:
        np.testing.assert_array_equal(value.grad, value.tensor.grad.numpy())


def test_hooks_have_their_say():
    x = leaf(2)
    y = x * 3.0
    y.register_hook(lambda grad: grad * 10)
    records = with_gradients(graph(y.sum(), names={"x": x}))
    np.testing.assert_array_equal(records.parameters[0].grad, np.float32([30, 30]))
    arrivals = [a for s in backward_steps(records) for a in s.arrivals]
    assert [a.hooked for a in arrivals] == [True, False]


def test_large_values_that_nobody_needs_are_known_to_be_unknown():
    x = leaf(200, 200)
    records = graph(((x + x) + x).sum())
    assert records.operations[0].arrays == [None]
    assert records.operations[0].shapes == [(200, 200)]


# -- modules and folding -------------------------------------------------------------------------------------------


def test_modules_are_named_from_the_outermost_without_being_told():
    records = graph(Net(2)(microtorch.ones(2, 3)).sum())
    assert [s.path for s in records.scopes] == [
        "", "first", "blocks", "blocks.0", "blocks.0.fc", "blocks.0.act", "blocks.1", "blocks.1.fc", "blocks.1.act",
    ]  # fmt: skip
    assert records.scopes[1].title == "first · Linear(3 → 4)"
    weight = next(v for v in records.values if v.name == "blocks.1.fc.weight")
    assert weight.scope.path == "blocks.1.fc"


def test_a_module_called_twice():
    layer = nn.Linear(3, 3)
    net = nn.Sequential(layer, layer)
    records = graph(net(microtorch.ones(1, 3)).sum())
    assert [s.call for s in records.scopes if s.type == "Linear"] == [1, 2]
    assert {v.scope.type for v in records.parameters} == {"Sequential"}


def test_small_graphs_show_everything():
    view = fold(graph(Net(2)(microtorch.ones(2, 3)).sum()))
    assert not view.folded
    assert len([b for b in view.boxes if b.kind == "operation"]) == len(view.graph.operations)


def test_repeated_blocks_fold():
    view = fold(graph(Net(40)(microtorch.ones(2, 3)).sum()))
    assert [f.times for f in view.frames if f.times > 1] == [40]
    assert next(f.title for f in view.frames if f.times > 1) == "× 40 · 0 … 39"
    assert len(view.boxes) <= READABLE
    weight = next(b for b in view.boxes if getattr(b.record, "name", "") == "blocks.0.fc.weight")
    assert weight.times == 40


def test_a_500_layer_chain_folds_with_and_without_modules():
    x = leaf(4)
    y = x
    for _ in range(500):
        y = (y * 1.01).tanh()
    bare = fold(graph(y.sum()))
    assert len(bare.boxes) <= 8
    assert max(f.times for f in bare.frames) >= 498
    modules = nn.Sequential(*[m for _ in range(250) for m in (nn.Linear(4, 4), nn.ReLU())])
    view = fold(graph(modules(microtorch.ones(2, 4)).sum()))
    assert len(view.boxes) <= 12
    assert [f.times for f in view.frames if f.times > 1] == [249]  # the first has another input
    # the folded chain still connects its two ends
    reached, front = set(), [b for b in view.boxes if b.kind == "output"]
    while front:
        box = front.pop()
        reached.add(box)
        front += [a.source for a in view.arrows if a.target is box and a.source not in reached]
    assert reached == set(view.boxes)


def test_unlike_layers_do_not_fold_into_one():
    widths = [4 + i for i in range(80)]
    net = nn.Sequential(*[nn.Linear(a, b) for a, b in zip(widths, widths[1:], strict=False)])
    view = fold(graph(net(microtorch.ones(2, 4)).sum()))
    assert all(f.times == 1 for f in view.frames)


@pytest.mark.parametrize("depth, boxes", [(0, 1), (1, 2), (2, 2), (3, 4), (9, 0)])
def test_depth(depth, boxes):
    view = fold(graph(Net(2)(microtorch.ones(2, 3)).sum()), depth)
    assert len([b for b in view.boxes if b.kind == "module"]) == boxes
    weights = [b.record.name for b in view.boxes if b.kind == "parameter" and b.record.name.endswith("weight")]
    assert len(weights) == {0: 0, 1: 0, 2: 1, 3: 1, 9: 3}[depth]  # the others are inside the folded modules


def test_depth_of_recursion_is_no_limit():
    x = leaf(2)
    y = x
    for i in range(3000):
        y = y * (1 + i % 7)
    assert len(fold(graph(y.sum())).graph.operations) == 3001
    assert tree(y.sum()).count("\n") == 3002


# -- failed forwards -----------------------------------------------------------------------------------------------


def test_a_failed_forward_marks_the_call_and_keeps_what_ran():
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(5, 2))
    with pytest.raises(microtorch.ShapeError) as caught:
        net(microtorch.ones(2, 3))
    records = graph(caught.value, net)
    assert names_of(records)[:2] == ["Linear", "Relu"]
    failed = records.operations[-1]
    assert failed.name == "linear"
    assert failed.scope.path == "2"
    assert [s.call for s in records.scopes] == [1, 1, 1, 1]
    assert failed.scope.parent is records.operations[0].scope.parent
    assert "5" in failed.error
    assert {e.source.name for e in records.edges if e.target is failed} >= {"Relu", "2.weight"}
    assert tree(caught.value, net).startswith("✗ linear failed")


def test_a_failed_operator_and_a_failed_function_of_ones_own():
    class Broken(ArrayFunction):
        """y = nothing"""

        @staticmethod
        def forward(ctx, x):
            raise ValueError("cannot")

    x = leaf(3)
    with pytest.raises(ValueError, match="cannot") as caught:
        Broken.apply(x * 2.0)
    assert names_of(graph(caught.value)) == ["Mul", "Broken"]
    with pytest.raises(microtorch.ShapeError) as caught:
        (x * 2.0) @ microtorch.ones(5, 2)
    assert names_of(graph(caught.value))[0] == "Mul"
    assert graph(caught.value).operations[-1].error is not None


def test_an_exception_without_a_failed_operation():
    with pytest.raises(microtorch.GraphError, match="no operation failed"):
        graph(ValueError("elsewhere"))


def test_what_is_no_tensor():
    with pytest.raises(TypeError, match="not int"):
        graph([3])


# -- the text tree -------------------------------------------------------------------------------------------------


def test_the_tree_says_each_thing_once():
    x = leaf(2)
    h = x * 2.0
    text = tree(h + h, names={"x": x, "h": h})
    assert text.count("x  2  parameter") == 1
    assert text.count("1 Mul") == 2
    assert "(above)" in text
    assert "→ h" in text
