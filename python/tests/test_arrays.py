"""The step for numpy arrays, and a range test."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import numpy as np
import paso_ml
import pytest
import torch
from torch import nn


def test_numpy_and_torch_have_the_same_bits() -> None:
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(30, 7)).astype(np.float32)
    p = nn.Parameter(torch.from_numpy(weights.copy()))
    opt, state = paso_ml.AdamW([p], lr=1e-2), None
    rule = paso_ml.rule("adam", weight_decay=0.01)
    for _ in range(20):
        gradient = rng.normal(size=(30, 7)).astype(np.float32)
        state = paso_ml.step(weights, gradient, state, lr=1e-2, rule=rule)
        p.grad = torch.from_numpy(gradient.copy())
        opt.step()
    assert np.array_equal(weights, p.detach().numpy())
    assert int(state["step"][0]) == 20 and set(state) == {"step", "scalars", "exp_avg", "exp_avg_sq"}


def test_a_saved_state_goes_on_with_the_same_bits(tmp_path) -> None:
    rule = paso_ml.rule("schedule_free", warmup=5)
    weights, state = np.ones(10, np.float32), None
    for t in range(20):
        if t == 9:
            np.savez(tmp_path / "state.npz", weights=weights, **state)
            loaded = dict(np.load(tmp_path / "state.npz"))
            other = loaded.pop("weights")
        state = paso_ml.step(weights, weights.copy(), state, lr=0.1, rule=rule)
    for _ in range(11):
        loaded = paso_ml.step(other, other.copy(), loaded, lr=0.1, rule=rule)
    assert np.array_equal(weights, other)


def test_arrays_that_cannot_be_stepped_are_refused() -> None:
    rule, ones = paso_ml.rule("adam"), np.ones(4, np.float32)
    for weights, gradient, error, message in [
        (np.ones(4), ones, TypeError, "weights: float64"),
        (ones, [1.0], TypeError, "gradient: list"),
        (ones, np.ones(3, np.float32), ValueError, "gradient: 3 values where 4 are needed"),
        (np.ones((4, 4), np.float32)[:, ::2], ones, ValueError, "not contiguous"),
        (np.broadcast_to(np.float32(1), (1,)), np.ones(1, np.float32), ValueError, "read-only"),
    ]:
        with pytest.raises(error, match=message):
            paso_ml.step(weights, gradient, lr=0.1, rule=rule)
    with pytest.raises(ValueError, match="lr is -1"):
        paso_ml.step(ones, ones.copy(), lr=-1.0, rule=rule)
    state = paso_ml.step(ones, ones.copy(), lr=0.1, rule=rule)
    with pytest.raises(ValueError, match="belongs to another rule"):
        paso_ml.step(ones, ones.copy(), state, lr=0.1, rule=paso_ml.rule("adamax"))
    with pytest.raises(ValueError, match="rule is \"adamm\""):
        paso_ml.rule("adamm")


def test_the_package_needs_no_torch_for_arrays_schedules_and_studies() -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import numpy as np, paso_ml\n"
        "w = np.ones(3, np.float32)\n"
        "paso_ml.step(w, w.copy(), lr=0.1, rule=paso_ml.rule('lion'))\n"
        "paso_ml.Schedule('constant(0.1)')(3)\n"
        "try: paso_ml.AdamW\n"
        "except ModuleNotFoundError as e: assert 'pip install torch' in str(e), e\n"
        "else: raise SystemExit('torch was found')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_lock_is_let_go_while_a_step_runs() -> None:
    """Another Python thread goes on while a step runs: without that it would stand still for all of it."""
    weights, gradient = np.zeros(20_000_000, np.float32), np.ones(20_000_000, np.float32)
    rule, counted, stop = paso_ml.rule("adam"), [0], threading.Event()

    def count() -> None:
        while not stop.is_set():
            counted[0] += 1
            time.sleep(0)

    state = paso_ml.step(weights, gradient, lr=0.1, rule=rule)
    thread = threading.Thread(target=count)
    thread.start()
    try:
        before = counted[0]
        paso_ml.step(weights, gradient, state, lr=0.1, rule=rule)
        during = counted[0] - before
    finally:
        stop.set()
        thread.join()
    assert during > 10


def test_two_steps_of_one_array_at_the_same_time_are_refused() -> None:
    weights = np.zeros(30_000_000, np.float32)
    gradient, rule, errors = np.ones_like(weights), paso_ml.rule("adam"), []
    states = [paso_ml.step(weights, gradient, lr=0.1, rule=rule) for _ in range(2)]

    def one(state: dict) -> None:
        try:
            for _ in range(3):
                paso_ml.step(weights, gradient, state, lr=0.1, rule=rule)
        except ValueError as error:
            errors.append(str(error))

    threads = [threading.Thread(target=one, args=(state,)) for state in states]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert errors, "no two steps met"
    assert all("borrow" in error for error in errors)


def test_a_step_after_a_fork_uses_threads_of_its_own() -> None:
    code = (
        "import os, numpy as np, paso_ml\n"
        "w = np.zeros(500_000, np.float32); g = np.ones_like(w); r = paso_ml.rule('adam')\n"
        "s = paso_ml.step(w, g, lr=0.1, rule=r, threads=2)\n"
        "pid = os.fork()\n"
        "s = paso_ml.step(w, g, s, lr=0.1, rule=r, threads=2)\n"
        "if pid == 0: os._exit(0 if abs(w[0] + 0.2) < 1e-5 else 3)\n"
        "assert os.waitpid(pid, 0)[1] == 0 and abs(w[0] + 0.2) < 1e-5\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_range_test_finds_a_learning_rate_and_puts_everything_back() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 32), nn.Tanh(), nn.Linear(32, 1))
    opt = paso_ml.AdamW(model.parameters(), lr=7.0)
    before = [p.detach().clone() for p in model.parameters()]
    stream = torch.Generator().manual_seed(1)

    def train_step(lr: float) -> float:
        x = torch.randn(512, 8, generator=stream)
        opt.param_groups[0]["lr"] = lr
        opt.zero_grad()
        loss = (model(x)[:, 0] - x.sum(1)).pow(2).mean()
        loss.backward()
        opt.step()
        return loss.item()

    found = paso_ml.find_lr(train_step, restore=(model, opt))
    assert 1e-4 < found.interval[0] <= found.peak_lr <= found.interval[1] < 1.0
    assert "peak learning rate" in str(found) and len(found.sweeps) == 3
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters())) and not opt.state
    assert opt.param_groups[0]["lr"] == 7.0


def test_a_range_test_that_cannot_tell_says_so() -> None:
    with pytest.raises(paso_ml.NoSuggestion, match="flat|fall"):
        paso_ml.find_lr(lambda lr: 1.0)
    with pytest.raises(ValueError, match="ascending"):
        paso_ml.find_lr(lambda lr: 1.0, lowest=1.0, highest=0.1)
