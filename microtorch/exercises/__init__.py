"""The exercises of the lessons: questions to fill in, and checks that give partial credit and say what is wrong."""

from .grading import Result, Step, check, start

__all__ = ["Result", "Step", "check", "start"]
