"""Annotations for the types that numpydoc's sections name in words: "int or tuple of int, default 0"."""

import inspect
import re

import numpy as np

SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}$", re.M)

WORDS = {
    "int": "int",
    "float": "float",
    "number": "float",
    "bool": "bool",
    "str": "str",
    "callable": "Callable[..., Any]",
    "dict": "dict[str, Any]",
    "ndarray": "np.ndarray",
    "array_like": "ArrayLike",
    "Tensor": "Tensor",
    "Parameter": "Parameter",
    "Module": "Module",
    "numpy.dtype": "DTypeLike",
    "dtype": "DTypeLike",
    "object": "object",
    "None": "None",
}


def sections(doc):
    """{heading: text} of a docstring."""
    parts = SECTION.split(inspect.cleandoc(doc))
    return dict(zip(parts[1::2], parts[2::2]))


def lines_of(text):
    """[(names, type in words)] of a section Parameters or Attributes."""
    found = []
    for line in text.splitlines():
        if line and not line[0].isspace():
            names, _, words = line.partition(" :")
            found.append(([n.strip().lstrip("*") for n in names.split(",")], words.strip()))
    return found


def parameters_of(doc):
    """{name: annotation} of the parameters that a docstring describes."""
    return {n: of_words(words) for names, words in lines_of(sections(doc).get("Parameters", "")) for n in names}


def attributes_of(doc):
    """{name: annotation} of the attributes that it describes."""
    return {n: of_words(words) for names, words in lines_of(sections(doc).get("Attributes", "")) for n in names}


def of_words(words):
    """The annotation for a type in words; Any for what it does not know."""
    words = re.sub(r",? default.*$", "", words)
    optional = words.endswith("optional")
    words = re.sub(r",? ?optional$", "", words)
    words = (
        re.sub(r",? (of )?shapes? .*$| of (float|int|bool|the).*$|,? \(.*\)$", "", words)
        if words.startswith("Tensor")
        else words
    )
    if pair := re.fullmatch(r"\((\w+), (\w+)\)", words):
        return f"tuple[{WORDS.get(pair.group(1), 'Any')}, {WORDS.get(pair.group(2), 'Any')}]"
    if words.startswith(("iterable of", "Iterable of")):
        return "Iterable[Any]"
    words = words.split(" in [")[0].strip().rstrip(",")
    kinds = []
    for part in _alternatives(words):
        kind = _one(part)
        if kind is None:
            return "Any"
        kinds.append(kind)
    if optional:
        kinds.append("None")
    return " | ".join(dict.fromkeys(kinds)) or "Any"


def _alternatives(words):
    """The parts around "or", outside of braces."""
    if words.startswith("{") and words.endswith("}"):
        return [words]
    return re.split(r",? or (?:of )?", words)


def _one(part):
    part = part.strip()
    if part.startswith("{") and part.endswith("}"):
        values = [v.strip() for v in part[1:-1].split(",")]
        plain = all(re.fullmatch(r'"[^"]*"|\d+|None|True|False', v) for v in values)
        return f"Literal[{', '.join(values)}]" if plain else None
    if re.fullmatch(r'"[^"]*"', part):
        return f"Literal[{part}]"
    many = re.fullmatch(r"(?:one )?(sequence|tuple|list|iterable|iterator) of (?:\d+ )?(.+)", part)
    if many:
        inner = _one(many.group(2).removesuffix("s") if many.group(2) not in WORDS else many.group(2))
        if inner is None:
            return None
        outer = {"iterable": "Iterable", "iterator": "Iterator"}.get(many.group(1), "Sequence")
        return f"{outer}[{inner}]"
    if part in ("sequence", "iterable"):
        return f"{part.capitalize()}[Any]"
    part = re.sub(r"^(positive|whole) ", "", part)
    return WORDS.get(part)


def of_property(doc):
    """The type that a property's docstring begins with, before the colon."""
    head = doc.partition(":")[0]
    tuple_ = re.fullmatch(r"tuple of (\w+)", head)
    if tuple_ and tuple_.group(1) in WORDS:
        return f"tuple[{WORDS[tuple_.group(1)]}, ...]"
    return {"numpy.dtype": "np.dtype[Any]", "dtype": "np.dtype[Any]"}.get(head) or (
        "Any" if head not in WORDS and " or " not in head else of_words(head)
    )


def result_of(doc, name, function):
    """The annotation of what a function returns."""
    if name in SPECIAL:
        return SPECIAL[name]
    text = sections(doc).get("Returns", "").strip()
    if not text:
        if name.endswith("_") and not name.endswith("__"):
            return "Tensor"
        attached = function.__module__.startswith("microtorch.ops")
        return "Tensor" if attached and not re.match(r"Whether|How many|The (number|address)", doc) else "Any"
    first = text.splitlines()[0]
    named = re.fullmatch(r"namedtuple \(([\w, ]+)\)", first)
    if named:
        return f"_{''.join(w.strip().capitalize() for w in named.group(1).split(','))}"
    tuple_ = re.match(r"tuple of (Tensor|int|str|float)", first)
    if tuple_:
        return f"tuple[{WORDS[tuple_.group(1)]}, ...]"
    if first.startswith("Tensor") and " or " not in first.split(",")[0]:
        return "Tensor"
    return {"bool": "bool", "int": "int", "float": "float", "str": "str", "numpy.dtype": "np.dtype[Any]"}.get(
        first, "Any"
    )


SPECIAL = {
    "__len__": "int",
    "__bool__": "bool",
    "__float__": "float",
    "__int__": "int",
    "__index__": "int",
    "__contains__": "bool",
    "__format__": "str",
    "__iter__": "Iterator[Any]",
    "__exit__": "None",
    "__setitem__": "None",
    "__delitem__": "None",
    "numel": "int",
    "dim": "int",
    "element_size": "int",
    "is_contiguous": "bool",
    "is_floating_point": "bool",
    "numpy": "np.ndarray",
    "detach": "Tensor",
    "tolist": "Any",
    "backward": "None",
    "zero_grad": "None",
}


def results_in(body):
    """The classes of named results that a stub speaks of."""
    names = sorted(set(re.findall(r"-> (_(?:[A-Z][a-z_]*)+):", body)))
    return [
        f"class {name}(NamedTuple):\n"
        + "".join(f"    {field.lower()}: Tensor\n" for field in re.findall("[A-Z][a-z_]*", name))
        for name in names
    ]


def forward_parameter(p):
    """A parameter of a layer's forward: tensors go in."""
    if p.kind is p.VAR_POSITIONAL:
        return f"*{p.name}: Any"
    if p.kind is p.VAR_KEYWORD:
        return f"**{p.name}: Any"
    return f"{p.name}: Any" + ("" if p.default is p.empty else " = ...")


def of_value(value):
    """The annotation of a constant."""
    if isinstance(value, np.dtype):
        return "np.dtype[Any]"
    return {int: "int", float: "float", str: "str"}.get(type(value), "Any")
