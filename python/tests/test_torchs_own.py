"""What torch's own tests check of an optimizer, written anew; TORCH.md has the table. What has tests in
`test_traps.py` and `test_refusals.py` is not repeated here.
"""

from __future__ import annotations

import copy
import warnings

import paso_ml
import pytest
import torch
from pairs import mlp
from torch import nn

ALL = [
    paso_ml.Adam,
    paso_ml.AdamW,
    paso_ml.NAdam,
    paso_ml.RAdam,
    paso_ml.Adamax,
    paso_ml.AdaBelief,
    paso_ml.Lion,
    paso_ml.Lamb,
    paso_ml.Adopt,
    paso_ml.Yogi,
    paso_ml.AdamWScheduleFree,
]
every = pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.__name__)


def problem() -> tuple[nn.Parameter, nn.Parameter, torch.Tensor]:
    return nn.Parameter(torch.randn(10, 5)), nn.Parameter(torch.randn(10)), torch.randn(5)


def losses(rule: type, steps: int = 200, **settings: object) -> tuple[float, float]:
    weight, bias, x = problem()
    opt = rule([{"params": [weight]}, {"params": [bias], "lr": 5e-3}], **{"lr": 1e-2, **settings})

    def closure() -> torch.Tensor:
        opt.zero_grad()
        loss = (weight.mv(x) + bias).pow(2).sum()
        loss.backward()
        return loss

    first = closure().item()
    for _ in range(steps):
        opt.step(closure)
    return first, closure().item()


@every
def test_the_loss_goes_down_and_up_with_maximize(rule: type) -> None:
    first, last = losses(rule)
    assert last < first
    first, last = losses(rule, maximize=True)
    assert last > first


@every
def test_it_goes_down_with_a_scheduler_and_with_one_on_a_plateau(rule: type) -> None:
    weight, bias, x = problem()
    opt = rule([weight, bias], lr=1e-2)
    schedulers = [
        torch.optim.lr_scheduler.StepLR(opt, step_size=10, gamma=0.99),
        torch.optim.lr_scheduler.ReduceLROnPlateau(opt),
    ]
    seen = []
    for _ in range(150):
        opt.zero_grad()
        loss = (weight.mv(x) + bias).pow(2).sum()
        loss.backward()
        opt.step()
        schedulers[0].step()
        schedulers[1].step(loss.item())
        seen.append(loss.item())
    assert seen[-1] < seen[0]


@every
def test_a_state_is_loaded_into_another_optimizer_which_goes_on_alike(rule: type) -> None:
    weight, bias, x = problem()
    opt = rule([weight, bias], lr=1e-2)

    def steps(opt: torch.optim.Optimizer, weight: nn.Parameter, bias: nn.Parameter) -> None:
        for _ in range(20):
            opt.zero_grad()
            (weight.mv(x) + bias).pow(2).sum().backward()
            opt.step()

    steps(opt, weight, bias)
    other = [nn.Parameter(weight.detach().clone()), nn.Parameter(bias.detach().clone())]
    second = rule(other, lr=1.0)
    saved = copy.deepcopy(opt.state_dict())
    second.load_state_dict(saved)
    steps(opt, weight, bias)
    steps(second, *other)
    assert torch.equal(weight, other[0]) and torch.equal(bias, other[1])
    a, b = opt.state_dict(), second.state_dict()
    assert str(a["param_groups"]) == str(b["param_groups"])
    for i in a["state"]:
        for name, value in a["state"][i].items():
            assert torch.equal(value, b["state"][i][name]), name
    # The saved state was not changed by loading it and going on.
    assert all(float(state["step"]) == 20 for state in saved["state"].values())


@every
def test_states_of_older_versions_are_loaded(rule: type) -> None:
    weight, bias, x = problem()
    opt = rule([weight, bias])
    (weight.mv(x) + bias).pow(2).sum().backward()
    opt.step()
    saved = copy.deepcopy(opt.state_dict())
    for group in saved["param_groups"]:
        for name in ("maximize", *rule._settings):
            group.pop(name, None)
    for state in saved["state"].values():
        state["step"] = state["step"].item()
    opt.load_state_dict(saved)
    opt.step()
    assert [float(s["step"]) for s in opt.state.values()] == [2, 2]


@every
def test_a_step_without_gradients_changes_nothing(rule: type) -> None:
    model = mlp()
    before = copy.deepcopy(model.state_dict())
    opt = rule(model.parameters(), weight_decay=0.5)
    opt.step()
    model(torch.randn(4, 8)).sum().backward()
    opt.zero_grad()
    opt.step()
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


@every
def test_a_step_with_gradients_of_zero_and_without_decay_changes_nothing(rule: type) -> None:
    p = nn.Parameter(torch.randn(5))
    before = p.detach().clone()
    opt = rule([p], weight_decay=0.0, **({"initial": 0.0} if rule is paso_ml.Yogi else {}))
    p.grad = torch.zeros(5)
    opt.step()
    assert torch.equal(before, p)


@every
def test_a_learning_rate_of_zero_changes_nothing(rule: type) -> None:
    p = nn.Parameter(torch.randn(5))
    before = p.detach().clone()
    opt = rule([p], lr=0.0)
    for _ in range(3):
        p.grad = torch.randn(5)
        opt.step()
    assert torch.equal(before, p)


@every
def test_decay_of_a_group_shrinks_that_group(rule: type) -> None:
    a, b = nn.Parameter(torch.ones(4)), nn.Parameter(torch.ones(4))
    own = {"initial": 0.0} if rule is paso_ml.Yogi else {}
    opt = rule([{"params": [a], "weight_decay": 0.5}, {"params": [b], "weight_decay": 0.0}], lr=1e-2, **own)
    for _ in range(20):
        a.grad, b.grad = torch.zeros(4), torch.zeros(4)
        opt.step()
    assert float(a.detach().norm()) < float(b.detach().norm()) and torch.equal(b.detach(), torch.ones(4))


@every
def test_a_deep_copy_and_the_text_of_an_optimizer(rule: type) -> None:
    model = mlp()
    opt = rule(model.parameters(), audit=True)
    model(torch.randn(4, 8)).sum().backward()
    opt.step()
    public = {name for name in vars(opt) if not name.startswith("_")}
    assert public == {name for name in vars(copy.deepcopy(opt)) if not name.startswith("_")}
    assert rule.__name__ in repr(opt) and "lr" in repr(opt)


@every
def test_the_state_is_empty_at_first_and_keeps_what_others_put_there(rule: type) -> None:
    p = nn.Parameter(torch.ones(3))
    opt = rule([p])
    assert not opt.state
    opt.state[p]["note"] = "kept"
    p.grad = torch.ones(3)
    opt.step()
    assert opt.state[p]["note"] == "kept" and float(opt.state[p]["step"]) == 1


def test_one_parameter_twice_is_refused_as_torch_does() -> None:
    p = nn.Parameter(torch.ones(2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ValueError, match="some parameters appear in more than one parameter group"):
            paso_ml.AdamW([{"params": [p]}, {"params": [p]}])
    with pytest.raises(TypeError, match="params argument"):
        paso_ml.AdamW(p)


def test_named_parameters_and_hooks_that_come_first() -> None:
    model = mlp()
    opt = paso_ml.AdamW(model.named_parameters())
    assert opt.state_dict()["param_groups"][0]["param_names"][0] == "0.weight"
    calls: list[int] = []
    opt.register_state_dict_post_hook(lambda o, s: calls.append(1))
    opt.register_state_dict_post_hook(lambda o, s: calls.append(2), prepend=True)
    opt.state_dict()
    assert calls == [2, 1]


def test_tensors_of_many_shapes_and_sizes_match_one_large_one() -> None:
    torch.manual_seed(5)
    shapes = [(), (1,), (7, 3), (64,), (5, 0), (33, 33), (200, 200)]
    params = [nn.Parameter(torch.randn(s)) for s in shapes]
    whole = nn.Parameter(torch.cat([p.detach().flatten() for p in params]))
    opts = [paso_ml.AdamW(params), paso_ml.AdamW([whole])]
    for _ in range(5):
        for p in params:
            p.grad = torch.randn_like(p)
        whole.grad = torch.cat([p.grad.flatten() for p in params])
        [opt.step() for opt in opts]
    assert torch.equal(torch.cat([p.detach().flatten() for p in params]), whole.detach())
