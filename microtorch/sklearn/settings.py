"""Which values the parameters of an estimator may have, checked when it is fitted, as scikit-learn wants it."""

import math
from numbers import Integral, Real

import numpy as np


def one_of(*words):
    """A value that is one of these strings."""
    return lambda value: isinstance(value, str) and value in words, f"one of {', '.join(map(repr, words))}"


def number(low, high=math.inf, open_low=False, open_high=False):
    """A real number in an interval."""

    def fits(value):
        if not isinstance(value, Real) or isinstance(value, bool):
            return False
        return (low < value if open_low else low <= value) and (value < high if open_high else value <= high)

    end = f" and at most {high:g}" if high < math.inf else ""
    end = end.replace("at most", "less than") if open_high else end
    return fits, f"a number {'greater than' if open_low else 'of at least'} {low:g}{end}"


def count(*others):
    """A positive integer, or one of some other values."""
    alternatives = "".join(f" or {other!r}" for other in others)

    def fits(value):
        return _is_count(value) or any(isinstance(value, type(other)) and value == other for other in others)

    return fits, f"a positive integer{alternatives}"


def _is_count(value):
    return isinstance(value, Integral) and not isinstance(value, bool) and value >= 1


def _sizes(value):
    if hasattr(value, "__iter__") and not isinstance(value, str):
        return all(map(_is_count, value))
    return _is_count(value)


FLAG = (lambda value: isinstance(value, bool | np.bool_)), "True or False"

COMMON = {
    "hidden_layer_sizes": (_sizes, "a positive integer or a sequence of them"),
    "activation": one_of("identity", "logistic", "tanh", "relu"),
    "solver": one_of("lbfgs", "sgd", "adam"),
    "alpha": number(0),
    "batch_size": count("auto"),
    "learning_rate": one_of("constant", "invscaling", "adaptive"),
    "learning_rate_init": number(0, open_low=True),
    "power_t": number(0),
    "max_iter": count(),
    "shuffle": FLAG,
    "tol": number(0),
    "verbose": ((lambda value: isinstance(value, bool | np.bool_ | Integral)), "True, False or an integer"),
    "warm_start": FLAG,
    "momentum": number(0, 1),
    "nesterovs_momentum": FLAG,
    "early_stopping": FLAG,
    "validation_fraction": number(0, 1, open_high=True),
    "beta_1": number(0, 1, open_high=True),
    "beta_2": number(0, 1, open_high=True),
    "epsilon": number(0, open_low=True),
    "n_iter_no_change": count(math.inf),
    "max_fun": count(),
    "module": ((lambda value: value is None or callable(value)), "None, a Module, or what makes one"),
}


def check(estimator, rules):
    """Raise ValueError for the first parameter of `estimator` that does not follow its rule."""
    for name, (fits, words) in rules.items():
        value = getattr(estimator, name)
        if not fits(value):
            raise ValueError(f"{type(estimator).__name__}: {name} is {value!r}. It must be {words}.")
