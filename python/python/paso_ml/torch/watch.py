"""Whether packed parameters and their gradients still lie where they were put, and which gradients are there.

`zero_grad` keeps the gradients as zeros instead of deleting them. So a gradient counts as missing until its version
counter shows that a backward pass has written it. These checks run in every step over every parameter: they go through
`map` over functions written in C, a few tens of nanoseconds for each.
"""

from __future__ import annotations

from operator import attrgetter, eq, is_

from torch import Tensor

_grad, _version, _address = attrgetter("grad"), attrgetter("_version"), Tensor.data_ptr

#: What the gradient of a parameter is.
MISSING, OURS, FOREIGN = 0, 1, 2


class Watch:
    """The parameters of a block, and the views of its flat gradient that belong to them."""

    def __init__(self, params: list[Tensor], views: list[Tensor]) -> None:
        self.params, self.views = params, views
        # The views as well: `model.double()` moves what the object of a gradient holds.
        self.placed = params + views
        self.addresses = list(map(_address, self.placed))
        #: The version of each view when it was cleared; -1 where it was not.
        self.cleared: list[int] | None = None

    def in_place(self) -> bool:
        """Whether everything lies where it was put."""
        return list(map(_address, self.placed)) == self.addresses

    def status(self) -> list[int] | None:
        """``None`` where every gradient is there and in its place; else what each of them is."""
        if all(map(is_, map(_grad, self.params), self.views)):
            if self.cleared is None or not any(map(eq, map(_version, self.views), self.cleared)):
                return None
        return [self._one(i) for i in range(len(self.params))]

    def _one(self, i: int) -> int:
        grad = self.params[i].grad
        if grad is not self.views[i]:
            return MISSING if grad is None else FOREIGN
        written = self.cleared is None or self.views[i]._version != self.cleared[i]
        return OURS if written else MISSING

    def clear(self, missing: bool) -> None:
        """Puts every gradient back into its place; with ``missing`` they count as missing until they are written."""
        for p, view in zip(self.params, self.views):
            if p.grad is not view:
                p.grad = view
        self.cleared = list(map(_version, self.views)) if missing else None

    def attach(self, i: int) -> None:
        """Puts gradient ``i`` into its place, where it is there."""
        self.params[i].grad = self.views[i]
        if self.cleared is not None:
            self.cleared[i] = -1
