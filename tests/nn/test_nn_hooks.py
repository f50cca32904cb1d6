"""Hooks of modules, forward and backward."""

import pytest

import microtorch
from microtorch import nn
from microtorch.errors import GradientError


def test_hooks_run_in_order_and_may_replace():
    net, seen = nn.Identity(), []
    net.register_forward_pre_hook(lambda m, args: seen.append("second") or args[0] + 1)
    first = net.register_forward_pre_hook(lambda m, args: seen.append("first"), prepend=True)
    net.register_forward_hook(lambda m, args, y: seen.append((args[0].item(), y.item())) or y * 10)
    assert net(microtorch.tensor(1.0)).item() == 20
    assert seen == ["first", "second", (2.0, 2.0)]
    first.remove()
    net(microtorch.tensor(1.0))
    assert seen[3:] == ["second", (2.0, 2.0)]


def test_hooks_with_keyword_arguments():
    class Scale(nn.Module):
        def forward(self, x, by=1):
            return x * by

    net, seen = Scale(), []
    net.register_forward_pre_hook(lambda m, args, kwargs: (args, {"by": kwargs["by"] + 1}), with_kwargs=True)
    net.register_forward_hook(lambda m, args, kwargs, y: seen.append(kwargs), with_kwargs=True)
    assert net(microtorch.tensor(1.0), by=2).item() == 3
    assert seen == [{"by": 3}]
    net.register_forward_pre_hook(lambda m, args, kwargs: args, with_kwargs=True)
    with pytest.raises(TypeError, match=r"None or \(args, kwargs\)"):
        net(microtorch.tensor(1.0), by=2)


def test_a_hook_may_ask_to_be_called_in_any_case():
    net, seen = nn.Linear(2, 2), []
    net.register_forward_hook(lambda m, args, y: seen.append(y), always_call=True)
    net.register_forward_hook(lambda m, args, y: seen.append("not this"))
    with pytest.raises(ValueError, match="linear"):
        net(microtorch.ones(1, 3))
    assert seen == [None]


def test_backward_hooks_see_and_replace_gradients():
    net, seen = nn.Linear(2, 1, bias=False), []
    nn.init.constant_(net.weight, 3.0)
    pre = net.register_full_backward_pre_hook(lambda m, gy: (gy[0] * 2,))
    post = net.register_full_backward_hook(
        lambda m, gx, gy: seen.append((gx[0].tolist(), gy[0].tolist())) or (gx[0] * 5,)
    )
    x = microtorch.ones(1, 2, requires_grad=True)
    (net(x) * 7).sum().backward()
    assert seen == [([[42.0, 42.0]], [[14.0]])]
    assert x.grad.tolist() == [[210.0, 210.0]]
    assert net.weight.grad.tolist() == [[14.0, 14.0]]
    pre.remove()
    post.remove()
    x.grad = None
    net(x).sum().backward()
    assert x.grad.tolist() == [[3.0, 3.0]]
    assert len(seen) == 1


def test_backward_hooks_with_several_tensors_and_second_derivatives():
    class Both(nn.Module):
        def forward(self, a, b, c):
            return a * b * b, a + 1

    net, seen = Both(), []
    net.register_full_backward_hook(
        lambda m, gx, gy: seen.append([None if g is None else g.item() for g in (*gx, *gy)])
    )
    a, b = microtorch.tensor(2.0, requires_grad=True), microtorch.tensor(3.0, requires_grad=True)
    y, z = net(a, b, microtorch.tensor(1.0))
    (gb,) = microtorch.autograd.grad(y + 10 * z, [b], create_graph=True)
    assert seen[0] == [19.0, 12.0, None, 1.0, 10.0]
    assert gb.item() == 12.0
    (gbb,) = microtorch.autograd.grad(gb, [b])
    assert gbb.item() == 4.0


def test_backward_hooks_without_input_gradients_are_called_all_the_same():
    net, seen = nn.Linear(2, 1), []
    net.register_full_backward_hook(lambda m, gx, gy: seen.append((gx, gy[0].tolist())))
    net(microtorch.ones(1, 2)).sum().backward()
    assert seen == [((None,), [[1.0]])]
    net.register_full_backward_hook(lambda m, gx, gy: (gx[0][0],))
    with pytest.raises(
        GradientError, match=r"a backward hook must return None or a tuple of gradients of shapes \(\(1, 2"
    ):
        net(microtorch.ones(1, 2, requires_grad=True)).sum().backward()


def test_an_answer_of_a_backward_hook_that_cannot_count_is_refused():
    net = nn.Linear(2, 1)
    net.register_full_backward_hook(lambda m, gx, gy: (gy[0],))
    with pytest.raises(GradientError, match=r"backward hook of Linear.*no input of which takes a gradient"):
        net(microtorch.ones(1, 2)).sum().backward()


def test_backward_hooks_get_none_for_outputs_without_a_gradient():
    class Two(nn.Module):
        def forward(self, x):
            return x * 2, x.detach()

    seen, net = [], Two()
    net.register_full_backward_hook(lambda m, gx, gy: seen.append(gy))
    net(microtorch.ones(2, requires_grad=True))[0].sum().backward()
    assert seen[0][0].tolist() == [1.0, 1.0]
    assert seen[0][1] is None
