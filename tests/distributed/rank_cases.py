"""What is tried on 1, 2 and 3 real ranks: each case is called on every rank with (rank, size); see ranks.py."""

import hashlib
import threading

import numpy as np
from rank_collectives import CASES, case, told

import microtorch
from microtorch import distributed as dist
from microtorch import nn, optim
from microtorch.distributed.joining import the_group
from microtorch.nn.functional import cross_entropy
from microtorch.nn.parallel import DistributedDataParallel

# -- training ----------------------------------------------------------------------------------------------------------

OPTIMIZERS = {
    "sgd": lambda p: optim.SGD(p, lr=0.1),
    "momentum": lambda p: optim.SGD(p, lr=0.05, momentum=0.9),
    "adam": lambda p: optim.Adam(p, lr=0.01),
}
STEPS, BATCH = 40, 24
_rng = np.random.default_rng(0)
INPUTS, TARGETS = _rng.normal(size=(4 * BATCH, 20)), _rng.integers(0, 5, 4 * BATCH)


def network(dtype, normalised=False):
    # In float32, roundings that differ sooner or later put a ReLU's input on the other side of 0, and the paths part.
    activation = nn.ReLU if dtype == "float64" else nn.Tanh
    layers = []
    for n, m in ((20, 32), (32, 16)):
        # No bias before a norm: its true gradient is 0, and Adam makes steps of any rounding.
        layers += [nn.Linear(n, m, bias=not normalised), *([nn.BatchNorm1d(m)] if normalised else []), activation()]
    return nn.SyncBatchNorm.convert_sync_batchnorm(nn.Sequential(*layers, nn.Linear(16, 5))).to(np.dtype(dtype))


def part(i, rank, size, dtype):
    """This rank's part of the i-th global batch."""
    first = i % 4 * BATCH
    rows = slice(first + rank * BATCH // size, first + (rank + 1) * BATCH // size)
    return microtorch.from_numpy(INPUTS[rows].astype(dtype)), microtorch.from_numpy(TARGETS[rows])


def digest(tensors):
    return hashlib.sha256(b"".join(t.detach().numpy().tobytes() for t in tensors)).hexdigest()


def flat(model):
    return np.concatenate([t.detach().numpy().ravel() for t in model.state_dict().values()]).astype(np.float64)


def training(optimizer, dtype, normalised=False, captured=False):
    def run(rank, size):
        microtorch.manual_seed(7 if rank == 0 else 100 + rank)  # the values of rank 0 are given to all
        model = DistributedDataParallel(network(dtype, normalised), bucket_cap_mb=0.001)
        update = OPTIMIZERS[optimizer](model.parameters())

        def step(x, y):
            update.zero_grad()
            loss = cross_entropy(model(x), y)
            loss.backward()
            update.step()
            return loss

        step = microtorch.capture(step) if captured else step
        losses, sums = [], []
        for i in range(STEPS):
            loss = step(*part(i, rank, size, dtype)).detach().clone()
            dist.all_reduce(loss, dist.ReduceOp.AVG)
            losses.append(loss.item())
            sums.append(digest([*model.parameters(), *model.buffers()]))
        everywhere = the_group("test").gather(sums)
        report = step.report() if captured else ""
        return {"losses": losses, "state": flat(model.module), "same": everywhere.count(sums) == size,
                "digest": sums[-1], "report": report}  # fmt: skip

    return run


for _optimizer in OPTIMIZERS:
    for _dtype in ("float64", "float32"):
        for _normalised in (False, True):
            _name = f"train {_optimizer} {_dtype}{' normalised' if _normalised else ''}"
            CASES[_name] = training(_optimizer, _dtype, _normalised)
CASES["train again"] = training("adam", "float32", True)
CASES["train captured"] = training("adam", "float32", True, captured=True)


# -- one backward ------------------------------------------------------------------------------------------------------


class Net(nn.Module):
    """Branches that a loss may leave out, and a weight that is used twice."""

    def __init__(self):
        super().__init__()
        self.first, self.left, self.right = nn.Linear(4, 6), nn.Linear(6, 3), nn.Linear(6, 3)
        self.middle = nn.Linear(6, 6)
        self.never = nn.Linear(2, 2)

    def forward(self, x, way="both"):
        h = microtorch.tanh(self.middle(microtorch.tanh(self.middle(self.first(x)))))
        if way == "both":
            return {"out": (self.left(h), [self.right(h)])}
        return self.left(h) if way == "left" else self.right(h)


def wrapped(frozen=True, **options):
    microtorch.manual_seed(3)
    net = Net().double()
    if frozen:
        net.never.requires_grad_(False)
    return DistributedDataParallel(net, bucket_cap_mb=0.0001, **options)


def rows(rank, size, seed=0):
    x = np.random.default_rng(seed).normal(size=(12, 4))
    return microtorch.from_numpy(x[rank * 12 // size : (rank + 1) * 12 // size])


def gradients(model):
    return {n: None if p.grad is None else p.grad.numpy() for n, p in model.module.named_parameters()}


def both(result):
    left, (right,) = result["out"]
    return (left**2).mean() + right.mean()


def siamese(model, rank, size):
    return both(model(rows(rank, size))) * both(model(rows(rank, size, 1)))


def penalty_before(model, rank, size):
    penalty = sum((p**2).sum() for p in model.parameters() if p.requires_grad)
    return both(model(rows(rank, size))) + penalty


def penalty_after(model, rank, size):
    return both(model(rows(rank, size))) + sum((p**2).sum() for p in model.parameters() if p.requires_grad)


def gradient_penalty(model, rank, size):
    x = rows(rank, size).requires_grad_()
    out, _ = model(x)["out"]
    (dx,) = microtorch.autograd.grad(out.sum(), x, create_graph=True)
    return (dx**2).mean() + both(model(x))


LOSSES = {
    "plain": lambda model, rank, size: both(model(rows(rank, size))),
    "siamese": lambda model, rank, size: siamese(model, rank, size) / 1.0,
    "penalty before": penalty_before,
    "penalty after": penalty_after,
    "gradient penalty": gradient_penalty,
}


@case
def whole_losses(rank, size):
    """Gradients of losses of many kinds; those of one rank are means over ranks of what each rank's loss gives."""
    found = {}
    for name, loss in LOSSES.items():
        model = wrapped()
        local = wrapped()
        loss(model, rank, size).backward()
        with local.no_sync():
            loss(local, rank, size).backward()
        found[name] = {"averaged": gradients(model), "local": gradients(local)}
    return found


@case
def accumulated(rank, size):
    model, local = wrapped(), wrapped()
    with model.no_sync():
        both(model(rows(rank, size))).backward()
    both(model(rows(rank, size, 1))).backward()
    with local.no_sync():
        (both(local(rows(rank, size))) + both(local(rows(rank, size, 1)))).backward()
    both(model(rows(rank, size, 2))).backward()  # added to averages
    once = wrapped()
    both(once(rows(rank, size, 2))).backward()
    return {"all": gradients(model), "local": gradients(local), "last": gradients(once)}


@case
def hooked(rank, size):
    """A hook sees this rank's gradient, before the average, as in PyTorch."""
    model, plain = wrapped(), wrapped()
    for net in (model, plain):
        net.module.first.weight.register_hook(lambda g: g.clamp(-0.01, 0.01))
    both(model(rows(rank, size))).backward()
    with plain.no_sync():
        both(plain(rows(rank, size))).backward()
    return {"averaged": gradients(model), "local": gradients(plain)}


@case
def other_order(rank, size):
    """Two models, of which each rank takes another one first."""
    models = [DistributedDataParallel(nn.Linear(4, 2).double()) for _ in range(2)]
    return [told(lambda: models[rank % 2](rows(rank, size)).sum().backward())]


@case
def unused(rank, size):
    model = wrapped()
    words = told(lambda: model(rows(rank, size), "left").mean().backward())
    thawing = wrapped()
    thawing.module.never.requires_grad_()
    thawed = told(lambda: (both(thawing(rows(rank, size))) + thawing.module.never.weight.sum()).backward())
    return words, thawed


@case
def different_branches(rank, size):
    """Each rank uses its own branch; what nobody has used keeps its gradient, here none or a one."""
    model, local = wrapped(False, find_unused_parameters=True), wrapped(False)
    model.module.never.weight.grad = microtorch.ones(2, 2, dtype="float64")
    way = "left" if rank % 2 == 0 else "right"
    model(rows(rank, size), way).mean().backward()
    with local.no_sync():
        local(rows(rank, size), way).mean().backward()
    return {"averaged": gradients(model), "local": gradients(local)}


@case
def refused_passes(rank, size):
    model = wrapped()
    weight = model.module.first.weight
    return {
        "grad": told(lambda: microtorch.autograd.grad(both(model(rows(rank, size))), weight)),
        "inputs": told(lambda: both(model(rows(rank, size))).backward(inputs=[weight])),
        "create_graph": told(lambda: both(model(rows(rank, size))).backward(create_graph=True)),
        "output": told(lambda: DistributedDataParallel(Odd())(rows(rank, size).float())),
        "captured": told(lambda: captured_unused(rank, size)),
        "afterwards": told(lambda: both(model(rows(rank, size))).backward()),
        "converted": told(lambda: converted(rank, size)),
    }


class Odd(nn.Linear):
    """Gives its result in an object of its own."""

    def __init__(self):
        super().__init__(4, 2)

    def forward(self, x):
        return type("Result", (), {"value": super().forward(x)})()


def captured_unused(rank, size):
    model = wrapped(False, find_unused_parameters=True)
    microtorch.capture(lambda x: both(model(x)).backward())(rows(rank, size))


def converted(rank, size):
    model = wrapped()
    model.float()
    both(model(rows(rank, size).float())).backward()


@case
def in_a_thread(rank, size):
    """The pass may run in another thread than the forward."""
    model, found = wrapped(), []
    loss = both(model(rows(rank, size)))
    thread = threading.Thread(target=lambda: found.append(told(loss.backward)))
    thread.start()
    thread.join()
    return found, gradients(model)


@case
def looked_on(rank, size):
    """Somebody else looks on meanwhile, and nobody does afterwards."""
    model = wrapped()
    with microtorch.autograd.detect_anomaly():
        loss = both(model(rows(rank, size)))
    with microtorch.autograd.detect_anomaly():
        loss.backward()
    return gradients(model), len(microtorch.autograd.mode.state.observers)


@case
def buffers_of_rank_0(rank, size):
    """Running means are those of rank 0 at each forward; evaluation has them too."""
    microtorch.manual_seed(0)
    model = DistributedDataParallel(nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)))
    for seed in range(3):
        model(rows(rank, size, seed).float()).sum().backward()
    model.eval()
    with microtorch.no_grad():
        y = model(rows(0, 1).float())
    names = list(model.state_dict())
    return digest(list(model.buffers())), y.numpy(), names


@case
def uneven_batches(rank, size):
    """SyncBatchNorm over parts of different sizes is BatchNorm over the whole."""
    x = np.random.default_rng(1).normal(3, 2, (13, 4, 2))
    edges = np.array([0, 2, 7, 13])[: size + 1] if size == 3 else np.array([0, 4, 13]) if size == 2 else [0, 13]
    mine = slice(edges[rank], edges[rank + 1])
    norm = nn.SyncBatchNorm(4, dtype="float64", momentum=None)
    part = microtorch.tensor(x[mine], requires_grad=True)
    y = norm(part)
    (y * microtorch.from_numpy(np.cos(x[mine]))).sum().backward()
    return {"rows": [int(mine.start), int(mine.stop)], "y": y.detach().numpy(), "dx": part.grad.numpy(),
            "dw": norm.weight.grad.numpy(), "db": norm.bias.grad.numpy(), "mean": norm.running_mean.numpy(),
            "var": norm.running_var.numpy(), "count": norm.num_batches_tracked.item()}  # fmt: skip


@case
def samplers(rank, size):
    from microtorch.data import DistributedSampler

    sampler = DistributedSampler(range(11))
    found = []
    for epoch in range(2):
        sampler.set_epoch(epoch)
        found.append(list(sampler))
    return found, len(sampler), sampler.repeated
