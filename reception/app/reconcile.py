"""Compares the recordings the database knows of with those on disk; changes nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Literal

from reception.services.ledger import Expected, Ledger
from recordings.integrity import IsSigned, verify
from recordings.keys import PATTERN

STUCK_AFTER: Final = timedelta(hours=24)
VERIFIED_FOR: Final = timedelta(hours=36)
"""Recordings that ended so lately are read and verified whole, each on one night or two."""

Code = Literal[
    "not_recorded",
    "directory_missing",
    "file_missing",
    "file_size",
    "key_missing",
    "damaged",
    "stuck",
    "failed",
    "not_destroyed",
    "unknown_directory",
]

SAYS: Final[dict[Code, str]] = {
    "not_recorded": "同意录制，但没有录音录像 · agreed to, and not recorded",
    "directory_missing": "目录不见了 · its directory is gone",
    "file_missing": "文件不见了 · a file is gone",
    "file_size": "文件大小不对 · a file has another size",
    "key_missing": "密钥不见了，打不开 · its key is gone, so it cannot be opened",
    "damaged": "内容与清单不符 · not as its manifest says",
    "stuck": "一天多没有整理完 · not finished for more than a day",
    "failed": "整理失败 · could not be finished",
    "not_destroyed": "登记为已销毁，但还在 · said to be destroyed, and still there",
    "unknown_directory": "数据库里没有这段录像 · no recording of the database",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it should be; `id` is a recording, or the session for the first."""

    code: Code
    id: str
    detail: str = ""

    def as_text(self) -> str:
        """Return it as one line."""
        return f"{self.code}  {self.id}  {SAYS[self.code]}{f'  {self.detail}' * bool(self.detail)}"


def differences(
    root: Path, expected: Ledger, *, now: datetime, is_signed: IsSigned | None
) -> Sequence[Difference]:
    """Compare the directories under `root` with what ought to be there; blocking.

    `is_signed` tells whether a signature of a manifest is good; None leaves that out.
    """
    known = {one.id: one for one in expected.recordings}
    found = {path.name for path in root.iterdir() if path.is_dir()} if root.is_dir() else set()
    return [
        *(Difference("not_recorded", session) for session in expected.not_recorded),
        *(Difference("unknown_directory", name) for name in sorted(found - known.keys())),
        *(
            difference
            for one in expected.recordings
            for difference in _of_recording(root / one.id, one, now, is_signed)
        ),
    ]


def _of_recording(
    directory: Path, one: Expected, now: datetime, is_signed: IsSigned | None
) -> Iterator[Difference]:
    match one.state:
        case "destroyed":
            if directory.exists():
                yield Difference("not_destroyed", one.id)
        case "failed":
            yield Difference("failed", one.id)
        case "recording" | "finishing":
            if now - one.started_at > STUCK_AFTER:
                yield Difference("stuck", one.id, one.state)
        case "ready" if not directory.is_dir():
            yield Difference("directory_missing", one.id)
        case "ready":
            found = list(_of_files(directory, one))
            yield from found
            is_recent = one.ended_at is not None and now - one.ended_at < VERIFIED_FOR
            if is_recent and not found:
                yield from _of_content(directory, is_signed)


def _of_files(directory: Path, one: Expected) -> Iterator[Difference]:
    if not any(directory.glob(PATTERN)):
        yield Difference("key_missing", one.id)
    for name, size in one.files:
        path = directory / name
        if not path.is_file():
            yield Difference("file_missing", one.id, name)
        elif path.stat().st_size != size:
            yield Difference("file_size", one.id, f"{name}: {path.stat().st_size} / {size}")


def _of_content(directory: Path, is_signed: IsSigned | None) -> Iterator[Difference]:
    verification = verify(directory, is_signed=is_signed)
    if not verification.ok:
        codes = sorted({problem.code for problem in verification.problems})
        yield Difference("damaged", directory.name, ", ".join(codes))
