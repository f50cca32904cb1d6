"""Every command with wrong arguments: its exit status, one line that names the argument, and nothing written."""

import json

import pytest

from microtorch.__main__ import main

MODELS = """
import microtorch
from microtorch import nn

def one():
    return 1

def numbers():
    return 1, 2, 3

def lists():
    return nn.Linear(2, 2), [1.0], [0]

def fails():
    return 1 / 0

number = 3
"""

# command -> {option: values that it cannot have}; a value may be several words.
WRONG = {
    "train": {
        "--layers": ["0", "-3", "8 0"],
        "--epochs": ["0", "-1"],
        "--batch-size": ["0", "-5"],
        "--patience": ["0"],
        "--checkpoint-every": ["0"],
        "--lr": ["0", "-0.1", "nan", "inf"],
        "--clip-norm": ["0", "-1", "nan"],
        "--dropout": ["-0.1", "1", "1.5", "nan"],
        "--weight-decay": ["-1", "nan", "inf"],
        "--optimizer": ["adm", "SGD"],
        "--init": ["kaiming"],
        "--activation": ["rellu"],
        "--seeds": ["1 1", "99999999999999999999999"],
        "--out": ["file", "file/below"],
    },
    "graph": {
        "--layers": ["3", "3 0", "-1 2"],
        "--batch-size": ["0"],
        "--depth": ["-1"],
        "--dropout": ["2", "nan"],
        "--show": ["everything"],
        "--activation": ["rellu"],
        "--out": ["picture.bmp", "picture", "file/graph.svg"],
    },
    "gradcheck": {
        "--layers": ["3", "3 0"],
        "--batch-size": ["0"],
        "--budget": ["0", "-1", "nan", "inf"],
        "--activation": ["rellu"],
        "--model": [
            "nothing.py:f", "models.py", "models.py:none", "models.py:one", "models.py:numbers", "models.py:lists",
            "models.py:fails", "models.py:number", "broken.py:f", "file:f",
        ],
    },
    "demo": {"--epochs": ["0"], "--batch-size": ["-1"], "--hidden": ["0", "8 -1"], "--out": ["file"]},
    "experiment quadratic": {"--out": ["file"]},
}  # fmt: skip
CASES = [
    (command, option, value) for command, rows in WRONG.items() for option, values in rows.items() for value in values
]

UNREADABLE = {
    "train digits": "'digits' is no option of train. Did you mean --dataset digits?",
    "train --optimiser sgd": "'--optimiser' is no option of train. Did you mean --optimizer?",
    "train --lr much": "argument --lr: invalid float value: 'much'",
    "train --epochs 1.5": "argument --epochs: invalid int value: '1.5'",
    "train --dataset digit": "argument --dataset: invalid choice: 'digit'",
    "train --schedule cos": "argument --schedule: invalid choice: 'cos'",
    "train --seeds": "argument --seeds: expected at least one argument",
    "graph tree": "'tree' is no option of graph",
    "graph --tre": "--tree",
    "gradcheck --norm group": "argument --norm: invalid choice: 'group'",
    "demo fast": "'fast' is no option of demo",
    "experiment": "it needs name",
    "experiment mnst": "argument name: invalid choice: 'mnst'",
    "check": "it needs path",
    "check a b": "'b' is no option of check",
    "info 3": "'3' is no option of info",
    "warmup --dtypes float16": "argument --dtypes: invalid choice: 'float16'",
    "trian": "'trian' is no command. Did you mean train?",
    "xyz": "'xyz' is no command. There are check, demo",
    "--foo": "'--foo' is no option of microtorch",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a file, models, and a program that is none."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("here already")
    (tmp_path / "models.py").write_text(MODELS)
    (tmp_path / "broken.py").write_text("def (")
    return tmp_path


def everything(folder):
    """All files with their content, but what Python keeps of imported ones."""
    return {p: p.is_file() and p.read_bytes() for p in folder.rglob("*") if "__pycache__" not in str(p)}


@pytest.mark.parametrize("command, option, value", CASES)
def test_a_wrong_value_is_one_line_and_nothing_is_written(folder, capsys, command, option, value):
    before = everything(folder)
    assert main([*command.split(), option, *value.split()]) == 1
    told = capsys.readouterr()
    assert len(told.err.splitlines()) == 1, told.err
    assert told.err.startswith(f"microtorch: {command.split()[0]}: {option}")
    assert told.out == ""
    assert everything(folder) == before


@pytest.mark.parametrize("line", UNREADABLE)
def test_what_cannot_be_read_is_one_line_too(folder, capsys, line):
    before = everything(folder)
    if line == "graph --tre":  # an unambiguous beginning is understood, as by argparse everywhere
        assert main(line.split()) == 0
        assert everything(folder) == before
        return
    with pytest.raises(SystemExit) as ended:
        main(line.split())
    told = capsys.readouterr()
    assert ended.value.code == 2
    assert len(told.err.splitlines()) == 1, told.err
    assert UNREADABLE[line] in told.err
    assert "--help shows all." in told.err
    assert everything(folder) == before


def test_plain_microtorch_shows_help(capsys):
    assert main([]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    assert "COMMAND" in told.out
    assert "gradcheck" in told.out


SMALL = ["train", "--layers", "8", "--epochs", "1"]


def test_a_corrected_command_is_not_refused_for_the_wrong_one(folder, capsys):
    assert main([*SMALL, "--optimizer", "adm", "--out", "q"]) == 1
    assert main(["train", "--resume", "--out", "q"]) == 1
    assert "no training to resume in q" in capsys.readouterr().err
    assert main([*SMALL, "--optimizer", "adam", "--out", "q"]) == 0
    assert main([*SMALL, "--out", "q"]) == 1
    assert "holds a training. Go on with --resume" in capsys.readouterr().err


def test_options_without_a_training_are_no_training(folder, capsys):
    (folder / "q").mkdir()
    (folder / "q" / "options.json").write_text(json.dumps({"optimizer": "adm"}))
    assert main([*SMALL, "--out", "q"]) == 0
    assert json.loads((folder / "q" / "options.json").read_text())["optimizer"] == "adam"


def test_a_loss_that_is_no_number_is_told(folder, capsys):
    assert main([*SMALL, "--optimizer", "sgd", "--lr", "1e30", "--out", "q"]) == 1
    told = capsys.readouterr()
    assert "Written: q" in told.out
    assert "the loss was no longer a number from seed 0 at step 2 on. Lower --lr" in told.err.splitlines()[-1]


def test_a_new_folder_for_a_picture_is_told(folder, capsys):
    assert main(["graph", "--layers", "3", "2", "--out", "new/graph.dot"]) == 0
    assert main(["graph", "--layers", "3", "2", "--out", "new/again.dot"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Written: new/graph.dot, in the new folder new",
        "Written: new/again.dot",
    ]
