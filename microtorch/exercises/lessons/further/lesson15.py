"""Checks of lesson 15."""

import functools
from math import log

import numpy as np

from ...grading import Step, equal, holds

TITLE = "reading a training"

# page: its cause, and where to look
PAGES = {
    "A": ("rate too high", "see update ÷ weight at the very first step, before the units die"),
    "B": ("vanishing gradients", "go through the strips of the gradient norm from the last layer to the first"),
    "C": ("weights all zero", "the first loss is ln 10 to all digits; see the picture of the first weights"),
    "D": ("labels shuffled", "gradients and updates are as they should be; see the most wrong samples"),
    "E": ("zero_grad missing", "it learns at first; then see how the gradient norms go on from step to step"),
    "F": ("weights too large", "see the first loss, and how many values are saturated at the first step"),
    "G": ("rate too low", "see update ÷ weight, and compare it with that of the page right"),
}
# (page, cause that is often taken for it): what speaks against it
CONFUSED = {
    ("A", "weights too large"): "the first loss is that of guessing, which large weights would not give",
    ("A", "vanishing gradients"): "the gradients stop because units are dead, and these die at the first steps",
    ("B", "rate too low"): "the last layer moves as it should: a rate is too low for all layers or for none",
    ("C", "rate too low"): "the last bias moves; the gradients of the weights are 0, and no rate changes 0",
    ("C", "vanishing gradients"): "they do not become smaller from layer to layer: they are 0",
    ("D", "rate too low"): "the weights do move: update ÷ weight is as in the page right",
    ("E", "rate too high"): "the first steps have a usual size; each later one is larger than the one before",
    ("F", "rate too high"): "at the first step no update has been made yet, and the loss is 12 already",
    ("G", "vanishing gradients"): "the gradient norms are about alike in all layers",
    ("G", "labels shuffled"): "nothing moves, so it cannot be told yet what the network would learn",
}


def steps(student):
    """Numbers to read off, and the seven pages."""
    table = [
        ("the first loss", first, 1),
        ("update ÷ weight", ratio, 1),
        ("the rate for a thousandth", rate, 1),
        ("the rate with momentum", with_momentum, 1),
        ("where the gradient stops", stops, 2),
    ]
    table += [(f"page {letter}", functools.partial(page, letter), 1) for letter in PAGES]
    return [Step(title, functools.partial(check, student), points) for title, check, points in table]


def first(student):
    """A first loss, beside that of guessing."""
    for loss, classes, wanted in (
        (12.1, 10, "too sure"),
        (log(10), 10, "all alike"),
        (2.35, 10, "healthy"),
        (2.35, 3, "too sure"),
        (log(3), 3, "all alike"),
        (1.05, 3, "healthy"),
    ):
        said = student.first_loss(loss, classes)
        if said is None:
            raise NotImplementedError
        holds(
            said == wanted,
            f"a first loss of {loss:.4g} is {said!r} with {classes} classes; guessing among them costs "
            f"ln {classes} = {log(classes):.4g}",
        )


def ratio(student):
    """The size of an update beside that of its weight."""
    before = np.array([[3.0, 0.0], [0.0, 4.0]])
    after = before + np.array([[0.003, 0.0], [0.0, -0.004]])
    equal(student.update_ratio(before, after), 0.001, "update ÷ weight of a step of 0.005 from a norm of 5")
    equal(student.update_ratio(before, before), 0.0, "update ÷ weight of no step")


def rate(student):
    """The rate for updates of a thousandth."""
    equal(student.rate_for(8.0, 0.4), 0.02, "the rate for a weight of 8 and a gradient of 0.4")


def with_momentum(student):
    """The same with momentum."""
    equal(student.rate_for(8.0, 0.4, 0.9), 0.002, "the rate with a momentum of 0.9, where ten gradients add up,")


def stops(student):
    """The layer that the gradient does not pass."""
    vanishing = [("0", 1e-9), ("2", 2e-7), ("4", 3e-5), ("6", 2e-3), ("8", 1.0)]
    said = student.stops_at(vanishing)
    holds(said is not None, "it says that the gradient stops nowhere, where it falls from 1 to 0.000000001")
    holds(said != "0", "it names the first layer, where the gradient arrives last: go from the last to the first")
    holds(said == "4", f"of {vanishing} it says {said!r}: the last layer's norm is 1, so the mark is 0.0001")
    healthy = [("0", 0.2), ("2", 0.5), ("4", 1.0)]
    said = student.stops_at(healthy)
    holds(said is None, f"of {healthy} it says {said!r}, and the gradient stops nowhere there")


def page(letter, student):
    """A diagnosis of one of the pages, and what speaks against a wrong one."""
    cause, look = PAGES[letter]
    said = student.diagnosis(letter)
    if said is None:
        raise NotImplementedError
    causes = sorted(cause for cause, _ in PAGES.values())
    holds(said in causes, f"{said!r} is none of the causes: {', '.join(causes)}")
    against = CONFUSED.get((letter, said), look)
    holds(said == cause, f"page {letter} is not {said!r}: {against}")
