"""Where the files of a dataset are: in a folder of the user's, or fetched once and kept."""

import contextlib
import os
import time
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from ..errors import DatasetError, visible
from ..io.strangers import documented

_LARGEST = 1 << 31  # bytes of a download; the largest file of a dataset here has 1.3 GB
_SLOWEST = 20_000  # bytes a second, after the first `timeout`


def find(dataset, name, root, folders, urls=(), checksum=None, download=True, aliases=(), timeout=30):
    """The path of one file of a dataset.

    Parameters
    ----------
    dataset : str
        Whose file it is, for messages.
    name : str
        The file; `aliases` are other names, or patterns, under which it is good too.
    root : path or None
        Looked through first, then the folder in the environment variable MICROTORCH_DATA, then the user's cache.
    folders : tuple of str
        Where in these the file may lie; downloads go to the first.
    urls : tuple of str
        Addresses that have it, https.
    checksum : str, optional
        Of what is downloaded, as ``"sha256:..."``. A file that is there already is taken as it is.
    download : bool, default True
        Whether to fetch it.
    timeout : float, default 30
        The seconds in which the other side must answer, and in which each further piece must come.

    Returns
    -------
    Path

    Raises
    ------
    DatasetError
        If it is nowhere and cannot be had: one line that says where it was looked for and how to get it.
    """
    bases = [Path(base) for base in (root, os.environ.get("MICROTORCH_DATA")) if base]
    bases.append(_cache())
    shown = [visible(str(base)) for base in bases]
    with documented(DatasetError, f"{dataset}: {shown[0]} cannot be searched for {name} ({{}})."):
        bases = [base.expanduser() for base in bases]
        for base in bases:
            for folder in ("", *folders):
                for alias in (name, *aliases):
                    for path in sorted((base / folder).glob(alias)):
                        if path.is_file():  # not a folder, nor a pipe, which never ends
                            return path
    problem = "download=False" if not download else "there is no address to download it from"
    if download and urls:
        try:
            return _fetch(urls, checksum, bases[0] / folders[0], name, timeout)
        except _FetchFailed as error:
            problem = str(error)
    raise DatasetError(
        f"{dataset}: {name} is not in {', '.join(shown)} ({problem}). "
        f"Put it into {visible(str(bases[0] / folders[0]))}, or set MICROTORCH_DATA to the folder that has it"
        + (f"; it is at {urls[0]}." if urls else ".")
    )


@contextlib.contextmanager
def reading(dataset, path, problem="cannot be read"):
    """The file at `path`, open for reading bytes; whatever goes wrong inside is a DatasetError."""
    message = (
        f"{dataset}: {visible(str(path))} {problem} ({{}}). It was cut off, or written over, or is another file: "
        "delete it to have it downloaded again."
    )
    with documented(DatasetError, message), open(path, "rb") as file:
        yield file


class _FetchFailed(Exception):
    pass


def _fetch(urls, checksum, folder, name, timeout):
    """Download `name` into `folder`; it appears there only when it is whole and has the right checksum."""
    try:
        import pooch
    except ImportError:
        raise _FetchFailed("downloads need pooch: pip install 'microtorch[data]'") from None
    reasons = []
    for url in urls:
        try:
            if not _is_safe(url, url):
                raise OSError(f"{url} is not https")
            with _progress(timeout) as progress:
                downloader = pooch.HTTPDownloader(
                    progressbar=progress,
                    timeout=timeout,
                    headers={"Accept-Encoding": "identity"},
                    hooks={"response": _check},
                )
                return Path(pooch.retrieve(url, checksum, name, folder, downloader=downloader))
        except Exception as error:  # no connection, no such page, no room, wrong checksum, a server that lies
            reasons.append(_reason(error))
    raise _FetchFailed(f"downloading failed: {'; '.join(dict.fromkeys(reasons))}")


def _is_safe(url, first):
    """Whether `url`, to which the address `first` led, may be asked: nobody on the way can read or change it."""
    here = ("127.0.0.1", "::1", "localhost")
    parts, home = urlsplit(url), urlsplit(first)
    return parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in here and home.hostname == parts.hostname
    )


def _check(response, *args, **kwargs):
    """Refuse to be led away from https, and what a server packs once more: a few bytes unpack to gigabytes."""
    if (packed := response.headers.get("content-encoding", "identity")) != "identity":
        raise OSError(f"it was not asked for, and comes, as {visible(packed, 20)}")
    to = urljoin(response.url, response.headers.get("location", response.url))
    if not _is_safe(to, response.url):
        raise OSError(f"it leads to {visible(to, 80)}, which is not https")


def _progress(timeout):
    """A bar that shows how far a download is, and ends one that is too slow or too long."""
    from tqdm import tqdm

    class Progress(tqdm):
        came, over = 0, False

        def __bool__(self):  # a bar of unknown length is false, and pooch would leave it alone
            return True

        def reset(self, total=None):  # the end: pooch then says once more how much it was
            self.over = True
            super().reset(total)

        def update(self, n=1):
            self.came += n
            if not self.over and self.came > _LARGEST:
                raise OSError(f"more than {_LARGEST:,} bytes came")
            if not self.over and time.monotonic() - begin > timeout + self.came / _SLOWEST:
                raise OSError("it is too slow")
            return super().update(n)

    begin = time.monotonic()
    return Progress(ncols=79, unit="B", unit_scale=True, delay=0.5)


def _reason(error):
    """One line for an error of pooch's or of the network's, whose own texts run over many."""
    name = type(error).__name__
    if isinstance(error, ValueError) and "hash" in str(error):
        return "what arrived has another checksum"
    if "Timeout" in name:
        return "no answer in time"
    if "Connection" in name:
        return "no connection"
    return visible(" ".join(str(error).split()), 120) or name


def _cache():
    """The folder for files of the user's that can be fetched again."""
    if "XDG_CACHE_HOME" in os.environ:
        base = Path(os.environ["XDG_CACHE_HOME"])
    elif os.name == "nt":
        base = Path(os.environ.get("LOCALAPPDATA", "~"))
    else:
        base = Path("~/.cache")
    return base.expanduser() / "microtorch"
