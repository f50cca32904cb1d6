"""`tree`: the graph as lines of text, for terminals and logs."""

from ...errors import visible
from ..records.graph import graph
from ..records.records import Operation
from .numbers import shape_text, size_text, summary

__all__ = ["tree"]


DEEPEST = 40  # levels, after which lines begin at the left again: 10,000 levels, each indented, take 150 MB
LONGEST = 400  # characters of a line


def tree(loss, model=None, names=None, lines=5000):
    """The graph that leads to `loss` as text, newest first; each line's inputs are indented below it.

    Parameters
    ----------
    loss, model, names
        As in `draw`.
    lines : int or None, default 5000
        How many lines are written at most, the newest operations; None for all.

    Returns
    -------
    str
        Shown with its line ends in notebooks and at the prompt. A value that several operations use is written out
        once; after that a line points to it by its number. Every 40th level begins at the left, with its number.

    Examples
    --------
    >>> w = microtorch.tensor([3.0, 4.0], requires_grad=True)
    >>> loss = (w * w + w * 2.0) * 0.5
    >>> print(microtorch.viz.tree(loss, names={"w": w, "loss": loss}))
    loss  2  = 7.5 12
    └─ 4 Mul(b=0.5)  2
       └─ 3 Add  2
          ├─ 1 Mul  2  keeps a
          │  ├─ w  2  parameter, .grad none
          │  └─ w  2  parameter, .grad none
          └─ 2 Mul(b=2.0)  2
             └─ w  2  parameter, .grad none
    """
    return _Lines(as_text(graph(loss, model, names), lines))


class _Lines(str):
    """Text that is shown as it is, not as Python's literal."""

    __slots__ = ()

    def __repr__(self):
        return str(self)


def as_text(records, most=5000):
    """The lines of `tree`, from records; at most so many."""
    into = {}
    for edge in records.edges:
        into.setdefault(edge.target, []).append(edge.source)
    roots = records.roots or [o for o in records.operations if o.error is not None]
    lines, seen = [], set()
    # (record, level, what stands before its line, what stands before its children's); a stack, because graphs are deep
    stack = [(root, 0, "", "") for root in reversed(roots)]
    while stack and (most is None or len(lines) < most):
        record, level, before, indent = stack.pop()
        if level and level % DEEPEST == 0:
            before, indent = f"level {level}: ", ""
        repeated = record in seen and isinstance(record, Operation)
        line = f"{record.number} {record.name}" if repeated else _line(record)
        lines.append(before + visible(line, LONGEST) + "  (above)" * repeated)
        if record in seen:
            continue
        seen.add(record)
        sources = into.get(record, [])
        for i, source in reversed(list(enumerate(sources))):
            last = i == len(sources) - 1
            above, below = (indent + "└─ ", indent + "   ") if last else (indent + "├─ ", indent + "│  ")
            stack.append((source, level + 1, above, below))
    unused = [f"not reached: {visible(_line(v), LONGEST)}" for v in records.values if not v.used]
    lines += unused if most is None else unused[:most]
    if stack:
        left = sum(o not in seen for o in records.operations)
        lines.append(f"… and {left:,} more operations: tree(loss, lines=None) writes all")
    return "\n".join(lines)


def _line(record):
    if not isinstance(record, Operation):
        notes = [record.kind] if record.kind in ("parameter", "frozen", "buffer", "input") else []
        if record.state:
            notes.append(
                f".grad {record.state}" if record.state != "filled" else f".grad {summary(record.tensor.grad._array)}"
            )
        value = f"  = {summary(record.array)}" if record.kind == "output" else ""
        named = f"{record.name}  " if record.name else ""
        return f"{named}{shape_text(record.shape)}{value}" + (f"  {', '.join(notes)}" if notes else "")
    options = ", ".join(f"{k}={v}" for k, v in record.options.items())
    text = f"{record.number} {record.name}" + (f"({options})" if options else "")
    text += "".join(f"  {shape_text(shape)}" for shape in record.shapes if shape is not None)
    if record.error is not None:
        return f"✗ {record.name} failed: {record.error}"
    if record.labels:
        text += f"  → {', '.join(record.labels)}"
    if record.scope is not None and record.scope.path:
        text += f"  in {record.scope.path}"
    if record.saved:
        text += f"  keeps {', '.join(dict.fromkeys(s.of for s in record.saved))}"
        text += f" ({size_text(record.nbytes)})" if record.nbytes >= 1024 else ""
    return text
