"""Builds the wheel with the program in it: python wheel.py [--target TRIPLE] [--out FOLDER].

The program `paso` goes into the wheel's scripts, so that `pip install paso-ml` brings both. Needs maturin and zopfli, and for
another target than this machine's `pip install ziglang cargo-zigbuild`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCRIPTS = HERE / "paso_ml.data" / "scripts"
#: Optimized as a whole, without symbols: half the size.
SMALL = {
    "CARGO_PROFILE_RELEASE_LTO": "fat",
    "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "1",
    "CARGO_PROFILE_RELEASE_STRIP": "true",
    "CARGO_PROFILE_RELEASE_PANIC": "abort",
}
#: What of the program is not in a loop that anybody waits for.
SLOW = (
    "clap_builder clap_complete plotters textplots toml roxmltree csv encoding_rs serde_json maud indicatif tiff "
    "image-webp gif saphyr-parser unicode-normalization tempfile statrs png walkdir"
).split()
#: Bytes that a wheel may have.
LARGEST = 5_000_000
#: glibc that a Linux wheel needs at most.
GLIBC = "2.17"


def main() -> int:
    """Builds, and says where the wheel is and how large."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", help="a target triple; default this machine's")
    parser.add_argument("--out", type=Path, default=HERE / "target" / "wheels", help="folder of the wheel")
    parser.add_argument("--interpreter", help="for a free-threaded Python, which has no stable ABI")
    parser.add_argument("--without-program", action="store_true", help="leave the program out")
    parser.add_argument("--quick", action="store_true", help="compile the module in less time, to test it")
    arguments = parser.parse_args()
    zig = arguments.target is not None and "linux" in arguments.target
    try:
        # maturin wants the folder, also where nothing is in it.
        SCRIPTS.mkdir(parents=True, exist_ok=True)
        if not arguments.without_program:
            program(arguments.target, zig)
        wheel(arguments, zig)
    finally:
        shutil.rmtree(SCRIPTS.parent, ignore_errors=True)
    newest = max(arguments.out.glob("*.whl"), key=lambda path: path.stat().st_mtime)
    if not arguments.without_program:
        squeeze(newest)
    size = newest.stat().st_size
    print(f"{newest}: {size / 1e6:.2f} MB")
    if size > LARGEST:
        print(f"larger than {LARGEST / 1e6:.0f} MB", file=sys.stderr)
        return 1
    return 0


def program(target: str | None, zig: bool) -> None:
    """Builds the program into the folder of the wheel's scripts."""
    folder = HERE / "target" / "program"
    build = ["cargo", "zigbuild" if zig else "build", "--release", "--locked", "-p", "paso-cli"]
    if target is not None:
        build += ["--target", f"{target}.{GLIBC}" if zig else target]
    build += ["--target-dir", str(folder)]
    for package in SLOW:
        build += ["--config", f'profile.release.package.{package}.opt-level="z"']
    subprocess.run(build, check=True, cwd=HERE.parent, env={**os.environ, **SMALL})
    suffix = ".exe" if sys.platform == "win32" else ""
    shutil.copy2(folder / (target or "") / "release" / f"paso{suffix}", SCRIPTS)


def wheel(arguments: argparse.Namespace, zig: bool) -> None:
    """Builds the wheel."""
    profile = "quick" if arguments.quick else "release"
    build = [sys.executable, "-m", "maturin", "build", "--profile", profile, "--locked", "--out", str(arguments.out)]
    if arguments.interpreter is not None:
        build += ["--interpreter", arguments.interpreter, "--no-default-features"]
    if arguments.target is not None:
        build += ["--target", arguments.target]
    if zig:
        build += ["--zig", "--compatibility", "manylinux2014"]
    subprocess.run(build, check=True, cwd=HERE)


class Squeezer:
    """A compressor for `zipfile`: zopfli's, which makes 6 % less of the same format. `pip install zopfli`."""

    def __init__(self) -> None:
        self.data = b""

    def compress(self, data: bytes) -> bytes:
        """Keeps the data: it is compressed as a whole."""
        self.data += data
        return b""

    def flush(self) -> bytes:
        """The compressed data, without zlib's head and sum around it."""
        import zopfli.zlib

        return zopfli.zlib.compress(self.data, numiterations=1)[2:-4] if self.data else b"\x03\x00"


def squeeze(path: Path) -> None:
    """Compresses the wheel again."""
    smaller, usual = path.with_suffix(".smaller"), zipfile._get_compressor
    with zipfile.ZipFile(path) as old:
        entries = [(entry, old.read(entry)) for entry in old.infolist()]
    # The only way to give it another compressor.
    zipfile._get_compressor = lambda *_: Squeezer()
    try:
        with zipfile.ZipFile(smaller, "w", zipfile.ZIP_DEFLATED) as new:
            for entry, data in entries:
                new.writestr(entry, data)
    finally:
        zipfile._get_compressor = usual
    smaller.replace(path)


if __name__ == "__main__":
    sys.exit(main())
