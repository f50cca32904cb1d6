"""`microtorch.as_torch`: the modules that scripts import under PyTorch's names, and what is in them."""

import json
import subprocess
import sys

import numpy as np
import pytest

import microtorch
from microtorch import nn

# Each line of a script, and what it must print; all run in one process, where torch is microtorch.
LINES = {
    "import torch.backends.cudnn as cudnn; cudnn.benchmark = True; say(cudnn.is_available())": False,
    "from torch.backends import cudnn; say(cudnn.enabled)": False,
    "import torch.cuda.amp; say(torch.cuda.amp.autocast(enabled=False).__enter__() is not None)": True,
    "from torch.cuda.amp import GradScaler, autocast; say(GradScaler(enabled=False).get_scale())": 1.0,
    "from torch.amp import GradScaler, autocast; say(GradScaler('cuda', enabled=False).state_dict())": {},
    "say(torch.version.cuda)": None,
    "say(torch.xpu.is_available())": False,
    "from torch.optim.adam import Adam; say(Adam is torch.optim.Adam)": True,
    "from torch.optim import lr_scheduler; say(lr_scheduler._LRScheduler is lr_scheduler.LRScheduler)": True,
    "from torch.nn.modules.loss import _Loss, MSELoss; say(issubclass(MSELoss, _Loss))": True,
    "say(torch.nn.modules.loss.CrossEntropyLoss is torch.nn.CrossEntropyLoss)": True,
    "say(torch.nn.modules.Linear is torch.nn.Linear)": True,
    "say(isinstance(torch.nn.BatchNorm1d(3), torch.nn.modules.batchnorm._BatchNorm))": True,
    "from torch.nn.modules.linear import Linear; say(Linear is torch.nn.Linear)": True,
    "from torch.nn.parallel import DataParallel; say(DataParallel is torch.nn.DataParallel)": True,
    "from torch.nn.parallel import DistributedDataParallel as D; say(D.__name__)": "DistributedDataParallel",
    "import torch.distributed as dist; say(dist.is_initialized())": False,
    "from torch.utils.data.distributed import DistributedSampler; say(DistributedSampler.__name__)": (
        "DistributedSampler"
    ),
    "from torch.distributions.normal import Normal; say(Normal is torch.distributions.Normal)": True,
    "from torch.distributions.bernoulli import Bernoulli; say(Bernoulli(0.5).probs.item())": 0.5,
    "import torch.testing; torch.testing.assert_close(torch.ones(2), torch.ones(2)); say(1)": 1,
    "from torch.special import expit; say(expit(torch.zeros(1)).item())": 0.5,
    "from torch.functional import einsum; say(einsum is torch.einsum)": True,
    "import torchvision.transforms.functional as TF; say(callable(TF.to_tensor))": True,
    "from torchvision.transforms import v2; say(v2.Compose is v2.Compose and hasattr(v2, 'ToImage'))": True,
    "import torchvision.transforms.v2 as v2; say(hasattr(v2, 'ToDtype'))": True,
    "say(torch.compile(torch.nn.Linear(2, 2)).weight.shape)": [2, 2],
    "f = torch.compile(lambda x: x + 1); say(f(1))": 2,
    "@torch.compile(mode='max-autotune')\ndef f(x):\n    return x + 1\nsay(f(1))": 2,
}
# What is not here, and a word of the sentence about it.
SENTENCES = {
    "from torch.nn.modules.conv import Conv2d": "convolutional",
    "import torch.nn.utils.rnn": "recurrent",
    "from torch.nn.utils.rnn import pad_sequence": "recurrent",
    "torch.nn.utils.rnn": "recurrent",
    "torch.distributions.Weibull": "TransformedDistribution",
    "torch.random.nothing": "pytorch-names",
    "torch.optim.lr_scheduler.StpLR": "StepLR",
    "torch.special.bessel_j0": "scipy.special",
    "from torchvision.transforms.functional import to_tensr": "to_tensor",
    "torch.multiprocessing": "microtorch.distributed",
    "torch.jit.script": "capture",
}
RUN = """
import json, sys, warnings
warnings.simplefilter("ignore")
import microtorch.as_torch
import torch
lines, answers = json.load(sys.stdin), {}
for line in lines:
    said = []
    try:
        exec(line, {"torch": torch, "say": said.append})
        answers[line] = said
    except Exception as error:
        answers[line] = [f"{type(error).__name__}: {error}"]
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def answers():
    lines = json.dumps([*LINES, *SENTENCES])
    ran = subprocess.run([sys.executable, "-c", RUN], input=lines, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.mark.parametrize("line", LINES)
def test_a_line_of_a_script_does_what_it_does_in_pytorch(answers, line):
    assert answers[line] == [LINES[line]]


@pytest.mark.parametrize("line", SENTENCES)
def test_what_is_not_here_is_told_in_a_sentence(answers, line):
    (said,) = answers[line]
    assert said.startswith(("AttributeError", "ImportError", "ModuleNotFoundError"))
    assert SENTENCES[line] in said


def test_mixed_precision_is_off_and_says_so():
    for make in (lambda: microtorch.autocast("cuda"), microtorch.amp.GradScaler, microtorch.cuda.amp.autocast):
        with pytest.warns(UserWarning, match="is not here, so it is off"):
            made = make()
    with made:
        assert (microtorch.ones(2) @ microtorch.ones(2)).dtype == microtorch.float32
    microtorch.autocast("cpu", dtype=microtorch.float32)
    with pytest.raises(ValueError, match="bfloat16"):
        microtorch.autocast("cpu")


def test_a_scaler_that_is_off_trains_as_none():
    def trained(scaler):
        microtorch.manual_seed(0)
        model = nn.Linear(3, 1)
        sgd = microtorch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(3):
            sgd.zero_grad()
            loss = (model(microtorch.ones(2, 3)) ** 2).mean()
            if scaler is None:
                loss.backward()
                sgd.step()
            else:
                scaler.scale(loss).backward()
                scaler.unscale_(sgd)
                scaler.step(sgd)
                scaler.update()
        return model.weight.detach().numpy()

    np.testing.assert_array_equal(trained(microtorch.amp.GradScaler(enabled=False)), trained(None))


def test_a_fork_of_the_generator_leaves_it_as_it_was():
    microtorch.manual_seed(3)
    with microtorch.random.fork_rng():
        microtorch.manual_seed(4)
        microtorch.rand(5)
    after = microtorch.rand(2).numpy()
    microtorch.manual_seed(3)
    np.testing.assert_array_equal(after, microtorch.rand(2).numpy())


@pytest.mark.parametrize(
    "actual, expected, words",
    [
        (microtorch.ones(2), microtorch.ones(3), "shapes"),
        (microtorch.ones(2), microtorch.ones(2, dtype=microtorch.float64), "dtypes"),
        ([microtorch.ones(2), microtorch.zeros(2)], [microtorch.ones(2), microtorch.ones(2)], r"2 of 2 elements\[1\]"),
        ({"a": microtorch.ones(1)}, {"b": microtorch.ones(1)}, "keys"),
        ([microtorch.ones(1)], [], "lengths"),
        (microtorch.tensor([float("nan")]), microtorch.tensor([float("nan")]), "1 of 1"),
        (microtorch.tensor([3]), microtorch.tensor([4]), r"at \(0,\): 3, expected 4"),
    ],
)  # fmt: skip
def test_assert_close_says_what_is_apart(actual, expected, words):
    with pytest.raises(AssertionError, match=words):
        microtorch.testing.assert_close(actual, expected)


@pytest.mark.oracle
@pytest.mark.parametrize("apart", [0.0, 1e-8, 5e-8, 2e-7, 1e-6, 2e-6, 1e-5, 1.2e-5, 1e-4])
@pytest.mark.parametrize("size", [0.0, 1e-3, 1.0, 100.0])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_assert_close_has_pytorchs_limits(torch, apart, size, dtype):
    def passes(library):
        a, b = (library.tensor([size + d], dtype=getattr(library, dtype)) for d in (apart, 0.0))
        try:
            library.testing.assert_close(a, b)
        except AssertionError:
            return False
        return True

    assert passes(microtorch) == passes(torch)


@pytest.mark.oracle
@pytest.mark.parametrize("name", microtorch.special.__all__)
def test_special_functions_are_pytorchs(torch, name):
    x = np.linspace(0.05, 0.95, 7)
    more = {"polygamma": (1,), "logsumexp": (0,), "softmax": (0,), "log_softmax": (0,)}.get(name, ())
    ours, theirs = microtorch.tensor(x), torch.tensor(x)
    if name == "polygamma":
        a, b = microtorch.special.polygamma(1, ours), torch.special.polygamma(1, theirs)
    elif name == "xlogy":
        a, b = microtorch.special.xlogy(ours, ours), torch.special.xlogy(theirs, theirs)
    else:
        a, b = getattr(microtorch.special, name)(ours, *more), getattr(torch.special, name)(theirs, *more)
    np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-8)  # PyTorch's trigamma(½) is 3e-10 off π²/2
