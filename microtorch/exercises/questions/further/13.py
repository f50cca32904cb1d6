"""Lesson 13: build your own microtorch, in eight steps and some 150 lines.

Write the bodies, with numpy alone; then run `python -m microtorch check exercises/13`. Each step is checked by itself,
and the lesson's page says what each is about. Add helpers as you like.
"""


class Tensor:
    """An array that remembers how it was made."""

    def __init__(self, data, parents=(), backward=None):
        """Steps 1 and 2: `parents` are the tensors it was made of; ``backward(dy)`` gives a gradient for each of them.

        Keep ``data`` as a float64 array, ``grad`` as None, and a number that grows with every tensor made.
        """
        raise NotImplementedError

    # Step 2: the operations. The other operand may be a number.

    def __add__(self, other):
        raise NotImplementedError

    def __mul__(self, other):
        raise NotImplementedError

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self):
        return self * -1.0

    def __sub__(self, other):
        return self + other * -1.0

    # Step 3: the pass.

    def backward(self):
        """Fill ``grad`` of everything that led to this tensor, newest first; it adds to what is there."""
        raise NotImplementedError

    # Step 5: what a network needs.

    def __matmul__(self, other):
        """Of two matrices."""
        raise NotImplementedError

    def relu(self):
        raise NotImplementedError

    def sum(self):
        """Of all elements: a tensor of shape ()."""
        raise NotImplementedError


def unbroadcast(dy, shape):
    """Step 4: the gradient `dy` of something that was broadcast from `shape`, summed back to it."""
    raise NotImplementedError


def cross_entropy(scores, labels):
    """Step 6: the mean over the rows of −log softmax at the label, a Tensor of shape (); safe for scores of ±1000."""
    raise NotImplementedError


class Module:
    """Step 7: finds the parameters in its attributes, and in those of the modules in its attributes."""

    def parameters(self):
        """A list of Tensors; lists of modules are looked into, too."""
        raise NotImplementedError

    def __call__(self, x):
        return self.forward(x)


class Linear(Module):
    """Step 7: x @ weight + bias, with weight (inputs, outputs) and bias (outputs,)."""

    def __init__(self, inputs, outputs, rng):
        """Weights from `rng`, a numpy Generator, uniform between ±1/√inputs; the bias 0."""
        raise NotImplementedError

    def forward(self, x):
        raise NotImplementedError


class MLP(Module):
    """Step 7: Linear layers with ReLU between them, for sizes as [64, 32, 10]."""

    def __init__(self, sizes, rng):
        raise NotImplementedError

    def forward(self, x):
        raise NotImplementedError


class SGD:
    """Step 8: w ← w − rate · gradient."""

    def __init__(self, parameters, rate):
        raise NotImplementedError

    def zero_grad(self):
        raise NotImplementedError

    def step(self):
        raise NotImplementedError
