"""The page of one or several recorded trainings."""

from importlib import resources

from ...errors import visible
from ...io.files import replacing
from ..page import explore
from ..page.places import lay_out_alike

__all__ = ["compare", "html", "write"]


def html(recordings, live=None):
    """The page of some recordings; with `live`, its choices, a page that asks `microtorch play` for a running one."""
    files, colours = resources.files(__package__) / "web", resources.files(explore.__package__) / "web" / "theme.css"
    names = ["training.html", "training.css", "charts.js", "training.js"] + ["live.js"] * (live is not None)
    page, style, *scripts = [(files / name).read_text("utf-8") for name in names]
    if live is not None:
        page = page.replace("img-src data:", "img-src data:; connect-src 'self'")
    page = page.replace("/*STYLE*/", colours.read_text("utf-8") + style).replace("/*SCRIPT*/", "".join(scripts))
    data = {"trainings": [r.data() for r in recordings], "live": live}
    lay_out_alike([step for t in data["trainings"] for step in t["entered"].values() if step["size"] is None])
    data["entering"] = explore.template() if live is not None or any(t["entered"] for t in data["trainings"]) else ""
    return explore.filled(page, visible(" · ".join(r.title for r in recordings) or "play", 120), data)


def write(recordings, path):
    """Write the page of some recordings."""
    with replacing(path) as temporary:
        temporary.write_text(html(recordings), encoding="utf-8")


def compare(recordings, path):
    """Write a page on which recorded trainings run side by side, in step.

    Parameters
    ----------
    recordings : dict of str to Recording, or sequence of Recording
        What `record` gave, each after its training; the names of a dict are the titles.
    path : str or path-like
        The .html file to write.

    Raises
    ------
    ValueError
        If there is none, or one of them has recorded nothing.

    Examples
    --------
    >>> from microtorch import viz
    >>> viz.compare({"SGD": first, "Adam": second}, "compared.html")  # doctest: +SKIP
    """
    if isinstance(recordings, dict):
        for title, recording in recordings.items():
            recording.title = title
        recordings = list(recordings.values())
    empty = [r.title for r in recordings if not r.steps]
    if not recordings or empty:
        what = f"{', '.join(empty)} recorded no step" if empty else "there is no recording"
        raise ValueError(f"compare: {what}. Pass what viz.record gave, after a training.")
    write(recordings, path)
