"""Installs a wheel alone into a fresh environment, takes a first step and settles a first study, and runs the program.

    PYTHON fresh_install.py WHEEL [--torch]

Not collected by pytest: `cargo xtask ci --only "python package"` and the release workflow run it, with each Python that is there.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

FIRST = """
import numpy as np, paso_ml
w = np.ones(10, np.float32)
paso_ml.step(w, w.copy(), lr=0.1, rule=paso_ml.rule("adam"))
assert abs(w[0] - 0.9) < 1e-5, w
answer = paso_ml.settle(lambda run: run.spec.startswith("linear") * 0.02 + run.seed % 7 / 100, steps=100)
assert answer.verdict == "helps", answer
answer.report("report.html")
"""
TORCH = """
import torch, paso_ml
p = torch.nn.Parameter(torch.ones(3))
opt = paso_ml.AdamW([p], lr=0.1, weight_decay=0.0)
p.sum().backward()
opt.step()
assert abs(p[0].item() - 0.9) < 1e-5, p
"""


def main() -> None:
    wheel, with_torch = Path(sys.argv[1]).resolve(), "--torch" in sys.argv[2:]
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        programs = Path(folder) / ("Scripts" if sys.platform == "win32" else "bin")
        pip = [programs / "python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--only-binary", ":all:"]
        subprocess.run([*pip, wheel, *(["torch"] if with_torch else [])], check=True)
        subprocess.run([programs / "python", "-c", FIRST], check=True, cwd=folder)
        if with_torch:
            subprocess.run([programs / "python", "-c", TORCH], check=True, cwd=folder)
        if (programs / "paso").exists() or (programs / "paso.exe").exists():
            subprocess.run([programs / "paso", "validate"], check=True, cwd=folder, stdout=subprocess.DEVNULL)
            print("the program runs")
    print(f"Python {sys.version.split()[0]}: {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
