#!/usr/bin/env python3
"""A training step or inference of another library on the nets S, M and D, as one line of JSON.

    train.py --peer torch|torch-bf16|onnxruntime --net S --mode train|infer --threads 1 --batch 32 --seconds 1.5

A training step is forward, smooth L1 on the box and cross entropy on the classes, backward, and fused Adam, on one batch:
what `paso-speed train` does. PyTorch is eager and has its images channels last, which is its fast way on CPUs.
"""
import argparse
import io
import math

from common import library, line, median_seconds, use_cpus


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", required=True, choices=["torch", "torch-bf16", "onnxruntime"])
    parser.add_argument("--net", default="S", choices=["S", "M", "D"])
    parser.add_argument("--mode", default="train", choices=["train", "infer"])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=1.5)
    return parser.parse_args()


def training(model, images, args):
    """A function that makes a training step and gives its loss."""
    import torch
    from torch.nn import functional

    boxes, classes = torch.rand(args.batch, 4), torch.arange(args.batch) % 3
    optimizer = torch.optim.Adam(model.train().parameters(), lr=1e-3, fused=True)

    def step():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=args.peer == "torch-bf16"):
            out = model(images).float()
            loss = functional.smooth_l1_loss(out[:, :4], boxes) + functional.cross_entropy(out[:, 4:], classes)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def inference(model, images, args):
    """A function that gives an output of the net."""
    import torch

    model.eval()

    def step():
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=args.peer == "torch-bf16"):
            return model(images)[0, 0].item()

    return step


def runtime(model, images, args):
    """The same of ONNX Runtime, which must agree with PyTorch."""
    import onnxruntime
    import torch

    file = io.BytesIO()
    model = model.eval()
    torch.onnx.export(model, (images[:1],), file, input_names=["images"], dynamic_axes={"images": {0: "batch"}},
                      dynamo=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = args.threads, 1
    session = onnxruntime.InferenceSession(file.getvalue(), options, providers=["CPUExecutionProvider"])
    feed = {"images": images.numpy()}
    with torch.inference_mode():
        error = (torch.from_numpy(session.run(None, feed)[0]) - model(images)).abs().max().item()
    assert error < 1e-3, f"ONNX Runtime and PyTorch differ by {error:.1e}"
    return lambda: float(session.run(None, feed)[0][0, 0])


def main():
    args = arguments()
    use_cpus(args.threads)
    import torch
    from nets import SIDE, net

    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    model, images = net(args.net), torch.rand(args.batch, 3, SIDE[args.net], SIDE[args.net]) * 2 - 1
    version = library("PyTorch", torch)
    if args.peer == "onnxruntime":
        assert args.mode == "infer", "ONNX Runtime does not train"
        import onnxruntime

        version, step = library("ONNX Runtime", onnxruntime), runtime(model, images, args)
    else:
        model, images = (it.to(memory_format=torch.channels_last) for it in (model, images))
        step = (training if args.mode == "train" else inference)(model, images, args)
    first = step()
    assert math.isfinite(first), f"{args.peer} gives {first}"
    seconds = median_seconds(step, args.seconds, 0.0)
    if args.mode == "train":
        last = step()
        assert last < first, f"{args.peer} does not learn its one batch: loss {first}, then {last}"
    line(peer=args.peer, version=version, net=args.net, mode=args.mode, threads=args.threads, batch=args.batch,
         images_s=round(args.batch / seconds, 1))


if __name__ == "__main__":
    main()
