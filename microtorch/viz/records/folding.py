"""The shown part of a graph: all of a small one; of a large one, repeated blocks once and deep modules as one box.

Graph -> View. A View has boxes, arrows and frames, ready to be laid out; each box knows the records it stands for.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from .records import Graph, Operation, Scope

__all__ = ["Arrow", "Box", "Frame", "View", "fold"]


READABLE = 60  # boxes that fit one screen; graphs beyond it are folded unless a depth says otherwise
LONGEST_PERIOD = 16
MANY_ALIKE = 8  # values of one operation beside the first, from which on it stands for them


@dataclass(eq=False)
class Frame:
    """Around boxes: a module that ran (`scope`), or a block that is repeated `times` times."""

    id: str
    title: str
    parent: "Frame | None"
    times: int = 1


@dataclass(eq=False)
class Box:
    """One record, or the records of a folded module (`kind` "module"); `times` where it stands for several alike."""

    id: str
    kind: str
    records: list
    frame: Frame | None
    title: str = ""
    times: int = 1

    @property
    def record(self):
        """The record it shows."""
        return self.records[0]


@dataclass(eq=False)
class Arrow:
    """Edges between two boxes, drawn as one where they are alike."""

    source: Box
    target: Box
    edges: list = field(default_factory=list)


@dataclass(eq=False)
class View:
    """Boxes, arrows and frames of a picture."""

    boxes: list
    arrows: list
    frames: list
    graph: Graph

    @property
    def folded(self):
        """Whether it shows less than everything."""
        return any(f.times > 1 for f in self.frames) or any(b.kind == "module" for b in self.boxes)


def fold(graph, depth=None):
    """The view of `graph`, with modules below `depth` as one box.

    Parameters
    ----------
    graph : Graph
    depth : int, optional
        0 shows the model as one box, 1 its children, and so on. Default: everything where that is readable, else
        repeated blocks once, else modules as deep as is readable.
    """
    if depth is not None:
        return _Folder(graph, depth, repeats=len(graph.operations) > READABLE).view()
    view = _Folder(graph, None, repeats=False).view()
    if len(view.boxes) <= READABLE:
        return view
    view = _Folder(graph, None, repeats=True).view()
    deepest = max((len(s.chain()) - 1 for s in graph.scopes), default=0)
    for level in range(deepest, 0, -1):
        if len(view.boxes) <= READABLE:
            break
        view = _Folder(graph, level, repeats=True).view()
    return view


class _Folder:
    def __init__(self, graph, depth, repeats):
        self.graph, self.depth, self.repeats = graph, depth, repeats
        self.children = defaultdict(list)  # scope or None -> its operations and scopes, oldest first
        placed = set()
        for item in graph.operations:
            while item is not None and item not in placed:
                placed.add(item)
                scope = item.scope if isinstance(item, Operation) else item.parent
                self.children[scope].append(item)
                item = scope
        self.into = defaultdict(list)
        for edge in graph.edges:
            self.into[edge.target].append(edge)
        self.stands_for = {}  # record -> the record of the first repetition that is shown for it
        self.turn = {}  # operation -> [(repeat, which repetition)], outermost first
        self.frames, self.boxes, self.box_of = [], [], {}
        self.marks = {}

    def view(self):
        self._level(None, None, 0)
        self._values()
        return View(self.boxes, self._arrows(), self.frames, self.graph)

    def _level(self, scope, frame, level):
        """Boxes and frames for what is directly inside `scope`."""
        for items, times, title in self._runs(self.children[scope]):
            inside = frame
            if times > 1:
                inside = self._frame(title, frame, times)
            for item in items:
                if isinstance(item, Operation):
                    self._box(Box(item.id, "operation", [item], inside, times=1))
                elif self.depth is not None and level >= self.depth:
                    self._box(Box(item.id, "module", self._operations(item), inside, item.title))
                else:
                    self._level(item, self._frame(item.title, inside), level + 1)

    def _box(self, box):
        self.boxes.append(box)
        for record in box.records:
            self.box_of[record] = box

    def _frame(self, title, parent, times=1):
        self.frames.append(Frame(f"frame{len(self.frames) + 1}", title, parent, times))
        return self.frames[-1]

    # -- repetitions -----------------------------------------------------------------------------------------------

    def _runs(self, items):
        """[(items shown, times, title)]: consecutive repetitions of a pattern become its first."""
        if not self.repeats:
            return [([item], 1, "") for item in items]
        marks, runs, i = [self._mark(item) for item in items], [], 0
        while i < len(items):
            best, covered = (1, 1), 0
            for period in range(1, min(LONGEST_PERIOD, (len(items) - i) // 3) + 1):
                if marks[i] != marks[i + period]:
                    continue
                end = i + period
                while end < len(items) and marks[end] == marks[end - period]:
                    end += 1
                times = (end - i) // period
                if times >= 3 and times * period > covered:
                    best, covered = (period, times), times * period
            period, times = best
            shown = items[i : i + period]
            runs.append((shown, times, self._repeat(items[i : i + period * times], period, times)))
            i += period * times
        return runs

    def _repeat(self, items, period, times):
        """Let the first repetition stand for the others; what to call them."""
        if times == 1:
            return ""
        first = [o for item in items[:period] for o in self._operations(item)]
        for turn in range(times):
            alike = [o for item in items[turn * period : (turn + 1) * period] for o in self._operations(item)]
            for shown, hidden in zip(first, alike, strict=True):
                self.turn.setdefault(hidden, []).append((items[0], turn))
                if turn:
                    self.stands_for[hidden] = shown
                for a, b in zip(self.into[shown], self.into[hidden], strict=True):
                    if not isinstance(b.source, Operation) and a.source is not b.source:
                        self.stands_for.setdefault(b.source, a.source)
        names = [i.path.rpartition(".")[2] for i in (items[0], items[-1]) if isinstance(i, Scope)]
        return f"× {times}" + (f" · {names[0]} … {names[1]}" if len(names) == 2 and names[0] != names[1] else "")

    def _mark(self, item):
        """Equal for items of the same operations on the same shapes, connected alike."""
        if item not in self.marks:
            if isinstance(item, Scope):
                what = (item.type, item.signature, *(self._mark(child) for child in self.children[item]))
            else:
                inputs = []
                for edge in self.into[item]:
                    if isinstance(edge.source, Operation):
                        inputs.append((item.number - edge.source.number, edge.output, edge.shape))
                    else:
                        inputs.append((edge.source.kind, edge.shape))
                what = (item.name, item.error, *item.options, *item.shapes, *item.dtypes, *inputs)
            self.marks[item] = hash(what)
        return self.marks[item]

    def _operations(self, item):
        if isinstance(item, Operation):
            return [item]
        return [o for child in self.children[item] for o in self._operations(child)]

    def _shown(self, record):
        while record in self.stands_for:
            record = self.stands_for[record]
        return record

    # -- values and arrows -----------------------------------------------------------------------------------------

    def _alike(self):
        """Let the first of many values that go into the same operations, and look the same, stand for the others."""
        users = defaultdict(list)
        for edge in self.graph.edges:
            users[edge.source].append(edge.target)
        groups = defaultdict(list)
        for value in self.graph.values:
            if value.kind != "output" and users[value] and self._shown(value) is value:
                alike = (value.kind, value.shape, value.dtype, value.scope, value.state, *map(id, users[value]))
                groups[alike].append(value)
        for first, *others in groups.values():
            if len(others) >= MANY_ALIKE:
                self.stands_for.update(dict.fromkeys(others, first))

    def _values(self):
        if self.repeats:
            self._alike()
        hidden = defaultdict(int)
        for value in self.graph.values:
            if self._shown(value) is not value:
                hidden[self._shown(value)] += 1
        frames = self._frames_of_scopes()
        for value in self.graph.values:
            if self._shown(value) is not value:
                continue
            if value.scope is not None and value.scope in frames:
                place = frames[value.scope]
                if isinstance(place, Box):  # swallowed with its module
                    place.records.append(value)
                    self.box_of[value] = place
                    continue
            else:
                place = None
            self._box(Box(value.id, value.kind, [value], place, times=1 + hidden[value]))

    def _frames_of_scopes(self):
        """Where what belongs to a scope is drawn: in a Frame, or inside the Box of a folded module."""
        found = {}
        for box in self.boxes:
            for operation in box.records:
                chain = operation.scope.chain() if operation.scope is not None else []
                frames, frame = [], box.frame
                while frame is not None:
                    if frame.times == 1:
                        frames.append(frame)
                    frame = frame.parent
                for scope, frame in zip(chain, frames[::-1], strict=False):
                    found[scope] = frame
                for scope in chain[len(frames) :]:
                    found[scope] = box
        return found

    def _arrows(self):
        arrows = {}
        for edge in self.graph.edges:
            if self._across(edge):
                continue
            source, target = self.box_of.get(self._shown(edge.source)), self.box_of.get(self._shown(edge.target))
            if source is None or target is None or source is target:
                continue
            key = (source, target, edge.output, edge.shape)
            arrow = arrows.setdefault(key, Arrow(source, target))
            if edge.target is self._shown(edge.target) or not arrow.edges:
                arrow.edges.append(edge)
        return list(arrows.values())

    def _across(self, edge):
        """Whether an edge leads from one repetition to another of the same block, of which only one is shown."""
        if not isinstance(edge.source, Operation):
            return False
        there = dict(self.turn.get(edge.target, ()))
        return any(there.get(repeat, turn) != turn for repeat, turn in self.turn.get(edge.source, ()))
