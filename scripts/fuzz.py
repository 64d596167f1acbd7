"""Fuzzes one reader guided by coverage: `python scripts/fuzz.py TARGET --seconds 300 [--keep]`.

Needs atheris (`pip install atheris`), which the project itself does not. With `--keep` the shortest
inputs that led somewhere new join the corpus that the tests replay.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
LONGEST_KEPT = 2 * 1024
KEPT_BYTES = 20 * 1024
MOST_KEPT = 24


def fuzz(name: str, arguments: list[str]) -> None:
    """Fuzz until libFuzzer ends the process."""
    import atheris

    with atheris.instrument_imports(include=["reception", "recordings", "signaling", "aioice"]):
        from tests.security.fuzz.targets import TARGETS
    atheris.Setup([sys.argv[0], *arguments], TARGETS[name])
    atheris.Fuzz()


def run(name: str, *arguments: str) -> int:
    """Run a fuzzer in a process of its own, since libFuzzer never returns."""
    command = [sys.executable, __file__, name, "--inside", *arguments]
    return subprocess.run(command, cwd=ROOT, check=False).returncode  # noqa: S603 - ourselves


def main() -> int:
    """Fuzz, and keep what was found."""
    sys.path.insert(0, str(ROOT))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target")
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--keep", action="store_true")
    if "--inside" in sys.argv:
        at = sys.argv.index("--inside")
        fuzz(sys.argv[1], sys.argv[at + 1 :])
    wanted = parser.parse_args()
    corpus = ROOT / "tests/security/fuzz/corpus" / wanted.target
    with tempfile.TemporaryDirectory() as folder:
        grown = Path(folder, "grown")
        shutil.copytree(corpus, grown)
        code = run(
            wanted.target,
            str(grown),
            f"-max_total_time={wanted.seconds}",
            "-timeout=5",
            "-rss_limit_mb=2048",
            f"-artifact_prefix={ROOT}/",
        )
        if code == 0 and wanted.keep:
            keep(grown, corpus)
    return code


def keep(grown: Path, corpus: Path) -> None:
    """Add the shortest of what led somewhere new, until there is enough."""
    room = KEPT_BYTES - sum(path.stat().st_size for path in corpus.iterdir())
    known = {path.read_bytes() for path in corpus.iterdir()}
    for path in sorted(grown.iterdir(), key=lambda path: path.stat().st_size):
        if len(known) >= MOST_KEPT:
            return
        size = path.stat().st_size
        if size > min(room, LONGEST_KEPT):
            return
        if path.read_bytes() not in known:
            shutil.copy(path, corpus / path.name[:16])
            room -= size
            known.add(path.read_bytes())


if __name__ == "__main__":
    sys.exit(main())
