"""What the tests of captured steps share: a training that the cases change, its data, and settings."""

import numpy as np

import microtorch
from microtorch import nn, optim

F = nn.functional


def data(call, size=8):
    rng = np.random.default_rng(call)
    x = rng.standard_normal((size, 6)).astype(np.float32)
    return microtorch.from_numpy(x), microtorch.from_numpy(rng.integers(0, 3, size))


class Trainer:
    """A step as most are written, of things that the cases change."""

    def __init__(self, model=None, optimizer=optim.SGD, **settings):
        microtorch.manual_seed(0)
        self.model = model or nn.Sequential(nn.Linear(6, 5), nn.LeakyReLU(0.1), nn.Dropout(0.2), nn.Linear(5, 3))
        self.optimizer = optimizer(self.model.parameters(), **{"lr": 0.1, **settings})
        self.loss, self.scale, self.smoothing, self.options = F.cross_entropy, 1.0, 0.0, {"weight": 2.0}

    def step(self, x, y):
        self.optimizer.zero_grad()
        loss = self.loss(self.model(x), y, label_smoothing=self.smoothing) * self.scale * self.options["weight"]
        loss.backward()
        self.optimizer.step()
        return loss

    def state(self):
        return [p.detach().numpy().copy() for p in self.model.state_dict().values()]


class Settings:
    scale, shift = 1.0, 0.0

    @property
    def factor(self):
        return self.scale * 2
