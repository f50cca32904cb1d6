"""What holds for a family of functions stands once, in the docstring of their module or of the folder it lies in.

A parameter that a public function or class does not describe itself is the one described there, by the nearest; so is
what a function returns. Raises there says what all of them raise where it applies. A sentence that names all arguments
is complete as it is. `full` puts docstrings together again, for the reference, the stubs and the check of docstrings.
"""

import importlib
import inspect
import re
import sys
from functools import cache

SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}\n", re.M)


def sections(doc):
    """{heading: text} of a docstring in numpydoc's form; what comes before the first heading is under ""."""
    head, *rest = SECTION.split(doc)
    return {"": head, **dict(zip(rest[::2], rest[1::2]))}


def entries(text):
    """[(names, text)] of a section: a line that is not indented begins an entry."""
    found = []
    for line in text.strip("\n").splitlines():
        if line and not line[0].isspace():
            found.append([line])
        else:
            found[-1].append(line)
    return [(names_of(lines[0]), "\n".join(lines).rstrip()) for lines in found]


def names_of(line):
    """The names in the first line of an entry."""
    return tuple(name.strip().lstrip("*") for name in line.partition(" :")[0].split(","))


@cache
def of_family(module):
    """[{heading: entries}] of a module and of the folders that it lies in, the nearest first."""
    found = []
    while "." in module:
        said = sections((inspect.getdoc(importlib.import_module(module)) or "") + "\n")
        found.append({h: entries(said[h]) for h in ("Parameters", "Returns", "Raises") if h in said})
        module = module.rpartition(".")[0]
    return found


def inherited(parameters, own, family):
    """{names: text} of the `parameters` that a family describes and the `own` entries do not; the nearest counts."""
    known = {}
    for near in family:
        known = {**dict(near.get("Parameters", [])), **known}
    found, left = {}, [name for name in parameters if not any(name in names for names in own)]
    for names in sorted(known, key=len, reverse=True):
        if set(names) <= set(left):
            found[names] = known[names]
            left = [name for name in left if name not in names]
    return found


def returned(family):
    """The entries under the nearest Returns; None without one."""
    return next((near["Returns"] for near in family if "Returns" in near), None)


def full(thing):
    """The docstring of a function or class, with what its family says of it."""
    doc = inspect.getdoc(thing) or ""
    said = sections(doc + "\n")
    module = vars(sys.modules[thing.__module__])
    public = thing.__qualname__ in module.get("__all__", module)  # a method has another qualname
    if not public or (inspect.isclass(thing) and "__init__" not in vars(thing)):
        return doc
    if len(said) == 1 and set(inspect.signature(thing).parameters) <= set(re.findall(r"`(\w+)`", doc)):
        return doc
    own, family = dict(entries(said.get("Parameters", ""))), of_family(thing.__module__)
    order = list(inspect.signature(thing).parameters)
    place = {name: i for i, name in enumerate(order)}
    both = {**inherited(order, own, family), **own}
    if len(both) > len(own):
        lines = sorted(both.items(), key=lambda item: place.get(item[0][0], len(order)))
        said["Parameters"] = "\n".join(text for _, text in lines)
    if inspect.isfunction(thing) and "Returns" not in said and (results := returned(family)):
        said["Returns"] = "\n".join(text for _, text in results)
    first = [heading for heading in ("Parameters", "Returns") if heading in said]
    headings = first + [heading for heading in said if heading and heading not in first]
    parts = [said[""], *(f"{heading}\n{'-' * len(heading)}\n{said[heading]}" for heading in headings)]
    return "\n\n".join(part.rstrip("\n") for part in parts)


def repeated(thing):
    """What a docstring says that its family says already: "input", "ShapeError", "Returns"."""
    said, family = sections((inspect.getdoc(thing) or "") + "\n"), of_family(thing.__module__)
    own = {heading: entries(said[heading]) for heading in ("Parameters", "Returns", "Raises") if heading in said}
    known = inherited(inspect.signature(thing).parameters, {}, family)
    found = [", ".join(names) for names, text in own.get("Parameters", []) if known.get(names) == text]
    raised = [entry for near in family for entry in near.get("Raises", [])]
    found += [", ".join(entry[0]) for entry in own.get("Raises", []) if entry in raised]
    if inspect.isfunction(thing) and "Returns" in own and own["Returns"] == returned(family):
        found.append("Returns")
    return found
