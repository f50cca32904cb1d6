"""A captured step never does anything but what the eager step does, bit for bit, whatever changes between its calls."""

import warnings

import numpy as np

import microtorch
from microtorch import nn, optim
from microtorch.errors import CaptureError

F = nn.functional
SMALL = 60
STEPS = 14
OPTIMIZERS = {
    "SGD": {"lr": 0.05},
    "Adam": {"lr": 0.01},
    "AdamW": {"lr": 0.01},
    "RMSprop": {"lr": 0.01},
    "Adagrad": {"lr": 0.05},
    "NAdam": {"lr": 0.01},
    "Adadelta": {},
    "Rprop": {"lr": 0.01},
}
ACTIVATIONS = (nn.ReLU, nn.LeakyReLU, nn.Tanh, nn.Sigmoid, nn.GELU, nn.ELU, nn.Softplus)
SCHEDULES = {
    "none": lambda optimizer: None,
    "exponential": lambda optimizer: optim.lr_scheduler.ExponentialLR(optimizer, 0.9),
    "cosine": lambda optimizer: optim.lr_scheduler.CosineAnnealingLR(optimizer, 10),
    "steps": lambda optimizer: optim.lr_scheduler.StepLR(optimizer, 3, 0.5),
}


class Training:
    """A random training; the same numbers make the same one."""

    def __init__(self, seed):
        rng = self.rng = np.random.default_rng(seed)
        microtorch.manual_seed(int(rng.integers(1 << 30)))
        self.words = [f"seed {seed}"]
        self.features, self.classes = int(rng.integers(2, 9)), int(rng.integers(2, 5))
        self.swap_model()
        self.clip = float(rng.choice([0.0, 0.5, 2.0]))
        self.smoothing = float(rng.choice([0.0, 0.1]))
        self.accumulate, self.set_to_none = int(rng.choice([1, 1, 2])), bool(rng.random() < 0.8)
        self.schedule_inside = rng.random() < 0.5

    def swap_model(self):
        rng, sizes = self.rng, [self.features, *self.rng.integers(2, 9, self.rng.integers(0, 3)), self.classes]
        layers = []
        for i, (n, m) in enumerate(zip(sizes, sizes[1:])):
            layers.append(nn.Linear(int(n), int(m), bias=rng.random() < 0.9))
            if i < len(sizes) - 2:
                if rng.random() < 0.4:
                    batch = rng.random() < 0.6
                    layers.append(nn.BatchNorm1d(int(m), momentum=0.3) if batch else nn.LayerNorm(int(m)))
                layers.append(ACTIVATIONS[rng.integers(len(ACTIVATIONS))]())
                if rng.random() < 0.4:
                    layers.append(nn.Dropout(float(rng.choice([0.1, 0.5]))))
        self.model = nn.Sequential(*layers)
        self.swap_optimizer()

    def swap_optimizer(self):
        rng, parameters = self.rng, [*self.model.parameters()]
        name = str(rng.choice([*OPTIMIZERS]))
        options = dict(OPTIMIZERS[name])
        if rng.random() < 0.3 and name in ("SGD", "RMSprop"):
            options["momentum"] = 0.9
        if rng.random() < 0.3 and name != "Rprop":
            options["weight_decay"] = 0.01
        groups = parameters
        if len(parameters) > 2 and rng.random() < 0.4:
            groups = [{"params": parameters[:2]}, {"params": parameters[2:], "lr": 0.02}]
        self.optimizer = getattr(optim, name)(groups, **options)
        self.schedule = SCHEDULES[kind := str(rng.choice([*SCHEDULES]))](self.optimizer)
        self.words += [name, kind]

    def step(self, *batch):
        self.optimizer.zero_grad(set_to_none=self.set_to_none)
        losses = []
        for x, y in zip(batch[::2], batch[1::2]):
            loss = F.cross_entropy(self.model(x), y, label_smoothing=self.smoothing) / self.accumulate
            loss.backward()
            losses.append(loss.detach())
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.clip) if self.clip else None
        self.optimizer.step()
        if self.schedule is not None and self.schedule_inside:
            self.schedule.step()
        return losses, norm

    def change(self):
        """One of many things that happen to trainings, before half of the steps."""
        rng, linear = self.rng, [m for m in self.model if isinstance(m, nn.Linear)]
        if rng.random() < 0.5:
            return
        kind = rng.integers(14)
        if kind == 0:
            self.swap_model()
        elif kind == 1:
            self.swap_optimizer()
        elif kind == 2:
            self.model.train(not self.model.training)
        elif kind == 3:
            linear[0].weight.requires_grad_(len(linear) < 2 or not linear[0].weight.requires_grad)
        elif kind == 4:
            self.optimizer.param_groups[-1]["lr"] = float(rng.random() * 0.1)
        elif kind == 5:
            self.clip = float(rng.choice([0.0, 0.1, 1.0]))
        elif kind == 6:
            self.smoothing = float(rng.choice([0.0, -0.0, 0.2]))
        elif kind == 7:
            self.accumulate = 3 - self.accumulate
        elif kind == 8:
            self.set_to_none = not self.set_to_none
        elif kind == 9:
            for m in self.model:
                if isinstance(m, nn.Dropout):
                    m.p = float(rng.random() * 0.8)
                if isinstance(m, nn.BatchNorm1d):
                    m.momentum = None if rng.random() < 0.3 else float(rng.random())
        elif kind == 10:
            self.model[-1].bias = None if rng.random() < 0.3 else nn.Parameter(microtorch.rand(self.classes))
        elif kind == 11:
            self.optimizer.zero_grad()
        elif kind == 12:
            with microtorch.no_grad():
                linear[-1].weight.mul_(0.9)
        elif kind == 13:
            self.optimizer.load_state_dict(self.optimizer.state_dict())
        self.words.append(f"change {kind}")

    def batch(self, size):
        rng, found = self.rng, []
        for _ in range(self.accumulate):
            x = rng.standard_normal((size, self.features)).astype(np.float32)
            found += [microtorch.from_numpy(x), microtorch.from_numpy(rng.integers(0, self.classes, size))]
        return found

    def run(self, capture):
        """What 14 steps leave behind, as bytes, one entry for each step."""
        step, trace = microtorch.capture(self.step) if capture else self.step, []
        for i in range(STEPS):
            self.change()
            size = 7 if self.rng.random() < 0.8 else 4
            losses, norm = step(*self.batch(size))
            if self.schedule is not None and not self.schedule_inside:
                self.schedule.step()
            values = [*losses, *([] if norm is None else [norm]), *self.model.state_dict().values()]
            kept = [v for state in self.optimizer.state.values() for v in state.values()]
            trace.append((f"step {i}", [v.detach().numpy().tobytes() for v in values], [*map(_bytes, kept)]))
        return trace


def _bytes(value):
    return value.numpy().tobytes() if isinstance(value, microtorch.Tensor) else repr(value)


def trial(seed):
    """How one training came out, and what went wrong, or None."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = Training(seed).run(False)
        captured = Training(seed)  # after that run: both draw from the one default generator
        try:
            got = captured.run(True)
        except CaptureError as error:
            return "refused", f"{captured.words}: {error}"
    for a, b in zip(expected, got, strict=True):
        if a != b:
            return "differs", f"{captured.words}: {a[0]}"
    return "equal bit for bit", None


def campaign(seconds, seed):
    while True:
        yield trial(seed)
        seed += 1
