"""What the scripts of this folder share: threads, the clock, and the line that they print.

The keys are those of paso-speed, so that two programs can be run alternately and compared line by line.
"""
import json
import os
import time


def use_cpus(threads):
    """Binds this process to as many CPUs as it may have threads. Before any library is imported."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    os.environ["OMP_NUM_THREADS"] = str(threads)


def median_seconds(call, seconds, per_sample):
    """Seconds of a call: the median of at least seven samples, each at least `per_sample` seconds long."""
    for _ in range(3):  # warms up
        begin = time.perf_counter()
        call()
        once = time.perf_counter() - begin
    calls = min(2000, int(per_sample / once) + 1)
    samples, end = [], time.perf_counter() + seconds
    while len(samples) < 7 or time.perf_counter() < end:
        begin = time.perf_counter()
        for _ in range(calls):
            call()
        samples.append((time.perf_counter() - begin) / calls)
    return sorted(samples)[len(samples) // 2]


def library(name, module):
    """Its name and version."""
    return f"{name} {module.__version__.split('+')[0]}"


def line(**figures):
    print(json.dumps(figures), flush=True)
