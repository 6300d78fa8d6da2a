#!/usr/bin/env python3
"""One AdamW step of another library on one CPU or more, a line of JSON for each size.

    adam.py --peer torch-kernel|torch-step|deepspeed --sizes 1e4,1e6,1000x1000 --threads 1 --seconds 0.25

f32, rate 1e-3, betas 0.9 and 0.999, epsilon 1e-8, decoupled decay 0.01: what `paso-speed adam` does.
`torch-kernel` calls the fused kernel on tensors that are ready; `torch-step` is the optimizer that people call.
`deepspeed` is its C++ call, without the Python around it. Ten steps are compared with the formula before any is timed.
"""
import argparse

from common import library, line, median_seconds, use_cpus

RATE, BETA1, BETA2, EPSILON, DECAY = 1e-3, 0.9, 0.999, 1e-8, 0.01


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", required=True, choices=["torch-kernel", "torch-step", "deepspeed"])
    parser.add_argument("--sizes", default="1e4,1e5,1e6,1e7,1000x1000")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0.25)
    return parser.parse_args()


def stepper(peer, weights):
    """A function that makes one step on these parameters, whose gradients are set."""
    import torch

    if peer == "torch-step":
        return torch.optim.AdamW(weights, lr=RATE, weight_decay=DECAY, fused=True).step
    values, gradients = [w.detach() for w in weights], [w.grad for w in weights]
    means, squares = [[torch.zeros_like(w) for w in values] for _ in range(2)]
    if peer == "torch-kernel":
        steps = [torch.tensor(0.0) for _ in values]

        def step():
            for count in steps:
                count += 1
            torch._fused_adamw_(values, gradients, means, squares, [], steps, lr=RATE, beta1=BETA1, beta2=BETA2,
                                weight_decay=DECAY, eps=EPSILON, amsgrad=False, maximize=False)

        # The counters are a Python loop, which is no part of the kernel: they stand still while it is timed.
        def kernel():
            torch._fused_adamw_(values, gradients, means, squares, [], steps, lr=RATE, beta1=BETA1, beta2=BETA2,
                                weight_decay=DECAY, eps=EPSILON, amsgrad=False, maximize=False)

        step.timed = kernel
        return step

    from deepspeed.ops.adam import DeepSpeedCPUAdam

    optimizer = DeepSpeedCPUAdam(weights, lr=RATE, weight_decay=DECAY, adamw_mode=True)
    update, count = optimizer.ds_opt_adam.adam_update, [0]

    def step():
        count[0] += 1
        for tensors in zip(values, gradients, means, squares):
            update(optimizer.opt_id, count[0], RATE, BETA1, BETA2, EPSILON, DECAY, True, *tensors)

    return step


def parameters(tensors, weights):
    import torch

    result = [torch.nn.Parameter(torch.rand(weights) * 2 - 1) for _ in range(tensors)]
    for parameter in result:
        parameter.grad = (torch.rand(weights) * 2 - 1) * 0.1
    return result


def check(peer):
    """Ten steps against the formula in double precision."""
    import torch

    (weights,) = parameters(1, 1003)
    w, g = weights.detach().double().clone(), weights.grad.double().clone()
    m, v = torch.zeros_like(w), torch.zeros_like(w)
    step = stepper(peer, [weights])
    for t in range(1, 11):
        step()
        m = BETA1 * m + (1 - BETA1) * g
        v = BETA2 * v + (1 - BETA2) * g * g
        w -= RATE * DECAY * w + RATE * (m / (1 - BETA1**t)) / ((v / (1 - BETA2**t)).sqrt() + EPSILON)
    error = (weights.detach().double() - w).abs().max().item()
    assert error < 1e-5, f"{peer}: off by {error:.1e} after ten steps"


def main():
    args = arguments()
    use_cpus(args.threads)
    import torch

    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    check(args.peer)
    version = library("PyTorch", torch)
    if args.peer == "deepspeed":
        import deepspeed

        version = library("DeepSpeed", deepspeed)
    for size in args.sizes.split(","):
        tensors, weights = (int(float(part)) for part in (size if "x" in size else "1x" + size).split("x"))
        step = stepper(args.peer, parameters(tensors, weights))
        step()
        seconds = median_seconds(getattr(step, "timed", step), args.seconds, 0.003)
        line(peer=args.peer, version=version, size=size, threads=args.threads,
             ns_param=round(seconds * 1e9 / (tensors * weights), 4))


if __name__ == "__main__":
    main()
