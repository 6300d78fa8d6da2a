"""A step for numpy arrays, without PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from . import _core

Array = npt.NDArray[np.float32]
State = dict[str, Any]

_DEFAULT = _core.Options()


def rule(name: str = "adam", **settings: Any) -> _core.Rule:
    """An update rule with its settings, for :func:`step`. Make it once, not every step.

    Args:
        name: adam, amsgrad, nadam, radam, adamax, adabelief, lion, adopt, schedule_free, lamb or yogi.
        **settings: ``beta1``, ``beta2``, ``eps``, ``weight_decay``, ``decay`` (``"decoupled"``, the default, ``"l2"`` or
            ``"constant"``), ``maximize``, ``cautious`` and those of single rules.

    >>> import paso_ml
    >>> adamw = paso_ml.rule("adam", weight_decay=0.01)
    >>> paso_ml.rule("adam", beta1=1.0)
    Traceback (most recent call last):
    ValueError: beta1 is 1; it must be at least 0 and below 1
    """
    return _core.Rule(name, **settings)


def step(
    weights: Array,
    gradient: Array,
    state: State | None = None,
    *,
    lr: float,
    rule: _core.Rule,
    clip_value: float | None = None,
    clip_norm: float | None = None,
    unscale: float = 1.0,
    threads: int = 1,
) -> State:
    """Takes a step: changes ``weights`` in place, and returns the state for the next one.

    Args:
        weights: float32, contiguous, of any shape.
        gradient: the same.
        state: what the last step returned; ``None`` for the first. Its arrays are changed in place. They are plain:
            ``np.savez(path, **state)`` saves it.
        lr: learning rate of this step, at least 0.
        rule: from :func:`paso_ml.rule`.
        clip_value: largest magnitude of a gradient value.
        clip_norm: largest Euclidean norm of the gradient.
        unscale: multiplies the gradient first.
        threads: used from 100,000 weights on; default 1.

    >>> import numpy as np, paso_ml
    >>> adam, weights, state = paso_ml.rule("adam"), np.ones(3, np.float32), None
    >>> for _ in range(100):
    ...     state = paso_ml.step(weights, 2 * weights, state, lr=0.05, rule=adam)
    >>> bool((abs(weights) < 0.2).all()), int(state["step"][0])
    (True, 100)
    """
    flat = _flat("weights", weights)
    if not flat.flags["W"]:
        raise ValueError("weights are read-only; copy them with weights.copy()")
    names = rule.moment_names()
    if state is None:
        state = {"step": np.zeros(1, np.float32), **{name: np.zeros_like(flat) for name in names}}
        state["scalars"] = np.array([1.0, 0.0, 0.0, 0.0])
    for name in ("step", "scalars", *names):
        if name not in state:
            raise ValueError(f"state has no {name!r}: it belongs to another rule; pass None to begin anew")
    grad = _flat("gradient", gradient)
    if clip_norm is not None:
        unscale *= min(1.0, clip_norm / (_core.grad_norm([grad]) * unscale + 1e-6))
    options = _DEFAULT if clip_value is None else _core.Options(clip_value=clip_value)
    moments = [state[name] for name in names]
    block = _core.Block(rule, [flat.size], flat, None, moments, state["step"], state["scalars"])
    block.step(rule, options, lr, threads, unscale, grad)
    return state


def _flat(what: str, array: Array) -> Array:
    if not isinstance(array, np.ndarray) or array.dtype != np.float32:
        kind = getattr(array, "dtype", type(array).__name__)
        raise TypeError(f"{what}: {kind}; it must be a numpy array of float32")
    if not (array.flags.c_contiguous or array.flags.f_contiguous):
        raise ValueError(f"{what}: the array is not contiguous; copy it with np.ascontiguousarray")
    return array.reshape(-1, order="A")
