"""Where the files of a dataset are: in a folder of the user's, or fetched once and kept."""

import os
from pathlib import Path

from ..errors import DatasetError


def find(dataset, name, root, folders, urls=(), checksum=None, download=True, aliases=()):
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
        Addresses that have it.
    checksum : str, optional
        Of what is downloaded, as ``"md5:..."``. A file that is there already is taken as it is.
    download : bool, default True
        Whether to fetch it.

    Returns
    -------
    Path

    Raises
    ------
    DatasetError
        If it is nowhere and cannot be had: one line that says where it was looked for and how to get it.
    """
    bases = [Path(base).expanduser() for base in (root, os.environ.get("MICROTORCH_DATA")) if base]
    bases.append(_cache())
    for base in bases:
        for folder in ("", *folders):
            for alias in (name, *aliases):
                for path in sorted((base / folder).glob(alias)):
                    return path
    problem = "download=False" if not download else "there is no address to download it from"
    if download and urls:
        try:
            return _fetch(urls, checksum, bases[0] / folders[0], name)
        except _FetchFailed as error:
            problem = str(error)
    raise DatasetError(
        f"{dataset}: {name} is not in {', '.join(map(str, bases))} ({problem}). "
        f"Put it into {bases[0] / folders[0]}, or set MICROTORCH_DATA to the folder that has it"
        + (f"; it is at {urls[0]}." if urls else ".")
    )


class _FetchFailed(Exception):
    pass


def _fetch(urls, checksum, folder, name):
    """Download `name` into `folder`; it appears there only when it is whole and has the right checksum."""
    try:
        import pooch
    except ImportError:
        raise _FetchFailed("downloads need pooch: pip install 'microtorch[data]'") from None
    reasons = []
    for url in urls:
        try:
            return Path(pooch.retrieve(url, checksum, name, folder, progressbar=True))
        except (OSError, ValueError) as error:  # no connection, no such page, no room, wrong checksum
            reasons.append(_reason(error))
    raise _FetchFailed(f"downloading failed: {'; '.join(dict.fromkeys(reasons))}")


def _reason(error):
    """One line for an error of pooch's or of the network's, whose own texts run over many."""
    if isinstance(error, ValueError):
        return "what arrived has another checksum"
    name = type(error).__name__
    if "Connection" in name or "Timeout" in name:
        return "no connection"
    return " ".join(str(error).split())[:120] or name


def _cache():
    """The folder for files of the user's that can be fetched again."""
    if "XDG_CACHE_HOME" in os.environ:
        base = Path(os.environ["XDG_CACHE_HOME"])
    elif os.name == "nt":
        base = Path(os.environ.get("LOCALAPPDATA", "~"))
    else:
        base = Path("~/.cache")
    return base.expanduser() / "microtorch"
