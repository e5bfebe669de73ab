"""Which addresses on the network footage may come from."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _networks(*texts: str) -> tuple[_Network, ...]:
    return tuple(map(ipaddress.ip_network, texts))


# https://www.iana.org/assignments/iana-ipv4-special-registry and its IPv6 twin. What Python's own ``is_global`` says
# of these depends on its version.
_OURS = _networks(
    "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"
)
"""This machine, and networks that belong to whoever runs it."""
_NEVER = _networks(
    "0.0.0.0/8",
    "168.63.129.16/32",  # the platform of one cloud, at an address that is public otherwise
    "169.254.0.0/16",  # with it the metadata of most clouds
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/128",
    "::ffff:0:0:0/96",  # IPv4 once more, to a translator: RFC 2765
    "100::/64",
    "100:0:0:1::/64",
    "2001::/23",
    "2001:db8::/32",
    "3fff::/20",
    "5f00::/16",
    "64:ff9b:1::/48",
    "fd00:ec2::/32",  # metadata again
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")


@dataclass(frozen=True, slots=True)
class Policy:
    """Which addresses may be asked; ``private`` ones are this machine's and its network's, which ``setting`` opens."""

    private: bool = False
    setting: str = "VIDEOQA_FETCH_PRIVATE"

    def problem_of(self, text: str) -> str | None:
        """Why nothing is fetched from the address ``text``; None where it may be."""
        address = _meant(ipaddress.ip_address(text.partition("%")[0]))
        if "%" in text or any(address in network for network in _NEVER):
            return f"{text} is no address of a server on the internet"
        if any(address in network for network in _OURS):
            return None if self.private else f"{text} is private; set {self.setting} to yes if it is meant to be"
        return None if address.is_global else f"{text} is no address of a server on the internet"


def _meant(address: _Address) -> _Address:
    """The IPv4 address that an IPv6 address stands for, or else itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour or address
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address
