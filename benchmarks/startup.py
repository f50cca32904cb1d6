"""What a newcomer waits for: the import, and the first training step with a cold and a warm kernel cache."""

import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile

# As after `pip install microtorch`. The other engines bring scipy, and numba imports its linear algebra where it is.
WITHOUT_SCIPY = "import sys; sys.modules['scipy'] = None\n"
# After numpy, which any such program needs: what the package adds.
IMPORT_AFTER_NUMPY = "import time, numpy; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"
FIRST_STEP = """
import time; t = time.perf_counter()
import microtorch
from microtorch import nn, optim
model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
update = optim.Adam(model.parameters())
loss = nn.functional.cross_entropy(model(microtorch.rand(8, 64)), microtorch.zeros(8).long())
loss.backward()
update.step()
print(time.perf_counter() - t)
"""


def measure(rounds):
    """Seconds of each start, the median of `rounds` fresh processes; the first step counts from before the import."""
    with tempfile.TemporaryDirectory() as cache:
        cold = [run(WITHOUT_SCIPY + FIRST_STEP, cache + f"/{i}") for i in range(2)]
        warm = [run(WITHOUT_SCIPY + FIRST_STEP, cache + "/0") for _ in range(rounds)]
        beside_scipy = [run(FIRST_STEP, cache + "/0") for _ in range(rounds)]
        ours = [run(IMPORT_AFTER_NUMPY.format("microtorch"), cache + "/0") for _ in range(rounds)]
        rows = [
            ("import microtorch, above numpy", ours, 0.2),
            ("first training step, warm kernel cache", warm, 0.6),
            ("first training step, cold kernel cache", cold, 6.0),
            ("first training step, warm, where scipy is installed", beside_scipy, None),
        ]
        if importlib.util.find_spec("torch"):
            rows.append(("import torch, above numpy", [run(IMPORT_AFTER_NUMPY.format("torch"), cache)], None))
    return [{"name": name, "seconds": statistics.median(times), "limit": limit} for name, times, limit in rows]


def run(program, cache):
    """What `program` prints, a number, in a fresh process with its own kernel cache."""
    env = os.environ | {"NUMBA_CACHE_DIR": cache, "PYTHONWARNINGS": "ignore", "PYTHONPYCACHEPREFIX": cache}
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # as where packages were installed, byte code is there from the 2nd run on
    answer = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True)
    return float(answer.stdout)
