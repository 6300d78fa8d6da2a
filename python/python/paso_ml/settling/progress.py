"""What is shown while a study runs: a line on a terminal, a line of a notebook's cell, nothing elsewhere."""

from __future__ import annotations

import json
import sys
from typing import Any


class Progress:
    """Takes the events of a study. ``show``: yes, no, or ``None`` for where somebody is looking."""

    def __init__(self, show: bool | None) -> None:
        self.cell = _cell() if show is not False else None
        self.show = show if show is not None else self.cell is not None or sys.stderr.isatty()
        self.line = ""

    def __call__(self, text: str) -> None:
        """Shows an event."""
        if not self.show:
            return
        event: dict[str, Any] = json.loads(text)
        kind = event["kind"]
        if kind == "finished":
            self._status(f"{event['done']} of {event['total']} runs, {_duration(event['left'])} left")
        elif event["text"]:
            self._print(event["text"])

    def close(self) -> None:
        """Ends the line."""
        if self.show and self.line and self.cell is None:
            print(file=sys.stderr)
        self.line = ""

    def _status(self, line: str) -> None:
        if self.cell is not None:
            self.cell.update({"text/plain": line}, raw=True)
        else:
            print(f"\r{line.ljust(len(self.line))}", end="", file=sys.stderr, flush=True)
        self.line = line

    def _print(self, text: str) -> None:
        if self.cell is None:
            self.close()
            print(text, file=sys.stderr, flush=True)


def _cell() -> Any:
    """The output of a notebook's cell, to be updated; ``None`` elsewhere."""
    shell = sys.modules.get("IPython")
    shell = shell.get_ipython() if shell is not None else None
    if shell is None or not hasattr(shell, "kernel"):
        return None
    from IPython.display import display

    show: Any = display
    return show({"text/plain": "starting"}, raw=True, display_id=True)


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
