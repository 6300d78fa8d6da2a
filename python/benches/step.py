"""How fast a step and a whole training step are, against other optimizers for PyTorch on a CPU.

    python benches/step.py [--threads 1,2] [--rounds 15] [--only WORD] [--markdown FILE]

One process; the optimizers take turns within every round, and a ratio is the median of the rounds' own ratios: load of
the machine then falls on both. With one thread it is the process' own CPU time, so that other programs do not count,
with more the time on the wall. A line for each case and number of threads; peers that are not installed are named.
"""

from __future__ import annotations

import argparse
import copy
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import paso_ml
import torch
from torch import Tensor, nn

SETTINGS = {"lr": 1e-3, "weight_decay": 0.01}
#: Seconds that one optimizer runs within a round.
SLICE = 0.02


class ViT(nn.Module):
    """A small vision transformer: 16 x 16 patches of 64 x 64 images, 4 layers of width 128."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, 128, 16, 16)
        self.place = nn.Parameter(torch.zeros(1, 16, 128))
        layer = nn.TransformerEncoderLayer(128, 4, 256, batch_first=True, dropout=0.0)
        self.body, self.head = nn.TransformerEncoder(layer, 4, enable_nested_tensor=False), nn.Linear(128, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(self.patch(x).flatten(2).transpose(1, 2) + self.place).mean(1))


class Block(nn.Module):
    """A basic block of a residual network."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        same = stride == 1 and inputs == outputs
        self.skip = nn.Identity() if same else nn.Sequential(
            nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.body(x) + self.skip(x))


def resnet18() -> nn.Module:
    """ResNet-18 (He et al., arXiv 1512.03385), 11.2 million weights."""
    layers: list[nn.Module] = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    inputs = 64
    for outputs in (64, 128, 256, 512):
        layers += [Block(inputs, outputs, 1 if outputs == 64 else 2), Block(outputs, outputs, 1)]
        inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))


def deep() -> nn.Module:
    layers: list[nn.Module] = []
    for _ in range(24):
        layers += [nn.Linear(64, 64), nn.LayerNorm(64)]
    return nn.Sequential(*layers)


def shapes(*sizes: tuple[int, ...]) -> Callable[[], list[nn.Parameter]]:
    return lambda: [nn.Parameter(torch.randn(s)) for s in sizes]


STEPS: dict[str, Callable[[], list[nn.Parameter]]] = {
    "1e4 weights": shapes((10_000,)),
    "1e6 weights": shapes((1_000_000,)),
    "1000 tensors of 1000": shapes(*[(1000,)] * 1000),
    "MLP of 6 tensors": lambda: list(mlp().parameters()),
}
TRAININGS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "MLP 8-64-64-2, batch 32": (mlp, (32, 8)),
    "24 x (Linear 64 + LayerNorm), batch 32": (deep, (32, 64)),
    "ViT of 4 layers, batch 8": (ViT, (8, 3, 64, 64)),
    "ResNet-18, 64 x 64, batch 8": (resnet18, (8, 3, 64, 64)),
}


def peers() -> tuple[dict[str, Callable[[list], torch.optim.Optimizer]], list[str]]:
    """Optimizers that are installed, the first of them what the others are compared with; and what is missing."""
    found: dict[str, Callable[[list], torch.optim.Optimizer]] = {
        "paso": lambda p: paso_ml.AdamW(p, **SETTINGS),
        "torch fused": lambda p: torch.optim.AdamW(p, fused=True, **SETTINGS),
        "torch default": lambda p: torch.optim.AdamW(p, **SETTINGS),
    }
    missing = []
    try:
        from deepspeed.ops.adam import DeepSpeedCPUAdam

        DeepSpeedCPUAdam([nn.Parameter(torch.zeros(4))])
        found["DeepSpeedCPUAdam"] = lambda p: DeepSpeedCPUAdam(p, adamw_mode=True, **SETTINGS)
    except Exception as error:
        missing.append(f"DeepSpeedCPUAdam ({type(error).__name__})")
    try:
        import bitsandbytes

        probe = nn.Parameter(torch.zeros(5000))
        probe.grad = torch.ones(5000)
        bitsandbytes.optim.AdamW([probe]).step()
        found["bitsandbytes AdamW"] = lambda p: bitsandbytes.optim.AdamW(p, **SETTINGS)
    except Exception as error:
        missing.append(f"bitsandbytes ({type(error).__name__})")
    return found, missing


def alternate(work: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Microseconds of each, one value a round, all within a round one after the other."""
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    counts = {}
    for name, one in work.items():
        one()
        start = clock()
        one()
        counts[name] = max(1, int(SLICE / max(clock() - start, 1e-6)))
    times: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, one in work.items():
            start = clock()
            for _ in range(counts[name]):
                one()
            times[name].append((clock() - start) / counts[name] * 1e6)
    return times


def step_case(make: Callable[[], list[nn.Parameter]], found: dict) -> dict[str, Callable[[], object]]:
    work = {}
    for name, construct in found.items():
        params = make()
        for p in params:
            p.grad = torch.randn_like(p)
        work[name] = construct(params).step
    return work


def training_case(make: Callable[[], nn.Module], shape: tuple[int, ...], found: dict) -> dict[str, Callable[[], object]]:
    first, x, work = make(), torch.randn(shape), {}

    def trains(model: nn.Module, opt: torch.optim.Optimizer | None) -> Callable[[], object]:
        def once() -> None:
            model.zero_grad() if opt is None else opt.zero_grad()
            model(x).pow(2).mean().backward()
            if opt is not None:
                opt.step()

        return once

    for name in ("paso", "torch fused", "torch default"):
        model = copy.deepcopy(first)
        work[name] = trains(model, found[name](list(model.parameters())))
    work["no optimizer"] = trains(copy.deepcopy(first), None)
    return work


def ratio(times: dict[str, list[float]], name: str) -> float:
    return statistics.median(a / b for a, b in zip(times[name], times["paso"]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--markdown", type=Path, help="write the tables into this file")
    arguments = parser.parse_args()
    found, missing = peers()
    rows: list[dict] = []
    for threads in (int(t) for t in arguments.threads.split(",")):
        torch.set_num_threads(threads)
        cases = [("step", name, lambda make=make: step_case(make, found)) for name, make in STEPS.items()]
        cases += [
            ("training", name, lambda make=make, shape=shape: training_case(make, shape, found))
            for name, (make, shape) in TRAININGS.items()
        ]
        for kind, name, build in cases:
            if arguments.only not in name:
                continue
            torch.manual_seed(0)
            times = alternate(build(), arguments.rounds)
            medians = {who: statistics.median(values) for who, values in times.items()}
            row = {"kind": kind, "case": name, "threads": threads, "microseconds": medians}
            row["ratio"] = {who: ratio(times, who) for who in times if who not in ("paso", "no optimizer")}
            if kind == "training":
                own = statistics.median(1 - b / a for a, b in zip(times["torch fused"], times["no optimizer"]))
                row["share"] = max(own, 0.0)
            rows.append(row)
            print(json.dumps(row), flush=True)
    if arguments.markdown:
        arguments.markdown.write_text(tables(rows, missing))
    print(f"not installed: {', '.join(missing) or 'none'}", file=sys.stderr)
    return 0


def tables(rows: list[dict], missing: list[str]) -> str:
    """The record, as Markdown."""
    lines = [
        "# A step from Python",
        "",
        "Written by `python benches/step.py --markdown FILE` in `python/`: one process, the optimizers taking turns in every"
        f" round; one thread in CPU time, two in time on the wall; medians of the rounds. torch {torch.__version__}, Python {platform.python_version()}. How many times as fast"
        " paso is; the time in microseconds is paso's.",
        "",
    ]
    for kind, title in (("step", "`optimizer.step()`"), ("training", "Whole training step")):
        chosen = [row for row in rows if row["kind"] == kind]
        if not chosen:
            continue
        names = list(chosen[0]["ratio"])
        share = "| torch fused: share of the optimizer " if kind == "training" else ""
        lines += [f"## {title}", "", f"| case | threads | paso, us | {' | '.join(names)} {share}|"]
        lines.append("|---|---|---|" + "---|" * (len(names) + bool(share)))
        for row in chosen:
            ratios = " | ".join(f"{row['ratio'][name]:.2f}" for name in names)
            part = f"| {row['share']:.0%} " if share else ""
            own = row["microseconds"]["paso"]
            lines.append(f"| {row['case']} | {row['threads']} | {own:,.1f} | {ratios} {part}|")
        lines.append("")
    if missing:
        lines += [f"Not installed here: {', '.join(missing)}.", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
