"""A student that learns from a teacher's soft answers."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
teacher = nn.Sequential(nn.Linear(8, 32), nn.SiLU(), nn.Linear(32, 5)).eval()
student = nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Dropout(0.1), nn.Linear(6, 5))
optimizer = torch.optim.NAdam(student.parameters(), lr=0.01)
x, labels, T = torch.randn(24, 8), torch.randint(0, 5, (24,)), 2.0
losses = []
for epoch in range(6):
    with torch.no_grad():
        teacher_logits = teacher(x)
    student_logits = student(x)
    soft = nn.KLDivLoss(reduction="batchmean")(
        F.log_softmax(student_logits / T, dim=-1), F.softmax(teacher_logits / T, dim=-1)
    ) * (T**2)
    loss = 0.25 * soft + 0.75 * F.cross_entropy(student_logits, labels, label_smoothing=0.1)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
