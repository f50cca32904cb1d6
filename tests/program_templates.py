"""What random programs are made of: lines of Python with blanks, and a writer that fills them in, PyTorch at hand.

A line of a program is one statement over tensors named ``t0``, ``t1``, …, the namespace ``torch`` and the list ``log``.
The writer runs each line as it goes, so that shapes fit and values stay moderate.
"""

import re
from functools import lru_cache

NAME = re.compile(r"\bt\d+\b")
LARGEST = 100.0  # values beyond are not computed on with: differences of rounding would grow

# What fills the blanks: {a} a tensor so far, {b} {c} further ones, mostly of its shape; {v} {w} {u} new names; {n} a
# number, {p} a positive one; {d} {e} dimensions of {a}; {i} a position along its first; {index} what goes between
# brackets; {like} constants in its shape; {one} {rows} {at} {classes} positions; {sizes} another shape of its elements;
# {s} a scalar that requires a gradient; {x} {y} tensors that require one; {leaf} a leaf.
NEW = """
{v} = torch.tensor({new}, dtype=torch.float64, requires_grad=True)
{v} = torch.tensor({new}, dtype=torch.float64)
{v} = {like}
{v} = {like}.requires_grad_()
"""
OPERATIONS = """
{v} = {a} + {b}
{v} = {a} - {b}
{v} = {a} * {b}
{v} = {a} * {a}
{v} = {a} / ({b}.abs() + 0.5)
{v} = {a} * {n}
{v} = {n} - {a}
{v} = {a} ** 2
{v} = -{a}
{v} = torch.tanh({a})
{v} = {a}.sigmoid()
{v} = {a}.relu()
{v} = torch.nn.functional.leaky_relu({a}, 0.1)
{v} = {a}.clamp(-1.0, 1.0).exp()
{v} = torch.log({a}.abs() + 0.5)
{v} = ({a} * {a} + 0.3).sqrt()
{v} = {a}.sin()
{v} = {a}.abs()
{v} = torch.nn.functional.softplus({a})
{v} = torch.nn.functional.gelu({a})
{v} = {a} @ {b}
{v} = {a} @ {a}.T
{v} = torch.nn.functional.linear({a}, {b})
{v} = torch.nn.functional.linear({a}, {b}, {c})
{v} = torch.einsum('ij,kj->ik', {a}, {b})
{v} = torch.bmm({a}.unsqueeze(0), {a}.T.unsqueeze(0))
{v} = torch.outer({a}.flatten(), {b}.flatten())
{v} = {a}.sum()
{v} = {a}.sum({d})
{v} = {a}.sum({d}, keepdim=True)
{v} = {a}.mean({d})
{v} = {a}.mean()
{v} = {a}.var({d})
{v}, {w} = torch.var_mean({a}, dim={d})
{v} = {a}.prod({d})
{v} = {a}.norm()
{v} = {a}.max({d})[0]
{v}, {w} = {a}.min({d})
{v} = {a}.amax({d})
{v} = {a}.max()
{v} = {a}.logsumexp({d})
{v} = torch.log_softmax({a}, {d})
{v} = {a}.softmax({d})
{v} = {a}.cumsum({d})
{v} = {a}.sort({d})[0]
{v} = {a}.topk(1, {d})[0]
{v} = torch.cat([{a}, {b}], {d})
{v} = torch.stack([{a}, {b}, {a}])
{v} = torch.where({a} > {n}, {a}, {b})
{v} = {a}.clamp(min={n})
{v} = torch.maximum({a}, {b})
{v} = torch.minimum({a}, {like})
{v} = {a}.masked_fill({a} > {n}, {n})
{v} = {a}.gather({d}, {at})
{v} = {a}.scatter_add({d}, {at}, {b})
{v} = {a}.index_select({d}, {one})
{v} = {a}[{rows}]
{v} = {a}[{a} > {n}]
{v} = {a}.flip({d})
{v} = {a}.roll(1, {d})
{v} = {a}.repeat(2, 1)
{v} = {a}.tril()
{v} = {a}.lerp({b}, 0.3)
{v} = {a}.clone()
{v} = torch.nn.functional.mse_loss({a}, {b})
{v} = torch.nn.functional.cross_entropy({a}, {classes})
{v} = torch.nn.functional.smooth_l1_loss({a}, {like})
{v} = torch.nn.functional.binary_cross_entropy_with_logits({a}, {b}.sigmoid())
{v} = torch.nn.functional.layer_norm({a}, {a}.shape[-1:])
{v} = torch.nn.functional.normalize({a}, dim={d})
"""
VIEWS = """
{v} = {a}[{index}]
{v} = {a}[{index}]
{v} = {a}[{index}]
{v} = {a}[{i}]
{v} = {a}.select({d}, 0)
{v} = {a}.narrow({d}, 0, 1)
{v} = {a}.diagonal()
{v} = {a}.T
{v} = {a}.permute(*range({a}.ndim)[::-1])
{v} = {a}.transpose({d}, {e})
{v} = {a}.movedim({d}, {e})
{v} = {a}.reshape({sizes})
{v} = {a}.view({sizes})
{v} = {a}.view(-1)
{v} = {a}.unsqueeze(0).flatten()
{v} = {a}.unflatten({d}, (-1, 1))
{v} = {a}.squeeze()
{v} = {a}.squeeze({d})
{v} = {a}.unsqueeze({d})
{v} = {a}.expand(2, *{a}.shape)
{v}, {w} = {a}.chunk(2, {d})
{v}, {w} = {a}.split([1, {a}.shape[{d}] - 1], {d})
{v}, {w} = {a}.unbind({d})
{v} = {a}.unbind()[{i}]
{v}, {w}, {u} = list({a})
{v} = list({a})[{i}]
{v} = {a}[{index}].T
{v} = {a}.detach()
{v} = {a}.detach()[{index}]
with torch.no_grad(): {v} = {a}[{index}]
with torch.no_grad(): {v} = {a} * {n}
with torch.no_grad(): {v} = {a} + {b}
"""
IN_PLACE = """
{a}.add_({b})
{a}.sub_({b})
{a}.mul_({b})
{a}.mul_({n})
{a}.div_({b}.abs() + 0.5)
{a} += {b}
{a} += {a}
{a} -= {a}
{a} *= {a}
{a} += {n}
{a} *= {n}
{a}.copy_({b})
{a}.copy_({a})
{a}.copy_({like})
{a}[:] = {a}
{a}[:] = {b}
{a}.fill_({n})
{a}.zero_()
{a}.clamp_(-1.0, 1.0)
{a}.clamp_(min={b})
{a}.clamp_(min={a})
{a}.relu_()
{a}.tanh_()
{a}.sigmoid_()
{a}.sin_()
{a}.clamp_(max=1.0).exp_()
{a}.neg_()
{a}.lerp_({b}, 0.3)
{a}.lerp_({a}, 0.3)
{a}.masked_fill_({a} > {n}, {n})
{a}.masked_fill_({a}.detach() > {n}, 0.0)
{a}.scatter_add_({d}, {at}, {b})
{a}.scatter_add_({d}, {at}, {a})
{a}.index_add_({d}, {one}, {b}.narrow({d}, 0, 1))
{a}[{index}] = {n}
{a}[{index}] = {b}
{a}[{index}] = {b}[{index}]
{a}[{i}] = {a}[{j}]
{a}[{i}] = {b}
{a}[{a} > {n}] = {n}
{a}[{a} > {n}] = {b}[{a} > {n}]
{a}[{rows}] = {n}
{a}[{index}] += {n}
{a}[{index}] *= {n}
{a}[{index}].mul_({n})
{a}[{i}].mul_({n})
{a}[{i}] += {b}[{i}]
{a}[{i}].copy_({b}[{j}])
{a}[{i}].tanh_()
{a}.T.mul_({n})
{a}.view(-1)[0] = {n}
{a}.view(-1).mul_({b}.reshape(-1))
{a}.diagonal().zero_()
{a}.diagonal().add_({n})
{a}.T[{i}].add_({n})
{a}.detach().mul_({n})
{a}.detach()[{i}] = {b}[{i}]
{a}.data.mul_({n})
{a}.chunk(2, {d})[0].mul_({n})
{a}.unbind({d})[0].mul_({n})
for row in {a}: row.mul_({n})
with torch.no_grad(): {a}.mul_({n})
with torch.no_grad(): {a} += {b}
with torch.no_grad(): {a}[{index}] = {n}
with torch.no_grad(): {a}.copy_({b})
with torch.no_grad(): {leaf}.sub_({like})
"""
GRAPH = """
{a}.requires_grad_()
{leaf}.requires_grad_(False)
{leaf}.requires_grad_(True)
{x}.retain_grad()
{x}.retain_grad()
{x}.register_hook(lambda g: g * {n})
{x}.register_hook(lambda g: g + g)
{x}.register_hook(lambda g: log.append(g.tolist()))
{x}.register_hook(lambda g: torch.tanh(g))
{leaf}.register_hook(lambda g: g * {n})
{leaf}.grad = None
{leaf}.grad.zero_()
{leaf}.grad.mul_({n})
{v} = {x}.grad.clone()
"""
BACKWARD = """
{s}.backward()
{s}.backward()
{s}.backward(retain_graph=True)
{s}.backward(retain_graph=True)
{s}.backward(retain_graph=True)
{s}.backward(create_graph=True)
{s}.backward(inputs=[{x}], retain_graph=True)
{s}.backward(inputs=[{leaf}, {x}])
{x}.backward({x_like}, retain_graph=True)
{x}.backward({x_like})
torch.autograd.backward([{x}.sum(), {s}], retain_graph=True)
torch.autograd.backward([{x}, {x}], [{x_like}, {x_like}], retain_graph=True)
{v}, = torch.autograd.grad({s}, [{x}], retain_graph=True)
{v}, = torch.autograd.grad({s}, [{leaf}])
{v}, = torch.autograd.grad({s}, [{x}], create_graph=True)
{v}, = torch.autograd.grad({s}, [{leaf}], create_graph=True)
{v}, = torch.autograd.grad({s}, [{leaf}], create_graph=True)
{v}, {w} = torch.autograd.grad({s}, [{leaf}, {x}], create_graph=True)
{v}, {w} = torch.autograd.grad({s}, [{x}, {y}], retain_graph=True, allow_unused=True)
{v}, {w} = torch.autograd.grad({s}, [{x}, {y}], create_graph=True, allow_unused=True)
{v}, {w} = torch.autograd.grad({s}, [{x}, {y}], create_graph=True, materialize_grads=True)
{v}, = torch.autograd.grad({x}, [{y}], {x_like}, create_graph=True)
"""
SCALARS = """
{x}.sum()
({x} * {x}).sum()
torch.tanh({x}).mean()
({x} * {x_like}).sum()
({x} + {y}).sum()
({x} * {y}).mean()
({x}.sum() + ({y} ** 2).sum())
""".strip().splitlines()
# (how often of 100, lines, whether a line that fails may have changed something)
KINDS = [
    (6, NEW, False),
    (34, OPERATIONS, False),
    (20, VIEWS, False),
    (20, IN_PLACE, True),
    (9, GRAPH, True),
    (11, BACKWARD, True),
]
KINDS = [(often, lines.strip().splitlines(), unsafe) for often, lines, unsafe in KINDS]
SHAPES = [(3,), (4,), (2, 3), (3, 3), (3, 2), (3, 4), (2, 2), (1, 3), (), (3, 1), (2, 1, 3), (2, 2, 2)]


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
