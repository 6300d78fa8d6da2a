"""Runs of a study in processes of their own."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from .run import Run, outcome

Train = Callable[[Run], Any]


def train_once(train: Train, text: str) -> str:
    """A run from its JSON to the JSON of its outcome."""
    run = Run.from_json(text)
    return outcome(train(run), run)


class Workers:
    """So many processes, started anew (spawned), each with its share of the cores."""

    def __init__(self, train: Train, count: int) -> None:
        try:
            pickle.dumps(train)
        except Exception as error:
            raise TypeError(
                f"workers={count}: train cannot be sent to another process ({error}); define it at the top level of a "
                "module, or use workers=1"
            ) from None
        threads = max(1, (os.cpu_count() or 1) // count)
        context = multiprocessing.get_context("spawn")
        self.train = train
        self.pool = ProcessPoolExecutor(count, mp_context=context, initializer=_begin, initargs=(threads,))

    def __call__(self, text: str) -> str:
        """Trains in one of the processes and waits."""
        return self.pool.submit(train_once, self.train, text).result()

    def close(self, at_once: bool) -> None:
        """Ends the processes; ``at_once`` without waiting for what they are at."""
        if at_once:
            for process in list((self.pool._processes or {}).values()):
                process.terminate()
        self.pool.shutdown(wait=True, cancel_futures=True)


def _begin(threads: int) -> None:
    # Ctrl-C is for the process that has the study: it ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(threads)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(threads)
