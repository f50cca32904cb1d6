"""The command line: each command does what it says, and mistakes end with one line and status 1."""

import csv
import json
import math
import os
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path

import files_made
import numpy as np
import pytest

import microtorch
from microtorch.__main__ import main
from microtorch.io import safetensors
from microtorch.train import Checkpoints

ROOT = Path(__file__).parents[2]
SMALL = ["train", "--layers", "8", "--epochs", "2"]


def test_train_writes_everything(tmp_path, capsys):
    out = tmp_path / "run"
    assert main([*SMALL, "--out", str(out), "--seeds", "0", "1", "--schedule", "cosine", "--dropout", "0.1"]) == 0
    told = capsys.readouterr().out
    assert "1298 samples to train on, 144 to validate with, 355 to test on" in told
    assert "over 2 seeds" in told
    for seed in (0, 1):
        folder = out / f"seed-{seed}"
        weights = safetensors.load_file(folder / "model.safetensors")
        assert weights["fc1.weight"].shape == (8, 64)
        with open(folder / "history.csv", newline="") as file:
            assert [row["epoch"] for row in csv.DictReader(file)] == ["1.0", "2.0"]
        assert len((folder / "losses.csv").read_text().splitlines()) == 1 + 2 * 13
        assert (folder / "curves.png").exists()
        assert Checkpoints(folder / "checkpoints").paths()
    first, second = (safetensors.load_file(out / f"seed-{s}" / "model.safetensors")["fc1.weight"] for s in (0, 1))
    assert not np.array_equal(first.numpy(), second.numpy())
    assert main([*SMALL, "--out", str(out)]) == 1
    assert "holds a training. Go on with --resume" in capsys.readouterr().err


@pytest.mark.parametrize("schedule", ["constant", "exponential", "step", "cosine", "onecycle"])
def test_every_schedule_trains(tmp_path, schedule):
    out = ["--out", str(tmp_path / "out"), "--optimizer", "momentum", "--lr", "0.1", "--norm", "batch"]
    assert main(["train", "--dataset", "spirals", "--layers", "16", "--epochs", "3", "--schedule", schedule, *out]) == 0
    with open(tmp_path / "out" / "seed-0" / "history.csv", newline="") as file:
        rates = [float(row["lr"]) for row in csv.DictReader(file)]
    assert (rates[0] == rates[-1]) == (schedule == "constant")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_training_says_how_to_go_on_and_resume_ends_alike(tmp_path, ctrl_c, number):
    options = ["--epochs", "300", "--layers", "8", "--checkpoint-every", "1000000"]
    command = [sys.executable, "-m", "microtorch", "train", *options, "--out", str(tmp_path / "run")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    deadline = time.monotonic() + 60
    while not list((tmp_path / "run").glob("seed-0/checkpoints/step*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number, err
    assert f"Go on with: microtorch train --resume --out {tmp_path / 'run'}" in err
    record = tmp_path / "run" / "options.json"
    assert json.loads(record.read_text())["epochs"] == 300
    # To end soon, both this training and an undisturbed one are told to be as long as it has become, and a bit.
    step = int(Checkpoints(tmp_path / "run" / "seed-0" / "checkpoints").paths()[-1].stem[5:])
    epochs = step // 13 + 2
    record.write_text(json.dumps(json.loads(record.read_text()) | {"epochs": epochs}))
    assert main(["train", "--resume", "--out", str(tmp_path / "run")]) == 0
    options[1] = str(epochs)
    assert main(["train", *options, "--out", str(tmp_path / "undisturbed")]) == 0
    ends = [(tmp_path / run / "seed-0" / "model.safetensors").read_bytes() for run in ("run", "undisturbed")]
    assert ends[0] == ends[1]


@pytest.mark.parametrize(
    "content",
    ["", "{", "[1]", "3", '"x"', "null", '{"epochs": "many"}', '{"epochs": [1, 2]}', '{"layers": [1.5]}',
     '{"other": 1}', '{"dataset": "/etc/passwd"}', '{"out": "/elsewhere"}', '{"resume": true}', '{"run": "x"}',
     '{"lr": {"a": 1}}', '{"seeds": [[1]]}', '{"help": ""}', '{"epochs": ' + "9" * 5000 + "}", "[" * 100_000,
     "\0", '{"--epochs": 1}', '{"layers": ["--out", "x"]}', '{"data": "\\ud800"}x'],
)  # fmt: skip
def test_damaged_options_are_one_line(tmp_path, capsys, content):
    (tmp_path / "options.json").write_text(content)
    assert main(["train", "--resume", "--out", str(tmp_path)]) == 1
    err = capsys.readouterr().err
    assert "no training to resume in" in err
    assert len(err) < 500
    assert err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["options.json"]


@pytest.mark.parametrize(
    "arguments, told",
    [
        (["train", "--resume", "--out", "nowhere"], "no training to resume in nowhere"),
        ([*SMALL, "--optimizer", "rmsprob", "--out", "a"], "Did you mean 'rmsprop'"),
        ([*SMALL, "--activation", "rellu", "--out", "b"], "Did you mean 'relu'"),
        ([*SMALL, "--epochs", "0", "--out", "c"], "num_epochs is 0"),
        (
            ["train", "--dataset", "mnist", "--data", "here", "--out", "d"],
            "MNIST: train-images-idx3-ubyte.gz is not in here",
        ),
        (["gradcheck", "--model", "nothing.py:f"], "is not FILE:FUNCTION"),
    ],
)
def test_mistakes_are_one_line(tmp_path, monkeypatch, capsys, arguments, told):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MICROTORCH_DATA", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("socket.getaddrinfo", lambda *a, **k: (_ for _ in ()).throw(ConnectionError("no network")))
    assert main(arguments) == 1
    err = capsys.readouterr().err
    assert told in err
    assert err.splitlines()[-1].startswith("microtorch: ")  # pooch says before what it is trying


def test_gradcheck_of_a_network_and_of_a_file(tmp_path, capsys):
    assert main(["gradcheck", "--layers", "4", "5", "3", "--activation", "tanh"]) == 0
    assert "gradcheck passed" in capsys.readouterr().out
    (tmp_path / "mine.py").write_text(
        "import microtorch\n"
        "from microtorch import nn\n"
        "from microtorch.autograd import ArrayFunction\n"
        "class Wrong(ArrayFunction):\n"
        '    """y = x²        dx = dy · 3x"""\n'
        "    @staticmethod\n"
        "    def forward(ctx, x):\n"
        "        ctx.save_for_backward(x)\n"
        "        return x * x\n"
        "    @staticmethod\n"
        "    def backward(ctx, dy):\n"
        "        return dy * 3 * ctx.saved_tensors[0]\n"
        "class Net(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.fc = nn.Linear(3, 2)\n"
        "    def forward(self, x):\n"
        "        return Wrong.apply(self.fc(x))\n"
        "def make():\n"
        "    return Net().double(), microtorch.ones(2, 3, dtype=microtorch.float64), microtorch.tensor([0, 1])\n"
    )
    assert main(["gradcheck", "--model", f"{tmp_path / 'mine.py'}:make"]) == 1
    assert "failed" in capsys.readouterr().out


def test_graph_and_info(tmp_path, capsys, monkeypatch):
    assert main(["graph", "--layers", "4", "3", "2", "--out", str(tmp_path / "a" / "graph.dot")]) == 0
    assert "fc1" in (tmp_path / "a" / "graph.dot").read_text()
    assert main(["graph", "--layers", "4", "3", "2", "--tree"]) == 0
    assert "fc2.weight" in capsys.readouterr().out
    monkeypatch.setenv("MICROTORCH_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert main(["info"]) == 0
    told = capsys.readouterr().out
    assert f"microtorch {microtorch.__version__}" in told
    assert f"MNIST: train-images-idx3-ubyte.gz is not in {tmp_path}" in told


def test_warmup_uses_every_kernel(monkeypatch):
    """In a fresh process, where nothing else has used them, and without the compiler, which takes a minute."""
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    answer = subprocess.run([sys.executable, "-m", "microtorch", "warmup"], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    assert "compiled or found" in answer.stdout


def test_experiment_writes_its_section_and_the_page(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(sys, "path", list(sys.path))
    from microtorch.commands import experiment

    sys.path.insert(0, str(experiment.find_examples()))
    import quadratic

    monkeypatch.setattr(quadratic.noisy, "__defaults__", (1000,))  # copies: fewer, as its row is not what is tested
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "svhn.md").write_text("## SVHN: from a run before\n")
    assert main(["experiment", "quadratic", "--out", str(tmp_path)]) == 0
    page = (tmp_path / "results.md").read_text()
    assert page.startswith("# Results")
    assert "## SVHN: from a run before" in page
    assert (tmp_path / "results" / "quadratic.png").exists()
    rows = [line.split("|")[1:4] for line in page.splitlines() if line.startswith("| ") and "noise" not in line]
    numbers = [(float(theory), float(measured)) for _, theory, measured in rows[1:]]
    assert len(numbers) == 13
    # The factors of momentum turn within a period, so their mean over 300 steps is near, not equal.
    assert all(abs(theory - measured) < 0.004 for theory, measured in numbers)


def test_the_experiments_are_there_and_short():
    from microtorch.commands.experiment import EXPERIMENTS, find_examples

    for module in EXPERIMENTS.values():
        path = find_examples() / f"{module}.py"
        assert len(path.read_text().splitlines()) < 100, module
        assert "def run(folder):" in path.read_text(), module


def test_the_mnist_lesson_runs(tmp_path, monkeypatch, capsys):
    """On images whose class is where they are bright: a lesson that learns gets them all right."""
    folder = tmp_path / "data" / "mnist"
    folder.mkdir(parents=True)
    draw = np.random.default_rng(0)
    for stem, count in (("train", 1000), ("t10k", 200)):
        labels = draw.integers(0, 10, count, dtype=np.uint8)
        images = draw.integers(0, 60, (count, 28, 28), dtype=np.uint8)
        for image, label in zip(images, labels):
            image[2 * label : 2 * label + 3] = 250
        (folder / f"{stem}-images-idx3-ubyte").write_bytes(files_made.idx(images))
        (folder / f"{stem}-labels-idx1-ubyte").write_bytes(files_made.idx(labels))
    monkeypatch.chdir(tmp_path)
    microtorch.manual_seed(0)
    runpy.run_path(str(ROOT / "examples" / "mnist_lesson.py"))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(".")[0] for line in lines] == [f"Iteration: {i}" for i in range(500, 3001, 500)]
    assert lines[-1].endswith("Accuracy: 100.0")


def test_a_command_without_its_packages_says_so(tmp_path):
    """matplotlib is an extra: without it a training still ends, without the curves."""
    code = "import sys; sys.modules['matplotlib'] = None; from microtorch.__main__ import main; sys.exit(main())"
    command = [sys.executable, "-c", code, *SMALL, "--out", str(tmp_path / "out")]
    found = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=os.environ)
    assert found.returncode == 0, found.stderr
    assert "pip install 'microtorch[plots]'" in found.stderr
    assert (tmp_path / "out" / "seed-0" / "model.safetensors").exists()


def test_damaged_options_are_refused_by_name(tmp_path, capsys):
    out = tmp_path / "run"
    assert main([*SMALL, "--out", str(out)]) == 0
    record = out / "options.json"
    whole = json.loads(record.read_text())
    texts = {"": "no training to resume", "[": "no training to resume", "[1]": "damaged", "{}": "missing activation"}
    texts["[" * 100_000] = "no training to resume"
    texts[json.dumps({**whole, "extra": 1})] = "unknown extra"
    for name, value in whole.items():
        texts[json.dumps({n: v for n, v in whole.items() if n != name})] = f"missing {name}"
        wrong = [True, math.nan, {}, [["x"]], [None], [0.5], 1e400]
        wrong += [None] if isinstance(value, list) else []
        wrong += [] if isinstance(value, str | None) else ["x"]
        for other in wrong:
            texts[json.dumps({**whole, name: other})] = name.replace("_", "-") + "|" + name
    for text, told in texts.items():
        record.write_text(text)
        capsys.readouterr()
        assert main(["train", "--resume", "--out", str(out)]) == 1, text
        err = capsys.readouterr().err
        assert any(words in err for words in told.split("|")), (text, err)
        assert len(err.splitlines()) == 1


def test_the_demo_records_the_same_steps_of_each_training(tmp_path, monkeypatch):
    from microtorch import viz

    found = {}
    monkeypatch.setattr(viz, "compare", lambda recordings, path: found.update(recordings))
    assert main(["demo", "--epochs", "2", "--hidden", "8", "--out", str(tmp_path)]) == 0
    steps = {title: recording.steps for title, recording in found.items()}
    assert len(steps) == 3
    assert all(60 <= len(recorded) <= 92 and recorded == steps["Adam"] for recorded in steps.values())
