"""Learning-rate schedules as pure functions of the step, for any framework."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import _core

if TYPE_CHECKING:
    import torch


class Schedule:
    """A learning rate as a pure function of the step number. Immutable, so that resuming cannot go wrong.

    Args:
        text: one line, such as ``"warmup(5%) then cosine(to 1%)"``; the language is that of ``paso schedule``.
        lr: peak learning rate, above 0, where the text leaves it open.
        steps: updates of the training, where the text leaves them open. Give both or neither.

    >>> import paso_ml
    >>> schedule = paso_ml.Schedule("warmup(5%) then cosine(to 1%)", lr=3e-4, steps=10_000)
    >>> schedule(0) < schedule(500) > schedule(10_000)
    True
    >>> str(schedule)
    'warmup(500) then cosine(3e-4 -> 3e-6, 9500)'
    >>> schedule == paso_ml.Schedule("warmup(500) then cosine(3e-4 -> 3e-6, 9500)")
    True
    >>> paso_ml.Schedule("cosin(to 1%)", lr=1e-3, steps=10)
    Traceback (most recent call last):
    ValueError: schedule "cosin(to 1%)": column 1: there is no `cosin` here; did you mean `cosine`?
    """

    __slots__ = ("_spec", "steps")

    def __init__(self, text: str, lr: float | None = None, steps: int | None = None) -> None:
        self._spec = _core.Spec(text, lr, steps)
        #: Updates of the training that it was made for; ``None`` where the text was complete.
        self.steps = steps

    def __call__(self, step: int) -> float:
        """The learning rate of update number ``step``, from 0. Past the end it stays."""
        return self._spec.at(int(step))

    def lrs(self, steps: int | None = None) -> npt.NDArray[np.float64]:
        """The learning rates of the first ``steps`` updates; by default of all up to the end."""
        return self._spec.lrs(self._length(steps))

    @property
    def peak(self) -> float:
        """A learning rate that no step exceeds."""
        return self._spec.peak

    @property
    def end(self) -> float | None:
        """The step that has the last learning rate; ``None`` where there is none."""
        return self._spec.end

    def _length(self, steps: int | None) -> int:
        if steps is not None:
            return steps
        if self.steps is not None:
            return self.steps
        if self.end is not None:
            return math.ceil(self.end) + 1
        raise ValueError(f"schedule {str(self)!r} has no end: give the number of steps")

    def torch(self, optimizer: torch.optim.Optimizer, last_step: int = -1) -> torch.optim.lr_scheduler.LRScheduler:
        """A scheduler of torch: call its ``step()`` after every step of the optimizer.

        A parameter group with ``lr_scale`` gets so many times the learning rate. Resume with ``load_state_dict`` or,
        without a saved state, with ``last_step``, the number of updates already made; the learning rate of a step
        depends on its number alone, so both give the run that never stopped.

        >>> import torch, paso_ml
        >>> opt = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
        >>> scheduler = paso_ml.Schedule("linear(to 0)", lr=0.5, steps=10).torch(opt)
        >>> opt.step(); scheduler.step()
        >>> opt.param_groups[0]["lr"]
        0.45
        """
        from .torch.scheduler import PasoScheduler

        return PasoScheduler(optimizer, self, last_step)

    def optax(self, steps: int | None = None) -> Any:
        """A schedule for optax: a function of the step that works under ``jax.jit``. It looks the learning rate up in
        a table of float32 with an entry for each of ``steps`` updates.
        """
        import jax.numpy as jnp

        table = jnp.asarray(self._table(steps))
        last = len(table) - 1

        def schedule(count: Any) -> Any:
            return table[jnp.clip(jnp.asarray(count, jnp.int32), 0, last)]

        return schedule

    def keras(self, steps: int | None = None) -> Any:
        """A ``keras.optimizers.schedules.LearningRateSchedule``, with a table as in :meth:`optax`. It can be saved in a
        model and loaded again.
        """
        from .keras_schedule import make

        return make(str(self), len(self._table(steps)))

    def _table(self, steps: int | None) -> npt.NDArray[np.float32]:
        # One entry more than updates: what holds past the end.
        return self._spec.lrs(self._length(steps) + 1).astype(np.float32)

    def plot(self, steps: int | None = None, ax: Any = None) -> Any:
        """Draws the schedule with matplotlib, and returns the axes."""
        if ax is None:
            try:
                from matplotlib import pyplot
            except ModuleNotFoundError:
                raise ModuleNotFoundError(
                    "Schedule.plot needs matplotlib: pip install matplotlib", name="matplotlib"
                ) from None
            ax = pyplot.subplots()[1]
        lrs = self.lrs(steps)
        ax.plot(np.arange(len(lrs)), lrs)
        ax.set(xlabel="step", ylabel="learning rate", title=str(self))
        return ax

    def __str__(self) -> str:
        return str(self._spec)

    def __repr__(self) -> str:
        return f"Schedule({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schedule) and self._spec == other._spec

    def __hash__(self) -> int:
        return hash(self._spec)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (str(self), self.steps)


def _restored(text: str, steps: int | None) -> Schedule:
    schedule = Schedule(text)
    schedule.steps = steps
    return schedule
