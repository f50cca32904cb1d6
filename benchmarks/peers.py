"""Peers that users of small networks would pick: MyGrad, and tinygrad on the processor."""

import importlib.util
import os
import shutil

import numpy as np

from .data import RATE, data


def available(name):
    """Whether an engine can run here: its package is installed, and for tinygrad a compiler."""
    if importlib.util.find_spec(name) is None:
        return False
    return name != "tinygrad" or bool(shutil.which("clang")) or "DEV" in os.environ


def mygrad():
    """A step written with MyGrad's layers of functions; it has no optimizers, so those are numpy's lines."""
    import mygrad as mg
    from mygrad.nnet.activations import relu
    from mygrad.nnet.losses import softmax_crossentropy

    def step(case):
        rng = np.random.default_rng(0)
        params, lr = [], RATE[case["optimizer"]]
        for k, m in zip(case["sizes"], case["sizes"][1:]):
            params.append(mg.tensor(rng.uniform(-1, 1, (k, m)).astype(np.float32) / k**0.5))
            params.append(mg.tensor(np.zeros(m, np.float32)))
        x, y = data(case)
        state = [(np.zeros_like(p.data), np.zeros_like(p.data)) for p in params]
        count = 0

        def adam():
            nonlocal count
            count += 1
            size, root = lr / (1 - 0.9**count), (1 - 0.999**count) ** -0.5
            for p, (m, v) in zip(params, state):
                m += np.float32(0.1) * (p.grad - m)
                v += np.float32(0.001) * (p.grad**2 - v)
                p.data -= np.float32(size) * m / (np.sqrt(v) * np.float32(root) + np.float32(1e-8))

        def sgd():
            for p in params:
                p.data -= np.float32(lr) * p.grad

        update = adam if case["optimizer"] == "adam" else sgd

        def run():
            h = x
            for i in range(0, len(params), 2):
                h = mg.matmul(h, params[i]) + params[i + 1]
                h = relu(h) if i < len(params) - 2 else h
            softmax_crossentropy(h, y).backward()
            update()

        return run

    def chain(case):
        a = mg.tensor(np.random.default_rng(0).random((8, 8)).astype(np.float32))
        one = np.ones((8, 8), np.float32)

        def run():
            t = a
            for _ in range(case["length"] // 4):
                t = t * a
                t = t + a
                t = mg.tanh(t)
                t = t - a
            t.backward(one)

        return run

    return {"step": step, "chain": chain}


def tinygrad():
    """A step under TinyJit, its fastest way, on the processor."""
    os.environ.setdefault("DEV", "CPU")
    from tinygrad import Context, Tensor, TinyJit, nn

    def step(case):
        layers = [nn.Linear(k, m) for k, m in zip(case["sizes"], case["sizes"][1:])]
        params, lr = nn.state.get_parameters(layers), RATE[case["optimizer"]]
        if case["optimizer"] == "adam":
            update = nn.optim.Adam(params, lr=lr)
        else:
            update = nn.optim.SGD(params, lr=lr, momentum=0.9 if case["optimizer"] == "momentum" else 0.0)
        x, y = (Tensor(a).realize() for a in data(case))

        @TinyJit
        def train(x, y):
            update.zero_grad()
            for layer in layers[:-1]:
                x = layer(x).relu()
            loss = layers[-1](x).sparse_categorical_crossentropy(y)
            loss.backward()
            return loss.realize(*update.schedule_step())

        def run():
            with Context(TRAINING=1):
                train(x, y).numpy()

        return run

    def chain(case):
        a = Tensor(np.random.default_rng(0).random((8, 8)).astype(np.float32))

        def run():
            t = a
            for _ in range(case["length"] // 4):
                t = t * a
                t = t + a
                t = t.tanh()
                t = t - a
            t.sum().backward()
            a.grad.numpy()
            a.grad = None

        return run

    return {"step": step, "chain": chain}
