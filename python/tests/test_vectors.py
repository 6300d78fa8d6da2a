"""The reference values of other libraries, through the optimizers: every case whose settings an optimizer has."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import paso_ml
import pytest
import torch
from torch import nn

#: Relative to lr + |p|, per step: rounding in float32 (the libraries' own float32 differ by 2e-5 at the end).
BOUND = 5e-5

FILES = ["torch_adam", "torch_adamw", "torch_nadam", "torch_radam", "torch_adamax", "torch_clip", "schedulefree"]
FILES += ["timm", "pytorch_optimizer"]


def numbers(values: list) -> np.ndarray:
    return np.array([float(v) for v in values])


def made(case: dict, params: list[nn.Parameter]) -> torch.optim.Optimizer | None:
    """The optimizer of a case; `None` where the interface does not have its settings."""
    given = dict(case["hyperparameters"])
    name = case["optimizer"]
    for ignored in ("lr", "foreach", "fused", "capturable", "differentiable", "per_step_beta1"):
        given.pop(ignored, None)
    if "betas" in given:
        given["betas"] = tuple(given["betas"])
    classes = {
        "Adam": paso_ml.Adam,
        "AdamW": paso_ml.AdamW,
        "NAdam": paso_ml.NAdam,
        "RAdam": paso_ml.RAdam,
        "Adamax": paso_ml.Adamax,
        "AdamWScheduleFree": paso_ml.AdamWScheduleFree,
        "Lion": paso_ml.Lion,
        "AdaBelief": paso_ml.AdaBelief,
        "Lamb": paso_ml.Lamb,
        "ADOPT": paso_ml.Adopt,
        "Adopt": paso_ml.Adopt,
    }
    if name not in classes or (case["library"] != "torch" and name in ("Adam", "AdamW", "NAdam", "RAdam", "Adamax")):
        return None
    if case["library"] in ("timm", "pytorch_optimizer"):
        # Only cases without what is another rule's; what is off is dropped.
        if any(given.get(n) for n in ("rectify", "ams_bound", "amsgrad", "fixed_decay", "always_adapt", "trust_clip")):
            return None
        if name == "Adopt":
            if given.get("clip_exp") is not None:
                return None  # the paper's power is 0.25
            given["clip"], wanted_own = False, {"clip"}
        else:
            wanted_own = set()
        if given.get("weight_decouple") is False or given.get("decoupled_decay") is False:
            return None
        wanted = {"betas", "eps", "weight_decay", "caution"} | wanted_own
        if given.get("max_grad_norm") is not None or given.get("corrected_weight_decay"):
            return None
        given = {k: v for k, v in given.items() if k in wanted}
        if name == "Lion":
            given.pop("eps", None)
    given.setdefault("clip_grad_norm", case.get("clip_grad_norm"))
    for own in ("clip_grad_norm", "caution"):
        value = given.pop(own, None)
        if value:
            given[{"clip_grad_norm": "clip_norm", "caution": "cautious"}[own]] = (
                value["max_norm"] if isinstance(value, dict) else value
            )
            if isinstance(value, dict) and value.get("norm_type", 2.0) != 2.0:
                return None
    groups = given.pop("param_groups", None) or case.get("param_groups")
    if groups:
        settings = [g.get("hyperparameters", {}) for g in groups]
        params = [
            {"params": [params[i] for i in g["tensors"]], **own} for g, own in zip(groups, settings)
        ]
    try:
        return classes[name](params, **given)
    except TypeError:
        return None


def run(case: dict, sequence: dict) -> float | None:
    """The largest error of a case, as a part of the bound; `None` where it does not apply."""
    splits = case["splits"]
    initial = torch.tensor(numbers(sequence["initial"]), dtype=torch.float32)
    params = [nn.Parameter(part.clone()) for part in torch.split(initial, splits)]
    opt = made(case, params)
    if opt is None:
        return None
    grads = torch.tensor(np.array([numbers(g) for g in sequence["grads"]]), dtype=torch.float32)
    lrs = case["lr"] if isinstance(case["lr"], list) else [case["lr"]] * case["num_steps"]
    scales = [g.get("lr_scale", 1.0) for g in case["hyperparameters"].get("param_groups") or case.get("param_groups") or [{}]]
    per_step = case["hyperparameters"].get("per_step_beta1")
    worst = 0.0
    for t in range(case["num_steps"]):
        for group, scale in zip(opt.param_groups, scales):
            group["lr"] = float(lrs[t]) * scale
            if per_step:
                group["betas"] = (per_step[t], group["betas"][1])
        for p, g in zip(params, torch.split(grads[t], splits)):
            p.grad = g.clone()
        opt.step()
        expected = case["params_at"].get(str(t + 1))
        if expected is not None:
            want = numbers(expected)
            got = torch.cat([p.detach() for p in params]).numpy().astype(np.float64)
            error = np.abs(got - want) / np.maximum(float(lrs[t]) + np.abs(want), 1e-12)
            worst = max(worst, float(np.nanmax(error)) / BOUND)
    return worst


@pytest.mark.parametrize("name", FILES)
def test_the_optimizers_give_the_libraries_own_numbers(name: str, shared: Path) -> None:
    folder = shared / "vectors" / "optim"
    cases = json.loads((folder / f"{name}.json").read_text())["cases"]
    ran, passed_over = 0, []
    for i, case in enumerate(cases):
        if case["dtype"] != "float64":
            continue
        sequence = json.loads((folder / f"seq_{case['sequence'].removeprefix('seq_')}.json").read_text())
        worst = run(case, sequence)
        if worst is None:
            passed_over.append(case["optimizer"])
            continue
        assert worst < 1, f"case {i} of {name}: {case['optimizer']} {case['hyperparameters']}: {worst:.2f} of the bound"
        ran += 1
    print(f"{name}: {ran} cases, passed over: {sorted(set(passed_over))}")
    assert ran > 0
