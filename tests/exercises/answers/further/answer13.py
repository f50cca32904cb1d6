"""Lesson 13, answered: an engine in numpy."""

import itertools

import numpy as np

number = itertools.count()


class Tensor:
    def __init__(self, data, parents=(), backward=None):
        self.data, self.grad = np.array(data, np.float64), None
        self.parents, self.gradients, self.number = parents, backward, next(number)

    def __add__(self, other):
        other = as_tensor(other)
        return Tensor(self.data + other.data, (self, other), lambda dy: (dy, dy))

    def __mul__(self, other):
        other = as_tensor(other)
        return Tensor(self.data * other.data, (self, other), lambda dy: (dy * other.data, dy * self.data))

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self):
        return self * -1.0

    def __sub__(self, other):
        return self + other * -1.0

    def backward(self):
        arrived = {self: np.ones_like(self.data)}
        for node in newest_first(self):
            dy = arrived.pop(node)
            node.grad = dy if node.grad is None else node.grad + dy
            if node.gradients is not None:
                for parent, dx in zip(node.parents, node.gradients(dy), strict=True):
                    dx = unbroadcast(dx, parent.data.shape)
                    arrived[parent] = arrived[parent] + dx if parent in arrived else dx

    def __matmul__(self, other):
        x, w = self.data, other.data
        return Tensor(x @ w, (self, other), lambda dy: (dy @ w.T, x.T @ dy))

    def relu(self):
        return Tensor(np.maximum(self.data, 0), (self,), lambda dy: (dy * (self.data > 0),))

    def sum(self):
        return Tensor(self.data.sum(), (self,), lambda dy: (np.broadcast_to(dy, self.data.shape),))


def as_tensor(x):
    return x if isinstance(x, Tensor) else Tensor(x)


def newest_first(root):
    found, waiting = {root}, [root]
    while waiting:
        for parent in waiting.pop().parents:
            if parent not in found:
                found.add(parent)
                waiting.append(parent)
    return sorted(found, key=lambda node: -node.number)


def unbroadcast(dy, shape):
    dy = dy.sum(axis=tuple(range(dy.ndim - len(shape))))
    return dy.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True).reshape(shape)


def cross_entropy(scores, labels):
    x, rows = scores.data, np.arange(len(labels))
    shifted = x - x.max(axis=1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))

    def backward(dy):
        p = np.exp(logs)
        p[rows, labels] -= 1
        return (dy * p / len(labels),)

    return Tensor(-logs[rows, labels].mean(), (scores,), backward)


class Module:
    def parameters(self):
        found = []
        for value in self.__dict__.values():
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, Tensor):
                    found.append(item)
                elif isinstance(item, Module):
                    found += item.parameters()
        return found

    def __call__(self, x):
        return self.forward(x)


class Linear(Module):
    def __init__(self, inputs, outputs, rng):
        self.weight = Tensor(rng.uniform(-1, 1, (inputs, outputs)) / np.sqrt(inputs))
        self.bias = Tensor(np.zeros(outputs))

    def forward(self, x):
        return x @ self.weight + self.bias


class MLP(Module):
    def __init__(self, sizes, rng):
        self.layers = [Linear(n, m, rng) for n, m in itertools.pairwise(sizes)]

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = layer(x).relu()
        return self.layers[-1](x)


class SGD:
    def __init__(self, parameters, rate):
        self.parameters, self.rate = parameters, rate

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None

    def step(self):
        for p in self.parameters:
            p.data = p.data - self.rate * p.grad
