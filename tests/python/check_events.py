#!/usr/bin/env python3
"""Trains with paso for a few epochs, resumes, and reads the run's events as TensorBoard does.

    python check_events.py --paso target/release/paso [--data demo]

Needs tensorboard. What it reads must be what `metrics.csv` says, before and after the resumption. Exit code 1 means that
something differs.
"""

import argparse
import csv
import subprocess
import sys
import tempfile
from pathlib import Path

COLUMNS = {
    "loss/train": "train_loss",
    "loss/val": "val_loss",
    "iou/mean": "mean_iou",
    "iou/50": "iou50",
    "class/accuracy": "class_accuracy",
    "lr": "lr",
    "gradient/norm": "gradient_norm",
}


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--paso", type=Path, default=Path("target/release/paso"))
    arguments.add_argument("--data", default="demo")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        common = ["train", "--data", given.data, "--out", run]
        fresh = ["--net", "tiny", "--size", "32", "--batch", "64", "--schedule", "cosine(to 1%)"]
        paso(given.paso, *common, *fresh, "--epochs", "3")
        good = compare(run, 3)
        # As if it had been killed after its record was written and before its checkpoint was.
        leave_too_much(run)
        paso(given.paso, *common, "--resume", "--epochs", "5")
        return 0 if compare(run, 5) and good else 1


def paso(program, *arguments):
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{program} {arguments[0]}: {done.stderr}")


def event_file(run):
    (path,) = run.glob("events.out.tfevents.*")
    return path


def leave_too_much(run):
    """A record of a later step, by TensorBoard's own hand, and a part of another."""
    from tensorboard.compat.proto import event_pb2, summary_pb2
    from tensorboard.summary.writer.record_writer import RecordWriter

    value = summary_pb2.Summary.Value(tag="iou/mean", simple_value=9.0)
    late = event_pb2.Event(step=10**6, summary=summary_pb2.Summary(value=[value]))
    with event_file(run).open("ab") as file:
        RecordWriter(file).write(late.SerializeToString())
        file.write(b"\x20\0\0\0\0")


def compare(run, epochs):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader

    # Reading checks both checksums of every record.
    records = len(list(RawEventFileLoader(str(event_file(run))).Load()))
    read = EventAccumulator(str(run))
    read.Reload()
    with (run / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    good = len(rows) == epochs and records == epochs + 2
    good &= set(read.Tags()["scalars"]) == set(COLUMNS)
    largest = 0.0
    for tag, column in COLUMNS.items():
        found = [(e.step, e.value) for e in read.Scalars(tag)]
        wanted = [(int(row["step"]), float(row[column])) for row in rows]
        good &= [step for step, _ in found] == [step for step, _ in wanted]
        for (_, ours), (_, theirs) in zip(found, wanted):
            largest = max(largest, abs(ours - theirs) / max(1.0, abs(theirs)))
    times = [e.wall_time for e in read.Scalars("lr")]
    good &= times == sorted(times) and largest < 1e-6
    print(f"{epochs} epochs: {records} records, largest difference {largest:.1e} {'' if good else 'DIFFERS'}")
    return good


if __name__ == "__main__":
    sys.exit(main())
