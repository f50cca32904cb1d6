"""Lesson 15: reading a training."""

CAUSES = (
    "labels shuffled",
    "rate too high",
    "rate too low",
    "vanishing gradients",
    "weights all zero",
    "weights too large",
    "zero_grad missing",
)


def first_loss(loss, classes):
    """The state of a network by its first cross-entropy: "too sure", "all alike" or "healthy".

    "too sure" above one and a half times that of guessing among the classes; "all alike" if it is that of guessing to
    six digits after the point, since then all scores are equal.
    """
    raise NotImplementedError


def update_ratio(before, after):
    """The norm of a step by that of the weight it changed: numpy arrays of the weight before and after the step."""
    raise NotImplementedError


def rate_for(weight, gradient, momentum=0.0):
    """The learning rate whose updates are a thousandth of the weight, for the norms of weight and gradient.

    With a momentum the same gradient adds up: 1 + momentum + momentum² + … times.
    """
    raise NotImplementedError


def stops_at(norms):
    """Where the gradient stops on its way back: [(layer, norm), ...] in the order of forward.

    The name of the layer nearest to the end whose norm is below a ten-thousandth of the last layer's; None if there is
    none.
    """
    raise NotImplementedError


def diagnosis(page):
    """The cause of a broken training, one of CAUSES; `page` is "A" to "G".

    `python examples/broken_trainings.py` writes the pages.
    """
    raise NotImplementedError
