"""One browser's connection: its tracks in, its lanes out, and the RTCP between them."""

import secrets
from collections.abc import Callable, Sequence
from typing import Protocol

from signaling.hub import answer, rtcp, rtp
from signaling.hub.downlink import Downlink
from signaling.hub.lane import Lane
from signaling.hub.srtp import Packet
from signaling.hub.track import SUCCESSION, Track
from signaling.hub.transport import Transport
from signaling.hub.twcc import Arrivals
from signaling.ports import Kind

# 1280x720@25 needs about 1.5 Mbit/s of VP8; the rest is sound, repairs and headers
CEILING = 2_000_000
# below it video is not worth sending; sound must stay
FLOOR = 100_000
REPORT_INTERVAL = 1.0
FEEDBACK_INTERVAL = 0.1
_RTCP_SIZE = 1200
_MEDIA_HEAD = 12

WallClock = Callable[[float], float]


class Owner(Protocol):
    """Told once each when a connection comes and when it goes by itself."""

    def on_connected(self, connection: "Connection") -> None:
        """Media can flow."""

    def on_closed(self, connection: "Connection", cause: str) -> None:
        """The handshake `failed` or the other end has `closed`."""


class Connection:
    """What one offer was answered with.

    `tracks` are the microphone and camera it sends, `lanes` what it receives by seat and kind.
    `wall` turns loop time into Unix seconds.
    """

    def __init__(
        self,
        transport: Transport,
        outgoing: Packet,
        lines: Sequence[answer.Line],
        owner: Owner,
        wall: WallClock,
    ) -> None:
        self.transport = transport
        self.tracks: dict[Kind, Track] = {}
        self.lanes: dict[tuple[int, Kind], Lane] = {}
        self.lanes_by_mid: dict[str, Lane] = {}
        self.nacks_in = self.nacks_out = self.plis_in = 0
        self.bitrate_in = self.bitrate_out = 0
        self._owner = owner
        self._wall = wall
        self._ssrc = secrets.randbelow(0xFFFFFFFE) + 1
        self._lanes_by_ssrc: dict[int, Lane] = {}
        self._declared: dict[Kind, frozenset[int]] = {}
        self._types: dict[int, tuple[Track, bool]] = {}
        self._repair_of: dict[int, Track] = {}
        self._by_ssrc: dict[int, Track] = {}
        self._transport_sequence = 0
        self._audio_level = 0
        self._arrivals = Arrivals()
        self._clock_shift: int | None = None
        self._downlink = Downlink()
        self._report_at = self._feedback_at = 0.0
        self._bytes_before = (0, 0)
        for line in lines:
            if line.role == "send":
                self._add_track(line)
            elif line.role == "receive":
                self._add_lane(line, outgoing)

    def _add_track(self, line: answer.Line) -> None:
        if line.codec is None:
            return
        ask = self._ask_keyframe if line.kind == "video" else None
        track = self.tracks[line.kind] = Track(line.kind, line.codec.clock_rate, ask)
        self._types[line.codec.payload_type] = (track, False)
        if line.repair is not None:
            self._types[line.repair.payload_type] = (track, True)
        self._declared[line.kind] = frozenset(line.media.ssrcs)
        if "transport-cc" in line.codec.feedback:
            self._transport_sequence = line.media.extensions.get(rtp.TRANSPORT_SEQUENCE, 0)
        if line.kind == "audio":
            self._audio_level = line.media.extensions.get(rtp.AUDIO_LEVEL, 0)

    def _add_lane(self, line: answer.Line, outgoing: Packet) -> None:
        if line.seat is None:
            return
        lane = Lane(line.form, self.transport, outgoing)
        self.lanes[line.seat, line.kind] = lane
        self.lanes_by_mid[line.media.mid] = lane
        self._lanes_by_ssrc[lane.ssrc] = lane

    @property
    def round_trip(self) -> float | None:
        """Seconds to the other end and back, by the latest report."""
        return next((x.round_trip for x in self.lanes.values() if x.round_trip is not None), None)

    def close(self) -> None:
        """Stop watching and say goodbye. Idempotent."""
        for lane in self.lanes.values():
            lane.watch(None, 0.0)
        self.transport.close()

    def on_connected(self) -> None:
        """The transport's keys are there."""
        self._owner.on_connected(self)

    def on_closed(self, cause: str) -> None:
        """The transport ended."""
        self._owner.on_closed(self, cause)

    def admits(self, ssrc: int, payload_type: int, now: float) -> bool:
        """Whether a stream is one the offer spoke of, and its place is free."""
        found = self._types.get(payload_type)
        if found is None:
            return False
        track, is_repair = found
        declared = self._declared[track.kind]
        if declared and ssrc not in declared:
            return False
        if is_repair or track.ssrc is None:
            return True
        return track.heard_at is None or now - track.heard_at > SUCCESSION

    def on_rtp(self, packet: Packet, length: int, now: float) -> None:
        """Give a packet to its track, and note when it came."""
        data = packet.data
        first, second, sequence, timestamp, ssrc = rtp.FIXED.unpack_from(data)
        start = _MEDIA_HEAD + ((first & 15) << 2)
        level = -1
        if first & 16:
            block = start + 4
            start = block + ((data[start + 2] << 8 | data[start + 3]) << 2)
            if start > length:
                return
            level = self._read_extensions(data, block, start, second & 0x7F, now)
        end = length - data[length - 1] if first & 32 else length
        if start > end:
            return
        track = self._by_ssrc.get(ssrc)
        if track is not None:
            opened = track.take(
                sequence, timestamp, second & 0x80, bytes(packet.view[:end]), start, end, level, now
            )
            if opened:
                self._ask_missing(track, now)
            return
        track = self._repair_of.get(ssrc)
        if track is not None:
            track.take_repair(bytes(packet.view[:end]), start, end, now)
            return
        if self.admits(ssrc, second & 0x7F, now):
            self._latch(ssrc, second & 0x7F)
        if ssrc in self._by_ssrc or ssrc in self._repair_of:
            self.on_rtp(packet, length, now)

    def on_rtcp(self, data: bytes, now: float) -> None:
        """Act on what the other end reports and asks for."""
        for report in rtcp.read(data):
            match report:
                case rtcp.SenderReport():
                    self._on_sender_report(report, now)
                case rtcp.BitrateEstimate():
                    self._downlink.on_estimate(report.bitrate, now)
                case rtcp.Block() | rtcp.Nack() | rtcp.KeyframeRequest():
                    if lane := self._lanes_by_ssrc.get(report.ssrc):
                        self._on_receiver_report(lane, report, now)
                case rtcp.Bye():
                    pass

    def tick(self, now: float) -> None:
        """Every 50 ms: what is missing, what arrived, what there is to report."""
        self.transport.tick()
        if not self.transport.is_connected:
            return
        for track in self.tracks.values():
            track.tick(now)
            if track.holes:
                self._ask_missing(track, now)
        for lane in self.lanes.values():
            lane.tick(now)
        # half a tick of tolerance keeps the interval from growing by one tick
        if self._arrivals and now - self._feedback_at >= FEEDBACK_INTERVAL - 0.025:
            self._feedback_at = now
            self._send_feedback()
        if now - self._report_at >= REPORT_INTERVAL - 0.025:
            self._measure_bitrate(now)
            self._report_at = now
            self._share_downlink(now)
            self._send_reports(now)

    def _read_extensions(
        self, data: bytearray, block: int, end: int, payload_type: int, now: float
    ) -> int:
        """Note the transport sequence number; the audio-level byte, or -1."""
        if data[block - 4] << 8 | data[block - 3] != rtp.ONE_BYTE_PROFILE:
            return -1
        if self._transport_sequence:
            position = rtp.extension(data, block, end, self._transport_sequence)
            if position:
                self._arrivals.arrived(data[position] << 8 | data[position + 1], now)
        if self._audio_level:
            found = self._types.get(payload_type)
            if found is not None and found[0].kind == "audio":
                position = rtp.extension(data, block, end, self._audio_level)
                if position:
                    return data[position]
        return -1

    def _latch(self, ssrc: int, payload_type: int) -> None:
        found = self._types.get(payload_type)
        if found is None:
            return
        track, is_repair = found
        if is_repair:
            self._repair_of[ssrc] = track
            return
        if track.ssrc is not None:
            self._by_ssrc.pop(track.ssrc, None)
        self._by_ssrc[ssrc] = track
        track.latch(ssrc)

    def _ask_keyframe(self) -> None:
        ssrc = self.tracks["video"].ssrc
        if ssrc is not None:
            self.transport.send_rtcp(
                rtcp.receiver_report(self._ssrc, ()) + rtcp.keyframe_request(self._ssrc, ssrc)
            )

    def _ask_missing(self, track: Track, now: float) -> None:
        if track.ssrc is None:
            return
        missing = track.holes.due(now, self.round_trip or 0.0)
        if missing:
            self.nacks_out += 1
            numbers = [number & 0xFFFF for number in missing]
            self.transport.send_rtcp(
                rtcp.receiver_report(self._ssrc, ()) + rtcp.nack(self._ssrc, track.ssrc, numbers)
            )

    def _on_sender_report(self, report: rtcp.SenderReport, now: float) -> None:
        track = self._by_ssrc.get(report.ssrc)
        if track is None:
            return
        if self._clock_shift is None:
            ours = int((self._wall(now) + rtp.NTP_EPOCH) * (1 << 32))
            self._clock_shift = ours - report.ntp
        track.clock_shift = self._clock_shift
        track.on_report(report, now)

    def _on_receiver_report(
        self, lane: Lane, report: rtcp.Block | rtcp.Nack | rtcp.KeyframeRequest, now: float
    ) -> None:
        match report:
            case rtcp.Block():
                lane.on_block(report, now)
                self._downlink.on_report(lane.fraction_lost, lane.round_trip)
            case rtcp.Nack():
                self.nacks_in += 1
                lane.repair(report.sequences, now)
            case rtcp.KeyframeRequest():
                self.plis_in += 1
                if lane.source is not None:
                    lane.source.request_keyframe(now)

    def _send_feedback(self) -> None:
        ssrc = next((t.ssrc for t in self.tracks.values() if t.ssrc is not None), None)
        message = self._arrivals.feedback(self._ssrc, ssrc or 0)
        if message is not None:
            self.transport.send_rtcp(rtcp.receiver_report(self._ssrc, ()) + message)

    def _share_downlink(self, now: float) -> None:
        """Divide what this receiver can take among the pictures it gets."""
        cap = self._downlink.cap(self.bitrate_out, now)
        pictures = [x for x in self.lanes.values() if x.form.kind == "video" and x.source]
        share = None if cap is None else cap // max(1, len(pictures))
        for lane in self.lanes.values():
            lane.cap = share if lane.form.kind == "video" else None

    def _send_reports(self, now: float) -> None:
        blocks = [b for track in self.tracks.values() if (b := track.block(now)) is not None]
        message = rtcp.receiver_report(self._ssrc, blocks)
        message += rtcp.source_description(self._ssrc, "hub")
        camera = self.tracks.get("video")
        if camera is not None and camera.ssrc is not None:
            cap = max(FLOOR, min(CEILING, camera.cap or CEILING))
            message += rtcp.bitrate_estimate(self._ssrc, cap, (camera.ssrc,))
        for lane in self.lanes.values():
            report = lane.report(now)
            if report is not None and len(message) + len(report) <= _RTCP_SIZE:
                message += report
        self.transport.send_rtcp(message)

    def _measure_bitrate(self, now: float) -> None:
        elapsed = now - self._report_at
        received, sent = self.transport.bytes_in, self.transport.bytes_out
        self.bitrate_in = int((received - self._bytes_before[0]) * 8 / elapsed)
        self.bitrate_out = int((sent - self._bytes_before[1]) * 8 / elapsed)
        self._bytes_before = (received, sent)
