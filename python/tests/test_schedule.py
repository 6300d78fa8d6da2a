"""Schedules in the forms of each framework, and that resuming cannot go wrong."""

from __future__ import annotations

import copy
import pickle
import warnings

import numpy as np
import paso_ml
import pytest
import torch
from pairs import mlp
from torch import nn

TEXT = "warmup(10%) then cosine(to 1%)"


def schedule(steps: int = 100) -> paso_ml.Schedule:
    return paso_ml.Schedule(TEXT, lr=0.01, steps=steps)


def test_a_schedule_is_a_pure_function_and_prints_as_it_parses() -> None:
    s = schedule()
    assert s(10) == s.peak == 0.01 and s(10**9) == pytest.approx(1e-4)
    assert s == paso_ml.Schedule(str(s)) and hash(s) == hash(paso_ml.Schedule(str(s)))
    assert pickle.loads(pickle.dumps(s)) == s and pickle.loads(pickle.dumps(s)).steps == 100
    assert np.array_equal(s.lrs(), [s(t) for t in range(100)])
    assert copy.deepcopy(s) == s and s != paso_ml.Schedule("constant(1e-3)")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("cosin(to 1%)", 1e-3, 10), "did you mean `cosine`"),
        (("cosine(to 1%)",), "schedule"),
        (("cosine(to 1%)", 1e-3), "give both, or neither"),
        (("cosine(to 1%)", -1.0, 10), "schedule"),
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused(arguments: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        paso_ml.Schedule(*arguments)


def trained(steps: int, stop: int | None, resume: str) -> list[float]:
    """The learning rates of a run, stopped and resumed."""
    p = nn.Parameter(torch.zeros(1))
    opt = torch.optim.SGD([p], lr=123.0)
    scheduler = schedule(steps).torch(opt)
    seen = []
    for t in range(steps):
        if t == stop:
            saved = copy.deepcopy((opt.state_dict(), scheduler.state_dict()))
            opt = torch.optim.SGD([p], lr=123.0)
            if resume == "optimizer last":
                scheduler = schedule(steps).torch(opt)
                scheduler.load_state_dict(saved[1])
                opt.load_state_dict(saved[0])
            elif resume == "optimizer first":
                opt.load_state_dict(saved[0])
                scheduler = schedule(steps).torch(opt)
                scheduler.load_state_dict(saved[1])
            else:
                scheduler = schedule(steps).torch(opt, last_step=t)
        seen.append(opt.param_groups[0]["lr"])
        opt.step()
        scheduler.step()
    return seen


@pytest.mark.parametrize("resume", ["optimizer first", "optimizer last", "last_step"])
@pytest.mark.parametrize("stop", [1, 10, 57])
def test_a_resumed_run_has_the_learning_rates_of_one_that_never_stopped(stop: int, resume: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert trained(100, stop, resume) == trained(100, None, resume) == list(schedule().lrs())


def test_groups_have_their_scale_and_another_schedules_state_is_refused() -> None:
    groups = [{"params": [nn.Parameter(torch.zeros(1))]}, {"params": [nn.Parameter(torch.zeros(1))], "lr_scale": 0.1}]
    opt = paso_ml.AdamW(groups, lr=1.0)
    scheduler = paso_ml.Schedule("linear(to 0)", lr=0.5, steps=10).torch(opt)
    assert scheduler.get_last_lr() == [0.5, 0.05]
    saved = scheduler.state_dict()
    other = paso_ml.Schedule("linear(to 0)", lr=0.5, steps=20).torch(opt)
    with pytest.raises(ValueError, match="last_step=0"):
        other.load_state_dict(saved)


def test_a_run_with_our_optimizer_and_schedule_resumes_with_the_same_bits() -> None:
    def run(stop: int | None) -> torch.Tensor:
        torch.manual_seed(3)
        model = mlp()
        opt = paso_ml.AdamW(model.parameters())
        scheduler = schedule(40).torch(opt)
        stream = torch.Generator().manual_seed(5)
        for t in range(40):
            if t == stop:
                saved = copy.deepcopy([thing.state_dict() for thing in (model, opt, scheduler)])
                model = mlp()
                opt = paso_ml.AdamW(model.parameters(), lr=9.0)
                scheduler = schedule(40).torch(opt)
                for thing, state in zip((model, opt, scheduler), saved):
                    thing.load_state_dict(state)
            opt.zero_grad()
            model(torch.randn(4, 8, generator=stream)).pow(2).mean().backward()
            opt.step()
            scheduler.step()
        return torch.cat([p.detach().flatten() for p in model.parameters()])

    assert torch.equal(run(None), run(17))


def test_optax_traces_the_schedule() -> None:
    jax = pytest.importorskip("jax", reason="skipped: jax is not installed")
    optax = pytest.importorskip("optax", reason="skipped: optax is not installed")
    s = schedule()
    traced = jax.jit(s.optax())
    for t in (0, 5, 10, 99, 100, 5000):
        assert float(traced(t)) == pytest.approx(s(t), rel=1e-6)
    opt = optax.adamw(s.optax())
    params = {"w": jax.numpy.ones(3)}
    state = opt.init(params)
    for _ in range(3):
        updates, state = opt.update({"w": jax.numpy.ones(3)}, state, params)
    assert np.allclose(updates["w"], -s(2) - 1e-4 * s(2), rtol=1e-3)


def test_keras_trains_with_the_schedule_and_saves_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    pytest.importorskip("jax", reason="skipped: jax is not installed")
    keras = pytest.importorskip("keras", reason="skipped: keras is not installed")
    s = schedule()
    rate = s.keras()
    assert float(rate(10)) == pytest.approx(0.01) and float(rate(10**6)) == pytest.approx(1e-4)
    again = keras.optimizers.schedules.deserialize(keras.optimizers.schedules.serialize(rate))
    assert [float(again(t)) for t in range(101)] == [float(rate(t)) for t in range(101)]
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.AdamW(learning_rate=rate), loss="mse")
    model.fit(np.ones((64, 3)), np.zeros(64), batch_size=16, epochs=2, verbose=0)
    assert int(model.optimizer.iterations) == 8
    assert float(model.optimizer.learning_rate) == pytest.approx(s(8), rel=1e-6)


def test_a_schedule_is_drawn() -> None:
    matplotlib = pytest.importorskip("matplotlib", reason="skipped: matplotlib is not installed")
    matplotlib.use("Agg")
    ax = schedule().plot()
    assert len(ax.lines[0].get_xdata()) == 100
