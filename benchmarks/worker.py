"""One engine in a process of its own: `python -m benchmarks.worker ENGINE` answers one JSON request a line.

Engines never share a process: their thread pools would fight, and one's memory would be the other's cache misses.
"""

import functools
import json
import sys
import time

import numpy as np

from . import peers
from .data import RATE, data


def pytorch_like(name):
    """The tasks for a package that spells as PyTorch does: PyTorch itself, or microtorch."""
    if name == "microtorch":
        import microtorch as lib
        from microtorch import nn, optim
        from microtorch.data import DataLoader, TensorDataset

        fused = {}
    else:
        import torch as lib
        from torch import nn, optim
        from torch.utils.data import DataLoader, TensorDataset

        fused = {"fused": True}
    lib.manual_seed(0)

    def network(case):
        layers = []
        for i, (n, m) in enumerate(zip(case["sizes"], case["sizes"][1:])):
            layers.append(nn.Linear(n, m))
            if i < len(case["sizes"]) - 2:
                if case["extras"]:
                    layers += [nn.BatchNorm1d(m), nn.ReLU(), nn.Dropout(0.5)]
                else:
                    layers.append(nn.ReLU())
        return nn.Sequential(*layers)

    def optimizer(case, parameters):
        kind, lr = case["optimizer"], RATE[case["optimizer"]]
        if kind == "adam":
            return optim.Adam(parameters, lr=lr, **fused)
        return optim.SGD(parameters, lr=lr, momentum=0.9 if kind == "momentum" else 0.0, **fused)

    def step(case):
        model, criterion = network(case), nn.CrossEntropyLoss()
        update = optimizer(case, model.parameters())
        if name == "compile":
            model = lib.compile(model)
        x, y = (lib.from_numpy(a) for a in data(case))

        def run():
            update.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            update.step()
            return loss

        return run

    def chain(case):
        a = lib.from_numpy(np.random.default_rng(0).random((8, 8)).astype(np.float32)).requires_grad_()
        one = lib.from_numpy(np.ones((8, 8), np.float32))

        def run():
            t = a
            for _ in range(case["length"] // 4):
                t = t * a
                t = t + a
                t = t.tanh()
                t = t - a
            t.backward(one)
            a.grad = None

        return run

    def adam(case):
        p = nn.Parameter(lib.zeros(case["numel"]))
        p.grad = lib.ones(case["numel"])
        return optim.Adam([p], **fused).step

    def epoch(case):
        rng = np.random.default_rng(0)
        x = lib.from_numpy(rng.random((case["examples"], case["features"]), dtype=np.float32))
        y = lib.from_numpy(rng.integers(0, 10, case["examples"]))
        loader = DataLoader(TensorDataset(x, y), batch_size=case["batch"], shuffle=True)

        def run():
            for _ in loader:
                pass

        return run

    return {"step": step, "chain": chain, "adam": adam, "epoch": epoch}


def captured(threads=None):
    """microtorch's steps, recorded once and replayed; with a number of threads, or "auto"."""
    import microtorch

    if isinstance(threads, int):
        microtorch.set_num_threads(threads)
    step = pytorch_like("microtorch")["step"]
    auto = threads if threads == "auto" else None
    return {"step": lambda case: microtorch.capture(step(case), threads=auto)}


def floor():
    """What no engine can avoid: the matrix products of a step, in numpy, into buffers that stay; and a plain copy."""

    def step(case):
        rng = np.random.default_rng(0)
        sizes, n = case["sizes"], case["batch"]
        weights = [rng.standard_normal((m, k)).astype(np.float32) for k, m in zip(sizes, sizes[1:])]
        outs = [np.empty((n, m), np.float32) for m in sizes]
        grads = [rng.standard_normal((n, m)).astype(np.float32) for m in sizes]
        dweights = [np.empty_like(w) for w in weights]

        def run():
            for i, w in enumerate(weights):
                np.matmul(outs[i], w.T, out=outs[i + 1])
            for i in reversed(range(len(weights))):
                np.matmul(grads[i + 1].T, outs[i], out=dweights[i])
                if i:  # nobody wants the gradient of the input
                    np.matmul(grads[i + 1], weights[i], out=grads[i])

        outs[0][:] = data(case)[0]
        for w in weights:
            w *= 0.01
        return run

    def adam(case):
        # Adam reads p, g, m, v and writes p, m, v: 7 passes; a copy of as many bytes is 3.5 copies of one array.
        source = np.ones(case["numel"] * 7 // 2, np.float32)
        target = np.empty_like(source)
        return lambda: np.copyto(target, source)

    return {"step": step, "adam": adam}


def jax():
    """`jax.jit` over the whole step, with optax."""
    import jax
    import jax.numpy as jnp
    import optax

    def step(case):
        rng = np.random.default_rng(0)
        params = [
            (jnp.asarray(rng.uniform(-1, 1, (k, m)).astype(np.float32) / k**0.5), jnp.zeros(m))
            for k, m in zip(case["sizes"], case["sizes"][1:])
        ]
        lr = RATE[case["optimizer"]]
        update = {
            "sgd": lambda: optax.sgd(lr),
            "momentum": lambda: optax.sgd(lr, momentum=0.9),
            "adam": lambda: optax.adam(lr),
        }[case["optimizer"]]()
        opt_state = update.init(params)
        x, y = (jnp.asarray(a) for a in data(case))

        def loss(params, x, y):
            for w, b in params[:-1]:
                x = jax.nn.relu(x @ w + b)
            w, b = params[-1]
            return optax.softmax_cross_entropy_with_integer_labels(x @ w + b, y).mean()

        # The old parameters and state are given away: their memory takes the new ones.
        @functools.partial(jax.jit, donate_argnums=(0, 1))
        def train(params, opt_state, x, y):
            value, grads = jax.value_and_grad(loss)(params, x, y)
            updates, opt_state = update.update(grads, opt_state)
            return optax.apply_updates(params, updates), opt_state, value

        def run():
            nonlocal params, opt_state
            params, opt_state, value = train(params, opt_state, x, y)
            value.block_until_ready()

        return run

    return {"step": step}


ENGINES = {
    "microtorch": lambda: pytorch_like("microtorch"),
    "captured": captured,
    "torch": lambda: pytorch_like("torch"),
    "compile": lambda: pytorch_like("compile"),
    "jax": jax,
    "floor": floor,
    "captured-1": lambda: captured(1),
    "captured-auto": lambda: captured("auto"),
    "mygrad": peers.mygrad,
    "tinygrad": peers.tinygrad,
}


def seconds_per_call(call, seconds):
    """The best of three stretches: what the machine does when nothing else disturbs it."""
    start = time.perf_counter()
    call()
    once = time.perf_counter() - start
    n = max(1, int(seconds / 3 / max(once, 1e-7)))
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        for _ in range(n):
            call()
        best = min(best, (time.perf_counter() - start) / n)
        n = max(1, int(seconds / 3 / best))
    return best


def mean_seconds(call, seconds):
    """The mean over that time: what one waits for where others work, too."""
    n, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        call()
        n += 1
    return (time.perf_counter() - start) / n


def main():
    """Answer {"task": ..., "case": ..., "seconds": ...} with {"seconds": per call}; what was prepared stays."""
    tasks, ready = ENGINES[sys.argv[1]](), {}
    for line in sys.stdin:
        request = json.loads(line)
        key = json.dumps([request["task"], request["case"]])
        if key not in ready:
            ready.clear()  # one network in memory at a time
            ready[key] = tasks[request["task"]](request["case"])
            for _ in range(3):
                ready[key]()
        how = mean_seconds if request.get("mean") else seconds_per_call
        print(json.dumps({"seconds": how(ready[key], request["seconds"])}), flush=True)


if __name__ == "__main__":
    main()
