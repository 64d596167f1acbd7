"""RTP on the wire: the fixed header, header extensions, sequence numbers (RFC 3550, RFC 8285)."""

import struct

# first byte, marker and payload type, sequence number, timestamp, SSRC
FIXED = struct.Struct("!BBHII")
# the same followed by a one-byte extension block of one word: identifier and length, 24 bits
EXTENDED = struct.Struct("!BBHIIHHI")
# the same with two words: abs-send-time, then the audio level and two bytes of padding
EXTENDED_TWICE = struct.Struct("!BBHIIHHII")
FIXED_LENGTH = 12

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
TRANSPORT_SEQUENCE = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"

ONE_BYTE_PROFILE = 0xBEDE
# seconds from 1900, where NTP begins, to 1970
NTP_EPOCH = 2_208_988_800


def unwrap(sequence: int, near: int) -> int:
    """The number whose low 16 bits are `sequence` and which is nearest to `near`."""
    delta = (sequence - near) & 0xFFFF
    return near + (delta if delta < 0x8000 else delta - 0x10000)


def unwrap_timestamp(timestamp: int, near: int) -> int:
    """The number whose low 32 bits are `timestamp` and which is nearest to `near`."""
    delta = (timestamp - near) & 0xFFFFFFFF
    return near + (delta if delta < 0x80000000 else delta - 0x100000000)


def extension(data: bytes | bytearray, start: int, end: int, identifier: int) -> int:
    """Where the content of a one-byte extension begins, or 0 if it is not there.

    `start` and `end` delimit the block after its four bytes of profile and length.
    """
    position = start
    while position < end:
        head = data[position]
        if head == 0:
            position += 1
            continue
        number = head >> 4
        if number == 15:
            return 0
        length = (head & 15) + 1
        if number == identifier:
            return position + 1 if position + 1 + length <= end else 0
        position += 1 + length
    return 0


def abs_send_time(now: float) -> int:
    """Seconds as 6.18 fixed point, modulo 64 s: 24 bits."""
    return int(now * 262144) & 0xFFFFFF
