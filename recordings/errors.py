"""What a recording refuses, each with a code that never changes."""

from functools import partial
from typing import ClassVar


class Refused(Exception):
    """Something asked of a recording that cannot be done.

    `code` names the refusal for programs and the catalogue of sentences, `details` holds what
    those sentences need.
    """

    code: ClassVar[str] = "recording_refused"

    def __init__(self, **details: object) -> None:
        super().__init__(self.code, details)
        self.details: dict[str, object] = details

    def __reduce__(self) -> tuple[object, ...]:
        """Cross from one process to another with the details."""
        return partial(type(self), **self.details), ()

    def __str__(self) -> str:
        return f"{self.code} {self.details}" if self.details else self.code


class ManifestDamaged(Refused):
    """A manifest says something that was never written: `line` (from 1) and `reason`."""

    code = "manifest_damaged"


class SegmentDamaged(Refused):
    """Bytes that should be a segment are not one, from `offset` on, for `reason`."""

    code = "segment_damaged"


class SealBroken(Refused):
    """Sealed bytes that this cipher cannot open: changed, moved, or another key."""

    code = "seal_broken"


class KeyMissing(Refused):
    """There is no key to seal with, or none that opens: destroyed, or not at hand."""

    code = "recording_key_missing"


class NameRefused(Refused):
    """A recording or participant id that is not safe as a file name."""

    code = "recording_name_refused"


class RecordingMissing(Refused):
    """No recording in that directory."""

    code = "recording_missing"


class RecordingBusy(Refused):
    """Another process is writing this recording."""

    code = "recording_busy"


class RecordingClosed(Refused):
    """A closed recording is never written again; the next one needs its own id."""

    code = "recording_closed"


class RecordingNotSealed(Refused):
    """The end of the recording did not reach the disk; finishing will close it."""

    code = "recording_not_sealed"


class DiskTooFull(Refused):
    """Too little room to start: `free_bytes` of `needed_bytes`."""

    code = "disk_too_full"


class CodecUnsupported(Refused):
    """A track whose `codec` the finished file cannot hold."""

    code = "codec_unsupported"


class FinishUnverified(Refused):
    """The finished file, read back, is not what was written; the segments stay."""

    code = "finish_unverified"


class NotFinished(Refused):
    """Segments may only go once finished files stand and verify."""

    code = "recording_not_finished"


class RangeUnsatisfiable(Refused):
    """A byte range outside the file of `size` bytes (RFC 9110, 15.5.17: answer 416)."""

    code = "range_unsatisfiable"
