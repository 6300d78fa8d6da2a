from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

_F32 = npt.NDArray[np.float32]

class Rule:
    def __init__(
        self,
        name: str,
        *,
        beta1: float = ...,
        beta2: float = ...,
        eps: float = ...,
        eps_root: float = ...,
        hat: bool = ...,
        weight_decay: float = ...,
        decay: str = ...,
        maximize: bool = ...,
        cautious: bool = ...,
        momentum_decay: float = ...,
        warmup: int = ...,
        r: float = ...,
        power: float = ...,
        initial: float = ...,
        clip: bool = ...,
    ) -> None: ...
    def moment_names(self) -> list[str]: ...
    def longest_step(self, t: int) -> float | None: ...

class Options:
    def __init__(
        self,
        *,
        clip_value: float | None = ...,
        clip_tensor_norm: float | None = ...,
        nonfinite: str = ...,
        audit: bool = ...,
    ) -> None: ...

class Block:
    def __init__(
        self,
        rule: Rule,
        lens: Sequence[int],
        weights: _F32,
        gradient: _F32 | None,
        moments: Sequence[_F32],
        steps: _F32,
        scalars: npt.NDArray[np.float64] | None = ...,
    ) -> None: ...
    def step(
        self,
        rule: Rule,
        options: Options,
        lr: float,
        threads: int = ...,
        unscale: float = ...,
        gradient: _F32 | None = ...,
        active: Sequence[bool] | None = ...,
    ) -> dict[str, float] | None: ...

class Spec:
    def __init__(self, text: str, lr: float | None = ..., steps: int | None = ...) -> None: ...
    def at(self, step: int) -> float: ...
    def at_time(self, time: float) -> float: ...
    def try_at(self, step: int) -> float: ...
    def lrs(self, steps: int) -> npt.NDArray[np.float64]: ...
    @property
    def end(self) -> float | None: ...
    @property
    def peak(self) -> float: ...

def grad_norm(gradients: Sequence[_F32], norm_type: float = ...) -> float: ...
def suggest(sweeps: Sequence[tuple[Sequence[float], Sequence[float]]]) -> str: ...
def settle(
    train: Callable[[str], str],
    config: str,
    about: str,
    folder: Path | None,
    parallel_runs: int,
    budget: float | None,
    estimate: bool,
    worker: bool,
    observe: Callable[[str], None],
    on_report: Callable[[str], None],
) -> str: ...
def check_config(config: str) -> str: ...
def usual_arms() -> str: ...
def report_html(report: str) -> str: ...
