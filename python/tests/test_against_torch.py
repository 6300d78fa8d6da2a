"""The same weights as torch after 200 steps, for every rule that torch has and every option."""

from __future__ import annotations

import paso_ml
import pytest
import torch
from pairs import Pair
from torch import nn

#: After 200 steps a weight differs by at most this, relative to the larger of it and 1e-2: rounding in float32, which
#: training amplifies.
BOUND = 2e-4

CASES = [
    ("Adam", {}),
    ("Adam", {"weight_decay": 0.1}),
    ("Adam", {"amsgrad": True}),
    ("Adam", {"maximize": True, "lr": 1e-4}),
    ("Adam", {"betas": (0.5, 0.99), "eps": 1e-4}),
    ("AdamW", {}),
    ("AdamW", {"weight_decay": 0.3, "amsgrad": True}),
    ("AdamW", {"maximize": True, "lr": 1e-4}),
    ("NAdam", {}),
    ("NAdam", {"weight_decay": 0.1}),
    ("NAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True, "momentum_decay": 0.1}),
    ("RAdam", {}),
    ("RAdam", {"weight_decay": 0.1}),
    ("RAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("Adamax", {}),
    ("Adamax", {"weight_decay": 0.1}),
]


@pytest.mark.parametrize(("rule", "options"), CASES)
def test_the_weights_are_those_of_torch_after_200_steps(rule: str, options: dict) -> None:
    settings = {"lr": 1e-3, **options}
    pair = Pair(getattr(torch.optim, rule), getattr(paso_ml, rule), **settings)
    pair.step(200)
    assert pair.far() < BOUND


@pytest.mark.parametrize("max_norm", [0.01, 1e6])
def test_clipping_in_the_step_is_clip_grad_norm_before_it(max_norm: float) -> None:
    pair = Pair(torch.optim.AdamW, lambda p, **s: paso_ml.AdamW(p, clip_norm=max_norm, **s), lr=1e-3)
    theirs = pair.opts[0]
    theirs.register_step_pre_hook(
        lambda opt, *_: nn.utils.clip_grad_norm_(pair.models[0].parameters(), max_norm) and None
    )
    pair.step(200)
    assert pair.far() < BOUND


def test_clipping_by_value_is_clip_grad_value_before_it() -> None:
    pair = Pair(torch.optim.AdamW, lambda p, **s: paso_ml.AdamW(p, clip_value=1e-3, **s), lr=1e-3)
    pair.opts[0].register_step_pre_hook(
        lambda opt, *_: nn.utils.clip_grad_value_(pair.models[0].parameters(), 1e-3)
    )
    pair.step(200)
    assert pair.far() < BOUND


def test_groups_have_their_own_settings_and_follow_a_scheduler() -> None:
    def groups(model: nn.Module) -> list[dict]:
        return [
            {"params": model[0].parameters(), "lr": 1e-3, "weight_decay": 0.3},
            {"params": [*model[2].parameters(), *model[4].parameters()], "betas": (0.8, 0.95)},
        ]

    pair = Pair(torch.optim.AdamW, paso_ml.AdamW, lr=3e-3)
    pair.opts = [o(groups(m), lr=3e-3) for o, m in zip((torch.optim.AdamW, paso_ml.AdamW), pair.models)]
    # It changes the betas as well.
    cycles = [torch.optim.lr_scheduler.OneCycleLR(o, [1e-2, 3e-3], total_steps=200) for o in pair.opts]
    for _ in range(199):
        pair.step()
        for cycle in cycles:
            cycle.step()
    assert pair.opts[0].param_groups[0]["betas"] == pair.opts[1].param_groups[0]["betas"]
    assert pair.far() < 10 * BOUND


@pytest.mark.parametrize("threads", [1, 2])
def test_large_and_small_parameters_together(threads: int) -> None:
    torch.set_num_threads(threads)
    model = nn.Sequential(nn.Linear(8, 600), nn.LayerNorm(600), nn.Linear(600, 300), nn.Linear(300, 2))
    pair = Pair(torch.optim.AdamW, paso_ml.AdamW, model=model, lr=1e-4)
    pair.step(60)
    assert pair.far() < BOUND


def test_the_bits_do_not_depend_on_threads_or_on_packing() -> None:
    weights = []
    for threads, large in ((1, 1), (2, 1), (1, 10**9)):
        torch.set_num_threads(threads)
        paso_ml.AdamW([nn.Parameter(torch.zeros(1))])  # the modules are imported
        from paso_ml.torch import layout

        kept, layout.LARGE = layout.LARGE, large
        try:
            torch.manual_seed(1)
            p = nn.Parameter(torch.randn(300_000))
            opt = paso_ml.AdamW([p], lr=1e-2)
            for _ in range(5):
                p.grad = torch.randn(300_000)
                opt.step()
            weights.append(p.detach().clone())
        finally:
            layout.LARGE = kept
    assert all(torch.equal(weights[0], other) for other in weights[1:])
