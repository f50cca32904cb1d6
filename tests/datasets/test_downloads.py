"""Downloads from a server on this machine that is slow, cuts, lies, leads elsewhere or sends something else."""

import contextlib
import gzip
import hashlib
import http.server
import threading

import pytest

from microtorch.datasets import files
from microtorch.errors import DatasetError

pytest.importorskip("pooch")

CONTENT = bytes(range(256)) * 40
CHECKSUM = "sha256:" + hashlib.sha256(CONTENT).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers a path with what its name says."""

    def do_GET(self):
        self.server.asked.append(self.path)
        getattr(self, "say_" + self.path.strip("/").partition("/")[0])()

    def log_message(self, *args):
        pass

    def send(self, content=CONTENT, length=None, status=200, **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def say_whole(self):
        self.send()

    def say_other(self):
        self.send(b"<html>sign in here</html>")

    def say_missing(self):
        self.send(b"no such page", status=404)

    def say_stall(self):
        self.send(CONTENT[:100], length=len(CONTENT))
        self.wfile.flush()
        self.server.over.wait(20)

    def say_silence(self):
        self.server.over.wait(20)

    def say_cut(self):
        self.send(CONTENT[:5000], length=len(CONTENT))

    def say_shorter(self):  # the rest comes, but the length says it does not belong to it
        self.send(length=100)

    def say_longer(self):
        self.send(CONTENT + b"more")

    def say_moved(self):
        self.send(b"", status=302, Location="/whole")

    def say_to_http(self):
        self.send(b"", status=302, Location="http://example.org/whole")

    def say_to_file(self):
        self.send(b"", status=302, Location="file:///etc/hostname")

    def say_round(self):
        self.send(b"", status=302, Location="/round")

    def say_bomb(self):
        self.send(gzip.compress(bytes(5_000_000)), Content_Encoding="gzip")

    def say_endless(self):
        with contextlib.suppress(OSError):  # the other side has gone
            self.send(bytes(5_000_000), length=1 << 40)

    def say_badlength(self):
        self.send_response(200)
        self.send_header("Content-Length", "many")
        self.end_headers()
        self.wfile.write(CONTENT)


@pytest.fixture
def server(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.delenv("MICROTORCH_DATA", raising=False)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.asked, server.over = True, [], threading.Event()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.over.set()
    server.shutdown()
    thread.join()
    server.server_close()


def fetch(server, tmp_path, *kinds, timeout=5):
    urls = tuple(f"http://127.0.0.1:{server.server_port}/{kind}" for kind in kinds)
    return files.find("SET", "file.bin", tmp_path / "root", ("set",), urls, CHECKSUM, timeout=timeout)


def left(tmp_path):
    return [path for path in (tmp_path / "root").rglob("*") if path.is_file()]


@pytest.mark.parametrize("kinds", [["whole"], ["moved"], ["cut", "missing", "other", "whole"]])
def test_a_whole_file_is_kept_and_not_asked_for_again(server, tmp_path, kinds):
    path = fetch(server, tmp_path, *kinds)
    assert path.read_bytes() == CONTENT
    assert left(tmp_path) == [path]
    asked = len(server.asked)
    assert fetch(server, tmp_path, *kinds) == path
    assert len(server.asked) == asked


@pytest.mark.parametrize(
    "kind, told, timeout",
    [
        ("other", "another checksum", 5),
        ("missing", "404", 5),
        ("stall", "no answer in time|timed out|no connection", 0.2),
        ("silence", "no answer in time", 0.2),
        ("cut", "IncompleteRead|Connection broken|another checksum", 5),
        ("shorter", "another checksum", 5),
        ("longer", "another checksum", 5),
        ("to_http", "leads to http://example.org/whole, which is not https", 5),
        ("to_file", "leads to file:///etc/hostname, which is not https", 5),
        ("round", "redirects", 5),
        ("bomb", "comes, as gzip", 5),
        ("badlength", "downloading failed", 5),
    ],
)
def test_what_is_not_the_file_is_never_kept(server, tmp_path, kind, told, timeout):
    with pytest.raises(DatasetError, match=told) as caught:
        fetch(server, tmp_path, kind, timeout=timeout)
    assert "\n" not in str(caught.value)
    assert left(tmp_path) == []


def test_a_download_without_end_is_ended(server, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_LARGEST", 100_000)
    with pytest.raises(DatasetError, match="more than 100,000 bytes came"):
        fetch(server, tmp_path, "endless")
    assert left(tmp_path) == []


def test_a_file_that_a_kill_left_half_is_not_taken_for_the_file(server, tmp_path):
    (tmp_path / "root" / "set").mkdir(parents=True)
    (tmp_path / "root" / "set" / "tmp0a1b2c").write_bytes(CONTENT[:1000])
    assert fetch(server, tmp_path, "whole").read_bytes() == CONTENT


@pytest.mark.parametrize("url", ["http://example.org/file.bin", "file:///etc/hostname", "ftp://example.org/file.bin"])
def test_only_https_is_asked(tmp_path, monkeypatch, url):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("socket.getaddrinfo", lambda *_: pytest.fail("it was asked"))
    with pytest.raises(DatasetError, match="is not https"):
        files.find("SET", "file.bin", tmp_path / "root", ("set",), (url,), CHECKSUM)


def test_the_sets_are_asked_for_by_https_and_sha256(tmp_path, monkeypatch):
    from microtorch.datasets import CIFAR10, MNIST, SVHN, FashionMNIST

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    asked = []

    def note(urls, checksum, folder, name, timeout):
        asked.append((urls, checksum, timeout))
        raise files._FetchFailed("noted")

    monkeypatch.setattr(files, "_fetch", note)
    for make in (MNIST, FashionMNIST, CIFAR10, SVHN):
        with pytest.raises(DatasetError, match="noted"):
            make(tmp_path / "empty", timeout=7)
    assert len(asked) == 4
    for urls, checksum, timeout in asked:
        assert all(url.startswith("https://") for url in urls)
        assert checksum.startswith("sha256:")
        assert len(checksum) == 71
        assert timeout == 7
