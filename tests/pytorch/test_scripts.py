"""Scripts as people write them for PyTorch run here, with torch's name and with the imports changed; losses agree.

Each in `scripts` is in the manner of one kind of public script, and collects numbers in `losses`. All scripts of a
folder run in one process for each way, which the fixtures start.
"""

import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest

HERE = pathlib.Path(__file__).parent
SCRIPTS = sorted((HERE / "scripts").glob("*.py"))
NAMES = [path.stem for path in SCRIPTS]


def losses(mode):
    """What all scripts collect, by their names; the text of the error of those that fail."""
    command = [sys.executable, str(HERE / "run_scripts.py"), mode, *map(str, SCRIPTS)]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def as_torch():
    return losses("as_torch")


@pytest.fixture(scope="module")
def changed():
    return losses("changed")


@pytest.fixture(scope="module")
def pytorch():
    return losses("torch")


@pytest.mark.parametrize("name", NAMES)
def test_a_script_for_pytorch_runs_untouched(as_torch, name):
    assert not isinstance(as_torch[name], str), as_torch[name]
    assert len(as_torch[name]) > 2
    assert np.isfinite(as_torch[name]).all()


@pytest.mark.parametrize("name", NAMES)
def test_with_its_imports_changed_it_has_the_same_losses(as_torch, changed, name):
    assert changed[name] == as_torch[name]


@pytest.mark.oracle
@pytest.mark.parametrize("name", NAMES)
def test_its_losses_are_those_of_pytorch(as_torch, pytorch, name):
    assert not isinstance(pytorch[name], str), pytorch[name]
    np.testing.assert_allclose(as_torch[name], pytorch[name], rtol=1e-5, atol=1e-7)
