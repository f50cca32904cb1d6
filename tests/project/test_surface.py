"""The rule for the surface (docs/design.md): a name of PyTorch is here, or a sentence says why not.

The names come from PyTorch where it is installed, else from `docs/pytorch-names.md`, which was made from them.
"""

import re
import sys
from pathlib import Path

import pytest

import microtorch
from microtorch.pytorch.absent import sentence_of

DOCS = Path(__file__).resolve().parents[2] / "docs"
sys.path.insert(0, str(DOCS))
import compare  # noqa: E402

SECTIONS = re.findall(
    r"^## .*?: `(torch[\w.]*)`\n(.*?)(?=^## |\Z)", compare.FILE.read_text(encoding="utf-8"), re.M | re.S
)
OURS = {theirs: ours for theirs, ours, _ in compare.NAMESPACES}


def kept_names(text):
    """The names in a section of the page: those that are here, and those that are not."""
    here, _, absent = text.partition("<details>")
    return re.findall(r"(?:\*\*Same\*\*: |, |\| )`(\w+)`", here), re.findall(r"`(\w+)`(?=,|\n|$)", absent)


def test_the_kept_list_has_every_namespace():
    assert [theirs for theirs, _ in SECTIONS] == list(OURS)
    counts = {theirs: len(kept_names(text)[1]) for theirs, text in SECTIONS}
    stated = {theirs: int(re.search(r"(\d+) absent", text).group(1)) for theirs, text in SECTIONS}
    assert counts == stated


@pytest.mark.parametrize("theirs, text", SECTIONS, ids=[s[0] for s in SECTIONS])
def test_every_kept_name_is_here_or_has_a_sentence(theirs, text):
    module = compare.find(OURS[theirs])
    here, absent = kept_names(text)
    gone = [name for name in here if getattr(module, name, None) is None and name not in compare.NOT_COUNTED]
    assert not [name for name in gone if name not in _arguments(text)], "no longer here: run python docs/compare.py"
    below = OURS[theirs].removeprefix("microtorch.")
    untold = [name for name in absent if getattr(module, name, None) is None and sentence_of(below, name) is None]
    assert not untold, f"{theirs}: neither here nor a sentence in pytorch/absent.py: {untold}"


def _arguments(text):
    """The names of arguments in the table of differences."""
    return {name for row in re.findall(r"^\| `\w+` \| (.*) \|$", text, re.M) for name in re.findall(r"`(\w+)`", row)}


@pytest.mark.oracle
@pytest.mark.parametrize("theirs", OURS)
def test_every_name_of_pytorch_is_here_or_has_a_sentence(theirs):
    module, below = compare.find(OURS[theirs]), OURS[theirs].removeprefix("microtorch.")
    names = compare.names_of(compare.find(theirs))
    assert len(names) > 2
    untold = [name for name in names if getattr(module, name, None) is None and sentence_of(below, name) is None]
    assert not untold, f"neither here nor a sentence in pytorch/absent.py: {untold}"


# Compared elsewhere, or not comparable by values, with the reason.
NOT_BY_SAMPLES = {
    "its values are drawn": "cauchy exponential geometric log_normal uniform",
    "refused in a sentence": "bfloat16 half cdouble cfloat",
    "what its memory held is PyTorch's own": "new_empty resize_ resize_as_",
    "it changes its argument; test_inplace": "zero_",
}


@pytest.mark.oracle
def test_what_is_here_is_compared_on_pytorchs_samples(torch):
    import torch_samples

    known = {name for names in NOT_BY_SAMPLES.values() for name in names.split()}
    here = {name for name in torch_samples.entries() if torch_samples.find(name) is not None and _plain(name)}
    left = sorted(here - set(torch_samples.NAMES) - known)
    assert not left, f"here, and in PyTorch's table, but not in torch_samples.OPERATIONS: {left}"


def _plain(name):
    return "." not in name.removeprefix("nn.functional.")


@pytest.mark.oracle
def test_in_place_forms(torch):
    """Where a method is here and PyTorch has it in place, too, so have we."""
    methods = [n for n in dir(torch.Tensor) if n.endswith("_") and not n.startswith("_")]
    assert len(methods) > 150
    missing = [
        name for name in methods if hasattr(microtorch.Tensor, name[:-1]) and not hasattr(microtorch.Tensor, name)
    ]
    assert not missing
