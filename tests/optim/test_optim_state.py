"""Groups, names, and states that are saved and loaded: what fits goes on bit for bit, what does not is named."""

import copy

import numpy as np
import pytest

import microtorch
from microtorch import optim
from microtorch.errors import CheckpointError
from microtorch.optim import Optimizer

NAMES = sorted(name for name in optim.__all__ if name[0].isupper() and name not in ("Optimizer", "LBFGS"))
OPTIONS = {
    "SGD": {"momentum": 0.9, "nesterov": True},
    "Adam": {"amsgrad": True},
    "RMSprop": {"centered": True, "momentum": 0.9},
}


def parameters(names=("a", "b"), shapes=((3, 2), (4,))):
    rng = np.random.default_rng(0)
    return {
        n: microtorch.tensor(rng.standard_normal(s), requires_grad=True) for n, s in zip(names, shapes, strict=True)
    }


def train(optimizer, params, steps, start=0):
    for step in range(start, start + steps):
        rng = np.random.default_rng(step)
        for name in sorted(params):
            params[name].grad = microtorch.tensor(rng.standard_normal(params[name].shape))
        optimizer.step()
    return {name: p.detach().numpy().copy() for name, p in params.items()}


def assert_same(first, second):
    assert first.keys() == second.keys()
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])


@pytest.mark.parametrize("named", [True, False], ids=["named", "numbered"])
@pytest.mark.parametrize("name", NAMES)
def test_a_resumed_run_is_the_same_bit_for_bit(name, named):
    def build(params):
        groups = list(params.items()) if named else list(params.values())
        return getattr(optim, name)(groups, **OPTIONS.get(name, {}))

    params = parameters()
    optimizer = build(params)
    train(optimizer, params, 3)
    saved, weights = copy.deepcopy(optimizer.state_dict()), {n: p.detach().numpy().copy() for n, p in params.items()}
    straight = train(optimizer, params, 3, start=3)

    params = {n: microtorch.tensor(w, requires_grad=True) for n, w in weights.items()}
    optimizer = build(params)
    optimizer.load_state_dict(saved)
    assert_same(straight, train(optimizer, params, 3, start=3))


def test_lbfgs_resumes():
    def closure_of(w, optimizer):
        def closure():
            optimizer.zero_grad()
            loss = (w[0] - 1) * (w[0] - 1) + 10 * (w[1] - w[0] * w[0]) * (w[1] - w[0] * w[0])
            loss.backward()
            return loss

        return closure

    w = microtorch.tensor(np.array([-1.2, 1.0]), requires_grad=True)
    optimizer = optim.LBFGS([w], max_iter=3, line_search_fn="strong_wolfe")
    optimizer.step(closure_of(w, optimizer))
    saved, at = copy.deepcopy(optimizer.state_dict()), w.detach().numpy().copy()
    optimizer.step(closure_of(w, optimizer))

    other = microtorch.tensor(at, requires_grad=True)
    optimizer = optim.LBFGS([other], max_iter=3, line_search_fn="strong_wolfe")
    optimizer.load_state_dict(saved)
    optimizer.step(closure_of(other, optimizer))
    assert other.tolist() == w.tolist() != at.tolist()


def test_a_state_is_keyed_by_name_and_follows_it_through_another_order():
    params = parameters(shapes=((4,), (4,)))  # one shape: only the names tell them apart
    optimizer = optim.Adam(params.items())
    train(optimizer, params, 3)
    saved = copy.deepcopy(optimizer.state_dict())
    assert set(saved["state"]) == {"a", "b"}
    assert saved["param_groups"][0]["params"] == ["a", "b"]
    weights = {n: p.detach().numpy().copy() for n, p in params.items()}
    straight = train(optimizer, params, 2, start=3)

    turned = {n: microtorch.tensor(weights[n], requires_grad=True) for n in ("b", "a")}
    optimizer = optim.Adam(turned.items())
    optimizer.load_state_dict(saved)
    assert_same(straight, dict(sorted(train(optimizer, turned, 2, start=3).items())))


def test_names_of_the_tensors_themselves_serve_where_they_are_unique():
    params = parameters()
    for name, p in params.items():
        p.name = name
    optimizer = optim.Adam(params.values())
    train(optimizer, params, 1)
    assert set(optimizer.state_dict()["state"]) == {"a", "b"}
    params["b"].name = "a"
    assert set(optimizer.state_dict()["state"]) == {0, 1}


def saved_adam(**changes):
    params = parameters(**changes)
    optimizer = optim.Adam(params.items(), lr=0.5)
    train(optimizer, params, 2)
    return optimizer.state_dict()


MISFITS = {
    "name": (
        lambda: saved_adam(names=("a", "c")),
        ["group 0: b is not in the saved state", "c was saved and is not here"],
    ),
    "shape": (
        lambda: saved_adam(shapes=((3, 2), (5,))),
        ["b: exp_avg was saved with shape (5,)", "(4,)", "b: exp_avg_sq"],
    ),
    "groups": (lambda: {"state": {}, "param_groups": []}, ["0 parameter groups were saved, 1 are here"]),
    "count": (
        lambda: optim.Adam(list(parameters(names="abc", shapes=((3, 2), (4,), (1,))).values())).state_dict(),
        ["group 0: 3 parameters were saved, 2 are here"],
    ),
    "optimizer": (
        lambda: optim.SGD(parameters().items()).state_dict(),
        ["the option amsgrad, betas", "another optimizer?"],
    ),
    "value": (
        lambda: {"state": {}, "param_groups": [{**saved_adam()["param_groups"][0], "lr": -1}]},
        ["group 0: Invalid learning rate: -1"],
    ),
    "no state": (lambda: {"weights": 3}, ["this is not the state of an optimizer"]),
}


@pytest.mark.parametrize("misfit", MISFITS)
def test_what_does_not_fit_is_listed_and_nothing_is_loaded(misfit):
    make, words = MISFITS[misfit]
    params = parameters()
    optimizer = optim.Adam(params.items())
    train(optimizer, params, 1)
    before = copy.deepcopy(optimizer.state_dict())
    with pytest.raises(CheckpointError) as caught:
        optimizer.load_state_dict(make())
    for word in words:
        assert word in str(caught.value)
    after = optimizer.state_dict()
    assert after["param_groups"] == before["param_groups"]
    for name in ("a", "b"):
        assert after["state"][name]["exp_avg"].tolist() == before["state"][name]["exp_avg"].tolist()


def test_a_state_saved_by_name_needs_names():
    with pytest.raises(CheckpointError, match=r"does not know its parameters' names. Make it from model.named_param"):
        optim.Adam(list(parameters().values())).load_state_dict(saved_adam())


def test_what_is_loaded_is_a_copy_in_the_parameters_dtype():
    saved = saved_adam()
    params = {
        n: microtorch.tensor(p.detach().numpy().astype(np.float32), requires_grad=True) for n, p in parameters().items()
    }
    optimizer = optim.Adam(params.items())
    optimizer.load_state_dict(saved)
    kept = optimizer.state[params["a"]]["exp_avg"]
    assert kept.dtype == np.float32
    before = saved["state"]["a"]["exp_avg"].tolist()
    train_dtype = {n: microtorch.ones(p.shape) for n, p in params.items()}
    for n, p in params.items():
        p.grad = train_dtype[n]
    optimizer.step()
    assert saved["state"]["a"]["exp_avg"].tolist() == before
    assert optimizer.param_groups[0]["lr"] == 0.5


def test_a_group_that_is_added_later_takes_the_defaults():
    params = parameters()
    optimizer = optim.SGD([("a", params["a"])], lr=0.5)
    optimizer.add_param_group({"params": [("b", params["b"])], "momentum": 0.9})
    assert [g["lr"] for g in optimizer.param_groups] == [0.5, 0.5]
    assert optimizer.names() == ["a", "b"]
    assert "Parameter Group 1" in repr(optimizer)


P = parameters(names="pq", shapes=((2,), (2,)))
NOT_A_LEAF = P["p"] * 2
BAD = {
    "a tensor": (lambda: optim.SGD(P["p"]), TypeError, "iterable of Tensors or dicts, but got a Tensor"),
    "nothing": (lambda: optim.SGD([]), ValueError, "empty parameter list"),
    "twice": (lambda: optim.SGD([P["p"], P["q"], P["p"]]), ValueError, "number 2 in it came before"),
    "two groups": (
        lambda: optim.SGD([{"params": P["p"]}, {"params": P["p"]}]),
        ValueError,
        "appear in more than one parameter group",
    ),
    "no leaf": (lambda: optim.SGD([NOT_A_LEAF]), ValueError, "can't optimize a non-leaf Tensor: it is the result of"),
    "no tensor": (lambda: optim.SGD([3.0]), TypeError, "one of the params is float"),
    "a set": (lambda: optim.SGD([{"params": {P["p"]}}]), TypeError, "the order of a set differs"),
    "no params": (lambda: optim.SGD([{"lr": 1}]), ValueError, "an entry 'params'"),
    "one name": (lambda: optim.SGD([("p", P["p"]), ("p", P["q"])]), ValueError, "have the same name"),
    "lr": (lambda: optim.SGD([P["p"]], lr=-1), ValueError, "Invalid learning rate: -1. SGD needs 0 <= lr"),
    "lr of a group": (
        lambda: optim.Adam([{"params": P["p"], "lr": float("nan")}]),
        ValueError,
        "Invalid learning rate: nan",
    ),
    "eps": (lambda: optim.RMSprop([P["p"]], eps=-1e-8), ValueError, "Invalid epsilon value: -1e-08"),
    "alpha": (lambda: optim.RMSprop([P["p"]], alpha=-1), ValueError, "Invalid alpha value: -1"),
    "rho": (
        lambda: optim.Adadelta([P["p"]], rho=1.5),
        ValueError,
        "Invalid rho value: 1.5. Adadelta needs 0 <= rho <= 1",
    ),
    "beta": (lambda: optim.Adam([P["p"]], betas=(0.9, 1.0)), ValueError, "beta parameter at index 1: 1.0"),
    "etas": (lambda: optim.Rprop([P["p"]], etas=(0.5, 0.9)), ValueError, "Invalid eta values: 0.5, 0.9"),
    "nesterov": (lambda: optim.SGD([P["p"]], nesterov=True), ValueError, "requires a momentum and zero dampening"),
    "option": (lambda: optim.SGD([P["p"]], momentun=0.9), TypeError, "no option 'momentun'. Did you mean 'momentum'"),
    "a model": (lambda: optim.SGD(microtorch.nn.Linear(2, 1)), TypeError, r"got Linear. Write model.parameters\(\)"),
    "capturable": (lambda: optim.Adam([P["p"]], capturable=True), ValueError, "capturable=True is not supported"),
    "differentiable": (lambda: optim.SGD([P["p"]], differentiable=True), ValueError, "write them as operations"),
    "neither": (lambda: Optimizer([P["p"]], {}).step(), NotImplementedError, r"neither update\(group\) nor step"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case):
    make, kind, words = BAD[case]
    with pytest.raises(kind, match=words):
        make()


def test_hints_about_implementations_change_nothing():
    optimizer = optim.AdamW([{"params": [P["p"]], "fused": True}], foreach=False, fused=True, differentiable=False)
    assert not {"fused", "foreach", "differentiable"} & set(optimizer.param_groups[0])


def test_a_group_that_is_refused_leaves_everything_as_it_was():
    group = {"params": [P["q"]], "lr": -1}
    optimizer = optim.SGD([P["p"]])
    with pytest.raises(ValueError, match="Invalid learning rate"):
        optimizer.add_param_group(group)
    assert len(optimizer.param_groups) == 1
    assert group == {"params": [P["q"]], "lr": -1}


def test_an_optimizer_of_ones_own():
    class Descent(Optimizer):
        def __init__(self, params, lr):
            super().__init__(params, {"lr": lr})

        @microtorch.no_grad()
        def step(self, closure=None):
            for group in self.param_groups:
                for p in group["params"]:
                    p.data = p.data - group["lr"] * p.grad

    p = parameters()["b"]
    before = p.detach().numpy().copy()
    p.grad = microtorch.tensor(np.ones(4))
    Descent([p], lr=0.5).step()
    np.testing.assert_allclose(p.detach().numpy(), before - 0.5)


@pytest.mark.parametrize("form", [microtorch.tensor, np.float32, np.array])
def test_a_count_may_be_a_tensor_as_in_pytorch(form):
    params = parameters()
    optimizer = optim.Adam(params.items())
    train(optimizer, params, 2)
    saved = copy.deepcopy(optimizer.state_dict())
    saved["state"]["a"]["step"] = form(2.0)
    optimizer.state[params["b"]]["step"] = form(2.0)
    train(optimizer, params, 1)
    assert [optimizer.state[p]["step"] for p in params.values()] == [3, 3]
    optimizer.load_state_dict(saved)
    assert optimizer.state[params["a"]]["step"] == 2


FOREIGN = {
    "step": [microtorch.ones(2), "5", 2.5, -1, None, True],
    "exp_avg": [3.0, None, np.zeros(4), microtorch.zeros(4, dtype=np.float32), microtorch.zeros(5, dtype=np.float64)],
}


@pytest.mark.parametrize("key, value", [(k, v) for k, values in FOREIGN.items() for v in values] + [("step", KeyError)])
def test_a_foreign_state_is_refused_before_anything_changes(key, value):
    params = parameters()
    optimizer = optim.Adam([{"params": [("a", params["a"])]}, {"params": [("b", params["b"])]}])
    before = train(optimizer, params, 2)
    if value is KeyError:
        del optimizer.state[params["b"]][key]
    else:
        optimizer.state[params["b"]][key] = value
    with pytest.raises((CheckpointError, TypeError, ValueError), match=rf"^Adam\.step: parameter b.*{key}"):
        optimizer.step()
    assert_same(before, {name: p.detach().numpy() for name, p in params.items()})
    assert optimizer.state[params["a"]]["step"] == 2


@pytest.mark.parametrize("name", NAMES)
def test_read_only_memory(name):
    params = parameters()
    optimizer = getattr(optim, name)([{"params": [("a", params["a"])]}, {"params": [("b", params["b"])]}])
    before = train(optimizer, params, 1)
    params["b"]._array.flags.writeable = False
    with pytest.raises(ValueError, match=rf"^{name}\.step: parameter b of shape .* read-only memory"):
        optimizer.step()
    assert_same(before, {n: p.detach().numpy() for n, p in params.items()})
    params["b"]._array.flags.writeable = True
    params["b"].grad._array.flags.writeable = False  # a gradient is only read
    optimizer.step()


def test_lbfgs_with_a_gradient_of_zero():
    w = microtorch.tensor([1.0], requires_grad=True)
    optimizer = optim.LBFGS([w], tolerance_grad=-1.0)
    optimizer.step(lambda: (w * 0).sum())
    assert w.tolist() == [1.0]
