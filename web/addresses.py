"""Where a request comes from, also when proxies stand between."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from aiohttp.web import Request

from web.keys import CONTEXT

Network = IPv4Network | IPv6Network


def networks(listed: Sequence[str]) -> tuple[Network, ...]:
    """Read networks such as `10.20.0.0/16`. Raises `ValueError` for what is none."""
    return tuple(ip_network(one) for one in listed)


def address_of(request: Request) -> str:
    """Return the address a request comes from; empty when it came over no network.

    What a request says of itself (`X-Forwarded-For`) counts only where a trusted proxy wrote it.
    """
    forwarded = ",".join(request.headers.getall("X-Forwarded-For", []))
    trusted = request.app[CONTEXT].trusted_proxies
    return farthest(request.remote or "", forwarded, trusted)


def is_hearsay(request: Request) -> bool:
    """Tell whether a request was passed on by somebody who is not trusted to say whom they heard.

    It came through a proxy that nobody named, and `address_of` gives the proxy's own address.
    """
    peer = _plain(request.remote or "")
    trusted = request.app[CONTEXT].trusted_proxies
    return "X-Forwarded-For" in request.headers and not is_within_networks(peer, trusted)


def is_within_networks(address: str, listed: Sequence[Network]) -> bool:
    """Tell whether an address lies in one of the networks; one that is not known does not."""
    return address != "" and any(ip_address(address) in network for network in listed)


def farthest(peer: str, forwarded: str, trusted: Sequence[Network]) -> str:
    """Return the last address on the way that is known: the first that is no trusted proxy.

    Each proxy writes down, at the end of `forwarded`, whom it heard from; so the list is read from
    its end, and what stands before an untrusted address is hearsay. A word that is no address ends
    it too.
    """
    known = _plain(peer)
    for word in reversed(forwarded.split(",")):
        if not is_within_networks(known, trusted):
            break
        earlier = _plain(word.strip())
        if not earlier:
            break
        known = earlier
    return known


def _plain(text: str) -> str:
    """Write an address in its one form (an IPv4 one inside IPv6 as IPv4); empty if it is none."""
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(address)
