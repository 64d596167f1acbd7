"""`python -m bench.run [NAME ...]`: run the measuring modules and write down what they found."""

import argparse
import asyncio
import dataclasses
import importlib
import inspect
import os
import platform
import subprocess
import sys
import traceback
from pathlib import Path

from bench.results import FOLDER, TABLE, Figure, load, number, save, table
from bench.scale import QUICK

HERE = Path(__file__).parent


def names() -> list[str]:
    """Return the names of all measuring modules: NAME for each ``bench/bench_NAME.py``."""
    return sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))


def machine() -> str:
    """Say in one line what the figures were measured on."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    cores = len(os.sched_getaffinity(0))
    return (
        f"{model}, {cores} cores, {gigabytes:.0f} GB, {system}, Linux {platform.release()}, "
        f"Python {platform.python_version()}, load average {os.getloadavg()[0]:.1f} at the start"
    )


def commit() -> str:
    """Return the commit measured, with ``-dirty`` when the files differ from it."""
    described = subprocess.run(
        ["git", "-c", "safe.directory=*", "describe", "--always", "--dirty", "--exclude", "*"],
        cwd=HERE,
        capture_output=True,
        text=True,
        check=True,
    )
    return described.stdout.strip()


def measure(name: str) -> list[Figure]:
    """Run one module's ``main`` to its end and return its figures."""
    main = importlib.import_module(f"bench.bench_{name}").main
    found = main()
    figures: list[Figure] = asyncio.run(found) if inspect.iscoroutine(found) else found
    return figures


def run(wanted: list[str]) -> int:
    """Measure, save and print; return how many modules failed. A failure stops no other module.

    A smoke run saves nothing.
    """
    place, code = machine(), commit()
    failed = 0
    for name in wanted:
        print(f"== {name}", flush=True)
        try:
            figures = [
                dataclasses.replace(one, machine=place, commit=code) for one in measure(name)
            ]
        except Exception:  # noqa: BLE001 — the edge of a module: the others still run
            traceback.print_exc()
            failed += 1
            continue
        if not QUICK:
            save(name, figures, FOLDER)
        for one in figures:
            against = f", {one.peer_name} {number(one.peer)}" if one.peer is not None else ""
            spread = f"{number(one.low)} – {number(one.high)}"
            print(f"   {one.figure}: {number(one.ours)} {one.unit} ({spread}){against}")
    if not QUICK:
        TABLE.write_text(table(load()), encoding="utf-8")
    return failed


def main() -> int:
    """Parse the command line, run, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.run")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(names())}")
    wanted = parser.parse_args().names or names()
    unknown = sorted(set(wanted) - set(names()))
    if unknown:
        parser.error(f"no such module: {', '.join(unknown)}")
    return 1 if run(wanted) else 0


if __name__ == "__main__":
    sys.exit(main())
