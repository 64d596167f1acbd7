"""A talk whose picture and sound go through the relay alone, as where a network lets no UDP out."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.browser import PORTRAIT
from tests.e2e.conftest import SeatPerson
from tests.e2e.server import demo
from tests.e2e.walk import booking_of, in_talk
from tests.relay import HERE, SECRET, relay

# Of a network for documentation (RFC 5737): the relay refuses loopback's own, whatever it is told.
HUB = "198.51.100.10"

# When the program ends before its browsers do.
GONE = (r"WebSocket", r"ERR_")

# What the connected pair begins with on this side (W3C webrtc-stats).
WAYS = """
async () => {
  const ways = [];
  for (const peer of window.peers) {
    if (peer.connectionState !== 'connected') continue;
    const report = await peer.getStats();
    for (const entry of report.values()) {
      if (entry.type !== 'transport') continue;
      const pair = report.get(entry.selectedCandidatePairId);
      ways.push(report.get(pair.localCandidateId).candidateType);
    }
  }
  return ways;
}
"""


@pytest.fixture
def hub_address() -> Iterator[str]:
    """One more address of the loopback interface."""
    if os.geteuid() != 0:
        pytest.skip("giving the loopback interface an address needs root")
    subprocess.run(["ip", "addr", "add", f"{HUB}/32", "dev", "lo"], check=True)
    yield HUB
    subprocess.run(["ip", "addr", "del", f"{HUB}/32", "dev", "lo"], check=True)


async def test_a_talk_through_the_relay_alone(
    tmp_path: Path, hub_address: str, person: SeatPerson
) -> None:
    secret = tmp_path / "turn"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    async with relay(tmp_path, hub=hub_address, relays_from=hub_address) as running:
        settings: dict[str, Any] = {
            "RECEPTION_TURN": f"turn:{HERE}:{running.port}?transport=tcp",
            "RECEPTION_TURN_SECRET_FILE": str(secret),
            "RECEPTION_TURN_POLICY": "relay",
            "RECEPTION_MEDIA_HOST": hub_address,
        }
        with demo(tmp_path / "data", **settings) as server:
            villager = await person("villager", viewport=PORTRAIT, expected=GONE)
            leader = await person("leader", expected=GONE)
            await in_talk(villager, leader, server, booking_of(server, 0), record=True)
            for somebody in (villager, leader):
                assert await somebody.page.evaluate(WAYS) == ["relay"]
