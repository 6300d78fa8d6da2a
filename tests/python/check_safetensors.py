#!/usr/bin/env python3
"""Exports the weights of a trained net with paso, and compares them with its checkpoint.

    python check_safetensors.py --paso target/release/paso --run RUN

Needs safetensors and numpy. Every parameter and running statistic must be there with the same bits, and nothing of the
optimizer. Exit code 1 means that something differs.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--paso", type=Path, default=Path("target/release/paso"))
    arguments.add_argument("--run", type=Path, required=True, help="a run folder")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.safetensors"
        command = [given.paso, "export", given.run, "--safetensors", path]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{given.paso} export: {done.stderr}")
        return 0 if compare(path, given.run / "best.safetensors") else 1


def compare(exported, checkpoint):
    found, text = read(exported, "paso_weights")
    kept, meta = read(checkpoint, "paso")
    other = ("exp_avg.", "exp_avg_sq.", "average.")
    wanted = {name: values for name, values in kept.items() if not name.startswith(other)}
    good = sorted(found) == sorted(wanted)
    for name in wanted.keys() & found.keys():
        ours, theirs = found[name], wanted[name]
        good &= ours.dtype == "float32" and ours.shape == theirs.shape
        good &= ours.tobytes() == theirs.tobytes()
    good &= text["classes"] == meta["classes"]
    good &= (text["net"], text["size"]) == (meta["config"]["net"], meta["config"]["size"])
    numbers = sum(values.size for values in found.values())
    print(f"net {text['net']}: {len(found)} of {len(kept)} tensors, {numbers} numbers {'' if good else 'DIFFERS'}")
    return good


def read(path, key):
    from safetensors import safe_open

    with safe_open(path, framework="np") as file:
        names = list(file.keys())
        return {name: file.get_tensor(name) for name in names}, json.loads(file.metadata()[key])


if __name__ == "__main__":
    sys.exit(main())
