"""Every update rule as an optimizer. The arguments and their defaults are torch's where torch has the rule, and
those of the rule's paper or usual library elsewhere; all have the options of :class:`~.optimizer.PasoOptimizer`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from .optimizer import PasoOptimizer

Betas = tuple[float, float]


class Adam(PasoOptimizer):
    """Adam (Kingma & Ba, arXiv 1412.6980), as ``torch.optim.Adam``: ``weight_decay`` is added to the gradient.

    Args:
        params: parameters, groups of them, or named parameters, as for every optimizer of torch.
        lr: learning rate, at least 0; default 1e-3.
        betas: decay factors of the first and second moment, in [0, 1); default (0.9, 0.999).
        eps: added to the denominator, above 0; default 1e-8.
        weight_decay: at least 0; default 0.
        amsgrad: divide by the largest second moment so far; default no.
        maximize: step up the gradient; default no.
        decoupled_weight_decay: shrink the weights instead, as :class:`AdamW`; default no.
        cautious: take only what of a step agrees in sign with the gradient (arXiv 2411.16085); default no.
        **options: see :class:`~.optimizer.PasoOptimizer`.

    >>> import torch, paso_ml
    >>> weight = torch.nn.Parameter(torch.ones(3))
    >>> opt = paso_ml.Adam([weight], lr=0.1)
    >>> (weight**2).sum().backward()
    >>> opt.step()
    >>> weight.data
    tensor([0.9000, 0.9000, 0.9000])
    """

    _rule = "adam"
    _settings = {"amsgrad": False, "decoupled_weight_decay": False, "cautious": False}
    _decoupled = False

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: Betas = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
        cautious: bool = False,
        **options: Any,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "decoupled_weight_decay": decoupled_weight_decay or self._decoupled,
            "cautious": cautious,
        }
        super().__init__(params, defaults, options)

    def _rule_name(self, group: dict[str, Any]) -> str:
        return "amsgrad" if group.get("amsgrad") else "adam"

    def _arguments(self, group: dict[str, Any]) -> dict[str, Any]:
        # A state of torch's AdamW that was saved by an old version does not say that it is decoupled.
        decoupled = self._decoupled or group.get("decoupled_weight_decay", False)
        return {
            **super()._arguments(group),
            "decay": "decoupled" if decoupled else "l2",
            "cautious": group.get("cautious", False),
        }


class AdamW(Adam):
    """AdamW (Loshchilov & Hutter, arXiv 1711.05101), as ``torch.optim.AdamW``: the weights shrink by
    ``lr * weight_decay`` a step. Arguments as :class:`Adam`; ``weight_decay`` is 0.01 by default.

    >>> import torch, paso_ml
    >>> model = torch.nn.Linear(4, 2)
    >>> opt = paso_ml.AdamW(model.parameters(), lr=3e-4, clip_norm=1.0)
    >>> for _ in range(3):
    ...     opt.zero_grad()
    ...     model(torch.ones(8, 4)).pow(2).mean().backward()
    ...     opt.step()
    >>> int(opt.state[model.weight]["step"])
    3
    """

    _decoupled = True

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: Betas = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, **options)


class _Usual(PasoOptimizer):
    """A rule with the usual arguments and a few of its own."""

    def __init__(
        self, params: Any, lr: float, betas: Betas, eps: float, weight_decay: float, own: dict[str, Any], options: Any
    ) -> None:
        usual = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, {**usual, "maximize": options.pop("maximize", False), **own}, options)


class NAdam(_Usual):
    """Adam with Nesterov's look-ahead, as ``torch.optim.NAdam``.

    Args:
        lr: default 2e-3. ``betas``, ``eps`` as :class:`Adam`; ``weight_decay`` is added to the gradient, default 0.
        momentum_decay: speed of the momentum's warm-up; default 4e-3.
        decoupled_weight_decay: shrink the weights instead; default no.
    """

    _rule = "nadam"
    _settings = {"momentum_decay": 4e-3, "decoupled_weight_decay": False}

    def __init__(
        self,
        params: Any,
        lr: float = 2e-3,
        betas: Betas = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        **options: Any,
    ) -> None:
        own = {"momentum_decay": momentum_decay, "decoupled_weight_decay": decoupled_weight_decay}
        super().__init__(params, lr, betas, eps, weight_decay, own, options)

    def _arguments(self, group: dict[str, Any]) -> dict[str, Any]:
        decay = "decoupled" if group.get("decoupled_weight_decay") else "l2"
        return {**super()._arguments(group), "decay": decay, "momentum_decay": group["momentum_decay"]}


class RAdam(_Usual):
    """Rectified Adam (Liu et al., arXiv 1908.03265), as ``torch.optim.RAdam``. Arguments as :class:`Adam`."""

    _rule = "radam"
    _settings = {"decoupled_weight_decay": False}

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: Betas = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        decoupled_weight_decay: bool = False,
        **options: Any,
    ) -> None:
        own = {"decoupled_weight_decay": decoupled_weight_decay}
        super().__init__(params, lr, betas, eps, weight_decay, own, options)

    def _arguments(self, group: dict[str, Any]) -> dict[str, Any]:
        decay = "decoupled" if group.get("decoupled_weight_decay") else "l2"
        return {**super()._arguments(group), "decay": decay, "hat": True}


class Adamax(_Usual):
    """Adam with the infinity norm (Kingma & Ba, section 7.1), as ``torch.optim.Adamax``; ``lr`` is 2e-3 by default and
    ``weight_decay`` is added to the gradient.
    """

    _rule = "adamax"

    def __init__(
        self,
        params: Any,
        lr: float = 2e-3,
        betas: Betas = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        **options: Any,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, {}, options)

    def _arguments(self, group: dict[str, Any]) -> dict[str, Any]:
        return {**super()._arguments(group), "decay": "l2"}


class AdaBelief(_Usual):
    """AdaBelief (Zhuang et al., arXiv 2010.07468), with decoupled decay; ``eps`` is 1e-16 in both places."""

    _rule = "adabelief"

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: Betas = (0.9, 0.999),
        eps: float = 1e-16,
        weight_decay: float = 0.0,
        **options: Any,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, {}, options)

    def _arguments(self, group: dict[str, Any]) -> dict[str, Any]:
        return {**super()._arguments(group), "eps_root": group["eps"]}


class Lion(_Usual):
    """Lion (Chen et al., arXiv 2302.06675): the sign of a mean of gradients, with decoupled decay. It wants a learning
    rate 3 to 10 times below Adam's; ``lr`` is 1e-4 and ``betas`` are (0.9, 0.99) by default. It has no ``eps``.
    """

    _rule = "lion"

    def __init__(
        self,
        params: Any,
        lr: float = 1e-4,
        betas: Betas = (0.9, 0.99),
        weight_decay: float = 0.0,
        *,
        cautious: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(params, lr, betas, 1e-8, weight_decay, {"cautious": cautious}, options)

    _settings = {"cautious": False}

    def _arguments(self, group: dict[str, Any]) -> dict[str, Any]:
        return {**super()._arguments(group), "cautious": group["cautious"]}


class Lamb(_Usual):
    """LAMB (You et al., arXiv 1904.00962): the step of each tensor is as long as the tensor times ``lr``; decoupled
    decay. ``eps`` is 1e-6 by default.
    """

    _rule = "lamb"

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: Betas = (0.9, 0.999),
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        **options: Any,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, {}, options)


class Adopt(_Usual):
    """ADOPT (Taniguchi et al., arXiv 2411.02853), with the paper's clipping and decoupled decay. ``betas`` are
    (0.9, 0.9999) and ``eps`` is 1e-6 by default. The first step only fills the second moment.

    Args:
        clip: bound the normalized gradient of step t by ``t**0.25``; default yes.
    """

    _rule = "adopt"
    _settings = {"clip": True}

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: Betas = (0.9, 0.9999),
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        *,
        clip: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, {"clip": clip}, options)

    def _arguments(self, group: dict[str, Any]) -> dict[str, Any]:
        return {**super()._arguments(group), "clip": group["clip"]}


class Yogi(_Usual):
    """Yogi (Zaheer et al., NIPS 2018), with decoupled decay. ``lr`` is 1e-2 and ``eps`` 1e-3 by default.

    Args:
        initial: both moments before the first step; default 1e-6.
    """

    _rule = "yogi"
    _settings = {"initial": 1e-6}

    def __init__(
        self,
        params: Any,
        lr: float = 1e-2,
        betas: Betas = (0.9, 0.999),
        eps: float = 1e-3,
        weight_decay: float = 0.0,
        *,
        initial: float = 1e-6,
        **options: Any,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, {"initial": initial}, options)

    def _arguments(self, group: dict[str, Any]) -> dict[str, Any]:
        return {**super()._arguments(group), "initial": group["initial"]}


class AdamWScheduleFree(_Usual):
    """Schedule-Free AdamW (Defazio et al., arXiv 2405.15682): averaging in place of a schedule. Use a constant
    learning rate, and evaluate within :meth:`averaged`. ``lr`` is 2.5e-3 by default.

    Args:
        warmup_steps: steps over which the learning rate rises to ``lr``; default 0, the paper advises some.
        r: a step weighs ``t**r`` in the average; default 0.
        weight_lr_power: and ``lr**weight_lr_power``; default 2.

    >>> import torch, paso_ml
    >>> weight = torch.nn.Parameter(torch.tensor([1.0, -1.0]))
    >>> opt = paso_ml.AdamWScheduleFree([weight], lr=0.05)
    >>> for _ in range(500):
    ...     opt.zero_grad()
    ...     (weight**2).sum().backward()
    ...     opt.step()
    >>> with opt.averaged():
    ...     loss = (weight**2).sum().item()
    >>> loss < 1e-3
    True
    """

    _rule = "schedule_free"
    _settings = {"warmup_steps": 0, "r": 0.0, "weight_lr_power": 2.0}

    def __init__(
        self,
        params: Any,
        lr: float = 2.5e-3,
        betas: Betas = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        warmup_steps: int = 0,
        r: float = 0.0,
        weight_lr_power: float = 2.0,
        **options: Any,
    ) -> None:
        own = {"warmup_steps": warmup_steps, "r": r, "weight_lr_power": weight_lr_power}
        super().__init__(params, lr, betas, eps, weight_decay, own, options)

    def _arguments(self, group: dict[str, Any]) -> dict[str, Any]:
        return {
            **super()._arguments(group),
            "warmup": group["warmup_steps"],
            "r": group["r"],
            "power": group["weight_lr_power"],
        }

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """The averaged weights, for evaluation and saving; afterwards the training weights are back, with the same
        bits. There is no mode that could be forgotten.
        """
        kept: list[tuple[torch.Tensor, torch.Tensor]] = []
        try:
            with torch.no_grad():
                for group in self.param_groups:
                    for p in group["params"]:
                        state = self.state.get(p, {})
                        if float(state.get("step", 0)) > 0:
                            kept.append((p, p.detach().clone()))
                            p.lerp_(state["z"], 1.0 - 1.0 / group["betas"][0])
            yield
        finally:
            with torch.no_grad():
                for p, weights in kept:
                    p.copy_(weights)
