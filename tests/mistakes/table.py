"""Writes docs/messages.md, what microtorch and PyTorch say to each mistake: ``python -m mistakes.table`` in tests/."""

import inspect
import os
import re
import sys
import textwrap
from pathlib import Path

import microtorch

from . import HERE, MISTAKES, said

PAGE = Path(__file__).parents[2] / "docs" / "messages.md"

HEAD = """\
# What a mistake is told

{count} small programs that are wrong in ways people really are, each linked to a place where somebody asks about it.
Below each stands what microtorch says and what PyTorch {version} says to the very same program. The line to blame is
marked; messages give it as `file:line`. "Nothing" is what makes a mistake expensive: the program runs and learns the
wrong thing. Where microtorch could not notice by itself either, its answer is that of `explain.why_no_grad` or
`explain.check_training`, which PyTorch does not have.

This page is written by `tests/mistakes/table.py`; the tests hold every message to naming the tensor, parameter or
module, the line, and the remedy.

| | microtorch | PyTorch |
|---|---|---|
| says something by itself | {ours_alone} | {theirs_alone} |
| says something when asked | {ours_asked} | |
| names the line to blame, of {blamed} where one is | {ours_line} | {theirs_line} |
| names the module where it happened, of {modules} inside one | {ours_module} | {theirs_module} |
"""

TITLES = {
    "graph_mistakes": "The graph",
    "data_mistakes": "Shapes, dtypes and labels",
    "training_mistakes": "Training",
}


def outcome(mistake, torch):
    """What is said, without the folder of the file."""
    text = said(mistake, torch)
    text = re.sub(r"(?:[\w.\-]*/)+(\w+\.py:)", r"\1", text).replace("microtorch.errors.", "")
    # Of PyTorch's traceback of a forward call, the lines of the program.
    text = re.sub(r'  File "[^"]*/(\w+_mistakes\.py)", line (\d+), in \w+\n', r"  \1:\2\n", text)
    text = re.sub(r'  File "[^"]*", line \d+, in [\w<>]+\n(    .*\n)?', "", text)
    return re.sub(r" ?\(Triggered internally at [^)]*\)", "", text)


def code(mistake):
    """The program without its decorator and docstring."""
    lines = inspect.getsource(mistake.program).split("\n")
    start = next(i for i, line in enumerate(lines) if '"""' in line) + 1
    text = textwrap.dedent("\n".join(lines[start:])).strip().replace(HERE, "# <- this line")
    # Outside of the program its functions and classes stand at the margin, where the formatter wants two empty lines.
    return re.sub(r"\n\n(?=(def|class) )|(?<=\n)( .*)\n\n(?=\S)", lambda m: f"{m[2] or ''}\n\n\n", text)


def page(torch):
    """The page as text; without PyTorch's messages where `torch` is None."""
    rows = [(m, outcome(m, microtorch), None if torch is None else outcome(m, torch)) for m in MISTAKES]
    asked = [m for m in MISTAKES if "asked(" in inspect.getsource(m.program)]
    inside = [m for m in MISTAKES if any(re.match(r"\w+\.\w+ \(", name) for name in m.names)]
    theirs = {id(m): text or "" for m, _, text in rows}
    ours = {id(m): text for m, text, _ in rows}

    def names_line(m, text):
        return m.blamed.rpartition("/")[2] in text

    def names_module(m, text):
        return any(name in text for name in m.names if re.match(r"\w+\.\w+ \(", name))

    blamed = [m for m in MISTAKES if m.blamed]
    parts = [
        HEAD.format(
            count=len(rows),
            version=torch.__version__.partition("+")[0] if torch is not None else "",
            ours_alone=sum(m not in asked for m in MISTAKES),
            ours_asked=len(asked),
            theirs_alone=sum(bool(theirs[id(m)]) for m in MISTAKES),
            blamed=len(blamed),
            ours_line=sum(names_line(m, ours[id(m)]) for m in blamed),
            theirs_line=sum(names_line(m, theirs[id(m)]) for m in blamed),
            modules=len(inside),
            ours_module=sum(names_module(m, ours[id(m)]) for m in inside),
            theirs_module=sum(names_module(m, theirs[id(m)]) for m in inside),
        )
    ]
    part = None
    for m, text, other in rows:
        module = m.program.__module__.rpartition(".")[2]
        if module != part:
            part = module
            parts.append(f"## {TITLES[module]}\n")
        label = "microtorch, asked" if m in asked else "microtorch"
        parts.append(f"### {m.title}\n\n[Asked here]({m.source}).\n\n```python\n{code(m)}\n```\n")
        parts.append(f"**{label}**\n\n```text\n{text}\n```\n")
        parts.append(f"**PyTorch**\n\n```text\n{other or 'Nothing'}\n```\n")
    return "\n".join(parts)


def main():
    """Write the page; PyTorch has to be there."""
    # Without this PyTorch prints where the forward was called to stderr, outside of its message.
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    import torch

    PAGE.write_text(page(torch), encoding="utf-8")
    print(f"{PAGE.name}: {len(MISTAKES)} mistakes", file=sys.stderr)


if __name__ == "__main__":
    main()
