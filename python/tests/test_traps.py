"""What can be done to parameters, gradients and state between two steps: the weights stay those of torch."""

from __future__ import annotations

import copy
import io
import pickle

import paso_ml
import pytest
import torch
from pairs import Pair, distance, mlp
from torch import nn
from torch.optim.optimizer import register_optimizer_step_pre_hook

BOUND = 2e-4


def pair(**settings: object) -> Pair:
    return Pair(torch.optim.AdamW, paso_ml.AdamW, **{"lr": 1e-3, **settings})


@pytest.mark.parametrize("set_to_none", [True, False])
@pytest.mark.parametrize("who", ["optimizer", "model"])
def test_zero_grad(who: str, set_to_none: bool) -> None:
    p = pair()
    for _ in range(50):
        x = p.batch()
        for model, opt in zip(p.models, p.opts):
            (opt if who == "optimizer" else model).zero_grad(set_to_none=set_to_none)
            model(x).pow(2).mean().backward()
            opt.step()
    assert p.far() < BOUND


def test_gradients_accumulate_over_two_backward_passes() -> None:
    p = pair()
    for _ in range(50):
        batches = p.batch(), p.batch()
        for model, opt in zip(p.models, p.opts):
            opt.zero_grad()
            for x in batches:
                model(x).pow(2).mean().backward()
            opt.step()
    assert p.far() < BOUND


def test_without_zero_grad_the_same_gradients_are_stepped_again() -> None:
    p = pair()
    p.step(3)
    for opt in p.opts:
        opt.step()
        opt.step()
    assert p.far() < BOUND
    assert float(p.opts[1].state[p.models[1][0].weight]["step"]) == 5


def branching() -> nn.Module:
    return nn.ModuleDict({"a": nn.Linear(8, 4), "b": nn.Linear(8, 4)})


def test_a_parameter_without_a_gradient_is_not_stepped_and_counts_its_own_steps() -> None:
    p = pair(model=branching(), weight_decay=0.5)
    for i in range(60):
        name = "a" if i % 3 else "b"
        p.step(1, loss=lambda m, x, name=name: m[name](x).pow(2).mean())
    assert p.far() < BOUND
    steps = [int(p.opts[1].state[m.weight]["step"]) for m in p.models[1].values()]
    assert steps == [40, 20]


def test_nadam_keeps_its_products_apart_for_parameters_that_are_stepped_less_often() -> None:
    p = Pair(torch.optim.NAdam, paso_ml.NAdam, model=branching(), lr=1e-3)
    for i in range(60):
        name = "a" if i % 3 else "b"
        p.step(1, loss=lambda m, x, name=name: m[name](x).pow(2).mean())
    assert p.far() < BOUND


def test_set_to_none_false_steps_what_the_backward_pass_did_not_reach() -> None:
    p = pair(model=branching())
    p.step(2, loss=lambda m, x: m["a"](x).pow(2).mean() + m["b"](x).pow(2).mean())
    for _ in range(5):
        x = p.batch()
        for model, opt in zip(p.models, p.opts):
            opt.zero_grad(set_to_none=False)
            model["a"](x).pow(2).mean().backward()
            opt.step()
    assert p.far() < BOUND


def test_state_goes_from_torch_to_us_and_back_and_training_goes_on_with_the_same_numbers() -> None:
    for amsgrad in (False, True):
        p = pair(amsgrad=amsgrad)
        p.step(50)
        saved = [copy.deepcopy(o.state_dict()) for o in p.opts]
        for a, b in zip(saved[0]["state"].values(), saved[1]["state"].values()):
            assert set(a) == set(b)
        p.opts = [
            torch.optim.AdamW(p.models[0].parameters(), lr=0.5),
            paso_ml.AdamW(p.models[1].parameters(), lr=0.5),
        ]
        p.opts[0].load_state_dict(saved[1])
        p.opts[1].load_state_dict(saved[0])
        assert p.opts[1].param_groups[0]["lr"] == 1e-3
        p.step(50)
        assert p.far() < BOUND


@pytest.mark.parametrize("rule", ["NAdam", "RAdam", "Adamax"])
def test_the_state_of_the_other_rules_goes_both_ways(rule: str) -> None:
    theirs, ours = getattr(torch.optim, rule), getattr(paso_ml, rule)
    p = Pair(theirs, ours, lr=1e-3)
    p.step(30)
    saved = [copy.deepcopy(o.state_dict()) for o in p.opts]
    p.opts = [theirs(p.models[0].parameters()), ours(p.models[1].parameters())]
    p.opts[0].load_state_dict(saved[1])
    p.opts[1].load_state_dict(saved[0])
    p.step(30)
    assert p.far() < BOUND


def test_a_saved_file_is_read_with_weights_only_and_goes_on_with_the_same_bits() -> None:
    model = mlp()
    opt = paso_ml.AdamW(model.parameters())
    run = Pair(torch.optim.AdamW, paso_ml.AdamW, model=model)
    run.models, run.opts = [model], [opt]
    run.step(10)
    file = io.BytesIO()
    torch.save({"model": model.state_dict(), "opt": opt.state_dict(), "rng": run.stream.get_state()}, file)
    run.step(10)
    file.seek(0)
    saved = torch.load(file, weights_only=True)
    other = mlp()
    other.load_state_dict(saved["model"])
    again = paso_ml.AdamW(other.parameters())
    again.load_state_dict(saved["opt"])
    run.models, run.opts = [other], [again]
    run.stream.set_state(saved["rng"])
    run.step(10)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters()))


def test_a_model_loads_its_weights_between_two_steps() -> None:
    for assign in (False, True):
        p = pair()
        p.step(5)
        saved = copy.deepcopy(p.models[0].state_dict())
        p.step(5)
        for model in p.models:
            model.load_state_dict(copy.deepcopy(saved), assign=assign)
        if assign:  # the parameters are others now, for torch as well
            p.opts = [o(m.parameters(), lr=1e-3) for o, m in zip((torch.optim.AdamW, paso_ml.AdamW), p.models)]
        p.step(20)
        assert p.far() < BOUND


def test_a_deep_copy_goes_on_alone() -> None:
    p = pair()
    p.step(10)
    model, opt = copy.deepcopy((p.models[1], p.opts[1]))
    before = [q.detach().clone() for q in p.models[1].parameters()]
    q = pair()
    q.models, q.opts = [p.models[0], model], [p.opts[0], opt]
    q.step(20)
    assert distance(*q.models) < BOUND
    assert all(torch.equal(a, b) for a, b in zip(before, p.models[1].parameters()))


def test_a_pickle_goes_on_with_its_options_and_is_no_larger_than_torchs() -> None:
    p = pair()
    p.step(10)
    p.opts[1].unpack()
    sizes = [len(pickle.dumps((m, o))) for m, o in zip(p.models, p.opts)]
    assert sizes[1] < 1.1 * sizes[0] + 1024
    model, opt = pickle.loads(pickle.dumps((p.models[1], p.opts[1])))
    p.models[1], p.opts[1] = model, opt
    p.step(20)
    assert p.far() < BOUND
    audited = pickle.loads(pickle.dumps(paso_ml.AdamW(mlp().parameters(), audit=True, clip_norm=0.5)))
    assert audited._clip_norm == 0.5 and audited._step_options["audit"]


def test_a_model_that_is_moved_to_another_type_and_back() -> None:
    p = pair()
    p.step(10)
    for model in p.models:
        model.double()
        model.float()
    p.step(20)
    assert p.far() < BOUND


def test_what_counts_as_missing_still_does_when_something_else_changes() -> None:
    p = pair(model=branching(), weight_decay=0.5)
    p.step(3, loss=lambda m, x: m["a"](x).pow(2).mean() + m["b"](x).pow(2).mean())
    x = p.batch()
    for model, opt in zip(p.models, p.opts):
        opt.zero_grad()
        model["a"](x).pow(2).mean().backward()
        model["a"].weight.data = model["a"].weight.data.clone()
        opt.step()
    assert p.far() < BOUND
    assert int(p.opts[1].state[p.models[1]["b"].weight]["step"]) == 3


def test_data_that_is_assigned() -> None:
    p = pair()
    p.step(10)
    for model in p.models:
        model[0].weight.data = torch.ones_like(model[0].weight) / 8
    p.step(20)
    assert p.far() < BOUND


def test_weights_that_are_changed_in_place() -> None:
    p = pair()
    p.step(10)
    for model in p.models:
        with torch.no_grad():
            model[2].weight.mul_(0.5)
            model[0].bias.fill_(0.25)
    p.step(20)
    assert p.far() < BOUND


def test_parameters_that_are_frozen_later_and_thawed_again() -> None:
    p = pair()
    p.step(10)
    for wanted in (False, True):
        for model in p.models:
            model[0].requires_grad_(wanted)
        before = p.models[1][0].weight.detach().clone()
        p.step(20)
        assert torch.equal(before, p.models[1][0].weight) != wanted
        assert p.far() < BOUND


def test_parameters_that_are_frozen_at_first() -> None:
    model = mlp()
    model[0].requires_grad_(False)
    p = pair(model=model)
    p.step(10)
    for model in p.models:
        model[0].requires_grad_(True)
    p.step(30)
    assert p.far() < BOUND
    assert [float(s["step"]) for s in p.opts[1].state.values()].count(30) == 2


def test_a_group_that_is_added_later() -> None:
    p = pair()
    heads = [nn.Linear(4, 4), nn.Linear(4, 4)]
    heads[1].load_state_dict(heads[0].state_dict())
    p.step(10)
    for model, opt, head in zip(p.models, p.opts, heads):
        opt.add_param_group({"params": head.parameters(), "lr": 1e-2, "weight_decay": 0.2})
        model.append(head)
    p.step(30)
    assert p.far() < BOUND


def test_tied_parameters_stay_tied() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(8, 8, bias=False), nn.Linear(8, 8, bias=False)
            self.b.weight.data = self.a.weight.data

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.b(torch.tanh(self.a(x)))

    theirs, ours = Tied(), Tied()
    ours.a.weight.data.copy_(theirs.a.weight.data)
    p = pair()
    p.models = [theirs, ours]
    p.opts = [o(m.parameters(), lr=1e-3) for o, m in zip((torch.optim.AdamW, paso_ml.AdamW), p.models)]
    p.step(50)
    assert ours.a.weight.data_ptr() == ours.b.weight.data_ptr()
    assert p.far() < BOUND
    # One parameter under two names is one parameter.
    model = mlp()
    model[2] = model[2]
    assert len(paso_ml.AdamW(model.parameters()).param_groups[0]["params"]) == 6


def test_parameters_tied_after_they_were_packed() -> None:
    p = Pair(torch.optim.AdamW, paso_ml.AdamW, model=nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 8)), lr=1e-3)
    p.step(3)
    for model in p.models:
        model[1].weight.data = model[0].weight.data
    p.step(20)
    assert p.models[1][0].weight.data_ptr() == p.models[1][1].weight.data_ptr()
    assert p.far() < BOUND


def test_parameters_shared_between_processes_stay_shared() -> None:
    model = mlp()
    model.share_memory()
    addresses = [q.data_ptr() for q in model.parameters()]
    p = pair(model=model)
    p.step(20)
    assert [q.data_ptr() for q in p.models[0].parameters()] == addresses
    ours = mlp()
    ours.share_memory()
    addresses = [q.data_ptr() for q in ours.parameters()]
    opt = paso_ml.AdamW(ours.parameters())
    ours(p.batch()).sum().backward()
    opt.step()
    assert [q.data_ptr() for q in ours.parameters()] == addresses and ours[0].weight.is_shared()


def test_parts_of_a_larger_tensor_stay_parts_of_it() -> None:
    whole = torch.zeros(10)
    parts = [nn.Parameter(whole[:4]), nn.Parameter(whole[4:])]
    opt = paso_ml.AdamW(parts, lr=0.1)
    (parts[0].sum() + parts[1].sum()).backward()
    opt.step()
    assert torch.allclose(whole, torch.full((10,), -0.1))


def test_channels_last_weights_keep_their_layout() -> None:
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 80, 3), nn.Conv2d(80, 80, 1), nn.AdaptiveAvgPool2d(1))
    model = model.to(memory_format=torch.channels_last)
    p = pair(model=model)
    p.step(10, loss=lambda m, x: m(x[:, :3, None, None].expand(-1, -1, 8, 8)).pow(2).mean())
    assert p.far() < BOUND
    assert p.models[1][1].weight.is_contiguous(memory_format=torch.channels_last)


def test_scalars_and_empty_parameters() -> None:
    theirs = [nn.Parameter(torch.tensor(2.0)), nn.Parameter(torch.zeros(0)), nn.Parameter(torch.ones(2, 0))]
    ours = copy.deepcopy(theirs)
    for params, make in ((theirs, torch.optim.AdamW), (ours, paso_ml.AdamW)):
        opt = make(params, lr=0.1)
        for _ in range(10):
            opt.zero_grad()
            sum(q.pow(2).sum() for q in params).backward()
            opt.step()
    assert torch.allclose(theirs[0], ours[0])


def test_closures_return_the_loss_and_may_be_called_without_gradients() -> None:
    p = pair()
    for _ in range(20):
        x, losses = p.batch(), []
        for model, opt in zip(p.models, p.opts):

            def closure(model: nn.Module = model, opt: torch.optim.Optimizer = opt, x: torch.Tensor = x) -> float:
                opt.zero_grad()
                loss = model(x).pow(2).mean()
                loss.backward()
                return loss.item()

            with torch.no_grad():
                losses.append(opt.step(closure))
        assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    assert p.far() < BOUND


def test_hooks_are_called_in_torchs_order() -> None:
    calls: list[str] = []
    model = mlp()
    opt = paso_ml.AdamW(model.parameters())
    opt.register_step_pre_hook(lambda o, args, kwargs: calls.append(f"pre {len(args)}"))
    opt.register_step_post_hook(lambda o, args, kwargs: calls.append("post"))
    removable = register_optimizer_step_pre_hook(lambda *_: calls.append("global"))
    model(torch.ones(2, 8)).sum().backward()
    opt.step()
    removable.remove()
    assert calls == ["global", "pre 1", "post"]
    opt.register_step_pre_hook(lambda o, args, kwargs: "nonsense")
    with pytest.raises(RuntimeError, match="nonsense"):
        opt.step()


def test_state_dict_hooks_and_torchs_schedulers_work() -> None:
    model = mlp()
    opt = paso_ml.AdamW(model.parameters(), lr=0.1)
    seen: list[str] = []
    opt.register_state_dict_post_hook(lambda o, state: seen.append("saved"))
    opt.register_load_state_dict_post_hook(lambda o: seen.append("loaded"))
    opt.load_state_dict(opt.state_dict())
    assert seen == ["saved", "loaded"]
    scheduler = torch.optim.lr_scheduler.ExponentialLR(opt, 0.5)
    model(torch.ones(2, 8)).sum().backward()
    opt.step()
    scheduler.step()
    assert opt.param_groups[0]["lr"] == 0.05


def test_a_learning_rate_may_be_a_tensor() -> None:
    p = pair(lr=torch.tensor(1e-3))
    p.step(20)
    assert p.far() < BOUND


def test_state_that_is_cleared_begins_anew() -> None:
    p = pair()
    p.step(5)
    for opt in p.opts:
        opt.state.clear()
    p.step(5)
    assert p.far() < BOUND
    for opt in p.opts:
        opt.state = type(opt.state)(dict)
    p.step(5)
    assert p.far() < BOUND


def test_two_optimizers_one_after_the_other_over_one_model() -> None:
    p = pair()
    p.step(5)
    p.opts = [o(m.parameters(), lr=1e-3) for o, m in zip((torch.optim.NAdam, paso_ml.NAdam), p.models)]
    p.step(5)
    addresses = [q.data_ptr() for q in p.models[1].parameters()]
    assert p.far() < BOUND
    assert max(addresses) - min(addresses) < 8 * sum(q.numel() for q in p.models[1].parameters()), "packed again"


def test_other_optimizers_of_a_hook_per_parameter() -> None:
    """An optimizer a parameter, stepped within the backward pass."""
    models = [mlp()]
    models.append(copy.deepcopy(models[0]))
    for model, make in zip(models, (torch.optim.AdamW, paso_ml.AdamW)):
        for q in model.parameters():
            opt = make([q], lr=1e-3)

            def hook(q: torch.Tensor, opt: torch.optim.Optimizer = opt) -> None:
                opt.step()
                opt.zero_grad()

            q.register_post_accumulate_grad_hook(hook)
    for _ in range(30):
        x = torch.randn(4, 8)
        for model in models:
            model(x).pow(2).mean().backward()
    assert distance(*models) < BOUND


def test_gradients_of_gradients() -> None:
    p = pair()

    def loss(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
        x = x.clone().requires_grad_()
        y = model(x).pow(2).mean()
        (g,) = torch.autograd.grad(y, x, create_graph=True)
        return y + g.pow(2).sum()

    p.step(20, loss)
    assert p.far() < BOUND
    for model, opt in zip(p.models, p.opts):
        opt.zero_grad()
        model(torch.ones(2, 8)).pow(2).mean().backward(create_graph=True)
        opt.step()
        opt.zero_grad()
    p.step(5)
    assert p.far() < BOUND
