"""A schedule as a learning-rate schedule of Keras. Imported only where Keras is used."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from . import _core


@keras.saving.register_keras_serializable(package="paso_ml")
class PasoSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """Looks the learning rate of a step up in a table of float32, so that it works in every backend's graph."""

    def __init__(self, text: str, entries: int, name: str = "paso") -> None:
        self.text, self.entries, self.name = text, entries, name
        self.table = _core.Spec(text).lrs(entries).astype(np.float32)

    def __call__(self, step: Any) -> Any:
        table = keras.ops.convert_to_tensor(self.table)
        index = keras.ops.clip(keras.ops.cast(step, "int32"), 0, self.entries - 1)
        return keras.ops.take(table, index)

    def get_config(self) -> dict[str, Any]:
        """What it is made from, for saving."""
        return {"text": self.text, "entries": self.entries, "name": self.name}


def make(text: str, entries: int) -> PasoSchedule:
    """The schedule with a table of so many entries."""
    return PasoSchedule(text, entries)
