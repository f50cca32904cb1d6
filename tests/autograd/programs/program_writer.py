"""A writer of random programs: it fills in the blanks of `program_templates`, PyTorch at hand.

A line of a program is one statement over tensors named ``t0``, ``t1``, …, the namespace ``torch`` and the list ``log``.
The writer runs each line as it goes, so that shapes fit and values stay moderate.
"""

import re
from functools import lru_cache

from program_templates import KINDS, NEW, SCALARS, SHAPES

NAME = re.compile(r"\bt\d+\b")
LARGEST = 100.0  # values beyond are not computed on with: differences of rounding would grow


@lru_cache(1 << 14)
def compiled(line):
    """The code of one line."""
    return compile(line, "<program>", "exec")


def run_line(line, namespace):
    """Run one line where its names are."""
    if (".register_hook" in line or ".retain_grad" in line) and namespace["torch"].__name__ == "torch":
        # PyTorch 2.13 crashes where a hook is put on a view whose base was changed since, its node unseen.
        _ = namespace[NAME.match(line).group()].grad_fn
    exec(compiled(line), namespace)


class Blanks(dict):
    """Fills in one template: each blank is chosen when it is first met."""

    def __init__(self, writer):
        self.writer, self.rng, self.new = writer, writer.rng, 0

    def __missing__(self, blank):
        self[blank] = value = getattr(self, f"choose_{blank}")()
        return value

    def choose(self, names):
        if not names:
            raise LookupError
        # Newer tensors more often: so programs become deep.
        return names[max(self.rng.randrange(len(names)), self.rng.randrange(len(names)))]

    def shape(self, of="a"):
        return tuple(self.writer.namespace[self[of]].shape)

    def choose_a(self):
        return self.choose(self.writer.tensors())

    def choose_b(self):
        alike = [n for n in self.writer.tensors() if self.writer.namespace[n].shape == self.shape()]
        return self.choose(alike if self.rng.random() < 0.6 else self.writer.tensors())

    choose_c = choose_b

    def choose_v(self):
        self.new += 1
        return f"t{self.writer.count + self.new - 1}"

    choose_w = choose_u = choose_v

    def choose_x(self):
        return self.choose([n for n in self.writer.tensors() if self.writer.asks(n, "requires_grad")])

    choose_y = choose_x

    def choose_leaf(self):
        return self.choose([n for n in self.writer.tensors() if self.writer.asks(n, "is_leaf")])

    def choose_n(self):
        return self.rng.choice(["-1.5", "-0.5", "0.3", "0.5", "1.5", "2.0"])

    def choose_d(self):
        return self.rng.randrange(-max(len(self.shape()), 1), max(len(self.shape()), 1))

    choose_e = choose_d

    def choose_i(self):
        return self.rng.randrange(max((*self.shape(), 1)[0], 1))

    choose_j = choose_i

    def choose_index(self):
        parts = []
        for n in self.shape()[: self.rng.randrange(1, 4)]:
            kinds = [str(self.rng.randrange(n)), ":", "1:", ":1", "::2", "-1"] if n else [":"]
            parts.append(self.rng.choice(kinds))
        if self.rng.random() < 0.1:
            parts.append("...")
        if self.rng.random() < 0.05:
            parts.insert(0, "None")
        return ", ".join(parts) or "..."

    def choose_new(self):
        return str(self.numbers(self.rng.choice(SHAPES)))

    def numbers(self, shape):
        if not shape:
            return self.rng.randrange(-150, 151) / 100
        return [self.numbers(shape[1:]) for _ in range(shape[0])]

    def like(self, of):
        return f"torch.tensor({self.numbers(self.shape(of))}, dtype=torch.float64)"

    def choose_like(self):
        return self.like("a" if "leaf" not in self else "leaf")

    def choose_x_like(self):
        return self.like("x")

    def choose_rows(self):
        return f"torch.tensor({[self.choose_i() for _ in range(self.rng.randrange(1, 4))]})"

    def choose_one(self):
        n = max((self.shape() or (1,))[self["d"]], 1)
        return f"torch.tensor([{self.rng.randrange(n)}])"

    def choose_at(self):
        shape = self.shape()
        n = max((shape or (1,))[self["d"]], 1)

        def positions(sizes):
            return [positions(sizes[1:]) for _ in range(sizes[0])] if sizes else self.rng.randrange(n)

        return f"torch.tensor({positions(shape)})"

    def choose_classes(self):
        rows, classes = (*self.shape(), 1, 1)[:2]
        return f"torch.tensor({[self.rng.randrange(max(classes, 1)) for _ in range(rows)]})"

    def choose_sizes(self):
        n = self.writer.namespace[self["a"]].numel()
        return self.rng.choice([(-1,), *((k, n // k) for k in range(1, n + 1) if n % k == 0)])

    def choose_s(self):
        return self.rng.choice(SCALARS).format_map(self)


class Writer:
    """Writes a program line by line; PyTorch tells of each whether it can be run."""

    def __init__(self, rng, torch):
        self.rng, self.torch, self.lines, self.count = rng, torch, [], 0
        self.namespace = {"torch": torch, "log": []}

    def tensors(self):
        """The names so far that floating tensors with elements are known by, oldest first."""
        return [
            name
            for name, value in self.namespace.items()
            if isinstance(value, self.torch.Tensor) and value.dtype == self.torch.float64 and value.numel()
        ]

    def asks(self, name, attribute):
        """A flag of a tensor; False where PyTorch refuses to look at a view whose base was changed in place."""
        try:
            return getattr(self.namespace[name], attribute)
        except RuntimeError:
            return False

    def write(self, length):
        """About `length` lines; the last differentiates."""
        for _ in range(1 + self.rng.randrange(2)):
            self.add(NEW.strip().splitlines()[0], False)
        while len(self.lines) < length:
            often, (_, lines, unsafe) = self.rng.randrange(100), KINDS[0]
            for share, lines, unsafe in KINDS:  # noqa: B007 — the last one looked at is the one
                often -= share
                if often < 0:
                    break
            if not self.add(self.rng.choice(lines), unsafe):
                return self.lines
        self.add("{s}.backward()", True)
        return self.lines

    def add(self, template, unsafe):
        """Try one line; False if the program has to end here, with a line that PyTorch refuses."""
        blanks = Blanks(self)
        try:
            line = template.format_map(blanks)
        except LookupError:  # there is no such tensor yet
            return True
        try:
            run_line(line, self.namespace)
            moderate = all(self.moderate(name) for name in NAME.findall(line))
        except Exception as error:
            if is_about_the_graph(error) and self.rng.random() < 0.1:
                self.lines.append(line)
                return False
            moderate = False
        if moderate:
            self.lines.append(line)
            self.count += blanks.new
        elif unsafe:
            self.again()
        else:
            for name in NAME.findall(line.partition("=")[0]):
                if int(name[1:]) >= self.count:
                    self.namespace.pop(name, None)
        return True

    def moderate(self, name):
        """Whether the values and the gradient under a name are small enough to go on with."""
        t = self.namespace.get(name)
        if t is None or not t.numel() or not t.is_floating_point():
            return True
        with self.torch.no_grad():
            found = all(float(a.abs().max()) < LARGEST for a in (t, t.grad) if a is not None)
        return found and t.numel() <= 64

    def again(self):
        """Back to before a line that was tried: run the program anew."""
        self.namespace = {"torch": self.torch, "log": []}
        for line in self.lines:
            run_line(line, self.namespace)


GRAPH_WORDS = re.compile("leaf|in-?place|view|require|second time|unused|not to have been used|single memory|overlap")


def is_about_the_graph(error):
    """Whether PyTorch refuses for what the graph is, not for shapes that do not fit."""
    return isinstance(error, RuntimeError) and GRAPH_WORDS.search(str(error)) is not None


def generate(rng, torch, length=None):
    """A random program: a list of lines, made of what `rng` (a random.Random) chooses."""
    return Writer(rng, torch).write(rng.randrange(4, 22) if length is None else length)
