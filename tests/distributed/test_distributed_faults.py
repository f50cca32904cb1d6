"""When a rank fails, all end soon, with a status that is not 0 and words that name it; nothing is half-written."""

import os
import signal
import subprocess
import sys

import pytest
import ranks

from microtorch.distributed import launch
from microtorch.distributed import threads as rank_threads
from microtorch.distributed.group import STARTED
from microtorch.distributed.joining import _joined
from microtorch.errors import DistributedError
from microtorch.io import load

PROGRAM = ranks.HERE / "rank_faults.py"
SECONDS = 60  # for the start on a busy machine; what is promised is 10 after the fault


def processes(text):
    """The processes of programs whose command has `text` in it."""
    found = []
    for entry in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/cmdline", "rb") as file:
                    command = file.read()
            except OSError:
                continue
            if text.encode() in command:
                found.append(int(entry))
    return [p for p in found if p != os.getpid()]


FAULTS = {
    "raises": [b"ValueError: bad data", b"rank 1 of 2"],
    "leaves": [b"rank 0: all_reduce of (3,) float32, SUM; rank 1: the end of the program"],
    "leaves_with_a_status": [b"rank 0: all_reduce of (3,) float32, SUM; rank 1: the end of the program"],
    "other_model": [b"rank 1 has another model than rank 0: weight (3, 3) float32 in place of weight (2, 3) float32"],
    "fewer_batches": [b"rank 0: a backward pass of DistributedDataParallel(Linear); rank 1: all_reduce of (3,)"],
    "other_shape": [b"rank 0: all_reduce of (3,) float32, SUM; rank 1: all_reduce of (4,) float32, SUM"],
    "late": [b"rank 0 of 2", b"has waited 2 s for other ranks in all_reduce of (3,) float32"],
    "full_disk": [b"the state of step 7 could not be saved", b"rank 0 of 2"],
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_with_its_rank_and_ends_all(name, tmp_path):
    status, out, err = ranks.finished(ranks.start(2, PROGRAM, name, tmp_path), SECONDS)
    assert status != 0
    assert any(all(w in (out + err).encode() for w in words) for words in [FAULTS[name]]), out + err
    assert not processes(str(tmp_path))
    assert list(tmp_path.iterdir()) == [], "nothing half-written"


def started(name, folder, monkeypatch, capfd):
    """Run a program by `launch`; its status and all that was written."""
    for key, value in ranks.environment().items():
        monkeypatch.setenv(key, value)
    status = launch([sys.executable, str(PROGRAM), name, str(folder)], 2)
    return status, "".join(capfd.readouterr())


def test_a_killed_rank_is_named(tmp_path, monkeypatch, capfd):
    status, text = started("killed", tmp_path, monkeypatch, capfd)
    assert status == 9
    assert "microtorch: rank 1 (process " in text
    assert "was ended by SIGKILL, and all with it" in text
    assert not processes(str(tmp_path))


@pytest.mark.parametrize("name", ["works", "trains"])
def test_ctrl_c_ends_all_ranks(name, tmp_path, ctrl_c):
    process = ranks.start(2, PROGRAM, name, tmp_path)
    line = process.stdout.readline()
    assert line == "working\n", process.communicate()[1]
    process.send_signal(signal.SIGINT)
    status, out, err = ranks.finished(process, SECONDS)
    assert status != 0
    assert "interrupted" in err, out + err
    assert "rank 0 of 2" in err
    assert not processes(str(tmp_path))
    if name == "trains":
        (path,) = tmp_path.iterdir()
        assert load(path)["counts"]["step"] >= 1, "the step was finished, and saved by rank 0"


def test_ctrl_c_on_a_terminal_stops_the_command_which_can_go_on(tmp_path, ctrl_c):
    command = [sys.executable, "-m", "microtorch", "train", "--ranks", "2", "--epochs", "100000", "--out", tmp_path]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(command, env=ranks.environment(), start_new_session=True, **pipes) as process:
        while "Epoch 1 " not in (line := process.stdout.readline()):
            assert line, "it ended"
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to all of its processes
        text = process.stdout.read()
    assert process.returncode == 130, text
    assert "Stopped after step" in text
    assert text.count("interrupted") == 1
    assert not processes(str(tmp_path))
    state = load(max((tmp_path / "seed-0" / "checkpoints").iterdir()))
    assert f"after step {state['counts']['step']};" in text


def test_without_mpi4py_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    monkeypatch.setenv(STARTED[0], "4")
    from microtorch import distributed as dist

    with pytest.raises(DistributedError, match=r"started as one of 4, .* pip install 'microtorch\[mpi\]'"):
        dist.init_process_group()
    assert _joined.group is None


@pytest.mark.parametrize("missing, what", [("mpiexec", "mpiexec"), ("is_available", "mpi4py")])
def test_launch_says_what_is_missing(monkeypatch, missing, what):
    module = sys.modules["microtorch.distributed.launch"]
    monkeypatch.setattr(module, missing, lambda: None)
    with pytest.raises(DistributedError, match=rf"2 ranks need {what}, .* pip install 'microtorch\[mpi\]'"):
        launch([sys.executable, "-c", ""], 2)


def test_an_mpiexec_of_another_mpi_is_noticed():
    status, _, err = ranks.finished(ranks.start(1, PROGRAM, "works", **{STARTED[0]: "3"}), SECONDS)
    assert status == 1
    assert "3 processes were started, and the MPI library" in err
    assert "belongs to another MPI" in err


@pytest.mark.parametrize("here, cores, threads", [(1, 8, 8), (2, 8, 4), (3, 8, 2), (16, 8, 1), (2, 1, 1)])
def test_ranks_share_the_cores(monkeypatch, here, cores, threads):
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    monkeypatch.setattr(rank_threads, "cores", lambda: cores)
    assert rank_threads.share(here) == threads


def test_who_sets_threads_has_decided(monkeypatch):
    set_to = []
    monkeypatch.setattr(rank_threads, "_set", lambda path, count: set_to.append(count) or True)
    monkeypatch.setattr(rank_threads, "_libraries", lambda: ["openblas"])
    for name in rank_threads.NAMES:
        monkeypatch.delenv(name, raising=False)
    assert rank_threads.limit(3)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert not rank_threads.limit(2)
    assert set_to == [3]
