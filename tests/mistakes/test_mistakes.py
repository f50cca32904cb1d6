"""Every mistake is told what it is: the message names what is concerned, the line to blame, and the remedy."""

import pytest

import microtorch

from . import MISTAKES, said
from .table import outcome, page


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m.program.__name__)
def test_message(mistake):
    message = said(mistake, microtorch)
    assert message, "nothing is said"
    wanted = [*mistake.names, *mistake.remedy, *([mistake.blamed] if mistake.blamed else [])]
    assert [part for part in wanted if part not in message] == [], message


def test_there_are_forty():
    assert len(MISTAKES) >= 40
    assert sum(m.blamed is not None for m in MISTAKES) >= 10
    assert all(m.title and m.names and m.remedy and m.source.startswith("https://") for m in MISTAKES)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m.program.__name__)
def test_program_runs_in_pytorch(torch, mistake):
    # PyTorch raises an error of its own, warns, or says nothing; a program that is wrong in another way (a name that
    # one of the two lacks) would compare nothing.
    message = said(mistake, torch)
    assert "has no attribute" not in message
    assert "unexpected keyword" not in message


def test_page_shows_every_mistake():
    text = page(None)
    assert all(m.title in text for m in MISTAKES)
    assert "/tests/mistakes" not in text.replace("tests/mistakes/table.py", "")


def test_outcome_is_free_of_paths():
    blamed = next(m for m in MISTAKES if m.blamed)
    assert ".py:" in outcome(blamed, microtorch)
    assert blamed.blamed not in outcome(blamed, microtorch)
