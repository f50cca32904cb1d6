"""Each step of a backward pass written out, and compared with autograd's."""

import torch
import torch.nn.functional as F

torch.manual_seed(42)
x, y = torch.randn(8, 5), torch.randint(0, 4, (8,))
W1, b1 = torch.randn(5, 6, requires_grad=True), torch.randn(6, requires_grad=True)
W2, b2 = torch.randn(6, 4, requires_grad=True), torch.randn(4, requires_grad=True)
n = 8
hpre = x @ W1 + b1
h = torch.tanh(hpre)
logits = h @ W2 + b2
logit_maxes = logits.max(1, keepdim=True).values
counts = (logits - logit_maxes).exp()
counts_sum_inv = counts.sum(1, keepdims=True) ** -1
logprobs = (counts * counts_sum_inv).log()
loss = -logprobs[range(n), y].mean()
for t in (logprobs, counts, logits, h, hpre):
    t.retain_grad()
loss.backward()
dlogprobs = torch.zeros_like(logprobs)
dlogprobs[range(n), y] = -1.0 / n
dlogits = F.softmax(logits, 1)
dlogits[range(n), y] -= 1
dlogits /= n
dh = dlogits @ W2.T
dhpre = (1.0 - h**2) * dh
losses = [loss.item()]
for made, t in (
    (dlogprobs, logprobs),
    (dlogits, logits),
    (dh, h),
    (dhpre, hpre),
    (x.T @ dhpre, W1),
    (dhpre.sum(0), b1),
):
    assert torch.allclose(made, t.grad, atol=1e-6)
    losses.append(t.grad.abs().sum().item())
