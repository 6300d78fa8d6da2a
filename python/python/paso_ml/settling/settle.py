"""``settle``: whether a schedule helps, for any training loop."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from .. import _core
from .answer import Answer, write_whole
from .arms import Arm, usual_arms
from .progress import Progress
from .run import HALF, Run
from .workers import Workers, train_once


def settle(
    train: Callable[[Run], float | Mapping[str, Any]],
    *,
    steps: int,
    lr: float = 1e-3,
    arms: Iterable[Arm] | None = None,
    metric: str = "metric",
    margin: float = 0.01,
    pairs: int = 40,
    folder: str | os.PathLike[str] | None = None,
    workers: int = 1,
    budget: float | None = None,
    fingerprint: str = "",
    subject: str = "",
    grid_factor: float = 3.0,
    grid_points: int = 3,
    first_seed: int = 0,
    alpha: float = 0.05,
    worker: bool = False,
    progress: bool | None = None,
) -> Answer:
    """Settles whether a learning-rate schedule helps: tunes the peak learning rate of every arm, and compares the best
    decay with the best constant learning rate on paired seeds until an exact test decides.

    Args:
        train: trains one run and returns its metric, *higher is better* (negate a loss); or a mapping with ``metric``
            and, if you like, ``loss``, ``curve`` (tuples of step, loss, metric) and ``averaged``. A metric that is not
            finite means that the run diverged, and is no error. See :class:`Run`.
        steps: updates of every run.
        lr: the middle of the peak learning rates that are tried, above 0; default 1e-3.
        arms: what is compared; default :func:`usual_arms`.
        metric: what the metric is called.
        margin: differences below it are of no interest, in units of the metric; default 0.01. Think about this one.
        pairs: at most so many pairs of runs, 8 to 1000; default 40. It stops earlier when it is decided.
        folder: where runs are kept. The same call with the same folder goes on after Ctrl-C, a kill, or with more
            pairs; ``report.html`` and ``report.json`` are written there after every look. Default: memory only.
        workers: runs trained at the same time, in processes of their own; ``train`` must be importable. Default 1, in
            this process.
        budget: about how many seconds this call may take; runs are made shorter where it does not fit. Default none.
        fingerprint: what else the runs depend on (data, net, batch size): runs kept under another one are refused.
        subject: title of the report.
        grid_factor, grid_points: ratio and number of the peak learning rates; default 3 and 3. The grid grows where the
            best lies at its end.
        first_seed: first seed of the pairs, below 2**31 - 10,000; default 0.
        alpha: chance of a wrong "helps" or "harms"; default 0.05.
        worker: this call is one of several, on any machines, that do the study in ``folder``, which they share. Each
            claims single runs, and all return the answer. They may come and go, and be killed. Default false.
        progress: show progress; default where a terminal or a notebook is.

    Raises:
        KeyboardInterrupt: Ctrl-C; finished runs are kept in ``folder``.
        ValueError: a setting is wrong, or the folder is of another study.
        Exception: whatever ``train`` raises, as it is; finished runs are kept.

    >>> import paso_ml
    >>> def train(run):
    ...     luck = run.seed % 7 / 100
    ...     return 0.5 + luck + (0.02 if run.spec.startswith("linear") else 0.0)
    >>> answer = paso_ml.settle(train, steps=100, metric="accuracy")
    >>> answer.verdict, answer.arm
    ('helps', 'linear')
    >>> answer.schedule
    Schedule('linear(1e-3 -> 0, 100)')
    """
    if workers < 1:
        raise ValueError(f"workers is {workers}; it must be at least 1")
    if not 0 <= first_seed < HALF - 10_000:
        raise ValueError(f"first_seed is {first_seed}; it must be at least 0 and below {HALF - 10_000}")
    config = {
        "arms": [arm.to_json() for arm in (usual_arms() if arms is None else arms)],
        "steps": steps,
        "pairs": pairs,
        "first_seed": first_seed,
        "grid": {"center": lr, "factor": grid_factor, "points": grid_points, "max_points": max(7, grid_points)},
        "metric": metric,
        "margin": margin,
        "alpha": alpha,
        "fingerprint": fingerprint,
    }
    text = _core.check_config(json.dumps(config))
    conditions = [["interface", "paso_ml.settle"]] + ([["runs", fingerprint]] if fingerprint else [])
    about = {"subject": subject or getattr(train, "__name__", ""), "conditions": conditions}
    place = None if folder is None else Path(folder)
    shown = Progress(progress)
    pool = Workers(train, workers) if workers > 1 else None
    call = pool if pool is not None else partial(train_once, train)
    finished = False
    try:
        report = _core.settle(
            call, text, json.dumps(about), place, workers, budget, shown.show, worker, shown, partial(_keep, place)
        )
        finished = True
    finally:
        shown.close()
        if pool is not None:
            pool.close(at_once=not finished)
    _keep(place, report)
    return Answer(report)


def _keep(place: Path | None, report: str) -> None:
    """Writes the report so far."""
    if place is not None:
        write_whole(place / "report.json", report)
        write_whole(place / "report.html", _core.report_html(report))
