"""What cannot be stepped is refused with its reason, and nothing has been changed."""

from __future__ import annotations

import paso_ml
import pytest
import torch
from pairs import mlp
from torch import nn


def stepped(p: nn.Parameter, grad: torch.Tensor | None = None) -> None:
    opt = paso_ml.AdamW([p])
    p.grad = torch.ones_like(p) if grad is None else grad
    opt.step()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_other_types_than_float32(dtype: torch.dtype) -> None:
    with pytest.raises(TypeError, match=rf"parameter 0 of group 0, of shape \(2,\): it is {dtype}.*\.float\(\)"):
        stepped(nn.Parameter(torch.ones(2, dtype=dtype)))


def test_complex_parameters() -> None:
    with pytest.raises(TypeError, match="view_as_real"):
        stepped(nn.Parameter(torch.ones(2, dtype=torch.complex64)))


def test_sparse_gradients() -> None:
    embedding = nn.Embedding(4, 2, sparse=True)
    opt = paso_ml.AdamW(embedding.parameters())
    embedding(torch.tensor([1])).sum().backward()
    with pytest.raises(RuntimeError, match="sparse=False"):
        opt.step()


def test_parameters_elsewhere() -> None:
    with pytest.raises(TypeError, match="it is on meta"):
        stepped(nn.Parameter(torch.ones(2, device="meta")))


def test_weights_with_gaps() -> None:
    p = nn.Parameter(torch.ones(4, 4)[:, ::2])
    with pytest.raises(TypeError, match="contiguous"):
        stepped(p, torch.ones(4, 2))


def test_a_grad_scaler() -> None:
    model = mlp()
    opt = paso_ml.AdamW(model.parameters())
    scaler = torch.amp.GradScaler("cpu")
    scaler.scale(model(torch.ones(2, 8)).sum()).backward()
    before = model[0].weight.detach().clone()
    with pytest.raises(RuntimeError, match="nonfinite='skip'"):
        scaler.step(opt)
    assert torch.equal(before, model[0].weight)
    off = torch.amp.GradScaler("cpu", enabled=False)
    off.step(opt)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lr": -1.0}, "lr is -1.0"),
        ({"lr": float("nan")}, "lr is nan"),
        ({"betas": (1.0, 0.9)}, "beta1 is 1"),
        ({"eps": -1.0}, "eps is -1"),
        ({"weight_decay": -0.1}, "weight_decay is -0.1"),
        ({"clip_norm": 0.0}, "clip_norm is 0.0"),
        ({"clip_value": -1.0}, "clip is -1"),
        ({"nonfinite": "ignore"}, "nonfinite is 'ignore'"),
        ({"capturable": True}, "capturable=True"),
        ({"differentiable": True}, "differentiable=True"),
    ],
)
def test_settings_out_of_range(settings: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        paso_ml.AdamW(mlp().parameters(), **settings)


def test_unknown_arguments_and_empty_lists() -> None:
    with pytest.raises(TypeError, match="AdamW has no argument 'momentum'"):
        paso_ml.AdamW(mlp().parameters(), momentum=0.9)
    with pytest.raises(ValueError, match="empty parameter list"):
        paso_ml.AdamW([])
    with pytest.raises(ValueError, match="beta2 is 2"):
        paso_ml.AdamW([{"params": mlp().parameters(), "betas": (0.9, 2.0)}])


def test_arguments_of_torch_that_choose_an_implementation_are_accepted() -> None:
    paso_ml.AdamW(mlp().parameters(), foreach=True, fused=True, capturable=False)


def test_a_state_of_another_model() -> None:
    saved = paso_ml.AdamW([nn.Parameter(torch.ones(3))])
    saved.param_groups[0]["params"][0].grad = torch.ones(3)
    saved.step()
    p = nn.Parameter(torch.ones(2))
    opt = paso_ml.AdamW([p])
    opt.load_state_dict(saved.state_dict())
    p.grad = torch.ones(2)
    with pytest.raises(ValueError, match="another model"):
        opt.step()


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_gradients_that_are_not_finite(bad: float) -> None:
    def made(**options: object) -> tuple[nn.Module, torch.optim.Optimizer]:
        model = mlp()
        opt = paso_ml.AdamW(model.parameters(), **options)
        model(torch.ones(2, 8)).sum().backward()
        opt.step()
        model[2].weight.grad[0, 0] = bad
        return model, opt

    model, opt = made(nonfinite="skip")
    before = [q.detach().clone() for q in model.parameters()]
    opt.step()
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters()))
    assert float(opt.state[model[0].weight]["step"]) == 1
    model, opt = made(nonfinite="refuse")
    with pytest.raises(FloatingPointError, match="the step was not taken"):
        opt.step()
    model, opt = made()
    opt.step()
    assert not torch.isfinite(model[2].weight).all() and torch.isfinite(model[0].weight).all()


def test_an_audit_says_what_a_step_did() -> None:
    model = mlp()
    opt = paso_ml.AdamW(model.parameters(), lr=1e-3, audit=True)
    with pytest.raises(RuntimeError, match="audit=True"):
        opt.audit()
    model(torch.randn(8, 8)).pow(2).mean().backward()
    opt.step()
    audit = opt.audit()
    assert audit["weights"] == sum(q.numel() for q in model.parameters())
    # The first step of Adam is as long as the learning rate.
    assert 0.9 < audit["rms_step"] <= 1.0 + 1e-6 and audit["longest_step"] == 1.0
    assert 0 < audit["update_to_weight"] < 0.1 and audit["non_finite"] == 0
