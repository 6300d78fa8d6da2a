"""What a tensor must be like to be stepped, and its values as one flat array."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def refusal(tensor: Tensor) -> str | None:
    """Why a parameter cannot be stepped, and what to do; ``None`` where it can."""
    if tensor.layout is not torch.strided:
        return f"its layout is {tensor.layout}: only dense parameters can be stepped"
    if tensor.device.type != "cpu":
        return f"it is on {tensor.device}: paso steps parameters on a CPU; move the model with .to('cpu')"
    if tensor.is_complex():
        return f"it is {tensor.dtype}: complex parameters cannot be stepped; train torch.view_as_real(p)"
    if tensor.dtype is not torch.float32:
        return (
            f"it is {tensor.dtype}: paso steps float32; convert the model with .float(), and compute in "
            "bfloat16 with torch.autocast('cpu', torch.bfloat16)"
        )
    if not is_dense(tensor):
        return f"its strides {tuple(tensor.stride())} leave gaps or overlap; assign p.data = p.data.contiguous()"
    return None


def is_dense(tensor: Tensor) -> bool:
    """Whether the values fill a stretch of memory, in any order of the dimensions."""
    if tensor.is_contiguous():
        return True
    return bool(torch.empty_like(tensor).stride() == tensor.stride())


def flat(tensor: Tensor) -> Tensor:
    """The values in the order of memory, as a view."""
    return tensor.detach().as_strided((tensor.numel(),), (1,), tensor.storage_offset())


def array(tensor: Tensor) -> np.ndarray:
    """The values in the order of memory, as an array that shares them."""
    return flat(tensor).numpy()


def like(part: Tensor, tensor: Tensor) -> Tensor:
    """A view of a flat part with the shape and strides of a tensor."""
    return part.as_strided(tensor.size(), tensor.stride(), part.storage_offset())
