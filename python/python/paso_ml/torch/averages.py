"""Running averages of the weights, for the arms of a study that evaluate them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor


class Averages:
    """Exponential moving averages of parameters, one for each horizon in steps: the decay factor of a horizon is
    ``1 - 1 / horizon``.

    Args:
        params: the parameters.
        horizons: as ``run.averaging`` of a study has them; may be empty.

    >>> import torch, paso_ml
    >>> weight = torch.nn.Parameter(torch.zeros(2))
    >>> averages = paso_ml.Averages([weight], [2, 10])
    >>> weight.data.fill_(1.0)
    tensor([1., 1.])
    >>> averages.update()
    >>> for _ in averages.each():
    ...     print(weight.data)
    tensor([0.5000, 0.5000])
    tensor([0.1000, 0.1000])
    >>> weight.data
    tensor([1., 1.])
    """

    def __init__(self, params: Iterable[Tensor], horizons: Sequence[int]) -> None:
        self.params = list(params)
        self.horizons = list(horizons)
        self.values = [[p.detach().clone() for p in self.params] for _ in self.horizons]

    @torch.no_grad()
    def update(self) -> None:
        """Moves the averages towards the weights; call it after every step of the optimizer."""
        for horizon, values in zip(self.horizons, self.values):
            torch._foreach_lerp_(values, self.params, 1.0 / horizon)

    def each(self) -> Iterator[int]:
        """Puts one average after the other in place of the weights, and yields its horizon. Afterwards the weights are
        back.
        """
        for i, horizon in enumerate(self.horizons):
            with self.in_place(i):
                yield horizon

    @contextmanager
    def in_place(self, i: int) -> Iterator[None]:
        """Puts average ``i`` in place of the weights, and the weights back afterwards."""
        with torch.no_grad():
            kept = [p.detach().clone() for p in self.params]
            for p, value in zip(self.params, self.values[i]):
                p.copy_(value)
        try:
            yield
        finally:
            with torch.no_grad():
                for p, value in zip(self.params, kept):
                    p.copy_(value)
