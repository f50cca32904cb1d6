"""What the tests of captured steps share: trainings, their optimizers and data, and settings."""

import numpy as np

import microtorch
from microtorch import nn, optim

F = nn.functional
OPTIMIZERS = {
    "sgd": lambda p: optim.SGD(p, lr=0.05),
    "nesterov": lambda p: optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True, weight_decay=1e-3),
    "adam": lambda p: optim.Adam(p, amsgrad=True),
    "adamw": optim.AdamW,
    "rmsprop": lambda p: optim.RMSprop(p, momentum=0.5),
    "adagrad": optim.Adagrad,
    "adadelta": optim.Adadelta,
    "adamax": optim.Adamax,
    "nadam": optim.NAdam,
    "radam": optim.RAdam,
    "asgd": optim.ASGD,
    "rprop": optim.Rprop,
}


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


def batches(n, size=8, features=12, classes=4):
    rng = np.random.default_rng(0)
    for _ in range(n):
        x = rng.standard_normal((size, features)).astype(np.float32)
        yield microtorch.from_numpy(x), microtorch.from_numpy(rng.integers(0, classes, size))


def training(optimizer="sgd", **settings):
    """A model, its optimizer and a step of it, the same at each call."""
    microtorch.manual_seed(0)
    model = nn.MLP([12, 10, 10, 4], **settings)
    update = OPTIMIZERS[optimizer](model.parameters())

    def step(x, y):
        update.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        update.step()
        return loss

    return model, update, step
