"""Pairs and triples: distances, cosines, margins."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
embed = nn.Sequential(nn.Linear(6, 16), nn.PReLU(), nn.Linear(16, 4))
optimizer = torch.optim.Rprop(embed.parameters(), lr=0.01)
triplet, cosine = nn.TripletMarginLoss(margin=1.0, p=2), nn.CosineEmbeddingLoss(margin=0.2)
losses = []
for step in range(6):
    a, b, label = torch.randn(12, 6), torch.randn(12, 6), torch.randint(0, 2, (12,)).float()
    za, zb = embed(a), embed(b)
    distance = F.pairwise_distance(za, zb, keepdim=True)
    contrastive = torch.mean(
        (1 - label) * distance.squeeze().pow(2) + label * torch.clamp(1.5 - distance.squeeze(), min=0.0).pow(2)
    )
    similarity = F.cosine_similarity(za, zb, dim=1).mean()
    loss = contrastive + triplet(za, zb, embed(b.flip(0))) + cosine(za, zb, 2 * label - 1) + 0.1 * similarity
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
