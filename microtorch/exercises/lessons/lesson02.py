"""Checks of lesson 2."""

from ..grading import Step, equal, holds

TITLE = "a tensor that remembers"


def steps(student):
    """Leaves, a slope by backward, and descent."""

    def leaves():
        found = student.is_leaf()
        right = {"w": True, "a": False, "b": True, "c": True, "d": True}
        for letter, leaf in right.items():
            holds(letter in found, f"{letter} is missing from the dict")
            holds(
                found[letter] == leaf, f"{letter} is {'a' if leaf else 'no'} leaf: is it the result of a recorded call?"
            )

    def slope():
        equal(student.slope(student.there("lambda x: x * x * x"), 2.0), 12.0, "the slope of x³ at 2")
        equal(student.slope(student.there("np.exp"), 0.0), 1.0, "the slope of exp at 0")

    def twice():
        line = student.there("lambda x: x * 5")
        equal(student.slope(line, 1.0), 5.0, "the slope of 5x")
        equal(student.slope(line, 1.0), 5.0, "the same asked a second time")

    def descent(steps):
        def check():
            w = 3 + (0.0 - 3) * (1 - 2 * 0.1) ** steps
            equal(student.descend(0.0, 0.1, steps), w, f"w after {steps} steps of 0.1 from 0")

        return check

    return [
        Step("which are leaves", leaves),
        Step("a slope", slope),
        Step("a slope, asked twice", twice),
        Step("one step of descent", descent(1)),
        Step("many steps of descent", descent(20), 2),
    ]
