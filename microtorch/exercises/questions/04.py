"""Lesson 4: why creation order suffices."""

from itertools import count

_numbers = count(1)


class Node:
    """A number that knows which nodes it was made from; given, nothing to fill in here."""

    def __init__(self, value, inputs=()):
        self.value = value
        self.inputs = inputs  # pairs (node, local derivative of this one by that one)
        self.number = next(_numbers)
        self.grad = 0.0

    def __add__(self, other):
        return Node(self.value + other.value, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other):
        return Node(self.value * other.value, ((self, other.value), (other, self.value)))


def newest_first(root):
    """All nodes that lead to `root`, each once, the newest first. Without recursion: chains are long."""
    raise NotImplementedError


def backward(root):
    """Set .grad of all nodes that lead to `root` to the derivative of root by them; visit each node once."""
    raise NotImplementedError
