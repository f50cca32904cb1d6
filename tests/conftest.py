"""What every test relies on: one thread per process, repeatable examples, and PyTorch as the oracle.

A test that compares with PyTorch takes the fixture ``torch`` or carries ``@pytest.mark.oracle`` (and then may
``import torch`` inside). Either way it is skipped and counted where PyTorch is not installed; with
MICROTORCH_ORACLE=1, as `make oracle` sets it, a missing PyTorch is an error.
"""

import importlib.util
import os
import signal
import warnings

import hypothesis
import pytest
from chromium import browser, visit  # noqa: F401 (fixtures)

# Before anything imports numpy: processes with a pool of BLAS threads each only wait for one another.
for _pool in ("OPENBLAS", "MKL", "OMP", "NUMBA", "VECLIB_MAXIMUM"):
    os.environ.setdefault(f"{_pool}_NUM_THREADS", "1")

hypothesis.settings.register_profile("microtorch", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("microtorch")

HAS_TORCH = importlib.util.find_spec("torch") is not None


def pytest_ignore_collect(collection_path):
    """Only test_*.py holds tests; the examples in docstrings are the package's, and helpers may need PyTorch."""
    return True if collection_path.suffix == ".py" and not collection_path.name.startswith("test_") else None


def pytest_configure(config):
    if os.environ.get("MICROTORCH_ORACLE") == "1" and not HAS_TORCH:
        raise pytest.UsageError("MICROTORCH_ORACLE=1 without PyTorch. `make oracle` installs it.")


# First of all hooks, so that `-m oracle` already finds the marks.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    for item in items:
        if "torch" in getattr(item, "fixturenames", ()):
            item.add_marker("oracle")
        if not HAS_TORCH and item.get_closest_marker("oracle"):
            item.add_marker(pytest.mark.skip(reason="PyTorch is not installed"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    if HAS_TORCH and item.get_closest_marker("oracle"):
        torch = _import_torch()
        torch.set_num_threads(1)
        torch.manual_seed(0)


@pytest.fixture
def ctrl_c():
    """Ctrl-C as on a terminal, here and in processes that are started: scripts and nohup start the tests without."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def torch():
    """PyTorch; its generator is seeded anew for each test."""
    return _import_torch()


def _import_torch():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what PyTorch's own modules warn of is not ours to judge
        import torch
    return torch


def pytest_terminal_summary(terminalreporter):
    """The scores on PyTorch's own samples, a line per operation; shown with ``-v``, or where one of them failed."""
    reports = [r for outcome in ("passed", "failed") for r in terminalreporter.stats.get(outcome, ())]
    scores = [dict(r.user_properties).get("score") for r in reports if r.when == "call"]
    scores = sorted(score for score in scores if score is not None)
    failed = any("score" in dict(r.user_properties) for r in terminalreporter.stats.get("failed", ()))
    if scores and (failed or terminalreporter.verbosity > 0):
        terminalreporter.section("agreement with PyTorch on its own samples")
        for score in scores:
            terminalreporter.line(score)
    elif scores:
        terminalreporter.line(
            f"\n{len(scores)} operations agree with PyTorch on its own samples; -v shows the score of each"
        )


def pytest_unconfigure(config):
    """The last line of a run that skipped comparisons says so; pytest's own closing line stands above it."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or hasattr(config, "workerinput"):
        return
    skipped = sum("oracle" in report.keywords for report in reporter.stats.get("skipped", ()))
    if skipped:
        comparisons = "1 comparison" if skipped == 1 else f"{skipped} comparisons"
        print(f"{comparisons} with PyTorch skipped: `make oracle` installs it and runs them.")
    unopened = sum("Chromium" in str(report.longrepr) for report in reporter.stats.get("skipped", ()))
    if unopened:
        print(f"{unopened} tests of the page of viz.explore skipped: they need Chromium and the package playwright.")
