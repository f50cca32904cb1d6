"""A generator and a discriminator, with labels of ones and zeros."""

import torch
import torch.nn as nn

cuda = True if torch.cuda.is_available() else False
Tensor = torch.cuda.FloatTensor if cuda else torch.FloatTensor
torch.manual_seed(0)


def block(n_in, n_out, normalize=True):
    layers = [nn.Linear(n_in, n_out)]
    if normalize:
        layers.append(nn.BatchNorm1d(n_out, 0.8))
    layers.append(nn.LeakyReLU(0.2, inplace=True))
    return layers


generator = nn.Sequential(*block(6, 16, normalize=False), *block(16, 24), nn.Linear(24, 16), nn.Tanh())
discriminator = nn.Sequential(nn.Linear(16, 20), nn.LeakyReLU(0.2, inplace=True), nn.Linear(20, 1), nn.Sigmoid())
adversarial_loss = torch.nn.BCELoss()
optimizer_G = torch.optim.Adam(generator.parameters(), lr=2e-3, betas=(0.5, 0.999))
optimizer_D = torch.optim.Adam(discriminator.parameters(), lr=2e-3, betas=(0.5, 0.999))
losses = []
for i in range(5):
    imgs = torch.rand(12, 4, 4) * 2 - 1
    valid = Tensor(imgs.size(0), 1).fill_(1.0)
    fake = Tensor(imgs.size(0), 1).fill_(0.0)
    real_imgs = imgs.view(imgs.size(0), -1).type(Tensor)
    optimizer_G.zero_grad()
    gen_imgs = generator(torch.randn(12, 6))
    g_loss = adversarial_loss(discriminator(gen_imgs), valid)
    g_loss.backward()
    optimizer_G.step()
    optimizer_D.zero_grad()
    real_loss = adversarial_loss(discriminator(real_imgs), valid)
    fake_loss = adversarial_loss(discriminator(gen_imgs.detach()), fake)
    d_loss = (real_loss + fake_loss) / 2
    d_loss.backward()
    optimizer_D.step()
    losses.extend([g_loss.item(), d_loss.item()])
