"""Where compiled kernels are kept: nothing of another's runs, what is damaged is compiled anew, and many may write."""

import hashlib
import os
import pathlib
import pickle
import stat
import subprocess
import sys
import threading
import time
import warnings

import numba
import numpy as np
import pytest

from microtorch.kernels import _cache, _jit
from microtorch.kernels._cache import Cache, find_folder

POSIX = pytest.mark.skipif(os.name != "posix", reason="owners and modes are POSIX's")
ROOT = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
OTHER = 65534


def halved(x):
    return x / 2


def kept(folder, function=halved):
    """A new kernel that knows nothing but what `folder` holds."""
    kernel = numba.njit(function)
    kernel._cache = Cache(str(folder), function)
    return kernel


def hits(kernel):
    return sum(kernel.stats.cache_hits.values())


class Planted:
    """A pickle that makes a file when it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "kept").mkdir(mode=0o700)
    return tmp_path / "kept"


def test_a_kernel_is_kept_by_its_types(folder):
    assert kept(folder)(3.0) == 1.5
    assert kept(folder)(np.float32(3)) == 1.5
    files = sorted(folder.iterdir())
    assert len(files) == 2
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} <= {0o600, 0o666}
    for argument in (3.0, np.float32(3)):
        kernel = kept(folder)
        assert kernel(argument) == 1.5
        assert hits(kernel) == 1
    assert sorted(folder.iterdir()) == files


def damages():
    """By name: what becomes of the bytes of a kept kernel."""
    found = {
        f"cut at {at:.0%}": lambda whole, at=at: whole[: int(at * len(whole))] for at in (0, 0.001, 0.3, 0.9, 0.999)
    }
    found["garbage"] = lambda whole: os.urandom(len(whole))
    found["another pickle"] = lambda whole: pickle.dumps(3)
    found["another pickle, with its sum"] = lambda whole: hashlib.sha256(pickle.dumps(3)).digest() + pickle.dumps(3)
    for at in (0.0, 0.1, 0.5, 0.99):

        def changed(whole, at=at):
            index = int(at * len(whole))
            return whole[:index] + bytes([whole[index] ^ 1]) + whole[index + 1 :]

        found[f"one bit at {at:.0%}"] = changed
    return found


@pytest.mark.parametrize("damage", damages())
def test_a_damaged_file_is_compiled_anew(folder, damage):
    kept(folder)(3.0)
    (path,) = folder.iterdir()
    path.write_bytes(damages()[damage](path.read_bytes()))
    kernel = kept(folder)
    assert kernel(3.0) == 1.5
    assert hits(kernel) == 0
    again = kept(folder)
    assert again(3.0) == 1.5
    assert hits(again) == 1  # it is whole again


def plant(path, mark):
    """Put a pickle in the place of a kept kernel, with the sum that belongs to it."""
    content = pickle.dumps(Planted(mark))
    path.write_bytes(hashlib.sha256(content).digest() + content)


@POSIX
@pytest.mark.parametrize("how", ["mode", "link", pytest.param("owner", marks=ROOT), "pipe", "folder"])
def test_a_planted_file_is_not_read(folder, tmp_path, how):
    kept(folder)(3.0)
    (path,) = folder.iterdir()
    mark = tmp_path / "it ran"
    if how in ("pipe", "folder"):
        path.unlink()
        os.mkfifo(path) if how == "pipe" else path.mkdir()
    elif how == "link":
        plant(tmp_path / "elsewhere", mark)
        path.unlink()
        path.symlink_to(tmp_path / "elsewhere")
    else:
        plant(path, mark)
        os.chmod(path, 0o666 if how == "mode" else 0o644)
        os.chown(path, OTHER if how == "owner" else -1, -1)
    assert kept(folder)(3.0) == 1.5
    assert not mark.exists()
    if how != "folder":
        again = kept(folder)
        assert again(3.0) == 1.5
        assert hits(again) == 1  # its place was taken


def test_where_nothing_can_be_written_kernels_work(folder, monkeypatch):
    monkeypatch.setattr("tempfile.mkstemp", lambda *a: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    assert kept(folder)(3.0) == 1.5
    assert not list(folder.iterdir())


def test_a_failed_write_leaves_nothing(folder, monkeypatch):
    monkeypatch.setattr("os.replace", lambda *a: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    assert kept(folder)(3.0) == 1.5
    assert not list(folder.iterdir())


def test_a_function_without_a_file_is_not_kept():
    names = {}
    exec(compile("def thirds(x):\n    return x / 3\n", "<typed in>", "exec"), names)
    assert _jit.jit(names["thirds"])(3.0) == 1.0


# -- the folder --------------------------------------------------------------------------------------------------------


@pytest.fixture
def places(tmp_path, monkeypatch):
    """The three places, each in a folder of its own: by name, the folder to make it in."""
    found = {name: tmp_path / name for name in ("numba", "cache", "temporary")}
    for path in found.values():
        path.mkdir(mode=0o700)
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(found["cache"]))
    monkeypatch.setattr("tempfile.tempdir", str(found["temporary"]))
    return found


def find():
    return find_folder.__wrapped__("kernels-0")


def own(places):
    user = os.geteuid() if hasattr(os, "geteuid") else "own"
    return os.path.join(places["temporary"], f"microtorch-{user}", "kernels-0")


def test_the_places_in_their_order(places, monkeypatch):
    expected = [places["cache"] / "microtorch" / "kernels-0", places["numba"] / "kernels-0"]
    assert find() == str(expected[0])
    assert find() == str(expected[0])  # also where it is there
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(places["numba"]))
    assert find() == str(expected[1])
    if os.name == "posix":
        assert [stat.S_IMODE(path.stat().st_mode) for path in expected] == [0o700] * 2
        assert stat.S_IMODE(expected[0].parent.stat().st_mode) == 0o700


def test_without_a_home_there_are_the_temporary_files(places, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/is/ignored")
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    assert find() == own(places)


@pytest.mark.parametrize("place", ["cache", "numba"])
def test_what_cannot_be_made_is_passed_over_without_a_word(places, monkeypatch, place):
    (places[place] / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME" if place == "cache" else "NUMBA_CACHE_DIR", str(places[place] / "file" / "x"))
    assert find() == (own(places) if place == "cache" else str(places["cache"] / "microtorch" / "kernels-0"))


def test_nowhere_at_all(places, monkeypatch):
    monkeypatch.setattr("os.makedirs", lambda *a, **k: (_ for _ in ()).throw(PermissionError("read-only")))
    assert find() is None


# Of each place what is looked at, and how it can be unsafe; the base may be a link.
PARTS = {"numba": ["base", "kernels"], "cache": ["base", "microtorch", "kernels"]}
PARTS["temporary"] = PARTS["cache"]
SPOILS = ["writable by all", "writable by the group", "another's", "link"]
UNSAFE = [
    pytest.param(place, part, spoil, marks=ROOT if spoil == "another's" else ())
    for place, parts in PARTS.items()
    for part in parts
    for spoil in SPOILS[: -1 if part == "base" else None]
]


@POSIX
@pytest.mark.parametrize("place, part, spoil", UNSAFE)
def test_a_folder_that_others_can_write_is_not_used_and_this_is_said(places, monkeypatch, tmp_path, place, part, spoil):
    if place == "numba":
        monkeypatch.setenv("NUMBA_CACHE_DIR", str(places["numba"]))
        parts = {"base": places["numba"], "kernels": places["numba"] / "kernels-0"}
        otherwise = str(places["cache"] / "microtorch" / "kernels-0")
    elif place == "cache":
        parts = {"base": places["cache"], "microtorch": places["cache"] / "microtorch"}
        parts["kernels"], otherwise = parts["microtorch"] / "kernels-0", own(places)
    else:
        monkeypatch.setenv("XDG_CACHE_HOME", "/proc/none")
        parts = {
            "base": places["temporary"],
            "kernels": pathlib.Path(own(places)),
            "microtorch": pathlib.Path(own(places)).parent,
        }
        otherwise = None
    path = parts[part]
    path.mkdir(parents=True, exist_ok=True)
    if spoil == "link":
        path.rmdir()
        (tmp_path / "elsewhere").mkdir()
        path.symlink_to(tmp_path / "elsewhere")
    elif spoil == "another's":
        os.chown(path, OTHER, -1)
    else:
        os.chmod(path, 0o777 if spoil == "writable by all" else 0o770)
    with pytest.warns(UserWarning, match=str(path)) as caught:
        assert find() == otherwise
    assert len(caught) == 1


@POSIX
def test_it_is_said_once(places):
    os.chmod(places["cache"], 0o777)
    find_folder.cache_clear()
    try:
        with pytest.warns(UserWarning, match="chmod go-w"):
            found = find_folder("kernels-0")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert find_folder("kernels-0") == found
    finally:
        find_folder.cache_clear()


@POSIX
def test_the_base_may_be_a_link_and_the_temporary_folder_of_all(places, monkeypatch, tmp_path):
    (tmp_path / "link").symlink_to(places["cache"])
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "link"))
    assert find() == str(tmp_path / "link" / "microtorch" / "kernels-0")
    os.chmod(places["numba"], 0o1777)  # as /tmp
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(places["numba"]))
    assert find() == str(places["numba"] / "kernels-0")


def test_old_temporary_files_are_removed_and_new_ones_are_another_process_s(places):
    folder = pathlib.Path(find())
    old, new, other = folder / "exp.abc.tmp", folder / "exp.abd.tmp", folder / "exp.nbc"
    for path in (old, new, other):
        path.write_text("half")
    for path in (old, other):
        os.utime(path, (time.time() - 2 * _cache._DAY,) * 2)
    find()
    assert sorted(folder.iterdir()) == sorted([new, other])


# -- many at once ------------------------------------------------------------------------------------------------------


def test_threads_get_one_kernel_and_numba_s_settings_stay():
    before, barrier, found = numba.config.CACHE_DIR, threading.Barrier(4), []

    def double(x):
        return 2 * x

    kernel = _jit.jit(double)

    def use():
        barrier.wait()
        found.append((kernel(21.0), id(kernel.compiled())))

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) == {(42.0, id(kernel.compiled()))}
    assert kernel.compiled()._cache.cache_path == _jit._cache_directory()
    assert before == numba.config.CACHE_DIR


USE = """
import sys, numpy as np, numba
sys.path.insert(0, sys.argv[2])
from test_kernel_cache import halved, kept
types = [np.float64, np.float32, np.int64, np.int32, np.uint8]
order = int(sys.argv[3])
for kind in types[order:] + types[:order]:
    assert kept(sys.argv[1])(kind(3)) == 1.5, kind
"""


def test_processes_that_fill_it_at_once(folder):
    command = [sys.executable, "-c", USE, str(folder), os.path.dirname(__file__)]
    running = [subprocess.Popen([*command, str(i)], stderr=subprocess.PIPE, text=True) for i in range(4)]
    for process in running:
        error = process.communicate()[1]
        assert process.returncode == 0, error
    assert len(list(folder.iterdir())) == 5
    for kind in (np.float64, np.float32, np.int64, np.int32, np.uint8):
        kernel = kept(folder)
        assert kernel(kind(3)) == 1.5
        assert hits(kernel) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks")
def test_forks_while_another_thread_compiles(folder):
    """A lock that the other thread held would be held in the child for ever."""
    inside, go_on = threading.Event(), threading.Event()

    class Slow(Cache):
        def load_overload(self, sig, target_context):  # called in the middle of a compilation
            inside.set()
            go_on.wait(0.05)  # nothing depends on how long: the fork comes in between, or after

    kernel = numba.njit(halved)
    kernel._cache = Slow(str(folder), halved)
    thread = threading.Thread(target=kernel, args=(3.0,))
    thread.start()
    inside.wait()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python warns of forks beside threads
        child = os.fork()
    if child == 0:
        os._exit(0 if kept(folder)(np.float32(3)) == 1.5 else 1)
    go_on.set()
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


FORK = """
import os, signal, threading, warnings
import numpy as np
warnings.simplefilter("ignore")  # Python warns of forks beside threads
from microtorch.kernels.nn import relu as activation

def use(kind):
    x = np.linspace(-2, 2, 64).astype(kind)
    y = np.empty_like(x)
    activation.relu(x, y)
    assert (y == np.maximum(x, 0)).all()

thread = threading.Thread(target=use, args=(np.float32,))
thread.start()
child = os.fork()
if child == 0:
    signal.alarm(120)  # a child that waits for ever ends here
    use(np.float64)
    os._exit(0)
thread.join()
assert os.waitpid(child, 0)[1] == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks")
def test_a_fork_while_another_thread_uses_the_first_kernel(tmp_path):
    env = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    found = subprocess.run([sys.executable, "-c", FORK], env=env, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
