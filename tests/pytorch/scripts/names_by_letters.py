"""A network that guesses the next letter: a table of letters, batches by index, batch statistics by hand, samples."""

import torch
import torch.nn.functional as F

words = ["emma", "olivia", "ava", "isabella", "sophia", "mia", "amelia", "ella"]
chars = sorted(set("".join(words)))
stoi = {s: i + 1 for i, s in enumerate(chars)}
stoi["."] = 0
X, Y = [], []
for w in words:
    context = [0] * 3
    for ch in w + ".":
        ix = stoi[ch]
        X.append(context)
        Y.append(ix)
        context = context[1:] + [ix]
X, Y = torch.tensor(X), torch.tensor(Y)
g = torch.Generator().manual_seed(2147483647)
size = len(stoi)
C = torch.randn((size, 4), generator=g)
W1 = torch.randn((12, 20), generator=g) * (5 / 3) / (12**0.5)
bngain, bnbias = torch.ones((1, 20)), torch.zeros((1, 20))
W2, b2 = torch.randn((20, size), generator=g) * 0.1, torch.zeros(size)
parameters = [C, W1, bngain, bnbias, W2, b2]
for p in parameters:
    p.requires_grad = True
running = torch.zeros((1, 20))
losses = []
for i in range(8):
    ix = torch.randint(0, X.shape[0], (16,), generator=g)
    emb = C[X[ix]]
    hpreact = emb.view(emb.shape[0], -1) @ W1
    bnmean, bnstd = hpreact.mean(0, keepdim=True), hpreact.std(0, keepdim=True)
    with torch.no_grad():
        running = 0.9 * running + 0.1 * bnmean
    h = torch.tanh(bngain * (hpreact - bnmean) / bnstd + bnbias)
    loss = F.cross_entropy(h @ W2 + b2, Y[ix])
    for p in parameters:
        p.grad = None
    loss.backward()
    for p in parameters:
        p.data += -0.1 * p.grad
    losses.append(loss.log10().item())
probs = F.softmax(torch.tanh(C[X[:3]].view(3, -1) @ W1 - running) @ W2, dim=1)
losses.append(torch.multinomial(probs, num_samples=2, replacement=True, generator=g).float().mean().item())
N = torch.zeros((size, size), dtype=torch.int32)
for a, b in zip(X[:, -1].tolist(), Y.tolist()):
    N[a, b] += 1
P = (N + 1).float()
P /= P.sum(1, keepdims=True)
losses.append(-P[X[:, -1], Y].log().mean().item())
