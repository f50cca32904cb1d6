"""Every optimizer along its way, equal to PyTorch's, in the configurations that PyTorch's own tests use."""

import itertools

import numpy as np
import pytest

import microtorch
from microtorch import optim

NAMES = sorted(name for name in optim.__all__ if name[0].isupper() and name != "Optimizer")
pytestmark = pytest.mark.oracle

# Beyond PyTorch's own configurations: what they do not combine.
MORE = {
    "SGD": [{"momentum": 0.9, "nesterov": True, "maximize": True, "lr": 0.01}, {"momentum": 0.5, "dampening": 0.5}],
    "Adam": [{"amsgrad": True, "weight_decay": 0.1, "maximize": True}, {"betas": (0.5, 0.6), "eps": 1e-3, "lr": 0.1}],
    "AdamW": [{"betas": (0.5, 0.6), "weight_decay": 0.5, "lr": 0.1}],
    "RMSprop": [{"alpha": 0.5, "momentum": 0.9, "eps": 1e-2}],
    "RAdam": [{"betas": (0.9, 0.8), "lr": 0.05, "decoupled_weight_decay": True, "weight_decay": 0.1}],
    "ASGD": [{"t0": 5, "lambd": 0.1, "lr": 0.05, "alpha": 0.5}],
    "LBFGS": [
        {"line_search_fn": "strong_wolfe", "history_size": 2, "max_iter": 4},
        {"lr": 0.05, "history_size": 3, "max_iter": 3},
        {"line_search_fn": "strong_wolfe", "max_eval": 3},
    ],
}


def configurations(torch, name):
    from torch.testing._internal.common_optimizers import optim_db

    (info,) = [info for info in optim_db if info.optim_cls.__name__ == name]
    return [case.kwargs for case in info.optim_inputs_func(device="cpu")] + MORE.get(name, [])


def slope(name, w, target):
    """Loss and gradient of a function with curvature, saddle points and, for L-BFGS, a narrow valley."""
    d = w - target
    if name != "LBFGS":
        return float(np.sum(d * d / 2 - np.cos(3 * d) / 3)), d + np.sin(3 * d)
    scale = np.linspace(1, 30, w.size).reshape(w.shape)
    return float(np.sum(scale * d**4 / 4 + scale * d * d / 2)), scale * (d**3 + d)


@pytest.mark.parametrize("name", NAMES)
def test_25_steps(torch, name):
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)  # PyTorch keeps the step sizes of ASGD in it
    try:
        for options in configurations(torch, name):
            compare(torch, name, options)
    finally:
        torch.set_default_dtype(before)


def compare(torch, name, options):
    rng = np.random.default_rng(0)
    first, targets = ([rng.standard_normal(shape) for shape in ((4, 5), (3,), ())] for _ in range(2))
    theirs = [torch.tensor(w, requires_grad=True) for w in first]
    ours = [microtorch.tensor(np.asarray(w), requires_grad=True) for w in first]
    their_optimizer = getattr(torch.optim, name)(theirs, **options)
    is_tensor = {key: isinstance(value, torch.Tensor) for key, value in options.items()}
    our_optimizer = getattr(optim, name)(
        ours, **{k: microtorch.tensor(v.item()) if is_tensor[k] else v for k, v in options.items()}
    )

    def closure(params, make):
        total = 0.0
        for p, target in zip(params, targets, strict=True):
            loss, g = slope(name, p.detach().numpy(), target)
            p.grad, total = make(np.asarray(g)), total + loss
        return total

    for _ in range(25):
        # A tensor rounds lr to float32, the default dtype here; PyTorch is given the same number.
        for group, mine in zip(their_optimizer.param_groups, our_optimizer.param_groups, strict=True):
            group["lr"] = mine["lr"]
        their_optimizer.step(lambda: closure(theirs, torch.tensor))
        our_optimizer.step(lambda: closure(ours, microtorch.tensor))
        for a, b in zip(theirs, ours, strict=True):
            np.testing.assert_allclose(
                b.detach().numpy(), a.detach().numpy(), rtol=1e-9, atol=1e-9, err_msg=str(options)
            )


BOTH = [False, True]
GRID = {
    "SGD": {"momentum": [0, 0.9], "dampening": [0, 0.1], "weight_decay": [0, 0.01], "nesterov": BOTH},
    "Adam": {
        "betas": [(0.9, 0.999), (0.0, 0.5), (0.5, 0.0)],
        "eps": [1e-8, 1e-3],
        "weight_decay": [0, 0.1],
        "amsgrad": BOTH,
        "decoupled_weight_decay": BOTH,
    },
    "AdamW": {"betas": [(0.9, 0.999), (0.5, 0.9)], "weight_decay": [0, 0.1], "amsgrad": BOTH},
    "NAdam": {"weight_decay": [0, 0.1], "momentum_decay": [4e-3, 0.1], "decoupled_weight_decay": BOTH},
    "RAdam": {"betas": [(0.9, 0.999), (0.5, 0.8)], "weight_decay": [0, 0.1], "decoupled_weight_decay": BOTH},
    "Adamax": {"betas": [(0.9, 0.999), (0.5, 0.8)], "weight_decay": [0, 0.1]},
    "Adagrad": {"lr_decay": [0, 0.1], "weight_decay": [0, 0.1], "initial_accumulator_value": [0, 0.5]},
    "Adadelta": {"lr": [1.0, 0.1], "rho": [0.9, 0.5], "weight_decay": [0, 0.1]},
    "RMSprop": {"alpha": [0.99, 0.5], "weight_decay": [0, 0.1], "momentum": [0, 0.9], "centered": BOTH},
    "Rprop": {"etas": [(0.5, 1.2), (0.3, 1.5)], "step_sizes": [(1e-6, 50), (1e-3, 0.02)]},
    "ASGD": {"lambd": [1e-4, 0.1], "t0": [1e6, 5], "weight_decay": [0, 0.1]},
}


@pytest.mark.parametrize("name", GRID)
def test_every_combination_of_options(torch, name):
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)  # PyTorch keeps scalars of ASGD and NAdam in it
    rng = np.random.default_rng(1)
    first = rng.normal(size=(7, 3))
    gradients = rng.normal(size=(8, 7, 3))
    try:
        for values in itertools.product(*GRID[name].values(), BOTH):
            options = dict(zip([*GRID[name], "maximize"], values, strict=True))
            ends = []
            for library in (torch, microtorch):
                p = library.tensor(first, requires_grad=True)
                try:
                    optimizer = getattr(library.optim, name)([p], **options)
                except ValueError:  # nesterov without momentum
                    ends.append(None)
                    continue
                for g in gradients:
                    p.grad = library.tensor(g)
                    optimizer.step()
                ends.append(p.detach().numpy())
            theirs, ours = ends
            assert (theirs is None) == (ours is None), options
            if theirs is not None:
                np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-13, err_msg=str(options))
    finally:
        torch.set_default_dtype(before)


@pytest.mark.parametrize("name", NAMES)
def test_defaults_are_pytorchs(torch, name):
    w = np.zeros(2)
    theirs = getattr(torch.optim, name)([torch.tensor(w)]).defaults
    ours = getattr(optim, name)([microtorch.tensor(w)]).defaults
    hints = {"foreach", "fused", "capturable", "differentiable"}
    assert ours == {k: v for k, v in theirs.items() if k not in hints}


@pytest.mark.parametrize("name", NAMES)
def test_bad_input_raises_what_pytorch_raises(torch, name):
    from torch.testing._internal.common_optimizers import optim_db

    (info,) = [info for info in optim_db if info.optim_cls.__name__ == name]
    cases = info.optim_error_inputs_func(device="cpu", dtype=torch.float32)
    assert cases
    for case in cases:
        bad = case.optimizer_error_input
        if "foreach" in bad.kwargs or any(isinstance(b, torch.Tensor) for b in bad.kwargs.get("betas", ())):
            continue  # limits of PyTorch's implementations; here a tensor of one element is a number anywhere
        params = translate(torch, bad.params) if bad.params is not None else [microtorch.ones(2, requires_grad=True)]
        options = {k: translate(torch, v) for k, v in bad.kwargs.items()}
        # A parameter that comes twice in a group is an error here and a warning there, which says it will be one.
        kind = ValueError if case.error_type is UserWarning else case.error_type
        with pytest.raises(kind, match=case.error_regex):
            getattr(optim, name)(params, **options)


def translate(torch, value, made=None):
    """`value` with microtorch's tensors for PyTorch's, one for one."""
    made = {} if made is None else made
    if isinstance(value, torch.Tensor):
        if id(value) not in made:
            made[id(value)] = microtorch.tensor(value.detach().numpy())
        return made[id(value)]
    if isinstance(value, dict):
        return {k: translate(torch, v, made) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(translate(torch, v, made) for v in value)
    return value


@pytest.mark.parametrize("name", [n for n in NAMES if n != "LBFGS"])
def test_a_state_that_pytorch_saved_is_continued(torch, name):
    rng = np.random.default_rng(3)
    first, gradients = rng.standard_normal((4, 3)), rng.standard_normal((6, 4, 3))
    options = {"momentum": 0.9} if name in ("SGD", "RMSprop") else {}
    theirs = torch.tensor(first, requires_grad=True)
    their_optimizer = getattr(torch.optim, name)([("w", theirs)], **options)
    for g in gradients[:3]:
        theirs.grad = torch.tensor(g)
        their_optimizer.step()
    ours = microtorch.tensor(theirs.detach().numpy(), requires_grad=True)
    our_optimizer = getattr(optim, name)([("w", ours)])
    our_optimizer.load_state_dict(their_optimizer.state_dict())
    for g in gradients[3:]:
        theirs.grad, ours.grad = torch.tensor(g), microtorch.tensor(g)
        their_optimizer.step()
        our_optimizer.step()
    # PyTorch keeps the step sizes of ASGD in float32.
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=1e-6 if name == "ASGD" else 1e-9)
