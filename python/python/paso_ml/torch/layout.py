"""Which parameters are stepped together, and where their values lie.

*Packed*: small parameters of a group become views of one flat buffer each for weights, gradients and moments, so
that a step of all of them is one call. *Alone*: a parameter keeps its own memory, and its gradient is read where the
backward pass left it. That is for large parameters, whose gradients would cost a pass over memory to copy or to keep,
and for those whose memory is not theirs alone (shared between processes, tied to another parameter, a part of a larger
tensor): moving them would break what they are shared with.

A layout is made at the first step after anything changed, from the parameters and their state as they are then. So
``.to()``, ``load_state_dict``, ``copy.deepcopy`` and ``p.data = ...`` need no code of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from .. import _core
from .tensors import array, flat, like, refusal
from .watch import FOREIGN, MISSING, Watch

if TYPE_CHECKING:
    from .optimizer import PasoOptimizer

#: Parameters of more values than this are stepped alone.
LARGE = 32_768
#: A step of fewer values stays in one thread.
SERIAL = 100_000
#: The buffer that a parameter was packed into, by any optimizer of this module.
_PACKED: Any = WeakTensorKeyDictionary()
#: What some rules carry besides moments, in the order of the compiled part.
SCALARS = ("mu_product", "weight_sum", "lr_max", "share")


class Block:
    """Parameters of one group that are stepped in one call."""

    def __init__(self, optimizer: PasoOptimizer, group: dict[str, Any], params: list[Tensor], packed: bool) -> None:
        self.group, self.params, self.packed = group, params, packed
        self.lens = [p.numel() for p in params]
        self.total = sum(self.lens)
        self.key: tuple[Any, ...] | None = None
        self.made = self._made(optimizer)
        names = self.made.moment_names()
        steps = torch.zeros(len(params))
        scalars = None
        if optimizer._rule in ("nadam", "schedule_free"):
            scalars = torch.tensor([1.0, 0.0, 0.0, 0.0], dtype=torch.float64).repeat(len(params))
        self.moments = {name: torch.zeros(self.total) for name in names}
        self._take_over(optimizer.state, steps, scalars)
        self.gradient: Tensor | None = None
        if packed:
            weights = torch.cat([flat(p) for p in params])
            self.gradient = torch.zeros(self.total)
        else:
            weights = flat(params[0])
        self.core = _core.Block(
            self.made,
            self.lens,
            weights.numpy(),
            None if self.gradient is None else self.gradient.numpy(),
            [moment.numpy() for moment in self.moments.values()],
            steps.numpy(),
            None if scalars is None else scalars.numpy(),
        )
        self.watch = Watch(params, self._pack(weights) if packed else [])
        if packed:
            for i, p in enumerate(params):
                if p.grad is not None:
                    self._adopt(i, p.grad)
        for i, p in enumerate(params):
            refresh(optimizer.state, p, self._state(i, steps, scalars))

    def _parts(self, buffer: Tensor) -> Iterable[Tensor]:
        return torch.split(buffer, self.lens)

    def _state(self, i: int, steps: Tensor, scalars: Tensor | None) -> dict[str, Any]:
        start, p = sum(self.lens[:i]), self.params[i]
        state: dict[str, Any] = {"step": steps[i]}
        for name, moment in self.moments.items():
            state[name] = like(moment[start : start + self.lens[i]], p)
        if scalars is not None:
            for k, name in enumerate(SCALARS):
                state[name] = scalars[len(SCALARS) * i + k]
        return state

    def _take_over(self, state: Any, steps: Tensor, scalars: Tensor | None) -> None:
        """Copies what the parameters' state holds already."""
        start = 0
        for i, p in enumerate(self.params):
            known = state.get(p, {})
            if "step" in known:
                steps[i] = float(known["step"])
            for name, moment in self.moments.items():
                if name not in known:
                    continue
                if known[name].shape != p.shape:
                    raise ValueError(
                        f"state {name!r} of a parameter has shape {tuple(known[name].shape)}, the parameter "
                        f"{tuple(p.shape)}: the state belongs to another model"
                    )
                like(moment[start : start + self.lens[i]], p).copy_(known[name])
            if scalars is not None:
                for k, name in enumerate(SCALARS):
                    if name in known:
                        scalars[len(SCALARS) * i + k] = float(known[name])
            start += self.lens[i]

    def _pack(self, weights: Tensor) -> list[Tensor]:
        """Moves the weights into the flat buffer; returns the views of the gradients."""
        assert self.gradient is not None
        views = []
        for p, weight, gradient in zip(self.params, self._parts(weights), self._parts(self.gradient)):
            # `.data` gives every view a version counter of its own, which tells that its gradient was written.
            views.append(like(gradient.data, p))
            p.data = like(weight, p)
            _PACKED[p] = p.untyped_storage().data_ptr()
        return views

    def _adopt(self, i: int, grad: Tensor) -> None:
        """Takes a gradient that lies elsewhere into the flat buffer."""
        check_gradient(grad)
        self.watch.views[i].copy_(grad.detach())
        self.watch.attach(i)

    def _made(self, optimizer: PasoOptimizer) -> Any:
        self.key = optimizer._key(self.group)
        return optimizer._check_rule(self.group)

    def rule(self, optimizer: PasoOptimizer) -> tuple[Any, float]:
        """The rule with the group's settings of now, and the learning rate."""
        key = optimizer._key(self.group)
        if key != self.key:
            self.made = self._made(optimizer)
        return self.made, float(self.group["lr"])

    def threads(self) -> int:
        """Threads of a step: as many as torch uses."""
        return torch.get_num_threads() if self.total > SERIAL else 1

    def job(self) -> tuple[Block, np.ndarray | None, list[bool] | None] | None:
        """The block, its gradient where it has none of its own, and which parameters have one (``None``: all)."""
        if not self.packed:
            p = self.params[0]
            if p.grad is None:
                return None
            check_gradient(p.grad)
            grad = p.grad.detach()
            if grad.stride() != p.stride():
                grad = torch.empty_like(p).copy_(grad)
            return self, array(grad), None
        status = self.watch.status()
        if status is None:
            return self, None, None
        for i, what in enumerate(status):
            if what == FOREIGN:
                foreign = self.params[i].grad
                assert foreign is not None
                self._adopt(i, foreign)
        if not any(status):
            return None
        return self, None, None if all(status) else [what != MISSING for what in status]

    def gradients(self, gradient: np.ndarray | None, active: list[bool] | None) -> list[np.ndarray]:
        """The gradients that are there, as arrays."""
        if gradient is not None:
            return [gradient]
        assert self.gradient is not None
        if active is None:
            return [self.gradient.numpy()]
        parts = zip(self._parts(self.gradient), active)
        return [part.numpy() for part, there in parts if there]

    def zero_grad(self, set_to_none: bool) -> None:
        if self.gradient is not None:
            self.gradient.zero_()
            self.watch.clear(set_to_none)
            return
        for p in self.params:
            if p.grad is None or set_to_none:
                p.grad = None
            else:
                p.grad.detach_()
                p.grad.zero_()

    def release(self) -> None:
        """Makes gradients that count as missing ``None``, which is how everybody else knows it."""
        if self.packed:
            for p, what in zip(self.params, self.watch.status() or ()):
                if what == MISSING:
                    p.grad = None

    def unpack(self, state: Any) -> None:
        """Gives every parameter, its gradient and its state memory of their own."""
        self.release()
        for p in self.params:
            if self.packed:
                p.data = p.data.clone()
                p.grad = None if p.grad is None else p.grad.detach().clone()
            state[p].update({name: v.clone() for name, v in state[p].items() if isinstance(v, Tensor)})


class Layout:
    """The blocks of an optimizer, as its parameters are now."""

    def __init__(self, optimizer: PasoOptimizer) -> None:
        alone = lonely(optimizer.param_groups)
        self.state = optimizer.state
        self.blocks: list[Block] = []
        self.waiting: list[tuple[dict[str, Any], Tensor]] = []
        for number, group in enumerate(optimizer.param_groups):
            packed = []
            for i, p in enumerate(group["params"]):
                why = refusal(p)
                if why is not None:
                    if not p.requires_grad and p.grad is None:
                        continue
                    raise TypeError(f"parameter {i} of group {number}, of shape {tuple(p.shape)}: {why}")
                if not p.requires_grad and p.grad is None and p not in optimizer.state:
                    self.waiting.append((group, p))
                elif p in alone:
                    self.blocks.append(Block(optimizer, group, [p], packed=False))
                else:
                    packed.append(p)
            if packed:
                self.blocks.append(Block(optimizer, group, packed, packed=True))
        self.known = len(self.state)

    def holds(self, state: Any) -> bool:
        """Whether everything lies where the layout put it."""
        if state is not self.state or len(state) != self.known:
            return False
        if any(p.requires_grad or p.grad is not None for _, p in self.waiting):
            return False
        return all(block.watch.in_place() for block in self.blocks)

    def jobs(self) -> list[Any]:
        """What a step does, block by block; a block without gradients is left out."""
        return [job for block in self.blocks if (job := block.job()) is not None]

    def release(self) -> None:
        for block in self.blocks:
            block.release()

    def unpack(self) -> None:
        for block in self.blocks:
            block.unpack(self.state)

    def zero_grad(self, set_to_none: bool) -> None:
        for block in self.blocks:
            block.zero_grad(set_to_none)
        for _, p in self.waiting:
            p.grad = None


def refresh(state: Any, p: Tensor, values: dict[str, Any]) -> None:
    """Puts the views into the parameter's state, and leaves what others keep there alone."""
    state[p].update(values)


def check_gradient(grad: Tensor) -> None:
    """Refuses what is no dense float32 gradient."""
    if grad.layout is not torch.strided:
        raise RuntimeError(
            f"a gradient is sparse ({grad.layout}): paso steps dense gradients; use sparse=False in nn.Embedding"
        )
    if grad.dtype is not torch.float32 or grad.device.type != "cpu":
        raise RuntimeError(f"a gradient is {grad.dtype} on {grad.device}; it must be float32 on the CPU")


def lonely(groups: list[dict[str, Any]]) -> set[Tensor]:
    """The parameters that are stepped alone: large ones, and those in memory that is not theirs alone."""
    params = [p for group in groups for p in group["params"] if refusal(p) is None]
    alone = {p for p in params if p.numel() > LARGE or p.is_shared() or is_part(p)}
    # Tied: their memory overlaps.
    placed = sorted((p.data_ptr(), i) for i, p in enumerate(params) if p.numel())
    end, last = 0, None
    for address, i in placed:
        p = params[i]
        if last is not None and address < end:
            alone.update((last, p))
        if address + 4 * p.numel() > end:
            end, last = address + 4 * p.numel(), p
    return alone


def is_part(p: Tensor) -> bool:
    """Whether a parameter is a part of a larger tensor that is not a buffer of ours."""
    storage = p.untyped_storage()
    return storage.nbytes() != 4 * p.numel() and _PACKED.get(p) != storage.data_ptr()
