"""What of PyTorch's names is here: writes `pytorch-names.md` from both packages. Needs PyTorch: python docs/compare.py

A test of `make oracle` checks that the file is current.
"""

import importlib
import inspect
import re
import sys
import warnings
from pathlib import Path

FILE = Path(__file__).with_name("pytorch-names.md")

# PyTorch's namespace, ours, and the heading.
NAMESPACES = [
    ("torch", "microtorch", "Functions"),
    ("torch.Tensor", "microtorch.Tensor", "Tensor methods and properties"),
    ("torch.nn", "microtorch.nn", "Modules"),
    ("torch.nn.functional", "microtorch.nn.functional", "Functions of networks"),
    ("torch.nn.init", "microtorch.nn.init", "Initial values"),
    ("torch.nn.utils", "microtorch.nn.utils", "nn.utils"),
    ("torch.optim", "microtorch.optim", "Optimizers"),
    ("torch.optim.lr_scheduler", "microtorch.optim.lr_scheduler", "Schedules"),
    ("torch.optim.swa_utils", "microtorch.optim.swa_utils", "Averages of parameters"),
    ("torch.autograd", "microtorch.autograd", "Autograd"),
    ("torch.autograd.functional", "microtorch.autograd.functional", "autograd.functional"),
    ("torch.utils.data", "microtorch.data", "Data"),
    ("torch.distributions", "microtorch.distributions", "Distributions"),
    ("torch.func", "microtorch.func", "func"),
    ("torch.nn.utils.parametrize", "microtorch.nn.utils.parametrize", "nn.utils.parametrize"),
    ("torch.nn.utils.parametrizations", "microtorch.nn.utils.parametrizations", "nn.utils.parametrizations"),
    ("torch.special", "microtorch.special", "special"),
    ("torch.amp", "microtorch.pytorch.amp", "amp"),
    ("torch.nn.utils.prune", "microtorch.nn.utils.prune", "nn.utils.prune"),
]

# Arguments that say where or how to compute, not what; the page says so once.
NOT_COUNTED = {
    "self", "input", "args", "kwargs", "out", "device", "layout", "pin_memory", "memory_format", "names", "async",
    "non_blocking", "foreach", "fused", "capturable", "differentiable", "size_average", "reduce", "_stacklevel",
}  # fmt: skip


def find(path):
    """A module or class by its dotted path; None if there is none."""
    parts = path.split(".")
    for n in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:n]))
        except ImportError:
            continue
        for name in parts[n:]:
            found = getattr(found, name, None)
        return found
    return None


def names_of(theirs):
    """The public functions, classes, methods and properties of PyTorch's namespace."""
    found = {}
    for name in sorted(dir(theirs)):
        if name.startswith("_"):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            thing = getattr(theirs, name, None)
        module = getattr(thing, "__module__", None) or "torch"
        if inspect.ismodule(thing) or not module.startswith("torch") or (name.isupper() and len(name) > 9):
            continue
        property_ = inspect.isclass(theirs) and (isinstance(thing, property) or inspect.isgetsetdescriptor(thing))
        if property_ or (callable(thing) and _belongs(theirs, name, thing)):
            found[name] = thing
    return found


def _belongs(theirs, name, thing):
    """Whether a name is a namespace's own, not one that its source happens to import."""
    if name in getattr(theirs, "__all__", ()):
        return True
    if inspect.isclass(theirs):
        return True
    if theirs.__name__ == "torch":
        return inspect.isbuiltin(thing) or getattr(thing, "__module__", "") == "torch.functional"
    return not hasattr(theirs, "__all__") and (getattr(thing, "__module__", "") or "").startswith(theirs.__name__)


def arguments(thing):
    """The names of the arguments, of a signature or of the lines of a docstring that show one; None if unknown."""
    try:
        parameters = inspect.signature(thing).parameters.values()
    except (TypeError, ValueError):
        text = inspect.getdoc(thing) or ""
        shown = re.match(r"(?:torch\.)?\w+\((.*?)\)\s*(?:->|\n|$)", text)
        if shown is None:
            return None
        pieces = re.sub(r"\([^()]*\)|\[[^\[\]]*\]", "", shown.group(1)).split(",")
        return {m.group() for m in (re.match(r"[a-z_]\w*", p.strip()) for p in pieces) if m}
    return {p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}


def accepts_anything(thing):
    """Whether it takes any keyword."""
    try:
        return any(p.kind is p.VAR_KEYWORD for p in inspect.signature(thing).parameters.values())
    except (TypeError, ValueError):
        return False


def section(theirs_path, ours_path, heading):
    """The part of one namespace."""
    theirs, ours = find(theirs_path), find(ours_path)
    same, different, absent = [], [], []
    for name, thing in names_of(theirs).items():
        mine = getattr(ours, name, None) if ours is not None else None
        if mine is None:
            absent.append(name)
            continue
        wanted, given = arguments(thing), arguments(mine)
        missing = set() if wanted is None or given is None or accepts_anything(mine) else wanted - given - NOT_COUNTED
        (different if missing else same).append((name, sorted(missing)))
    total = len(same) + len(different) + len(absent)
    text = f"## {heading}: `{theirs_path}`\n\n"
    text += f"{len(same)} the same, {len(different)} with other arguments, {len(absent)} absent, of {total}.\n\n"
    if same:
        text += "**Same**: " + ", ".join(f"`{n}`" for n, _ in same) + "\n\n"
    if different:
        text += "**Different**:\n\n| name | arguments that are not here under that name |\n|---|---|\n"
        text += "".join(f"| `{n}` | {', '.join(f'`{m}`' for m in missing)} |\n" for n, missing in different) + "\n"
    if absent:
        text += f"<details><summary>Absent: {len(absent)}</summary>\n\n{reasons(ours_path, absent)}\n\n</details>\n\n"
    return text


def reasons(path, absent):
    """The absent names, grouped by what is said to whoever asks for one."""
    from microtorch.pytorch.absent import sentence_of

    below = path.removeprefix("microtorch.")
    grouped = {}
    for name in absent:
        grouped.setdefault(sentence_of(below, name), []).append(name)
    lines = []
    for sentence, names in sorted(grouped.items(), key=lambda item: str(item[0])):
        what = "Not written yet" if sentence is None else "It " + sentence
        lines.append(f"- {what}: " + ", ".join(f"`{n}`" for n in names))
    return "\n".join(lines)


def page():
    """The whole file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torch
    head = (
        f"# Names of PyTorch {torch.__version__.split('+')[0]}: same, different, absent\n\n"
        "Made by `docs/compare.py` from both packages. *Same*: the name is here and takes all of PyTorch's arguments. "
        "*Different*: some of them are not here, or have another name. Not counted are arguments that say where or how "
        "to compute: "
        + ", ".join(f"`{n}`" for n in ("out", "device", "layout", "pin_memory", "memory_format", "foreach", "fused"))
        + ". That the values and derivatives are the same is another matter; `make oracle` compares them.\n\n"
        "The rule: a public name of these namespaces is here, unless one of the sentences below says why not, and what "
        "to use; the same sentence answers whoever asks for the name. A name without either fails a test.\n\n"
    )
    return head + "".join(section(*names) for names in NAMESPACES)


if __name__ == "__main__":
    sys.path.insert(0, str(FILE.parents[1]))
    FILE.write_text(page(), encoding="utf-8")
