"""One training run that a study asks for."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..schedule import Schedule

#: Seeds of pairs lie below it, and those of tuning from it on.
HALF = 2**31


@dataclass(frozen=True)
class Run:
    """What ``train`` gets: everything that a training run depends on. It can be pickled.

    Everything random (initial weights, order of the samples, augmentation) has to come from :attr:`seed` and from
    nothing else: runs with one seed are a pair, and what they share cancels in their difference.
    """

    #: Seed of the run, below 2**32, which every library takes.
    seed: int
    #: Updates that the schedule is bound to.
    steps: int
    #: The schedule's shape.
    spec: str
    #: Its peak learning rate.
    peak_lr: float
    #: The updates after which the run is evaluated, ascending: one, or five around the end of a run whose learning rate
    #: is still high there. The metric is their mean.
    evaluate_at: tuple[int, ...]
    #: What the arm changes besides the schedule; usually empty.
    variant: str = ""
    #: Horizons of the averaged weights to evaluate as well; usually empty. See ``paso_ml.Averages``.
    averaging: tuple[int, ...] = ()

    @classmethod
    def from_json(cls, text: str) -> Run:
        """Reads what a study writes."""
        values = json.loads(text)
        # The seeds of tuning lie 2**32 above those of the pairs. NumPy, Keras and scikit-learn take none so large.
        if values["seed"] >= 2**32:
            values["seed"] = values["seed"] - 2**32 + HALF
        for name in ("evaluate_at", "averaging"):
            values[name] = tuple(values[name])
        return cls(**values)

    @cached_property
    def schedule(self) -> Schedule:
        """The learning rates of the run."""
        return Schedule(self.spec, lr=self.peak_lr, steps=self.steps)

    def lr(self, step: int) -> float:
        """The learning rate of update number ``step``, from 0."""
        return self.schedule(step)

    @property
    def last_step(self) -> int:
        """Updates to make: ``steps``, or more where the run is evaluated after them."""
        return max(self.steps, *self.evaluate_at)

    def evaluates_after(self, done: int) -> bool:
        """Whether the run is evaluated after so many updates."""
        return done in self.evaluate_at


def outcome(value: Any, run: Run) -> str:
    """What ``train`` returned, as the JSON of an outcome: a metric, or a mapping with ``metric`` and more."""
    if not isinstance(value, Mapping):
        value = {"metric": value}
    known = {"metric", "loss", "averaged", "averaged_loss", "curve"}
    unknown = [name for name in value if name not in known]
    if unknown or "metric" not in value:
        what = f"has {unknown[0]!r}" if unknown else "has no 'metric'"
        raise TypeError(f"the result of train {what}; it may have {', '.join(sorted(known))}, and needs 'metric'")
    averaged = [_number("averaged", v) for v in value.get("averaged", ())]
    if len(averaged) != len(run.averaging):
        raise TypeError(
            f"the result of train has {len(averaged)} 'averaged', run.averaging asks for {len(run.averaging)}: "
            "return the metric of each, or settle without averaged arms"
        )
    loss = value.get("loss")
    return json.dumps(
        {
            "metric": _number("metric", value["metric"]),
            "averaged": averaged,
            "loss": None if loss is None else _number("loss", loss),
            "averaged_loss": [_number("averaged_loss", v) for v in value.get("averaged_loss", ())],
            "seconds": 0.0,
            "audit": None,
            "curve": [_point(*point) for point in value.get("curve", ())],
        }
    )


def _number(what: str, value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        kind = type(value).__name__
        raise TypeError(f"the result of train: {what} is a {kind}; it must be a number, higher is better") from None
    return number if math.isfinite(number) else None


def _point(step: int, loss: float | None = None, metric: float | None = None) -> dict[str, Any]:
    values = {"loss": loss, "metric": metric}
    return {"step": int(step), **{k: None if v is None else _number("curve", v) for k, v in values.items()}}
