"""What the tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Reference values of other libraries, beside the checkout."""
    named = os.environ.get("PASO_SHARED")
    path = Path(named) if named else Path(__file__).resolve().parents[3] / "shared"
    if not (path / "vectors").is_dir():
        pytest.skip("skipped: no ../shared")
    return path
