"""A peak learning rate from a range test: short trainings while the learning rate rises."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from . import _core


class NoSuggestion(ValueError):
    """The sweeps cannot tell; the message says why and what to do."""


@dataclass(frozen=True)
class LrSuggestion:
    """A peak learning rate, and how sure that is."""

    #: Peak learning rate to train with, for a schedule that warms up and decays.
    peak_lr: float
    #: 95 % interval for it: what the noise of the sweeps leaves open. The rule itself is right to a factor of about two.
    interval: tuple[float, float]
    #: Where the loss falls fastest per factor of the learning rate.
    steepest: float
    #: The lowest learning rate at which the losses rise above where they began; ``None`` if they never do.
    diverges: float | None
    #: Learning rates and losses, sweep by sweep.
    sweeps: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...]
    #: Pooled learning rates and losses.
    curve: tuple[tuple[float, float], ...]

    def __str__(self) -> str:
        low, high = self.interval
        return f"peak learning rate {self.peak_lr:.2g} (95 % interval {low:.2g} to {high:.2g})"


def find_lr(
    train_step: Callable[[float], float],
    *,
    restore: Sequence[Any] = (),
    lowest: float = 1e-7,
    highest: float = 10.0,
    steps: int = 100,
    sweeps: int = 3,
    settle_steps: int = 30,
) -> LrSuggestion:
    """Finds a peak learning rate with sweeps, in each of which it rises from ``lowest`` to ``highest``.

    Args:
        train_step: makes one update at the given learning rate, and returns the loss of its batch before the update.
        restore: what training changes (model, optimizer): anything with ``state_dict`` and ``load_state_dict``. It is
            put back before every sweep, and at the end.
        lowest, highest: the learning rates; default 1e-7 and 10.
        steps: updates of a sweep; default 100.
        sweeps: how many; default 3. They should see different batches.
        settle_steps: updates at learning rate 0 before each sweep, in which Adam's second moment settles; default 30.

    Raises:
        NoSuggestion: the sweeps cannot tell.

    >>> import paso_ml
    >>> loss = lambda lr: 2.0 - 1.5 / (1 + (1e-3 / lr) ** 2) + lr**4 if lr else 2.0
    >>> 1e-3 < paso_ml.find_lr(loss).peak_lr < 0.1
    True
    """
    if not 0 < lowest < highest < math.inf:
        raise ValueError(f"lowest is {lowest} and highest {highest}; they must be above 0 and ascending")
    for name, value, least in (("steps", steps, 20), ("sweeps", sweeps, 1), ("settle_steps", settle_steps, 0)):
        if value < least:
            raise ValueError(f"{name} is {value}; it must be at least {least}")
    kept = [copy.deepcopy(thing.state_dict()) for thing in restore]
    done: list[tuple[list[float], list[float]]] = []
    try:
        for _ in range(sweeps):
            _put_back(restore, kept)
            for _ in range(settle_steps):
                train_step(0.0)
            done.append(_sweep(train_step, lowest, highest, steps))
    finally:
        _put_back(restore, kept)
    try:
        found = json.loads(_core.suggest(done))
    except ValueError as error:
        raise NoSuggestion(str(error)) from None
    return LrSuggestion(
        peak_lr=found["peak_lr"],
        interval=(found["peak_low"], found["peak_high"]),
        steepest=found["steepest"],
        diverges=found["diverges"],
        sweeps=tuple((tuple(lr), tuple(loss)) for lr, loss in done),
        curve=tuple((lr, loss) for lr, loss in found["curve"]),
    )


def _sweep(
    train_step: Callable[[float], float], lowest: float, highest: float, steps: int
) -> tuple[list[float], list[float]]:
    lrs: list[float] = []
    losses: list[float] = []
    for i in range(steps):
        lr = lowest * (highest / lowest) ** (i / (steps - 1))
        lrs.append(lr)
        losses.append(float(train_step(lr)))
        if not math.isfinite(losses[-1]):
            break
    return lrs, losses


def _put_back(things: Sequence[Any], kept: list[Any]) -> None:
    for thing, state in zip(things, kept):
        thing.load_state_dict(copy.deepcopy(state))
