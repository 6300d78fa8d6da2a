#!/usr/bin/env python3
"""Exports a trained net with paso, runs it with ONNX Runtime, and compares the answers.

    python check_onnx.py --paso target/release/paso --run RUN --images FOLDER [--count 50]

Needs onnx, onnxruntime, safetensors and numpy. paso writes the resized images and its own answers next to the ONNX file
(`paso export --check`), so that no other program has to resize as paso does. The boxes are also compared with those of
`paso predict --json`, which are rounded to hundredths of a pixel. Exit code 1 means that something differs.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif"}
# The largest difference allowed: fractions of the image, and relative to the largest logit.
LIMITS = {"box": 1e-5, "logits": 1e-4, "scores": 1e-4}


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--paso", type=Path, default=Path("target/release/paso"))
    arguments.add_argument("--run", type=Path, required=True)
    arguments.add_argument("--images", type=Path, default=Path("../shared/data/boards/images"))
    arguments.add_argument("--count", type=int, default=50)
    given = arguments.parse_args()
    if not given.images.is_dir():
        if given.images.parts[:2] == ("..", "shared"):
            print("skipped: no ../shared")
            return 0
        print(f"{given.images}: no such folder; give one of images with --images")
        return 1
    images = sorted(p for p in given.images.iterdir() if p.suffix.lower() in ENDINGS)[: given.count]
    if not images:
        print(f"{given.images}: no image in this folder")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        net = Path(folder) / "net.onnx"
        paso(given.paso, "export", given.run, "--onnx", net, "--check", *images)
        predicted = paso(given.paso, "predict", given.run, "--json", *images).splitlines()
        return compare(net, [json.loads(line) for line in predicted])


def paso(program, *arguments):
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{program} {arguments[0]}: {done.stderr}")
    return done.stdout


def compare(net, predicted):
    import numpy as np
    import onnx
    import onnxruntime
    from safetensors.numpy import load_file

    onnx.checker.check_model(str(net), full_check=True)
    wanted = load_file(f"{net}.check.safetensors")
    image = wanted.pop("image")
    session = onnxruntime.InferenceSession(str(net), providers=["CPUExecutionProvider"])
    about = session.get_modelmeta().custom_metadata_map
    classes = json.loads(about["classes"])
    print(f"net {about['net']}, {about['size']} pixels, {len(classes)} classes, paso {about['paso']}: {len(image)} images")

    names = list(wanted)
    together = dict(zip(names, session.run(names, {"image": image})))
    alone = [session.run(names, {"image": image[i : i + 1]}) for i in range(len(image))]
    alone = {name: np.concatenate([said[k] for said in alone]) for k, name in enumerate(names)}
    good = True
    for name in names:
        scale = max(1.0, float(np.abs(wanted[name]).max())) if name == "logits" else 1.0
        for how, said in (("all at once", together), ("one by one", alone)):
            difference = float(np.abs(said[name] - wanted[name]).max()) / scale
            right = said[name].shape == wanted[name].shape and difference <= LIMITS[name]
            good &= right
            print(f"{name:7} {how:11} largest difference {difference:.2e} {'' if right else 'TOO LARGE'}")
    return 0 if same_as_predict(together, classes, predicted) and good else 1


def same_as_predict(said, classes, predicted):
    """Class, score and box of `paso predict`. Its box is in pixels of the stored image: only upright ones are compared."""
    from PIL import Image

    boxes, scores, compared, largest, good = said["box"], said["scores"], 0, 0.0, True
    for i, line in enumerate(predicted):
        good &= line["class"] == classes[int(scores[i].argmax())]
        good &= abs(line["score"] - float(scores[i].max())) < LIMITS["scores"]
        with Image.open(line["file"]) as upright:
            if upright.getexif().get(0x0112, 1) != 1:
                continue
            width, height = upright.size
        sides = [width, height, width, height]
        pixels = [float(edge) * side for edge, side in zip(boxes[i], sides)]
        for ours, theirs, side in zip(pixels, line["box"], sides):
            # Half a hundredth is rounding.
            good &= abs(ours - theirs) <= 0.005 + LIMITS["box"] * side
            largest = max(largest, abs(ours - theirs))
        compared += 1
    print(f"predict: {compared} upright images, largest difference {largest:.4f} pixels {'' if good else 'DIFFERS'}")
    return good


if __name__ == "__main__":
    sys.exit(main())
