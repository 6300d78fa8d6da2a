"""From `import torch` to the report, in 30 lines: does decay help this network?"""

import sys

import paso_ml
import torch
from torch import nn


def data(seed: int, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Points of two noisy rings."""
    stream = torch.Generator().manual_seed(seed)
    label = torch.randint(0, 2, (count,), generator=stream)
    angle = torch.rand(count, generator=stream) * 6.2832
    radius = 1.0 + label + 0.35 * torch.randn(count, generator=stream)
    return torch.stack([radius * angle.cos(), radius * angle.sin()], 1), label


def train(run: paso_ml.Run) -> float:
    torch.set_num_threads(1)  # the network is small
    torch.manual_seed(run.seed)  # everything random comes from the run's seed
    x, y = data(run.seed, 512)
    x_val, y_val = data(10**6, 2000)
    model = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 2))
    optimizer = paso_ml.AdamW(model.parameters())
    metrics = []
    for step in range(run.last_step):
        optimizer.param_groups[0]["lr"] = run.lr(step)
        batch = torch.randint(0, len(x), (16,))
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
        optimizer.step()
        if run.evaluates_after(step + 1):
            with torch.no_grad():
                metrics.append((model(x_val).argmax(1) == y_val).float().mean().item())
    return sum(metrics) / len(metrics)


if __name__ == "__main__":
    answer = paso_ml.settle(train, steps=200, lr=1e-2, metric="accuracy", margin=0.005, pairs=15)
    print(answer)
    print(answer.report(sys.argv[1] if len(sys.argv) > 1 else "report.html"))
