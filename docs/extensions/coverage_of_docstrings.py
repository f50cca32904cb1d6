"""Do all public functions and classes have docstrings whose Parameters agree with the signature? For `make lint`.

What a module's docstring says of the family need not be said again, and is not to be; see families.py.

python docs/extensions/coverage_of_docstrings.py
"""

import ast
import inspect
import re
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[2] / "tests")]

import families  # noqa: E402
import reference  # noqa: E402

SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}$", re.M)


# Arguments that PyTorch keeps for scripts of long ago; `reduction` says what they meant.
OLD = {"size_average", "reduce"}


def complaints():
    """A sentence for each thing that is missing or does not agree."""
    found = []
    for thing, (path, *_) in reference.public().items():
        check = of_class if inspect.isclass(thing) else of_function
        found += check(path, thing)
    return sorted(found + manners())


MANNERS = re.compile(r"worded below|\b(?:its|their) kin\b|somebody's own")


def manners():
    """Complaints about words: summaries begin with a verb or a noun, not with "What"; see the glossary in design.md."""
    found = []
    root = Path(__file__).parents[2]
    for file in sorted((root / "microtorch").rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            doc = ast.get_docstring(node) if documented else None
            if doc and doc.startswith("What "):
                found.append(f"{file.relative_to(root)}:{getattr(node, 'lineno', 1)}: a summary begins with What")
        found += [f"{file.relative_to(root)}: {m.group()}" for m in MANNERS.finditer(text)]
    return found


def of_function(path, function):
    """The complaints about one function."""
    if not inspect.getdoc(function):
        return [f"{path}: no docstring"]
    return said_again(path, function) + agreement(
        path, inspect.signature(function), families.full(function), inspect.getdoc(function)
    )


def of_class(path, cls):
    """The complaints about a class and the public methods that it defines."""
    text = vars(cls).get("__doc__")
    if not text:
        return [f"{path}: no docstring"]
    found = []
    # Parameters are asked for where the class has a constructor of its own; exceptions have none worth a table.
    if "__init__" in vars(cls) and not issubclass(cls, BaseException):
        made_by_others = parameters(inspect.cleandoc(text)) is None and "\n    Attributes\n" in text
        if not made_by_others:
            found += said_again(path, cls)
            found += agreement(path, inspect.signature(cls), families.full(cls), inspect.cleandoc(text))
    for name, method in vars(cls).items():
        public = (
            not name.startswith("_") and inspect.isfunction(method) and method.__qualname__.startswith(cls.__name__)
        )
        if public and not inspect.getdoc(getattr(cls, name)):
            found.append(f"{path}.{name}: no docstring")
    return found


def said_again(path, thing):
    """The complaints about what the docstring of the module or of its folder says already."""
    return [f"{path}: {what} is described by its family (families.py) already" for what in families.repeated(thing)]


GIVEN = re.compile(
    r">>> (import microtorch|from microtorch import nn|from microtorch\.nn import functional as F)$", re.M
)


def agreement(path, signature, text, own=None):
    """Whether the names in Parameters are those of the signature, and the examples import nothing that is given.

    `own` is the docstring without what the family says.
    """
    given = [f"{path}: {line!r} is given to every example (conftest.py)" for line in GIVEN.findall(text)]
    return given + _agreement(path, signature, text, own or text)


def _agreement(path, signature, text, own):
    documented = parameters(text)
    taken = {
        name.lstrip("*")
        for name, p in signature.parameters.items()
        if name not in ("self", "ctx") and not name.startswith("_")
    }
    catch_all = {n for n, p in signature.parameters.items() if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}
    # A short one may name its arguments in its sentence, or point to where they are described.
    if parameters(own) is None and ("Parameters" in own or taken <= set(re.findall(r"`(\w+)`", own))):
        return []
    if documented is None:
        return [f"{path}: no Parameters, but it takes {', '.join(sorted(taken))}"] if taken - catch_all else []
    found = [f"{path}: Parameters has no {n}" for n in sorted(taken - documented - catch_all - OLD)]
    if not catch_all:
        found += [f"{path}: Parameters has {n}, the signature has not" for n in sorted(documented - taken)]
    return found


def parameters(text):
    """The names in the section Parameters; None if there is no such section."""
    parts = SECTION.split(text)
    sections = dict(zip(parts[1::2], parts[2::2]))
    if "Parameters" not in sections:
        return None
    names = set()
    for line in sections["Parameters"].splitlines():
        if line and not line[0].isspace():
            names.update(n.strip().lstrip("*") for n in line.partition(" :")[0].split(","))
    return names - {""}


if __name__ == "__main__":
    said = complaints()
    print("\n".join(said) or "All public names are documented, and Parameters agree with signatures.")
    sys.exit(1 if said else 0)
