"""Train a network on the digits, eagerly and captured: the two loops differ in one line.

Run as ``python examples/captured_digits.py``.
"""

import statistics
import time

import microtorch
from microtorch import nn, optim
from microtorch.data import DataLoader, TensorDataset
from microtorch.datasets import Digits

EPOCHS = 40


def train(captured):
    """The losses of all steps, the test accuracy, and the seconds of a step in the median epoch."""
    microtorch.manual_seed(0)
    train_set, test_set = Digits(train=True), Digits(train=False)
    (x_train, y_train), (x_test, y_test) = (s.__getitems__(range(len(s))) for s in (train_set, test_set))
    model = nn.MLP([64, 64, 32, 10])
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    loader = DataLoader(TensorDataset(x_train.flatten(1), y_train), batch_size=32, shuffle=True)

    def step(x, y):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    if captured:
        step = microtorch.capture(step)  # the one line

    losses, seconds = [], []
    for _ in range(EPOCHS):
        start = time.perf_counter()
        for x, y in loader:
            losses.append(step(x, y).item())
        seconds.append((time.perf_counter() - start) / len(loader))
    if captured:
        print(step.report())
    with microtorch.no_grad():
        accuracy = (model(x_test.flatten(1)).argmax(1) == y_test).float().mean().item()
    return losses, accuracy, statistics.median(seconds)


if __name__ == "__main__":
    results = {name: train(name == "captured") for name in ("eager", "captured")}
    for name, (losses, accuracy, seconds) in results.items():
        each = f"{seconds * 1e6:.0f} µs each"
        print(f"{name:9} {len(losses)} steps, {each}, loss {losses[-1]:.4f}, accuracy {accuracy:.3f}")
    assert results["eager"][0] == results["captured"][0]
    print("Every loss is the same, bit for bit.")
