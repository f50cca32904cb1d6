"""An autoencoder that is trained on noisy images, with a schedule and weight decay."""

import torch
from torch import nn

torch.manual_seed(0)
encoder = nn.Sequential(nn.Linear(25, 12), nn.Tanh(), nn.Linear(12, 3))
decoder = nn.Sequential(nn.Linear(3, 12), nn.Tanh(), nn.Linear(12, 25), nn.Sigmoid())
optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=5e-3, weight_decay=1e-5)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
images = torch.rand(20, 1, 5, 5)
losses = []
for epoch in range(6):
    noisy = (images + 0.3 * torch.randn(*images.size())).clamp(0.0, 1.0)
    decoded = decoder(encoder(noisy.view(noisy.size(0), -1)))
    loss = nn.functional.mse_loss(decoded, images.flatten(1))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scheduler.step()
    losses.extend([loss.item(), scheduler.get_last_lr()[0]])
