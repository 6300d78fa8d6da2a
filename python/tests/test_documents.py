"""Every example in the documents runs."""

from __future__ import annotations

import doctest
import importlib
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import paso_ml
import pytest

HERE = Path(__file__).resolve().parents[1]
EXAMPLES = {
    "settle_torch.py": "torch",
    "localization.py": "torch",
    "settle_keras.py": "keras jax",
    "settle_jax.py": "jax optax",
    "sklearn_mlp.py": "sklearn",
}


def modules() -> list[str]:
    found = pkgutil.walk_packages(paso_ml.__path__, "paso_ml.")
    return ["paso_ml", *(m.name for m in found if m.name not in ("paso_ml._core", "paso_ml.keras_schedule"))]


@pytest.mark.parametrize("name", modules())
def test_the_examples_of_a_module(name: str) -> None:
    failed = doctest.testmod(importlib.import_module(name)).failed
    assert failed == 0


@pytest.mark.parametrize("name", ["README.md", "TORCH.md"])
def test_the_examples_of_a_document(name: str) -> None:
    assert doctest.testfile(str(HERE / name), module_relative=False).failed == 0


def test_every_example_is_run() -> None:
    assert {p.name for p in (HERE / "examples").glob("*.py")} == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_runs(name: str, tmp_path: Path) -> None:
    for needed in EXAMPLES[name].split():
        pytest.importorskip(needed, reason=f"skipped: {needed} is not installed")
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    ran = subprocess.run(
        [sys.executable, HERE / "examples" / name], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=600
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip()
    if name == "settle_torch.py":
        assert (tmp_path / "report.html").stat().st_size > 10_000


def test_the_notebook_runs_and_shows_the_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbformat = pytest.importorskip("nbformat", reason="skipped: nbformat is not installed")
    nbclient = pytest.importorskip("nbclient", reason="skipped: nbclient is not installed")
    pytest.importorskip("ipykernel", reason="skipped: ipykernel is not installed")
    notebook = nbformat.read(HERE / "examples" / "settle.ipynb", as_version=4)
    client = nbclient.NotebookClient(notebook, timeout=600, kernel_name="python3")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    client.execute(cwd=str(tmp_path))
    shown = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("iframe" in output.get("data", {}).get("text/html", "") for output in shown)


def test_the_names_of_the_package_are_documented() -> None:
    for name in paso_ml.__all__:
        assert (getattr(paso_ml, name).__doc__ or "").strip(), name
