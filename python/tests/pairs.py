"""Two equal models, one trained by torch's optimizer and one by ours, on the same stream."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn


class Pair:
    """The same model twice, with torch's optimizer and with ours."""

    def __init__(self, theirs: type, ours: type, model: nn.Module | None = None, **settings: Any) -> None:
        self.models = [model or mlp()]
        self.models.append(copy.deepcopy(self.models[0]))
        self.opts = [make(m.parameters(), **settings) for make, m in zip((theirs, ours), self.models)]
        self.stream = torch.Generator().manual_seed(7)

    def batch(self) -> Tensor:
        return torch.randn(16, 8, generator=self.stream)

    def step(self, steps: int = 1, loss: Callable[[nn.Module, Tensor], Tensor] | None = None) -> None:
        for _ in range(steps):
            x = self.batch()
            for model, opt in zip(self.models, self.opts):
                opt.zero_grad()
                value = model(x).pow(2).mean() if loss is None else loss(model, x)
                value.backward()
                opt.step()

    def far(self) -> float:
        """The largest difference of a weight, relative to the larger of it and 1e-2."""
        return distance(*self.models)


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(8, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 4))


def distance(a: nn.Module, b: nn.Module) -> float:
    pairs = zip(a.parameters(), b.parameters())
    return max(((p - q).abs() / p.abs().clamp(min=1e-2)).max().item() for p, q in pairs)
