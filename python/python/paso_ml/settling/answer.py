"""The answer of a study."""

from __future__ import annotations

import html
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from .. import _core
from ..schedule import Schedule


class Answer:
    """What a study found. In a notebook it shows itself as the report."""

    def __init__(self, report_json: str) -> None:
        self._json = report_json
        self._report: dict[str, Any] = json.loads(report_json)
        self._answer: dict[str, Any] = self._report["answer"]

    @property
    def verdict(self) -> str:
        """``"helps"``, ``"harms"``, ``"no difference"`` or ``"undecided"``, of decay."""
        return str(self._answer["verdict"]).replace("-", " ")

    @property
    def interval(self) -> tuple[float, float]:
        """The interval of the difference (best decay minus best constant learning rate), in units of the metric. It is
        valid whenever the study stopped.
        """
        interval = self._last["interval"]
        return interval["low"], interval["high"]

    @property
    def difference(self) -> float:
        """The mean difference."""
        return float(self._last["mean"])

    @property
    def pairs(self) -> int:
        """Pairs of runs that the verdict is from."""
        return int(self._last["pairs"])

    @property
    def p(self) -> float:
        """Two-sided p-value of the sign-flip test of these pairs alone."""
        return float(self._last["p"])

    @property
    def _last(self) -> dict[str, Any]:
        last: dict[str, Any] = self._answer["decay"]["looks"][-1]
        return last

    @property
    def sentence(self) -> str:
        """The verdict in words, with its figures."""
        return str(self._report["sentence"])

    @property
    def arm(self) -> str:
        """The name of the arm to train with."""
        return str(self._settled["arm"])

    @property
    def lr(self) -> float:
        """Its peak learning rate."""
        return float(self._settled["peak_lr"])

    @property
    def schedule(self) -> Schedule:
        """Its schedule, to train with."""
        return Schedule(self._settled["spec"], lr=self.lr, steps=self._answer["config"]["steps"])

    @property
    def decided(self) -> bool:
        """Whether a verdict stands behind :attr:`schedule`."""
        return bool(self._answer["settled"]["decided"])

    @property
    def _settled(self) -> dict[str, Any]:
        settled: dict[str, Any] = self._answer["settled"]["finalist"]
        return settled

    @property
    def data(self) -> dict[str, Any]:
        """The whole report as plain data: the content of ``report.json``."""
        return dict(self._report)

    def html(self) -> str:
        """The report as a page of HTML that loads nothing and has no script."""
        return _core.report_html(self._json)

    def report(self, path: str | os.PathLike[str]) -> Path:
        """Writes the report: a page for ``.html``, data for ``.json``. The file is whole or not there."""
        path = Path(path)
        if path.suffix not in (".html", ".json"):
            raise ValueError(f"{path}: the name must end in .html or .json")
        return write_whole(path, self.html() if path.suffix == ".html" else self._json)

    def __str__(self) -> str:
        return self.sentence

    def __repr__(self) -> str:
        return f"<Answer: {self.sentence}>"

    def _repr_html_(self) -> str:
        page = html.escape(self.html(), quote=True)
        return f'<iframe srcdoc="{page}" width="100%" height="700" style="border:0"></iframe>'


def write_whole(path: Path, text: str) -> Path:
    """Writes a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path
