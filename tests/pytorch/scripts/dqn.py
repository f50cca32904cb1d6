"""Q-learning from a memory, with a second network that follows."""

import collections
import random

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

random.seed(0)
torch.manual_seed(0)
rng = np.random.RandomState(0)


class Qnet(nn.Module):
    def __init__(self):
        super(Qnet, self).__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(4, 16), nn.Linear(16, 16), nn.Linear(16, 2)

    def forward(self, x):
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))

    def sample_action(self, obs, epsilon):
        out = self.forward(obs)
        return random.randint(0, 1) if random.random() < epsilon else out.argmax().item()


q, q_target = Qnet(), Qnet()
q_target.load_state_dict(q.state_dict())
memory = collections.deque(maxlen=50)
optimizer = torch.optim.Adam(q.parameters(), lr=5e-3)
losses = []
s = rng.randn(4)
for step in range(40):
    a = q.sample_action(torch.from_numpy(s).float(), epsilon=0.3)
    s_prime = 0.9 * s + rng.randn(4) * 0.1 + (0.1 if a else -0.1)
    memory.append((s, a, float(-abs(s_prime[0])), s_prime, 0.0 if step % 9 == 8 else 1.0))
    s = s_prime
    if step % 5 == 4 and len(memory) > 10:
        batch = random.sample(memory, 8)
        s_lst, a_lst, r_lst, s2_lst, mask_lst = zip(*[(b[0], [b[1]], [b[2]], b[3], [b[4]]) for b in batch])
        states = torch.tensor(np.array(s_lst), dtype=torch.float)
        q_a = q(states).gather(1, torch.tensor(a_lst))
        max_q = q_target(torch.tensor(np.array(s2_lst), dtype=torch.float)).max(1)[0].unsqueeze(1)
        target = torch.tensor(r_lst) + 0.98 * max_q * torch.tensor(mask_lst)
        loss = F.smooth_l1_loss(q_a, target.detach())
        optimizer.zero_grad()
        loss.backward()
        for param in q.parameters():
            param.grad.data.clamp_(-1, 1)
        optimizer.step()
        losses.append(loss.item())
    if step == 20:
        q_target.load_state_dict(q.state_dict())
