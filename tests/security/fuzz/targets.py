"""Everything that reads bytes nobody vouches for, as functions that take bytes.

A target swallows what its reader is documented to refuse with, and nothing else: any other
exception is a find.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from reception.crypto.errors import Unopenable
from reception.crypto.keyfile import KeyFile
from reception.crypto.vault import Place, Vault
from reception.domain import attachments, kiosks, people
from reception.domain.audit import Checkpoint
from reception.domain.errors import CodeUnknown
from reception.services import clean_file
from reception.storage.signing import Signer, read_notes
from recordings import manifest, segment
from recordings.errors import ManifestDamaged, RangeUnsatisfiable, SealBroken, SegmentDamaged
from recordings.playback import parse_range
from recordings.sealed_file import SealedReader
from signaling import messages, sdp, session
from signaling.errors import BadMessage, MessageTooLarge, SdpRefused, UnknownType
from signaling.hub import answer, rtcp, rtp, stun, vp8, wire

CORPUS: Final = Path(__file__).parent / "corpus"
FILM_KEY: Final = b"the key of the sealed seed file."
FILM_NAME: Final = "recording/person"
PASSWORD: Final = "the password of the check seeds.."
EXTENSIONS: Final = range(1, 15)


def message(data: bytes) -> None:
    """Read what a client sends over its WebSocket."""
    with suppress(BadMessage, MessageTooLarge, UnknownType):
        messages.parse(_text(data))


def protocol(data: bytes) -> None:
    """Lead the protocol of one connection, a line a message; it refuses by effects, never raises."""
    connection = session.Session(0.0)
    for number, line in enumerate(_text(data).split("\n")):
        for effect in connection.receive(line, number * 0.01):
            if isinstance(effect, session.Admit):
                connection.admitted(effect.id, {})
    connection.tick(60.0)


def offer(data: bytes) -> None:
    """Read an offer and plan its answer."""
    with suppress(SdpRefused):
        answer.plan(sdp.parse_offer(_text(data)), [1, 2, 3])


def check(data: bytes) -> None:
    """Read a datagram as a connectivity check, and answer it."""
    found = stun.read_check(data)
    if found is not None:
        stun.accept(found[1], PASSWORD, ("192.0.2.1", 50_000))
        stun.nominates(found[1])


def reports(data: bytes) -> None:
    """Read a compound RTCP packet."""
    for _ in rtcp.read(data):
        pass


def packet(data: bytes) -> None:
    """Read header extensions and payload descriptor of an RTP packet."""
    for identifier in EXTENSIONS:
        at = rtp.extension(data, 0, len(data), identifier)
        assert at <= len(data)
    piece = vp8.read(data, 0, len(data))
    assert piece is None or piece.start < len(data)


def hub_line(data: bytes) -> None:
    """Read a line between web process and hub."""
    with suppress(ValueError):
        wire.read(data)


def recording_manifest(data: bytes) -> None:
    """Read a manifest, and all that is concluded from one."""
    try:
        found = manifest.parse(data)
    except ManifestDamaged:
        return
    with suppress(ManifestDamaged):
        manifest.opening(found)
    manifest.state(found.entries)
    manifest.gaps(found.entries)
    manifest.totals(found.entries, manifest.last_moment_ms(found.entries))


def recording_segment(data: bytes) -> None:
    """Read a segment, whole and cut off."""
    for read in (segment.parse, segment.salvage):
        with suppress(SegmentDamaged):
            read(data)


def sealed_film(data: bytes) -> None:
    """Open a finished file and read across its chunks."""
    with TemporaryFile() as file:
        file.write(data)
        file.flush()
        with suppress(SealBroken):
            reader = SealedReader(file, [FILM_KEY], name=FILM_NAME)
            assert len(reader.read(0, reader.size)) == reader.size


def range_header(data: bytes) -> None:
    """Read a `Range` header."""
    for size in (0, 1, 10_000):
        with suppress(RangeUnsatisfiable):
            part = parse_range(_text(data), size)
            assert part is None or 0 <= part.start < part.start + part.length <= size


def checkpoints(data: bytes) -> None:
    """Read signed notes and the checkpoints in them."""
    try:
        notes = read_notes(_text(data))
    except ValueError:
        return
    for note in notes:
        _signer().verifier.is_good(note)
        with suppress(ValueError):
            Checkpoint.read(note.text)


def codes(data: bytes) -> None:
    """Read what people type from slips."""
    text = _text(data)
    for read in (people.read_query_code, people.read_check_in_code):
        with suppress(CodeUnknown):
            read(text)
    with suppress(kiosks.KioskCodeRefused):
        kiosks.read_code(text)


def word_document(data: bytes) -> None:
    """Read a Word document added to a case, and pack it anew."""
    with suppress(clean_file.TurnedAwayError):
        clean_file.clean_docx(data)


def upload_name(data: bytes) -> None:
    """Read what a file is called, says it is, and begins with."""
    name = attachments.shown_name(_text(data))
    assert len(name) <= attachments.LONGEST_NAME
    assert "/" not in name
    with suppress(attachments.AttachmentKindRefused):
        attachments.kind_of(name, "application/pdf", data)


def sealed_value(data: bytes) -> None:
    """Open a value of the database that somebody changed."""
    with suppress(Unopenable, UnicodeDecodeError):
        _vault().open(Place("petitioner", "name", "1"), data)


TARGETS: Final[Mapping[str, Callable[[bytes], None]]] = {
    one.__name__: one
    for one in (
        message,
        protocol,
        offer,
        check,
        reports,
        packet,
        hub_line,
        recording_manifest,
        recording_segment,
        sealed_film,
        range_header,
        checkpoints,
        codes,
        word_document,
        upload_name,
        sealed_value,
    )
}


def corpus_of(name: str) -> list[bytes]:
    """Return what is kept for a target: honest examples, and inputs that once led somewhere new."""
    return [path.read_bytes() for path in sorted((CORPUS / name).iterdir())]


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


@cache
def _vault() -> Vault:
    return Vault(KeyFile.of_secret(b"the secret of the sealed values."))


@cache
def _signer() -> Signer:
    return Signer(Ed25519PrivateKey.from_private_bytes(b"the key of the checkpoint seeds."))
