"""The first trials of every campaign; `make campaign` goes on for an hour."""

import importlib

import pytest
from campaigns.__main__ import names, run


@pytest.mark.parametrize("name", names())
def test_the_first_trials(name):
    module = importlib.import_module(f"campaigns.{name}")
    counts, faults = run(name, 3600, seed=0, trials=module.SMALL)
    assert not faults, "\n".join(faults)
    skipped = [outcome for outcome in counts if outcome.startswith("skipped")]
    if skipped:
        pytest.skip(skipped[0])
    assert counts.total() == module.SMALL


def test_a_fault_is_counted_and_an_error_is_one(tmp_path, monkeypatch):
    import campaigns

    (tmp_path / "faulty.py").write_text(
        '"""Nothing."""\nSMALL = 3\ndef campaign(seconds, seed):\n'
        '    yield "good", None\n    yield "bad", "what was wrong"\n    raise OSError("full")\n'
    )
    monkeypatch.setattr(campaigns, "__path__", [*campaigns.__path__, str(tmp_path)])
    counts, faults = run("faulty", 3600, seed=0)
    assert counts == {"good": 1, "bad": 1}
    assert faults[0] == "what was wrong"
    assert "full" in faults[1]
    assert run("faulty", 3600, seed=0, trials=1) == ({"good": 1}, [])
