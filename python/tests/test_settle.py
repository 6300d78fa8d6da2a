"""Studies of a Python training loop."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import loops
import paso_ml
import pytest

SETTINGS = {"steps": 100, "metric": "accuracy", "pairs": 12}


def test_an_answer_has_its_verdict_interval_and_what_to_train_with() -> None:
    answer = paso_ml.settle(loops.linear_is_better, **SETTINGS)
    assert (answer.verdict, answer.arm, answer.decided) == ("helps", "linear", True)
    low, high = answer.interval
    assert low <= answer.difference <= high and answer.difference == pytest.approx(0.02) and answer.p < 0.05
    assert answer.pairs >= 8 and answer.schedule(0) == answer.lr
    assert str(answer).startswith("Decay helps: linear at") and repr(answer).startswith("<Answer: Decay helps")
    assert answer.data["answer"]["metric"] == "accuracy"


def test_the_report_is_written_whole_and_shown_in_a_notebook(tmp_path: Path) -> None:
    answer = paso_ml.settle(loops.linear_is_better, **SETTINGS)
    page = answer.report(tmp_path / "new" / "report.html")
    assert page.read_text().lstrip().lower().startswith("<!doctype html>") and "linear" in page.read_text()
    assert json.loads(answer.report(tmp_path / "report.json").read_text())["format"] >= 2
    assert answer._repr_html_().startswith("<iframe srcdoc=")
    with pytest.raises(ValueError, match=r"must end in \.html or \.json"):
        answer.report(tmp_path / "report.pdf")
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_a_folder_goes_on_where_it_was_and_trains_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count, folder = tmp_path / "count", tmp_path / "study"
    count.mkdir()
    monkeypatch.setenv("PASO_TEST_COUNT", str(count))
    done = 0

    def stops(run: paso_ml.Run) -> dict:
        nonlocal done
        done += 1
        if done > 10:
            raise KeyboardInterrupt
        return loops.counted(run)

    with pytest.raises(KeyboardInterrupt):
        paso_ml.settle(stops, folder=folder, **SETTINGS)
    assert len(list(count.iterdir())) == 10
    answer = paso_ml.settle(loops.counted, folder=folder, **SETTINGS)
    runs = len(list(count.iterdir()))
    again = paso_ml.settle(loops.counted, folder=folder, **SETTINGS)
    assert len(list(count.iterdir())) == runs, "nothing was trained again"
    assert again.sentence == answer.sentence == paso_ml.settle(loops.linear_is_better, **SETTINGS).sentence
    assert (folder / "report.html").is_file() and (folder / "report.json").is_file()


def test_a_study_that_was_killed_goes_on(tmp_path: Path) -> None:
    code = (
        "import loops, paso_ml\n"
        f"a = paso_ml.settle(loops.slow, steps=100, pairs=12, metric='accuracy', folder={str(tmp_path / 's')!r})\n"
        "print(a.sentence)\n"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])}
    killed = subprocess.Popen([sys.executable, "-c", code], env=env)
    journal = tmp_path / "s" / "runs.jsonl"
    for _ in range(600):
        if journal.is_file() and len(journal.read_text().splitlines()) > 6:
            break
        time.sleep(0.05)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    kept = len(journal.read_text().splitlines())
    assert kept > 6
    went_on = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert went_on.stdout.strip() == paso_ml.settle(loops.linear_is_better, **SETTINGS).sentence


def test_workers_give_the_answer_of_one_process(tmp_path: Path) -> None:
    alone = paso_ml.settle(loops.linear_is_better, **SETTINGS)
    together = paso_ml.settle(loops.linear_is_better, workers=2, folder=tmp_path, **SETTINGS)
    assert together.sentence == alone.sentence
    with pytest.raises(TypeError, match="top level of a module"):
        paso_ml.settle(lambda run: 1.0, workers=2, **SETTINGS)
    with pytest.raises(ZeroDivisionError):
        paso_ml.settle(divides, workers=2, **SETTINGS)


def divides(run: paso_ml.Run) -> float:
    return 1 / 0


def test_workers_share_a_folder(tmp_path: Path) -> None:
    alone = paso_ml.settle(loops.linear_is_better, **SETTINGS)
    trained: list[tuple[str, float, int]] = []

    def train(run: paso_ml.Run) -> float:
        trained.append((run.spec, run.peak_lr, run.seed))
        time.sleep(0.002)
        return loops.linear_is_better(run)

    with ThreadPoolExecutor(3) as pool:
        calls = [pool.submit(paso_ml.settle, train, folder=tmp_path, worker=True, **SETTINGS) for _ in range(3)]
        answers = [call.result() for call in calls]
    assert [answer.sentence for answer in answers] == [alone.sentence] * 3
    assert len(set(trained)) == len(trained), "no run was trained twice"


def test_what_train_raises_is_raised_as_it_was() -> None:
    class Broken(Exception):
        pass

    def train(run: paso_ml.Run) -> float:
        raise Broken("the disk is full")

    with pytest.raises(Broken, match="the disk is full"):
        paso_ml.settle(train, **SETTINGS)


def test_divergence_is_a_result_and_no_error() -> None:
    def train(run: paso_ml.Run) -> float:
        return math.nan if run.peak_lr > 2e-3 else loops.linear_is_better(run)

    assert paso_ml.settle(train, **SETTINGS).verdict == "helps"
    with pytest.raises(ValueError, match="every arm diverged"):
        paso_ml.settle(lambda run: math.inf, **SETTINGS)


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (None, "metric is a NoneType"),
        ({"accuracy": 1.0}, "has 'accuracy'"),
        ({"loss": 1.0}, "has no 'metric'"),
        ({"metric": 1.0, "averaged": [1.0]}, "run.averaging asks for 0"),
    ],
)
def test_results_that_are_none_are_refused(result: object, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        paso_ml.settle(lambda run: result, **SETTINGS)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "steps is 0"),
        ({"pairs": 3}, "pairs is 3"),
        ({"lr": -1.0}, "grid.center is -1"),
        ({"margin": -1.0}, "margin is -1"),
        ({"workers": 0}, "workers is 0"),
        ({"arms": [paso_ml.Arm("cosine", "cosine(to 1%)")]}, "exactly one baseline"),
        ({"arms": [paso_ml.Arm("c", "constant", "baseline"), paso_ml.Arm("x", "cosin")]}, "arm `x`"),
        ({"worker": True}, "worker"),
    ],
)
def test_settings_that_make_no_sense_are_refused_before_anything_runs(settings: dict, message: str) -> None:
    def train(run: paso_ml.Run) -> float:
        raise AssertionError("it was called")

    with pytest.raises(ValueError, match=message):
        paso_ml.settle(train, **{**SETTINGS, **settings})


def test_runs_of_another_study_are_not_mixed_in(tmp_path: Path) -> None:
    paso_ml.settle(loops.linear_is_better, folder=tmp_path, fingerprint="net A", **SETTINGS)
    with pytest.raises(ValueError, match="net A|fingerprint"):
        paso_ml.settle(loops.linear_is_better, folder=tmp_path, fingerprint="net B", **SETTINGS)


def test_a_run_has_its_schedule_and_is_evaluated_around_its_end() -> None:
    seen: dict[str, paso_ml.Run] = {}
    seeds: set[int] = set()

    def train(run: paso_ml.Run) -> float:
        seen.setdefault(run.spec, run)
        seeds.add(run.seed)
        return loops.linear_is_better(run)

    paso_ml.settle(train, **SETTINGS)
    assert max(seeds) < 2**32 and {0, 1, 2, 2**31} <= seeds, "every library takes them, and none is used twice"
    constant, linear = seen["constant"], seen["linear(to 0)"]
    assert constant.evaluate_at == (95, 98, 100, 102, 105) or len(constant.evaluate_at) == 5
    assert constant.last_step > 100 and linear.last_step == 100 and linear.evaluates_after(100)
    assert constant.lr(3) == constant.peak_lr and linear.lr(50) == pytest.approx(linear.peak_lr / 2)


def test_averaged_arms_get_their_averages() -> None:
    def train(run: paso_ml.Run) -> dict:
        better = 0.05 if run.averaging else 0.0
        return {"metric": loops.linear_is_better(run), "averaged": [0.6 + better] * len(run.averaging)}

    answer = paso_ml.settle(train, arms=paso_ml.usual_arms(averaging=True), **SETTINGS)
    assert answer.arm == "averaged" and answer.verdict == "helps"


def test_progress_is_shown_where_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    paso_ml.settle(loops.linear_is_better, progress=True, **SETTINGS)
    shown = capsys.readouterr()
    assert "runs" in shown.err and "comparing linear" in shown.err and shown.out == ""
    paso_ml.settle(loops.linear_is_better, **SETTINGS)
    assert capsys.readouterr().err == ""
