"""A HyperQueue of this machine alone, for `cargo xtask ci --only hyperqueue`.

    hyperqueue_local.py FOLDER            serve until it is killed; FOLDER/hq submits to this server
    hyperqueue_local.py submit --array=1-N [--OPTION=VALUE]... COMMAND...

The package that pip installs has HyperQueue's server, its workers and a client, but not the command
`hq`. So FOLDER/hq stands in for it: it takes the options that paso passes to `hq submit`, and refuses
others.
"""

import os
import stat
import sys
import threading
from pathlib import Path

from hyperqueue import Client, Job
from hyperqueue.cluster import LocalCluster, WorkerConfig

CORES = 4


def serve(folder: Path) -> None:
    with LocalCluster() as cluster:
        cluster.start_worker(WorkerConfig(cores=CORES))
        command = folder / "hq.new"
        command.write_text(
            "#!/bin/sh\n"
            f"HQ_SERVER_DIR='{cluster.cluster.server_dir}' exec '{sys.executable}' '{Path(__file__).resolve()}' \"$@\"\n"
        )
        command.chmod(command.stat().st_mode | stat.S_IXUSR)
        command.rename(folder / "hq")  # its being there says that the server is
        threading.Event().wait()


def submit(words: list[str]) -> None:
    options = {}
    while words and words[0].startswith("--"):
        name, _, value = words.pop(0).partition("=")
        options[name] = value
    first, last = map(int, options.pop("--array").split("-"))
    job = Job(name=options.pop("--name"), max_fails=None, default_workdir=os.getcwd())
    stdout, stderr = options.pop("--stdout"), options.pop("--stderr")
    if options or not words:
        sys.exit(f"hq submit: not understood: {options} {words}")
    for task in range(first, last + 1):
        job.program(words, stdout=stdout, stderr=stderr, env={"HQ_TASK_ID": str(task)})
    print("submitted as job", Client(os.environ["HQ_SERVER_DIR"]).submit(job).id)


if __name__ == "__main__":
    if sys.argv[1] == "submit":
        submit(sys.argv[2:])
    else:
        serve(Path(sys.argv[1]))
