"""Initial values by apply, tied weights, hooks on modules and tensors, vectors of parameters."""

import torch
import torch.nn as nn

torch.manual_seed(0)


def init_weights(m):
    if type(m) == nn.Linear:
        nn.init.xavier_uniform_(m.weight, gain=nn.init.calculate_gain("tanh"))
        m.bias.data.fill_(0.01)


net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 8))
net.apply(init_weights)
net[4].weight = net[2].weight
seen, gradients = {}, []
handles = [net[1].register_forward_hook(lambda module, args, output: seen.update(out=output.detach().std().item()))]
handles.append(net[2].weight.register_hook(lambda grad: gradients.append(grad.norm().item()) or grad * 0.5))
x = torch.randn(10, 4, requires_grad=True)
losses = []
for step in range(3):
    loss = (net(x) ** 2).mean()
    net.zero_grad()
    loss.backward()
    vector = torch.nn.utils.parameters_to_vector(net.parameters())
    flat = torch.cat([p.grad.reshape(-1) for p in net.parameters()])
    torch.nn.utils.vector_to_parameters(vector - 0.1 * flat, net.parameters())
    losses.extend([loss.item(), seen["out"], gradients[-1]])
[handle.remove() for handle in handles]
losses.extend([x.grad.abs().sum().item(), float(sum(p.numel() for p in net.parameters()))])
