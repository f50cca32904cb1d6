"""What random programs are made of: lines of Python with blanks, by kind; `program_writer` fills them in."""

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
