"""A whole training, step for step, beside PyTorch from the same weights on the same batches."""

import numpy as np
import pytest

import microtorch

OPTIMIZERS = {
    "sgd": lambda optim, p: optim.SGD(p, lr=0.05),
    "momentum": lambda optim, p: optim.SGD(p, lr=0.05, momentum=0.9),
    "adam": lambda optim, p: optim.Adam(p, lr=1e-3),
}


def losses(lib, make, initial, batches, dtype):
    """The loss of each step of a 20-32-32-5 net that starts from the arrays `initial`."""
    nn, (a, b, c) = lib.nn, (lib.nn.Linear(20, 32), lib.nn.Linear(32, 32), lib.nn.Linear(32, 5))
    model = nn.Sequential(a, nn.ReLU(), b, nn.Tanh(), c).to(getattr(lib, dtype))
    model.load_state_dict({name: lib.tensor(value) for name, value in initial.items()})
    optimizer = make(lib.optim, model.parameters())
    criterion, history = nn.CrossEntropyLoss(), []
    for x, y in batches:
        optimizer.zero_grad()
        loss = criterion(model(lib.from_numpy(x)), lib.from_numpy(y))
        loss.backward()
        optimizer.step()
        history.append(loss.item())
    return history


@pytest.mark.parametrize("dtype, tolerance", [("float64", 1e-10), ("float32", 1e-4)])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_200_steps_have_the_losses_of_pytorch(torch, optimizer, dtype, tolerance):
    rng = np.random.default_rng(0)
    shapes = {"0": (32, 20), "2": (32, 32), "4": (5, 32)}
    initial = {f"{name}.weight": rng.standard_normal(s) / np.sqrt(s[1]) for name, s in shapes.items()}
    initial |= {f"{name}.bias": rng.standard_normal(s[0]) / 10 for name, s in shapes.items()}
    initial = {name: value.astype(dtype) for name, value in initial.items()}
    batches = [(rng.standard_normal((16, 20)).astype(dtype), rng.integers(0, 5, 16)) for _ in range(200)]
    ours, theirs = (losses(lib, OPTIMIZERS[optimizer], initial, batches, dtype) for lib in (microtorch, torch))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance)


def test_two_runs_with_one_seed_are_equal_bit_for_bit():
    def run():
        microtorch.manual_seed(7)
        model = microtorch.nn.MLP([20, 16, 5], dropout=0.2, norm="batch")
        optimizer = microtorch.optim.Adam(model.parameters())
        history = []
        for _ in range(20):
            optimizer.zero_grad()
            x, y = microtorch.randn(8, 20), microtorch.randint(0, 5, (8,))
            loss = microtorch.nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            history.append(loss.item())
        return history

    assert run() == run()
