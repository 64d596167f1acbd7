"""Reads a browser's offer: strict, linear in its length, and refusing what breaks a limit.

The only reader of session descriptions in the server (RFC 8866, RFC 8829). Attributes nobody
here needs are dropped unread; a line that cannot be read refuses the whole offer. The limits
are per media line, since seats make an honest offer long.
"""

import ipaddress
import re
from dataclasses import dataclass, field
from typing import Literal

from signaling.errors import SdpRefused
from signaling.ports import Kind

MAX_BYTES = 48 * 1024
MAX_MEDIA = 20
MAX_LINE = 2048
MAX_CODECS = 8
MAX_FEEDBACK = 24
MAX_SSRC = 8
MAX_EXTENSIONS = 16
MAX_CANDIDATES = 20

Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]

_PROTOCOL = "UDP/TLS/RTP/SAVPF"
_MEDIA = re.compile(
    r"(audio|video|application) (\d{1,5}) ([A-Z/]{1,32}) ([\x21-\x7e]+(?: [\x21-\x7e]+)*)"
)
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,64}")
_ICE = re.compile(r"[A-Za-z0-9+/=-]{4,256}")
_RTPMAP = re.compile(r"(\d{1,3}) ([A-Za-z0-9_.-]{1,32})/(\d{1,6})(?:/(\d{1,2}))?")
_FMTP = re.compile(r"(\d{1,3}) ([\x20-\x7e]{1,512})")
_FEEDBACK = re.compile(r"(\d{1,3}) ([a-z0-9-]{1,32}(?: [\x21-\x7e]{1,32})?)")
_EXTMAP = re.compile(r"(\d{1,3})(?:/[a-z]{1,16})? ([\x21-\x7e]{1,128})")
_SSRC = re.compile(r"(\d{1,10})(?: [\x20-\x7e]{1,512})?")
_GROUP = re.compile(r"FID (\d{1,10}) (\d{1,10})")
_FINGERPRINT = re.compile(r"([A-Za-z0-9-]{1,16}) ([0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})*)")
_APT = re.compile(r"(?:^|;)\s*apt=(\d{1,3})\s*(?:;|$)")
# payload types that would be read as RTCP (RFC 5761 section 4)
_RTCP_TYPES = range(64, 96)


@dataclass(slots=True)
class Codec:
    """One payload type of a media line, as offered."""

    payload_type: int
    name: str
    clock_rate: int
    channels: int
    parameters: str = ""
    feedback: tuple[str, ...] = ()

    @property
    def repairs(self) -> int | None:
        """The payload type this one carries retransmissions of (RFC 4588), if any."""
        match = _APT.search(self.parameters)
        return int(match[1]) if match else None


@dataclass(slots=True)
class Media:
    """One media line of an offer."""

    kind: Literal["audio", "video", "application"]
    protocol: str
    formats: str
    mid: str = ""
    direction: Direction = "sendrecv"
    rtcp_mux: bool = False
    codecs: dict[int, Codec] = field(default_factory=dict)
    extensions: dict[str, int] = field(default_factory=dict)
    ssrcs: tuple[int, ...] = ()
    repair_ssrcs: tuple[tuple[int, int], ...] = ()
    candidates: tuple[tuple[str, int], ...] = ()

    @property
    def sends(self) -> bool:
        """Whether the offerer wants to send on this line."""
        return self.direction in ("sendrecv", "sendonly")

    @property
    def receives(self) -> bool:
        """Whether the offerer wants to receive on this line."""
        return self.direction in ("sendrecv", "recvonly")

    def codec(self, kind: Kind) -> Codec | None:
        """The codec the hub carries for this kind: Opus or VP8."""
        wanted = "opus" if kind == "audio" else "vp8"
        return next((c for c in self.codecs.values() if c.name.lower() == wanted), None)

    def repair(self, codec: Codec) -> Codec | None:
        """The retransmission payload type of `codec`."""
        for candidate in self.codecs.values():
            if candidate.name.lower() == "rtx" and candidate.repairs == codec.payload_type:
                return candidate
        return None


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer within the limits; the fingerprint is the SHA-256 of the certificate."""

    media: tuple[Media, ...]
    fingerprint: bytes


def parse_offer(text: str) -> Offer:
    """Read an offer.

    Raises:
        SdpRefused: `reason` names the limit or the rule that was broken.
    """
    reader = _Reader()
    for line in _lines(text):
        reader.read(line)
    return reader.offer()


def _refuse(reason: str) -> SdpRefused:
    return SdpRefused(reason=reason)


def _lines(text: str) -> list[str]:
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise _refuse("too_long")
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[-1] == "":
        lines.pop()
    if not lines or lines[0] != "v=0":
        raise _refuse("not_sdp")
    for line in lines:
        if len(line) > MAX_LINE:
            raise _refuse("line_too_long")
        if len(line) < 2 or line[1] != "=" or not line.isprintable():
            raise _refuse("bad_line")
    return lines


class _Reader:
    """Collects an offer line by line; every list it grows has its limit."""

    def __init__(self) -> None:
        self._media: list[Media] = []
        self._bundle: list[str] = []
        self._fingerprints: set[bytes] = set()
        self._setups: set[str] = set()
        self._ice: set[str] = set()
        self._feedback = 0
        self._candidates = 0

    def read(self, line: str) -> None:
        kind = line[0]
        if kind == "m":
            self._open(line[2:])
        elif kind == "a":
            name, _, value = line[2:].partition(":")
            method = _ATTRIBUTES.get(name)
            if method is not None:
                method(self, value)
            elif name in ("sendrecv", "sendonly", "recvonly", "inactive") and self._media:
                self._media[-1].direction = name  # type: ignore[assignment]  # one of the four

    def offer(self) -> Offer:
        if not self._media:
            raise _refuse("no_media")
        if len(self._fingerprints) != 1:
            raise _refuse("fingerprint")
        if self._ice != {"ice-ufrag", "ice-pwd"}:
            raise _refuse("no_ice")
        if not self._setups or self._setups - {"actpass", "passive"}:
            raise _refuse("setup")
        mids = [media.mid for media in self._media]
        if "" in mids or len(set(mids)) != len(mids):
            raise _refuse("mid")
        for media in self._media:
            if media.kind != "application" and not (media.rtcp_mux and media.mid in self._bundle):
                raise _refuse("not_bundled")
        return Offer(media=tuple(self._media), fingerprint=next(iter(self._fingerprints)))

    def _open(self, value: str) -> None:
        if len(self._media) >= MAX_MEDIA:
            raise _refuse("too_many_media")
        match = _MEDIA.fullmatch(value)
        if match is None:
            raise _refuse("bad_media")
        kind, _, protocol, formats = match.groups()
        media = Media(kind=kind, protocol=protocol, formats=formats)  # type: ignore[arg-type]  # the pattern's three
        if kind != "application":
            if protocol != _PROTOCOL:
                raise _refuse("bad_media")
            types = formats.split(" ")
            if len(types) > MAX_CODECS:
                raise _refuse("too_many_codecs")
            if len(set(types)) != len(types):
                raise _refuse("bad_codec")
            for each in types:
                media.codecs[_payload_type(each)] = Codec(_payload_type(each), "", 0, 0)
        self._media.append(media)
        self._feedback = 0
        self._candidates = 0

    def _codec(self, text: str) -> Codec | None:
        if not self._media or self._media[-1].kind == "application":
            return None
        codec = self._media[-1].codecs.get(_payload_type(text))
        if codec is None:
            raise _refuse("bad_codec")
        return codec

    def rtpmap(self, value: str) -> None:
        payload_type, name, clock_rate, channels = _match(_RTPMAP, value, "bad_codec")
        codec = self._codec(payload_type)
        if codec is not None:
            codec.name, codec.clock_rate = name, int(clock_rate)
            codec.channels = int(channels or 1)

    def fmtp(self, value: str) -> None:
        payload_type, parameters = _match(_FMTP, value, "bad_codec")
        codec = self._codec(payload_type)
        if codec is not None:
            codec.parameters = parameters

    def rtcp_fb(self, value: str) -> None:
        payload_type, feedback = _match(_FEEDBACK, value, "bad_feedback")
        self._feedback += 1
        if self._feedback > MAX_FEEDBACK:
            raise _refuse("too_many_feedback")
        codec = self._codec(payload_type)
        if codec is not None:
            codec.feedback = (*codec.feedback, feedback)

    def extmap(self, value: str) -> None:
        number, uri = _match(_EXTMAP, value, "bad_extension")
        if not self._media:
            return
        extensions = self._media[-1].extensions
        if len(extensions) >= MAX_EXTENSIONS:
            raise _refuse("too_many_extensions")
        # one-byte headers carry 1..14 (RFC 8285 section 4.2); others cannot be used here
        if 1 <= int(number) <= 14:
            extensions[uri] = int(number)

    def mid(self, value: str) -> None:
        if _TOKEN.fullmatch(value) is None or not self._media:
            raise _refuse("mid")
        self._media[-1].mid = value

    def rtcp_mux(self, value: str) -> None:
        if self._media:
            self._media[-1].rtcp_mux = True

    def ssrc(self, value: str) -> None:
        (number,) = _match(_SSRC, value, "bad_ssrc")
        if not self._media or (ssrc := _ssrc_value(number)) in self._media[-1].ssrcs:
            return
        media = self._media[-1]
        if len(media.ssrcs) >= MAX_SSRC:
            raise _refuse("too_many_ssrc")
        media.ssrcs = (*media.ssrcs, ssrc)

    def ssrc_group(self, value: str) -> None:
        if not value.startswith("FID ") or not self._media:
            return
        first, second = _match(_GROUP, value, "bad_ssrc")
        media = self._media[-1]
        if len(media.repair_ssrcs) >= MAX_SSRC:
            raise _refuse("too_many_ssrc")
        media.repair_ssrcs = (*media.repair_ssrcs, (_ssrc_value(first), _ssrc_value(second)))

    def group(self, value: str) -> None:
        words = value.split(" ")
        if words[0] == "BUNDLE":
            if len(words) > MAX_MEDIA + 1:
                raise _refuse("too_many_media")
            self._bundle = words[1:]

    def fingerprint(self, value: str) -> None:
        algorithm, digest = _match(_FINGERPRINT, value, "fingerprint")
        if algorithm.lower() == "sha-256":
            binary = bytes.fromhex(digest.replace(":", ""))
            if len(binary) != 32:
                raise _refuse("fingerprint")
            self._fingerprints.add(binary)

    def setup(self, value: str) -> None:
        if value not in ("actpass", "active", "passive", "holdconn"):
            raise _refuse("setup")
        self._setups.add(value)

    def ice_ufrag(self, value: str) -> None:
        if _ICE.fullmatch(value) is None:
            raise _refuse("bad_ice")
        self._ice.add("ice-ufrag")

    def ice_pwd(self, value: str) -> None:
        if _ICE.fullmatch(value) is None or len(value) < 22:
            raise _refuse("bad_ice")
        self._ice.add("ice-pwd")

    def candidate(self, value: str) -> None:
        if not self._media:
            raise _refuse("bad_candidate")
        self._candidates += 1
        if self._candidates > MAX_CANDIDATES:
            raise _refuse("too_many_candidates")
        words = value.split(" ")
        if len(words) < 8 or words[6] != "typ" or not words[5].isdecimal():
            raise _refuse("bad_candidate")
        if words[2].lower() != "udp" or words[4].endswith(".local"):
            return
        try:
            address = str(ipaddress.ip_address(words[4]))
        except ValueError:
            raise _refuse("bad_candidate") from None
        port = int(words[5])
        if not 0 < port < 65536:
            raise _refuse("bad_candidate")
        media = self._media[-1]
        media.candidates = (*media.candidates, (address, port))


def _match(pattern: re.Pattern[str], value: str, reason: str) -> tuple[str, ...]:
    match = pattern.fullmatch(value)
    if match is None:
        raise _refuse(reason)
    return match.groups()


def _payload_type(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 3:
        raise _refuse("bad_codec")
    number = int(text)
    if number > 127 or number in _RTCP_TYPES:
        raise _refuse("bad_codec")
    return number


def _ssrc_value(text: str) -> int:
    number = int(text)
    if not 0 < number < 1 << 32:
        raise _refuse("bad_ssrc")
    return number


_ATTRIBUTES = {
    "candidate": _Reader.candidate,
    "extmap": _Reader.extmap,
    "fingerprint": _Reader.fingerprint,
    "fmtp": _Reader.fmtp,
    "group": _Reader.group,
    "ice-pwd": _Reader.ice_pwd,
    "ice-ufrag": _Reader.ice_ufrag,
    "mid": _Reader.mid,
    "rtcp-fb": _Reader.rtcp_fb,
    "rtcp-mux": _Reader.rtcp_mux,
    "rtpmap": _Reader.rtpmap,
    "setup": _Reader.setup,
    "ssrc": _Reader.ssrc,
    "ssrc-group": _Reader.ssrc_group,
}
