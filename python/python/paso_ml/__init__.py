"""paso from Python: the Adam family on a CPU, learning-rate schedules, and a settled answer whether they help.

>>> import paso_ml
>>> schedule = paso_ml.Schedule("warmup(5%) then cosine(to 1%)", lr=3e-4, steps=10_000)
>>> round(schedule(500), 6)
0.0003

The optimizers (:class:`AdamW` and the others) need PyTorch, which is imported when one of them is first used.
Everything else needs numpy only.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .arrays import rule, step
from .range_test import LrSuggestion, NoSuggestion, find_lr
from .schedule import Schedule
from .settling.answer import Answer
from .settling.arms import Arm, usual_arms
from .settling.run import Run
from .settling.settle import settle

if TYPE_CHECKING:
    from .torch.averages import Averages
    from .torch.rules import (
        AdaBelief,
        Adam,
        Adamax,
        AdamW,
        AdamWScheduleFree,
        Adopt,
        Lamb,
        Lion,
        NAdam,
        RAdam,
        Yogi,
    )

__version__ = "0.1.0"

#: What needs PyTorch, and where it is.
_TORCH = {
    **dict.fromkeys(
        (
            "AdaBelief",
            "Adam",
            "AdamW",
            "AdamWScheduleFree",
            "Adamax",
            "Adopt",
            "Lamb",
            "Lion",
            "NAdam",
            "RAdam",
            "Yogi",
        ),
        ".torch.rules",
    ),
    "Averages": ".torch.averages",
}

__all__ = [
    "AdaBelief",
    "Adam",
    "AdamW",
    "AdamWScheduleFree",
    "Adamax",
    "Adopt",
    "Answer",
    "Arm",
    "Averages",
    "Lamb",
    "Lion",
    "LrSuggestion",
    "NAdam",
    "NoSuggestion",
    "RAdam",
    "Run",
    "Schedule",
    "Yogi",
    "find_lr",
    "rule",
    "settle",
    "step",
    "usual_arms",
]


def __getattr__(name: str) -> Any:
    module = _TORCH.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        loaded = importlib.import_module(module, __name__)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise ModuleNotFoundError(
            f"paso_ml.{name} needs PyTorch, which is not installed: pip install torch", name="torch"
        ) from None
    value = getattr(loaded, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
