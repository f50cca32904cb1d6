"""The estimators beside scikit-learn's: whole fits at the same settings, in turns."""

import statistics
import time
import warnings

import numpy as np


def measure(rounds):
    """The median seconds of `fit`, and the score on data held out, of microtorch's and scikit-learn's."""
    try:
        import sklearn.neural_network as theirs

        import microtorch.sklearn as ours
    except ImportError:
        print("scikit-learn is not installed: pip install 'microtorch[sklearn]'")
        return []
    rows = []
    for name, kind, data, settings, limit in problems():
        X, y, X_test, y_test = data()
        seconds, scores = {"microtorch": [], "sklearn": []}, {}
        for turn in range(rounds + 1):
            for library, module in (("microtorch", ours), ("sklearn", theirs)):
                net = getattr(module, kind)(random_state=0, **settings)
                start = time.perf_counter()
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # it does not converge in so few epochs
                    net.fit(X, y)
                if turn:  # the first also compiles kernels
                    seconds[library].append(time.perf_counter() - start)
                scores[library] = net.score(X_test, y_test)
        medians = {library: statistics.median(times) for library, times in seconds.items()}
        ratio = medians["microtorch"] / medians["sklearn"]
        shown = f"{name}, score {scores['microtorch']:.4f} / {scores['sklearn']:.4f}"
        rows.append({"name": shown, "seconds": medians, "ratios": {"sklearn": ratio}, "limits": {"sklearn": limit}})
    return rows


def problems():
    """(name, estimator, data, settings, the largest ratio of times); all epochs are made, so that both work as long."""
    epochs = {"tol": 0.0, "n_iter_no_change": 10_000}
    return [
        ("digits, 200 epochs", "MLPClassifier", digits, {"max_iter": 200, **epochs}, 0.3),
        ("MNIST, 10 epochs", "MLPClassifier", mnist, {"max_iter": 10, **epochs}, 0.5),
        ("a regression, 100 epochs", "MLPRegressor", regression, {"max_iter": 100, **epochs}, None),
    ]


def digits():
    """1,797 images of 8×8 in float32; a quarter is held out."""
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return _split((X / 16).astype(np.float32), y, 1347)


def mnist():
    """10,000 of MNIST's images where its files are, else noise of that shape, which takes as long to train on."""
    from microtorch.datasets import MNIST
    from microtorch.errors import DatasetError

    try:
        train, test = MNIST(train=True, download=False), MNIST(train=False, download=False)
        (X, y), (X_test, y_test) = (part[np.arange(n)] for part, n in ((train, 10_000), (test, 2000)))
        return (*_flat(X, y), *_flat(X_test, y_test))
    except DatasetError:
        rng = np.random.default_rng(0)
        return _split(rng.random((12_000, 784), dtype=np.float32), rng.integers(0, 10, 12_000), 10_000)


def _flat(X, y):
    X, y = (a.numpy() if hasattr(a, "numpy") else np.asarray(a) for a in (X, y))
    return X.reshape(len(X), -1), y


def regression():
    """5,000 samples of 20 features in float32."""
    from sklearn.datasets import make_regression

    X, y = make_regression(5000, 20, noise=1.0, random_state=0)
    return _split(X.astype(np.float32), (y / y.std()).astype(np.float32), 4000)


def _split(X, y, n):
    order = np.random.default_rng(0).permutation(len(X))
    X, y = X[order], y[order]
    return X[:n], y[:n], X[n:], y[n:]
