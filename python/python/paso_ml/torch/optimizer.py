"""The base of every optimizer: a ``torch.optim.Optimizer`` whose step is one call for many parameters.

A step goes this way: hooks, closure, ``layout.blocks`` (which parameters are stepped together, see
``layout.py``), clipping, and for each block a call into the compiled part, which lets the GIL go.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any, ClassVar

import torch
from torch.optim import optimizer as _torch_optimizer
from torch.optim.optimizer import Optimizer

from .. import _core
from .layout import SCALARS, Layout

_GLOBAL_PRE = _torch_optimizer._global_optimizer_pre_hooks
_GLOBAL_POST = _torch_optimizer._global_optimizer_post_hooks
_AUDIT_OFF = "no step was audited: construct the optimizer with audit=True and take a step"


class PasoOptimizer(Optimizer):
    """What all optimizers of paso share. Not to be constructed itself.

    Args of every optimizer, all by keyword:
        clip_norm: largest Euclidean norm of all gradients together, as ``clip_grad_norm_``; default none.
        clip_value: largest magnitude of a gradient value, as ``clip_grad_value_``; default none.
        nonfinite: what a NaN or infinite gradient does: ``"pass"`` (default: as in torch), ``"skip"`` the step, or
            ``"refuse"`` it with :class:`FloatingPointError`.
        audit: measure every step for :meth:`audit`; default no. The weights have the same bits.
        foreach, fused: accepted and ignored, so that a line written for torch goes on working.
        capturable, differentiable: refused when true.
    """

    #: The rule's name in the compiled part.
    _rule: ClassVar[str]
    #: Settings of a parameter group beyond ``lr``, ``betas``, ``eps``, ``weight_decay`` and ``maximize``.
    _settings: ClassVar[dict[str, Any]] = {}
    _keys: ClassVar[tuple[str, ...]] = ("eps", "weight_decay", "maximize")

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._keys = ("eps", "weight_decay", "maximize", *cls._settings)

    def __init__(self, params: Any, defaults: dict[str, Any], options: dict[str, Any]) -> None:
        options = dict(options)
        for name in ("foreach", "fused"):
            options.pop(name, None)
        for name in ("capturable", "differentiable"):
            if options.pop(name, False):
                raise ValueError(f"{name}=True: a step of paso is no graph of torch operations; leave it out")
        self._clip_norm: float | None = options.pop("clip_norm", None)
        self._nonfinite: str = options.pop("nonfinite", "pass")
        clip_value, audit = options.pop("clip_value", None), options.pop("audit", False)
        if options:
            raise TypeError(f"{type(self).__name__} has no argument {next(iter(options))!r}")
        if self._clip_norm is not None and not self._clip_norm > 0:
            raise ValueError(f"clip_norm is {self._clip_norm}; it must be above 0")
        if self._nonfinite not in ("pass", "skip", "refuse"):
            raise ValueError(f"nonfinite is {self._nonfinite!r}; it must be 'pass', 'skip' or 'refuse'")
        # As arguments, so that a copy in another process can make them again.
        self._step_options = {"clip_value": clip_value, "audit": audit}
        self._begin()
        self._check_rule({**defaults})
        super().__init__(params, defaults)

    def _begin(self) -> None:
        self._options = _core.Options(**self._step_options)
        self._measured = self._clip_norm is not None or self._nonfinite != "pass"
        self._audited: dict[str, float] | None = None
        self._layout: Layout | None = None

    def _forget(self) -> None:
        """Drops the layout: the next step makes another."""
        layout = self.__dict__.get("_layout")
        if layout is not None:
            layout.release()
        self._layout = None

    # What a rule says of itself.

    def _rule_name(self, group: dict[str, Any]) -> str:
        return self._rule

    def _arguments(self, group: dict[str, Any]) -> dict[str, Any]:
        """The keyword arguments of the compiled rule."""
        beta1, beta2 = group["betas"]
        return {
            "beta1": float(beta1),
            "beta2": float(beta2),
            "eps": group.get("eps", 1e-8),
            "weight_decay": group["weight_decay"],
            "decay": "decoupled",
            "maximize": group["maximize"],
        }

    def _key(self, group: dict[str, Any]) -> tuple[Any, ...]:
        """Everything but the learning rate that a rule depends on, to see when it changed."""
        return (*group["betas"], *[group.get(name) for name in self._keys])

    def _check_rule(self, group: dict[str, Any]) -> Any:
        lr = float(group["lr"])
        if not (lr >= 0 and math.isfinite(lr)):
            raise ValueError(f"lr is {lr}; it must be finite and at least 0")
        if not (group["weight_decay"] >= 0 and math.isfinite(group["weight_decay"])):
            raise ValueError(f"weight_decay is {group['weight_decay']}; it must be finite and at least 0")
        return _core.Rule(self._rule_name(group), **self._arguments(group))

    # torch's interface.

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Adds a group, with settings of its own. What has been trained keeps its state."""
        self._check_rule({**self.defaults, **param_group})
        super().add_param_group(param_group)
        self._forget()

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._forget()
        super().__setstate__(state)
        for group in self.param_groups:
            for name, value in {"maximize": False, **self._settings}.items():
                group.setdefault(name, value)
        self._begin()

    def __getstate__(self) -> dict[str, Any]:
        own = ("_clip_norm", "_nonfinite", "_step_options")
        # A view would take the whole buffer that it is a part of with it.
        state = {
            p: {name: v.clone() if isinstance(v, torch.Tensor) else v for name, v in values.items()}
            for p, values in self.state.items()
        }
        kept = {name: self.__dict__[name] for name in own}
        return {**super().__getstate__(), "state": type(self.state)(dict, state), **kept}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes over a state that torch's optimizer of this name or ours has saved."""
        super().load_state_dict(state_dict)
        # torch rounds every number of a state to the parameter's type; the rules' own are float64.
        ids = chain.from_iterable(group["params"] for group in state_dict["param_groups"])
        params = chain.from_iterable(group["params"] for group in self.param_groups)
        for i, p in zip(ids, params):
            for name in SCALARS:
                value = state_dict["state"].get(i, {}).get(name)
                if value is not None:
                    self.state[p][name] = torch.tensor(float(value), dtype=torch.float64)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Resets the gradients.

        Small gradients stay where they are, as zeros, because that is what makes a step fast. With
        ``set_to_none`` they count as missing all the same: a parameter that the next backward pass does not reach is
        not stepped, as in torch. Large ones are set to ``None``.
        """
        if self._layout is not None and self._layout.holds(self.state):
            self._layout.zero_grad(set_to_none)
        else:
            self._forget()
            super().zero_grad(set_to_none)

    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Takes a step. ``closure`` computes the loss and its gradients anew, and its value is returned."""
        if self._optimizer_step_pre_hooks or _GLOBAL_PRE or self._optimizer_step_post_hooks or _GLOBAL_POST:
            return self._hooked_step(closure)
        return self._plain_step(closure)

    # torch would wrap `step` to time it, which takes longer than a small step. So hooks are called here.
    step.hooked = True  # type: ignore[attr-defined]

    def _hooked_step(self, closure: Callable[[], float] | None) -> float | None:
        args: tuple[Any, ...] = (self,) if closure is None else (self, closure)
        kwargs: dict[str, Any] = {}
        for hook in list(chain(_GLOBAL_PRE.values(), self._optimizer_step_pre_hooks.values())):
            result = hook(self, args, kwargs)
            if result is None:
                continue
            if not (isinstance(result, tuple) and len(result) == 2):
                raise RuntimeError(f"a step pre-hook returned {result!r}; it must return None or (args, kwargs)")
            args, kwargs = result
        loss = self._plain_step(*args[1:], **kwargs)
        for hook in list(chain(self._optimizer_step_post_hooks.values(), _GLOBAL_POST.values())):
            hook(self, args, kwargs)
        return loss

    def _plain_step(self, closure: Callable[[], float] | None = None) -> float | None:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        layout = self._layout
        if layout is None or not layout.holds(self.state):
            self._forget()
            layout = self._layout = Layout(self)
        jobs = layout.jobs()
        unscale = 1.0
        if self._measured:
            factor = self._unscale(jobs)
            if factor is None:
                return loss
            unscale = factor
        options, audits = self._options, []
        for block, gradient, active in jobs:
            rule, lr = block.rule(self)
            audits.append(block.core.step(rule, options, lr, block.threads(), unscale, gradient, active))
        if self._step_options["audit"]:
            self._audited = _merged(audits)
        return loss

    def _unscale(self, jobs: list[Any]) -> float | None:
        """What gradients are multiplied with; ``None`` where the step is not to be taken."""
        norm = _core.grad_norm([part for block, g, active in jobs for part in block.gradients(g, active)])
        if not math.isfinite(norm):
            if self._nonfinite == "skip":
                return None
            if self._nonfinite == "refuse":
                raise FloatingPointError(f"the norm of the gradients is {norm}; the step was not taken")
        if self._clip_norm is None:
            return 1.0
        factor = self._clip_norm / (norm + 1e-6)
        # A NaN stays in its own weight instead of reaching all of them; an infinite gradient stays infinite.
        return max(factor, 1e-38) if factor < 1.0 else 1.0

    @property
    def grad_scale(self) -> None:
        """What ``torch.amp.GradScaler`` sets."""
        raise AttributeError("grad_scale")

    @grad_scale.setter
    def grad_scale(self, _: object) -> None:
        raise RuntimeError(
            "torch.amp.GradScaler: paso steps float32 gradients, which need no loss scale. Leave the scaler out "
            "(autocast to bfloat16 needs none), and use nonfinite='skip' to skip steps with NaN or infinity"
        )

    #: GradScaler then sets `grad_scale`, which is where it is told.
    _step_supports_amp_scaling = True

    def unpack(self) -> None:
        """Gives every parameter memory of its own again, until the next step.

        Small parameters are views of one buffer. ``torch.save`` and ``copy.deepcopy`` know that; ``pickle`` writes the
        whole buffer with every one of them, so call this before you pickle a model.
        """
        if self._layout is not None:
            self._layout.unpack()
            self._layout = None

    def audit(self) -> dict[str, float]:
        """What the last step did, over all parameters. Needs ``audit=True``.

        ``rms_step`` and ``max_step`` are in units of the learning rate, ``longest_step`` is the largest that the
        settings allow (0 without such a bound), ``update_to_weight`` the norm of the step over that of the weights.
        """
        if self._audited is None:
            raise RuntimeError(_AUDIT_OFF)
        return dict(self._audited)


def _merged(audits: Iterable[dict[str, float]]) -> dict[str, float]:
    total = dict.fromkeys(
        ("weights", "above_lr", "non_finite", "flushed", "step_squares", "update_squares", "weight_squares"), 0.0
    )
    largest = {"max_step": 0.0, "longest_step": 0.0}
    for audit in audits:
        for name in total:
            total[name] += audit[name]
        for name in largest:
            largest[name] = max(largest[name], audit[name])
    weights = max(total["weights"], 1.0)
    squares = total.pop("step_squares"), total.pop("update_squares"), total.pop("weight_squares")
    return {
        **{name: int(value) for name, value in total.items()},
        **largest,
        "rms_step": math.sqrt(squares[0] / weights),
        "update_to_weight": math.sqrt(squares[1] / squares[2]) if squares[2] > 0 else math.nan,
    }
