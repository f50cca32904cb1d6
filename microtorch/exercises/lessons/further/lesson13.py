"""Checks of lesson 13: the student's own engine, step by step, and at the end beside microtorch."""

import numpy as np

from ....autograd.functional import jacobian
from ....from_data import tensor
from ....nn import functional as F
from ...grading import Step, equal, holds, values

TITLE = "build your own microtorch"


def steps(student):
    """Values, operations, the pass, broadcasting, layers' operations, the loss, modules, and training."""
    checks = (_values, _operations, _graph, _broadcasting, _layers, _loss, _modules, _training)
    titles = (
        "1 values", "2 sum and product", "3 the pass", "4 broadcasting", "5 product of matrices, relu, sum",
        "6 cross-entropy", "7 modules", "8 training digits beside microtorch",
    )  # fmt: skip
    points = (1, 1, 2, 2, 2, 2, 2, 3)
    return [
        Step(title, lambda check=check: check(student), n)
        for title, check, n in zip(titles, checks, points, strict=True)
    ]


def _data(student, expression, **names):
    """The numbers of a Tensor of the student's, as an expression makes it there."""
    return values(student.there(f"({expression}).data", **names))


def _values(student):
    x = student.Tensor([[1, 2], [3, 4]])
    equal(_data(student, "x", x=x), [[1.0, 2.0], [3.0, 4.0]], "Tensor([[1, 2], [3, 4]]).data")
    kind = student.there("np.asarray(x.data).dtype.name", x=x)
    holds(kind == "float64", f"data is an array of {kind}, not of float64: whole numbers have no small changes")
    holds(x.grad is None, "grad of a new tensor is not None")


def _operations(student):
    a, b = student.Tensor([2.0, -1.0]), student.Tensor([3.0, 5.0])
    for expression, wanted in {
        "a + b": [5.0, 4.0], "a * b": [6.0, -5.0], "2.0 * a + 1.0": [5.0, -1.0], "a - b": [-1.0, -6.0],
    }.items():  # fmt: skip
        equal(_data(student, expression, a=a, b=b), wanted, f"({expression}).data")


def _graph(student):
    a, b, c = (student.Tensor(v) for v in (2.0, 3.0, 1.0))
    student.there("(a * b + c) * (a * b + c)", a=a, b=b, c=c).backward()
    for t, wanted, name in ((a, 42.0, "a"), (b, 28.0, "b"), (c, 14.0, "c")):
        equal(t.grad, wanted, f"the gradient of {name} in (ab + c)² at a=2, b=3, c=1")
    student.there("a * 1.0", a=a).backward()
    equal(a.grad, 43.0, "the gradient of a after a second backward, of a alone: it adds up, and so")
    x = student.Tensor(1.0)
    student.there("reduce(lambda node, _: node + node, range(60), x)", x=x).backward()  # 2⁶⁰ paths: nobody follows all
    equal(values(x.grad) / 2.0**60, 1.0, "the gradient of x after 60 doublings, divided by 2⁶⁰,")
    x = student.Tensor(1.0)
    student.there("reduce(lambda node, _: node + 0.0, range(5000), x)", x=x).backward()
    equal(x.grad, 1.0, "the gradient through a chain of 5,000 sums")


def _broadcasting(student):
    dy = np.arange(12.0).reshape(3, 4)
    for shape, wanted in (((3, 4), dy), ((4,), dy.sum(0)), ((3, 1), dy.sum(1, keepdims=True)), ((), dy.sum())):
        equal(student.unbroadcast(dy, shape), wanted, f"unbroadcast of a (3, 4) gradient to {shape}")
    x, b = student.Tensor(np.ones((3, 4))), student.Tensor([1.0, 2.0, 3.0, 4.0])
    student.there("(x * b).sum()", x=x, b=b).backward()
    equal(b.grad, [3.0] * 4, "the gradient of b in the sum of x · b with x of ones (3, 4)")
    equal(x.grad, np.broadcast_to([1.0, 2.0, 3.0, 4.0], (3, 4)), "the gradient of x there")


def _layers(student):
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(3, 4)), rng.normal(size=(4, 2))
    a, b = student.Tensor(x), student.Tensor(w)
    y, out = student.there("(a @ b).relu()", a=a, b=b), np.maximum(x @ w, 0)
    equal(y.data, out, "(x @ w).relu().data")
    total = student.there("(y * y + y).sum()", y=y)
    equal(total.data, (out**2 + out).sum(), "the sum of y² + y for that y")
    total.backward()
    wanted = jacobian(lambda p, q: ((p @ q).relu() ** 2 + (p @ q).relu()).sum(), (tensor(x), tensor(w)))
    for t, right, name in zip((a, b), wanted, "xw", strict=True):
        equal(t.grad, right, f"the gradient of {name} in the sum of y² + y for y = relu(x @ w)")


def _loss(student):
    scores, labels = np.array([[0.5, -1.0, 2.0], [1.0, 1.0, -3.0]]), np.array([2, 0])
    s, ours = student.Tensor(scores), tensor(scores, requires_grad=True)
    loss, right = student.cross_entropy(s, labels), F.cross_entropy(ours, tensor(labels))
    equal(loss.data, right.item(), "the loss")
    loss.backward()
    right.backward()
    equal(s.grad, ours.grad, "the gradient of the scores: (softmax − one-hot) / N, which")
    large = student.cross_entropy(student.Tensor([[1000.0, -1000.0]]), np.array([1]))
    equal(large.data, 2000.0, "the loss of the scores ±1000 with the lower one right")


def _rng(student, seed):
    return student.there(f"np.random.default_rng({seed})")


def _modules(student):
    layer = student.Linear(4, 3, _rng(student, 0))
    shapes = sorted(map(tuple, student.there("[list(p.data.shape) for p in layer.parameters()]", layer=layer)))
    holds(shapes == [(3,), (4, 3)], f"the parameters of Linear(4, 3) have shapes {shapes}; right is [(3,), (4, 3)]")
    widest = student.there("max(float(abs(p.data).max()) for p in layer.parameters())", layer=layer)
    holds(widest <= 0.5, f"a weight of Linear(4, 3) is {widest:.3f}; they lie between ±1/√4")
    nets = [student.MLP([4, 8, 3], _rng(student, seed)) for seed in range(5)]
    found = student.there("len(net.parameters())", net=nets[0])
    holds(found == 4, f"MLP([4, 8, 3]) finds {found} parameters; it has two layers, and so 4")
    scores = [values(net(student.Tensor(np.ones((5, 4)))).data) for net in nets]
    holds(scores[0].shape == (5, 3), f"MLP([4, 8, 3]) makes {scores[0].shape} of (5, 4); right is (5, 3)")
    holds(
        min(y.min() for y in scores) < 0, "no score of an MLP is ever negative: there is no ReLU after the last layer"
    )


def _training(student):
    """40 steps on digits with the same weights, in the student's engine and in microtorch."""
    from .... import nn
    from ....datasets import Digits
    from ....optim import SGD

    images, labels = Digits(train=True).__getitems__(range(640))
    x, t = images.numpy().reshape(640, 64).astype(np.float64), labels.numpy()
    net, twin = student.MLP([64, 32, 10], _rng(student, 0)), nn.MLP([64, 32, 10]).double()
    weights = student.there("[p.data for p in net.parameters()]", net=net)
    for mine, own in zip(weights, twin.parameters(), strict=True):
        own._array[...] = np.transpose(values(mine))  # ours keep (outputs, inputs)
    ours = SGD(twin.parameters(), lr=0.3)
    optimizer = student.there("make(net.parameters(), 0.3)", make=student.SGD, net=net)
    for step in range(40):
        rows = np.arange(step * 16, step * 16 + 16) % 640
        optimizer.zero_grad()
        loss = student.cross_entropy(net(student.Tensor(x[rows])), t[rows])
        loss.backward()
        optimizer.step()
        ours.zero_grad()
        right = F.cross_entropy(twin(tensor(x[rows])), tensor(t[rows]))
        right.backward()
        ours.step()
        equal(loss.data, right.item(), f"the loss at step {step + 1}")
    last = float(values(loss.data))
    holds(last < 2.0, f"the loss after 40 steps is {last:.3f}; guessing has 2.303")
