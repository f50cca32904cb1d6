"""Writes the pages of the reference, one for each module that defines public names, before Sphinx reads them.

A page holds the docstrings, as autodoc finds them, and for each operation what a docstring cannot say: its formula, the
picture of its node, what a gradient check of it finds today, and its source.
"""

import importlib
import inspect
import json
import subprocess
import sys
from pathlib import Path

import families
import samples  # the table of arguments in tests/

import microtorch
from microtorch import viz
from microtorch.autograd import ArrayFunction, GradcheckError, gradcheck, gradgradcheck
from microtorch.tensor import Tensor

SOURCE = Path(microtorch.__file__).parents[1]
OUT = Path(__file__).parents[1] / "reference" / "generated"

# Where public names are looked for; a thing found in several goes by its name in the first that suits it.
NAMESPACES = [
    "microtorch",
    "microtorch.nn",
    "microtorch.nn.functional",
    "microtorch.nn.init",
    "microtorch.nn.lazy",
    "microtorch.nn.utils",
    "microtorch.nn.utils.parametrize",
    "microtorch.nn.utils.parametrizations",
    "microtorch.nn.utils.prune",
    "microtorch.nn.utils.stateless",
    "microtorch.autograd",
    "microtorch.autograd.functional",
    "microtorch.linalg",
    "microtorch.func",
    "microtorch.distributions",
    "microtorch.distributions.constraints",
    "microtorch.optim",
    "microtorch.optim.lr_scheduler",
    "microtorch.optim.swa_utils",
    "microtorch.data",
    "microtorch.distributed",
    "microtorch.nn.parallel",
    "microtorch.datasets",
    "microtorch.datasets.transforms",
    "microtorch.train",
    "microtorch.train.callbacks",
    "microtorch.io",
    "microtorch.io.safetensors",
    "microtorch.io.onnx",
    "microtorch.viz",
    "microtorch.explain",
    "microtorch.exercises",
    "microtorch.sklearn",
    "microtorch.special",
    "microtorch.testing",
    "microtorch.pytorch.amp",
]

_RARE_LOSSES = ("likelihood", "margin", "multilabel")

# The chapters of the reference, by the beginning of the module's name; the longest that fits.
CHAPTERS = {
    "Tensors": (
        *("microtorch.tensor", "microtorch.from_data", "microtorch.dtypes"),
        *("microtorch.autograd.hooks", "microtorch.random", "microtorch.errors"),
    ),
    "Operations": ("microtorch.ops.",),
    "Autograd": ("microtorch.autograd", "microtorch.captured"),
    "Networks": ("microtorch.nn.",),
    "Distributions": ("microtorch.distributions.",),
    "Optimizers and schedules": ("microtorch.optim.",),
    "Rare optimizers and losses": (
        *(f"microtorch.optim.{name}" for name in ("adadelta", "adamax", "asgd", "lbfgs", "nadam", "radam", "rprop")),
        *(
            f"microtorch.{room}.loss.{name}"
            for room in ("ops", "nn")
            for name in ("likelihood", "margin", "multilabel")
        ),
    ),
    "Data": ("microtorch.data.", "microtorch.datasets."),
    "More than one machine": ("microtorch.distributed",),
    "Training and files": ("microtorch.train.", "microtorch.io.", "microtorch.exercises", "microtorch.sklearn"),
    "Looking inside": ("microtorch.viz.", "microtorch.explain"),
    "More": ("microtorch",),
}


def modules():
    """The public namespaces that are there."""
    return [importlib.import_module(n) for n in NAMESPACES if importlib.util.find_spec(n)]


def names_of(module):
    """The public names of a namespace."""
    declared = getattr(module, "__all__", None)
    return sorted(declared if declared is not None else (n for n in vars(module) if not n.startswith("_")))


def public():
    """{object: [its public paths, the one it is documented under first]}, in the order of the namespaces."""
    found = {}
    for module in modules():
        for name in names_of(module):
            thing = getattr(module, name)
            if not (inspect.isfunction(thing) or inspect.isclass(thing)):
                continue
            if not thing.__module__.startswith("microtorch"):
                continue
            found.setdefault(thing, []).append(f"{module.__name__}.{name}")
    for thing, paths in found.items():
        paths.sort(key=lambda path: _rank(thing, path))
    return found


def _rank(thing, path):
    """Its own name before aliases; functions that only PyTorch's nn.functional has, under that."""
    name = path.rpartition(".")[2]
    functional = path.startswith("microtorch.nn.functional.")
    top = path.count(".") == 1
    late = (top and not hasattr(Tensor, name) and any_functional(name)) or (functional and hasattr(Tensor, name))
    return (name != thing.__name__, late)


def any_functional(name):
    """Whether nn.functional has it."""
    return hasattr(microtorch.nn.functional, name)


def operations_of(module):
    """The operations that a module defines, in the order of its source."""
    found = [
        c
        for c in vars(module).values()
        if inspect.isclass(c) and issubclass(c, ArrayFunction) and c is not ArrayFunction
    ]
    found = [c for c in found if c.__module__ == module.__name__ and not c.__name__.startswith("_")]
    return sorted(found, key=lambda c: inspect.getsourcelines(c)[1])


def pages():
    """{module: [public objects that it defines]}; also the operations that are methods and operators only."""
    found = {}
    for thing in public():
        found.setdefault(thing.__module__, []).append(thing)
    for operation in samples.operations().values():
        if operation.__module__.startswith("microtorch.ops."):
            found.setdefault(operation.__module__, [])
    for name, things in found.items():
        found[name] = sorted(things, key=line_of)
    return found


def chapter_of(name):
    """The chapter of a module."""
    fits = {chapter: max(len(s) * name.startswith(s) for s in starts) for chapter, starts in CHAPTERS.items()}
    return max(fits, key=fits.get)


def line_of(thing):
    """Where it begins in its file; classes that a call makes, such as FloatTensor, are in none and come last."""
    try:
        return inspect.getsourcelines(thing)[1]
    except OSError:
        return float("inf")


def title_of(module):
    """The heading of a module's page, and the rest of its docstring, but for what each entry shows of the family."""
    head, _, rest = families.sections(inspect.getdoc(module) + "\n")[""].partition("\n")
    head = head.rstrip(".")
    rest = rest.strip() + raised_by(module)
    return head, "\n".join(map(without_substitutions, rest.splitlines()))


def raised_by(module):
    """What all functions of a family raise, as a list."""
    raised = [entry for near in families.of_family(module.__name__) for entry in near.get("Raises", [])]
    if not raised:
        return ""
    lines = [f"- ``{' '.join(names)}``: {' '.join(text.split()[1:])}" for names, text in raised]
    return "\n\nThe functions here raise, where it applies:\n\n" + "\n".join(lines)


def methods_of(thing):
    """The Tensor methods that are this very function."""
    return [name for name, value in vars(Tensor).items() if value is thing]


def foreign(cls):
    """What a class has of another library, as operator's `call` and scikit-learn's `set_fit_request`."""
    found = {name: getattr(cls, name, None) for name in vars(cls) if not name.startswith("_")}
    homes = {name: getattr(value, "__module__", None) for name, value in found.items() if callable(value)}
    return [name for name, home in homes.items() if home is not None and not home.startswith("microtorch")]


def stem(name):
    """A class or function name without its spelling: BatchNorm and batch_norm alike."""
    return name.replace("_", "").lower()


class Writer:
    """Writes all pages, and remembers the pictures that they need."""

    def __init__(self):
        self.pictures = {}  # name of the operation -> DOT source
        self.paths = public()

    def write(self):
        """All pages and the index."""
        OUT.mkdir(parents=True, exist_ok=True)
        by_module = pages()
        chapters = {chapter: [] for chapter in CHAPTERS}
        for name, things in by_module.items():
            chapters[chapter_of(name)].append(name)
            text = self.page(importlib.import_module(name), things)
            _write(OUT / f"{name.removeprefix('microtorch.')}.rst", text)
        toctrees = [
            f".. toctree::\n   :caption: {chapter}\n   :maxdepth: 1\n\n"
            + "".join(f"   {name.removeprefix('microtorch.')}\n" for name in sorted(names))
            for chapter, names in chapters.items()
            if names
        ]
        _write(OUT / "index.rst", "Every public name\n=================\n\n" + "\n".join(toctrees) + self.everything())
        self.draw()

    def everything(self):
        """A list of all public names, each a link."""
        lines = ["\nBy name\n-------\n"]
        shown = sorted((path.rpartition(".")[2], path) for paths in self.paths.values() for path in paths[:1])
        lines.append(" · ".join(f":py:obj:`{name} <{path}>`" for name, path in shown))
        return "\n".join(lines) + "\n"

    def page(self, module, things):
        """The text of one page."""
        head, rest = title_of(module)
        parts = [f"{head}\n{'=' * (len(head) * 2)}\n", rest + "\n"]
        operations = {stem(c.__name__): c for c in operations_of(module)}
        for thing in things:
            parts.append(self.entry(thing))
            operation = operations.pop(stem(thing.__name__), None)
            if operation is not None:
                parts.append(self.operation(operation))
        if operations:
            parts.append("\n.. rubric:: Operations behind them\n")
            parts += [self.operation(c) for c in operations.values()]
        return "\n".join(parts)

    def entry(self, thing):
        """A public function or class."""
        path, *others = self.paths[thing]
        if inspect.isclass(thing):
            hidden = []
            if thing is Tensor:
                hidden = [n for n in attached_names() if not n.startswith("_")]
            elif issubclass(thing, microtorch.nn.Module) and thing is not microtorch.nn.Module:
                hidden = ["forward", "extra_repr"]
            hidden += foreign(thing)
            text = f".. autoclass:: {path}\n   :members:\n"
            text += f"   :exclude-members: {', '.join(hidden)}\n" if hidden else ""
            return text + ("\n" + attached() if thing is Tensor else "")
        text = f".. autofunction:: {path}\n"
        also = [f"``{o}``" for o in others] + [f"``Tensor.{m}``" for m in methods_of(thing)]
        return text + (f"\n   Also: {', '.join(also)}.\n" if also else "")

    def operation(self, cls):
        """The formula, the node, the check and the source of one operation."""
        name = cls.__name__
        file = Path(inspect.getsourcefile(cls)).relative_to(SOURCE)
        lines = [f".. container:: operation\n\n   **Operation** ``{name}``\n"]
        lines.append("   ``" + inspect.getdoc(cls).splitlines()[0].strip() + "``\n")
        example = self.example(cls)
        if example is not None:
            y, report = example
            self.pictures[name] = viz.draw(y, names=_letters(y), show=("saved",)).source
            lines.append(f"   .. image:: pictures/{name}.svg\n      :alt: {name} with its inputs and its result\n")
            lines.append("   .. code-block:: text\n\n" + _indented(report, 6) + "\n")
        lines.append(f"   .. literalinclude:: ../../../{file.as_posix()}\n      :pyobject: {name}\n")
        return "\n".join(lines)

    def example(self, cls):
        """A result of the operation on its first usable sample, and what gradient checks find; None without one."""
        for sample in samples.samples_of(cls) or ():
            arguments = sample.tensors()
            leaves = [a for a in arguments if isinstance(a, Tensor) and a.requires_grad]
            if not leaves or any(a.numel() == 0 for a in leaves):
                continue
            call = sample.call or cls.apply
            y = call(*arguments)
            outputs = y if isinstance(y, tuple) else (y,)
            outputs = [t for t in outputs if t.requires_grad]
            if outputs:
                return outputs, checked(call, arguments)
        return None

    def draw(self):
        """All pictures in one process of Graphviz; those drawn before from the same source stay."""
        folder = OUT / "pictures"
        folder.mkdir(exist_ok=True)
        known = folder / "sources.json"
        before = json.loads(known.read_text()) if known.exists() else {}
        wanted = {
            name: source
            for name, source in self.pictures.items()
            if before.get(name) != source or not (folder / f"{name}.svg").exists()
        }
        if wanted:
            subprocess.run([sys.executable, "-c", DRAW, str(folder)], input=json.dumps(wanted).encode(), check=True)
        known.write_text(json.dumps(self.pictures))


DRAW = """
import json, os, pathlib, sys, pygraphviz
os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # fontconfig writes there
for name, source in json.loads(sys.stdin.read()).items():
    pygraphviz.AGraph(string=source).draw(pathlib.Path(sys.argv[1]) / f"{name}.svg", format="svg", prog="dot")
"""


def checked(call, arguments):
    """What gradcheck and gradgradcheck say of a call; a check that fails stops the build."""
    lines = []
    for check, order in ((gradcheck, "first"), (gradgradcheck, "second")):
        try:
            found = str(check(call, arguments)).splitlines()
        except GradcheckError:
            raise
        except microtorch.GradientError as error:
            return "\n".join([*lines, f"no {order} derivative: {error}"])
        except microtorch.GraphError:  # nothing is left to differentiate
            return "\n".join([*lines, f"the {order} derivative is zero"])
        lines += [f"{order} derivative: {found[0]}", *found[1:]]
    return "\n".join(lines)


def attached_names():
    """The methods of Tensor that were not written in its class."""
    return [
        name
        for name, value in sorted(vars(Tensor).items())
        if inspect.isfunction(value) and not value.__qualname__.startswith("Tensor.")
    ]


def attached():
    """A sentence that lists them."""
    names = attached_names()
    methods = ", ".join(f"``{name}``" for name in names if not name.startswith("_"))
    operators = ", ".join(f"``{name}``" for name in names if name.startswith("__"))
    return (
        f"Methods that compute are attached by the operations and documented with them: {methods}.\n\n"
        f"Operators: {operators}.\n"
    )


def _letters(outputs):
    """Names for the inputs of the node in the picture: x alone, or a, b, c."""
    inputs = [a for a in outputs[0].grad_fn.inputs if isinstance(a, Tensor)]
    return dict(zip("x" if len(inputs) == 1 else "abcdefgh", inputs))


def _indented(text, by):
    return "\n".join(" " * by + line for line in text.splitlines())


def _write(path, text):
    """Only where it changed, so that Sphinx reads no page twice for nothing."""
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def write_pages(app):
    """Before Sphinx looks for pages."""
    writer = Writer()
    writer.write()
    app.env.settings.setdefault("tab_width", 4)
    app.public_names = _by_last_name(writer.paths)


def of_the_family(app, what, name, obj, options, lines):
    """An entry shows what its family says of it, too."""
    if inspect.isfunction(obj) or inspect.isclass(obj):
        lines[:] = families.full(obj).splitlines()


def absolute_values(app, what, name, obj, options, lines):
    """|x| is an absolute value, not a substitution of reStructuredText."""
    lines[:] = [without_substitutions(line) for line in lines]


def without_substitutions(line):
    """A line of a docstring with its bars escaped, except in code."""
    if line.lstrip().startswith((">>>", "...")):
        return line
    parts = line.split("``")
    return "``".join(part.replace("|", r"\|") if i % 2 == 0 else part for i, part in enumerate(parts))


def _by_last_name(paths):
    found = {}
    for known in paths.values():
        for path in known:
            found.setdefault(path.rpartition(".")[2], known[0])
            found.setdefault(path.removeprefix("microtorch."), known[0])
            found.setdefault(path, known[0])
    return found


def resolve(app, env, node, contnode):
    """A name in single backticks means the public thing of that name."""
    from docutils import nodes  # here, because `make lint` and the tests read names without Sphinx

    target = node.get("reftarget", "")
    path = app.public_names.get(target) or app.public_names.get(target.rpartition(".")[2])
    entry = env.get_domain("py").objects.get(path)
    if entry is None or node.get("refdomain") != "py":
        return None
    uri = app.builder.get_relative_uri(node["refdoc"], entry.docname) + "#" + entry.node_id
    reference = nodes.reference("", "", internal=True, refuri=uri)
    reference += contnode
    return reference


def setup(app):
    """Hook into the build."""
    app.connect("builder-inited", write_pages)
    app.connect("autodoc-process-docstring", of_the_family, priority=400)  # before numpydoc
    app.connect("autodoc-process-docstring", absolute_values)
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
