"""A schedule as a scheduler of torch."""

from __future__ import annotations

from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from ..schedule import Schedule


class PasoScheduler(LRScheduler):
    """Sets the learning rate of update ``last_epoch`` and nothing that depends on earlier ones.

    Its state is the number of updates made; the schedule is saved with it as text, to be compared on loading.
    """

    def __init__(self, optimizer: Optimizer, schedule: Schedule, last_step: int = -1) -> None:
        self.schedule = schedule
        for group in optimizer.param_groups:
            # torch asks for it when it resumes. It is of no use here.
            group.setdefault("initial_lr", schedule.peak)
        # The base class counts one up at once: after `last_step` updates the next is number `last_step`.
        super().__init__(optimizer, last_step - 1 if last_step >= 0 else -1)

    def get_lr(self) -> list[float]:  # type: ignore[override]
        """The learning rate of every group for the next update."""
        lr = self.schedule(max(self.last_epoch, 0))
        return [lr * group.get("lr_scale", 1.0) for group in self.optimizer.param_groups]

    def step(self, epoch: int | None = None) -> None:
        """Goes on to the next update, or to update number ``epoch``."""
        self._step_count += 1
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        self._apply()

    def _apply(self) -> None:
        lrs = self.get_lr()
        for group, lr in zip(self.optimizer.param_groups, lrs):
            group["lr"] = lr
        self._last_lr = [*lrs]

    def state_dict(self) -> dict[str, Any]:
        """The number of updates made, and the schedule's text."""
        return {"last_epoch": self.last_epoch, "_step_count": self._step_count, "schedule": str(self.schedule)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Goes on from a saved state, and sets the learning rates at once."""
        text = state_dict.get("schedule", str(self.schedule))
        if text != str(self.schedule):
            raise ValueError(
                f"the saved state is of schedule {text!r}, this is {str(self.schedule)!r}; to continue with another "
                f"one, make it with last_step={state_dict.get('last_epoch')}"
            )
        self.last_epoch = int(state_dict["last_epoch"])
        self._step_count = int(state_dict.get("_step_count", self.last_epoch + 1))
        self._apply()
