"""Everything the package writes is written beside its place and then moved there: whole, or not at all."""

import ast
import os
import pathlib
import stat
import subprocess
import sys
import threading
import time
import warnings

import numpy as np
import pytest

import microtorch
from microtorch import nn, viz
from microtorch.io import load, load_npz, safetensors, save, save_npz
from microtorch.io.files import _DAY, save_figure
from microtorch.train import History, Table

PACKAGE = pathlib.Path(microtorch.__file__).parent

# Names of calls that write, but for `open`, of which the mode says it.
WRITERS = {
    *("write_text", "write_bytes", "savefig", "savez", "savez_compressed", "savetxt", "tofile"),
    *("copyfile", "copy", "copy2", "copytree", "move", "rename", "renames", "replace", "mkstemp", "NamedTemporaryFile"),
    *("urlretrieve", "memmap", "serialize_file", "save_file", "imsave", "touch", "symlink", "link"),
}
# Of these names there are others, which write nothing: of texts and arrays.
OF_PATHS = {
    "replace": ("os", "temporary"),
    "copy": ("shutil",),
    "rename": ("os",),
    "move": ("shutil",),
    "link": ("os",),
}
MODULES = ("gzip", "bz2", "lzma", "io", "tarfile", "zipfile", "codecs", "webbrowser")
ALLOWED = {
    "io/npz.py": "it opens members of an archive to read them",
    "io/tree.py": "what comes from a file object is laid into a folder of its own for the time of reading",
    "io/files.py": "it is the one way",
    "io/torch_files.py": "it opens members of an archive to read them",
    "distributed/group.py": "the number of a process, into a folder that the launcher made for these files alone",
    "exercises/worker.py": "it takes the null device for its input",
    "train/ranks.py": "a copy of a state, in a temporary folder of its own",
    "kernels/_cache.py": "kernels import nothing of the package; it moves its files, too, which only their user reads",
}


def _writes(call):
    """Whether `call` may write a file, and the expression that says which."""
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    owner = ast.unparse(function.value) if isinstance(function, ast.Attribute) else ""
    if name == "open":
        # The mode of a path's own method comes first, else second; os.open has numbers instead.
        first = bool(owner) and owner not in MODULES and len(call.args) < 2
        modes = [*(call.args[:1] if first else call.args[1:2]), *(k.value for k in call.keywords if k.arg == "mode")]
        read = [isinstance(m, ast.Constant) and not set("wax+") & set(str(m.value)) for m in modes]
        return owner == "os" or not all(read)
    if name == "ZipFile":
        return any("w" in text.value for text in call.args[1:2] if isinstance(text, ast.Constant))
    if name == "save_file":
        return owner.endswith("numpy")  # the library's, not ours
    return name in WRITERS and (name not in OF_PATHS or owner in OF_PATHS[name])


def _strays(tree):
    """The calls that write something else than what a ``with replacing(...) as name`` around them has given."""
    found = []

    def visit(node, names):
        if isinstance(node, ast.With):
            for item in node.items:
                visit(item.context_expr, names)
                called = ast.unparse(getattr(item.context_expr, "func", item.context_expr))
                inside = {n.id for n in ast.walk(item.context_expr) if isinstance(n, ast.Name)}
                if item.optional_vars is not None and (called == "replacing" or inside & names):
                    names = names | {ast.unparse(item.optional_vars)}
            for child in node.body:
                visit(child, names)
            return
        used = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        if isinstance(node, ast.Call) and _writes(node) and not used & names:
            found.append(f"line {node.lineno}: {ast.unparse(node)}")
        for child in ast.iter_child_nodes(node):
            visit(child, names)

    visit(tree, set())
    return found


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_is_written_in_another_way(path):
    if path.relative_to(PACKAGE).as_posix() not in ALLOWED:
        assert not _strays(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "code, strays",
    [
        ("open(p, 'w')", 1),
        ("open(p, mode='ab')", 1),
        ("open(p, m)", 1),
        ("open(p)", 0),
        ("open(p, 'rb')", 0),
        ("p.open('w')", 1),
        ("p.open()", 0),
        ("p.write_text('x')", 1),
        ("os.open(p, f)", 1),
        ("os.replace(a, b)", 1),
        ("'a'.replace('a', 'b')", 0),
        ("shutil.copyfile(a, b)", 1),
        ("figure.savefig(p)", 1),
        ("np.savez(p)", 1),
        ("tarfile.open(p)", 0),
        ("tarfile.open(p, 'w')", 1),
        ("archive.open(f'{n}.npy', 'w')", 1),
        ("zipfile.ZipFile(p, 'w')", 1),
        ("safetensors.numpy.save_file(a, p)", 1),
        ("with replacing(p) as t, open(t, 'w') as f: f.write('x')", 0),
        ("with replacing(p) as t:\n open(p, 'w')", 1),
        ("with replacing(p) as t: t.write_bytes(b'')", 0),
        ("with replacing(p) as t: pass\nt.write_bytes(b'')", 1),
    ],
)
def test_the_search_finds_what_it_should(code, strays):
    assert len(_strays(ast.parse(code))) == strays


# -- one file ----------------------------------------------------------------------------------------------------------


def _picture():
    w = microtorch.tensor([1.0], requires_grad=True)
    return viz.draw(w * w)


def _figure(path):
    pytest.importorskip("matplotlib")
    History().plot(path)


def _explore(path):
    w = microtorch.tensor([1.0], requires_grad=True)
    viz.explore((w * w).sum(), path)


WRITES = {
    "tree": lambda path: save({"a": 1}, path),
    "safetensors": lambda path: safetensors.save_file({"a": np.ones(3)}, path),
    "npz": lambda path: save_npz({"a": np.ones(3)}, path),
    "table.csv": lambda path: Table({"a": [1, 2]}).to_csv(path),
    "table.jsonl": lambda path: Table({"a": [1, 2]}).to_jsonl(path),
    "table.npz": lambda path: Table({"a": [1, 2]}).to_npz(path),
    "history.npz": lambda path: History().to_npz(path),
    "figure.png": _figure,
    "figure.svg": _figure,
    "graph.dot": lambda path: _picture().save(path),
    "page.html": _explore,
}  # fmt: skip


@pytest.mark.parametrize("name", WRITES)
def test_a_failed_write_leaves_what_was_there(tmp_path, monkeypatch, name):
    path = tmp_path / name
    path.write_bytes(b"before")
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        WRITES[name](path)
    assert path.read_bytes() == b"before"
    assert os.listdir(tmp_path) == [name]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is full")
@pytest.mark.parametrize("name", WRITES)
def test_a_full_disk_is_an_oserror_and_devices_are_not_replaced(tmp_path, name):
    """/dev/full answers every write as a full disk does."""
    (tmp_path / name).symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space"):
        WRITES[name](tmp_path / name)
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("name", WRITES)
def test_it_is_written_through_a_link_with_the_permissions_that_were_there(tmp_path, name):
    (tmp_path / "there").write_bytes(b"before")
    os.chmod(tmp_path / "there", 0o640)
    os.symlink("there", tmp_path / name)
    WRITES[name](tmp_path / name)
    assert os.readlink(tmp_path / name) == "there"
    assert (tmp_path / "there").read_bytes() != b"before"
    assert stat.S_IMODE((tmp_path / "there").stat().st_mode) == 0o640


@pytest.mark.parametrize("name", WRITES)
def test_folders_are_made_and_a_folder_is_no_file(tmp_path, name):
    WRITES[name](tmp_path / "new" / "deeper" / name)
    assert os.listdir(tmp_path / "new" / "deeper") == [name]
    (tmp_path / name).mkdir()
    with pytest.raises(IsADirectoryError, match="Name a file"):
        WRITES[name](tmp_path / name)


def test_names_of_any_length(tmp_path):
    for name in ("a" * 255, "ä" * 127, ".hidden", "with space"):
        save({"a": name}, tmp_path / name)
        assert load(tmp_path / name) == {"a": name}
    assert len(os.listdir(tmp_path)) == 4


def test_only_old_leftovers_are_removed(tmp_path):
    old = [".step-1.safetensors.0123456789abcdef.tmp", ".x.0123456789abcdef.tmp"]
    new, foreign = ".file.0123456789abcdef.tmp", [".vim.tmp", "notes.tmp", ".x.0123456789abcdeg.tmp"]
    for name in (*old, new, *foreign):
        (tmp_path / name).write_text("half")
        if name != new:
            os.utime(tmp_path / name, (time.time() - _DAY - 60,) * 2)
    save({"a": 1}, tmp_path / "file")
    assert sorted(os.listdir(tmp_path)) == sorted([new, "file", *foreign])


def test_a_figure_without_an_ending_is_a_png(tmp_path):
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    save_figure(Figure(), tmp_path / "picture")
    assert (tmp_path / "picture.png").read_bytes()[1:4] == b"PNG"


# -- several writers ---------------------------------------------------------------------------------------------------


def test_threads_and_readers_on_one_path(tmp_path):
    """Each of four writers ends, and whoever reads meanwhile finds one of their files, whole."""
    path, seen, done = tmp_path / "state", [], threading.Event()
    states = [{"w": np.full(2000, i, np.float32), "i": i} for i in range(4)]
    save(states[0], path)

    def write(state):
        for _ in range(25):
            save(state, path)

    def read():
        while not done.is_set():
            state = load(path)
            seen.append(bool((state["w"] == state["i"]).all()))

    writers = [threading.Thread(target=write, args=(state,)) for state in states]
    reader = threading.Thread(target=read)
    failures = []
    threading.excepthook, before = lambda args: failures.append(args.exc_value), threading.excepthook
    try:
        for thread in (*writers, reader):
            thread.start()
        for thread in writers:
            thread.join()
        done.set()
        reader.join()
    finally:
        threading.excepthook = before
    assert not failures
    assert seen
    assert all(seen)
    assert os.listdir(tmp_path) == ["state"]


WRITER = """
import sys, numpy as np
from microtorch.io import load, save
i, path = int(sys.argv[1]), sys.argv[2]
for _ in range(20):
    save({"w": np.full(2000, i), "i": i}, path)
    state = load(path)
    assert (state["w"] == state["i"]).all()
"""


def test_processes_on_one_path(tmp_path):
    command = [sys.executable, "-c", WRITER]
    running = [
        subprocess.Popen([*command, str(i), tmp_path / "state"], stderr=subprocess.PIPE, text=True) for i in range(2)
    ]
    for process in running:
        error = process.communicate()[1]
        assert process.returncode == 0, error
    assert os.listdir(tmp_path) == ["state"]


# -- the format --------------------------------------------------------------------------------------------------------


def test_the_library_reads_what_is_written_here(tmp_path):
    import safetensors.numpy as library

    given = {
        "b": np.arange(3, dtype=np.uint8),
        "ä": np.ones((2, 0)),
        "w": np.float32(2) * np.ones((2, 3), np.float32).T,
    }
    given |= {"scalar": np.array(5), "flag": np.array([True, False])}
    safetensors.save_file(given, tmp_path / "file", {"about": "ü" * 3})
    found = library.load_file(tmp_path / "file")
    assert sorted(found) == sorted(given)
    for name, array in given.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].shape == array.shape
    assert safetensors.load_metadata(tmp_path / "file") == {"about": "ü" * 3}
    safetensors.save_file({}, tmp_path / "file")
    assert safetensors.load_file(tmp_path / "file") == {}
    with pytest.raises(TypeError, match="metadata are strings"):
        safetensors.save_file({}, tmp_path / "file", {"step": 3})


def test_npz_and_trees_after_all_this(tmp_path):
    model = nn.Linear(3, 2)
    save_npz(model.state_dict(), tmp_path / "file")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.load_state_dict(load_npz(tmp_path / "file"))
