"""The text channel a bot speaks through; the roof opens the WebSocket."""

from typing import Protocol


class ChannelClosed(Exception):
    """The other side closed the channel; `code` is the WebSocket close code, 0 when unknown."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Channel(Protocol):
    """One connection to `/ws`, text messages both ways."""

    async def send(self, text: str) -> None:
        """Send one message. Raises `ChannelClosed`."""

    async def receive(self) -> str:
        """Wait for the next message. Raises `ChannelClosed`."""
