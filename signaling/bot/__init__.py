"""A participant without a browser: it joins by the public protocol and counts what it receives."""

from signaling.bot.channel import Channel, ChannelClosed
from signaling.bot.figures import Arrivals, Figures
from signaling.bot.talk import Bot, BotRefused

__all__ = ["Arrivals", "Bot", "BotRefused", "Channel", "ChannelClosed", "Figures"]
