"""The arms of a study: what is compared."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

from .. import _core

Role = Literal["baseline", "decay", "alternative"]


@dataclass(frozen=True)
class Arm:
    """One way to train.

    >>> import paso_ml
    >>> paso_ml.Arm("cosine", "cosine(to 1%)")
    Arm(name='cosine', spec='cosine(to 1%)', role='decay', averaged=False, variant='')
    """

    #: A short name, unique in the study.
    name: str
    #: The schedule's shape, without peak and number of steps.
    spec: str
    #: ``"baseline"`` for exactly one arm, ``"decay"`` for those that the verdict is about, ``"alternative"`` for another
    #: way that needs no decay.
    role: Role = "decay"
    #: Whether it is evaluated with averaged weights: ``train`` then returns ``averaged`` as ``run.averaging`` asks.
    averaged: bool = False
    #: What it changes besides the schedule, as ``train`` finds it in ``run.variant``.
    variant: str = ""

    def to_json(self) -> dict[str, Any]:
        """As the study reads it."""
        return asdict(self)


def usual_arms(averaging: bool = False) -> list[Arm]:
    """Constant, exponential to 1 %, linear to 0, cosine to 0, and constant with a linear end; with ``averaging`` also
    constant with averaged weights.

    >>> import paso_ml
    >>> [arm.name for arm in paso_ml.usual_arms()]
    ['constant', 'exponential', 'linear', 'cosine', 'stable-decay']
    """
    arms = [Arm(**arm) for arm in json.loads(_core.usual_arms())]
    return [arm for arm in arms if averaging or not arm.averaged]
