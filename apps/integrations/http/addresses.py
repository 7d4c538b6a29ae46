"""Which addresses and spellings of a URL the outside world may make us connect to."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from unicodedata import normalize

from .errors import OutboundRefused

# `is_global` of the standard library knows the IANA special registries, but calls these reachable.
_FORBIDDEN_V4 = tuple(
    ip_network(n)
    for n in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT, and cloud metadata at 100.100.100.200
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's host agent, a public address by the book
        "169.254.0.0/16",  # link-local, and cloud metadata at 169.254.169.254
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
# Only 2000::/3 is handed out at all; inside it these carry an IPv4 address or lead nowhere.
_GLOBAL_V6 = IPv6Network("2000::/3")
_FORBIDDEN_V6 = tuple(
    IPv6Network(n)
    for n in (
        "2001::/23",  # Teredo, ORCHID, benchmarking and other protocol blocks
        "2001:db8::/32",
        "2002::/16",  # 6to4: the embedded address would be reached through any relay
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
# WHATWG's bad ports, and those of databases and control planes that speak HTTP to anyone.
_BAD_PORTS = """
    0 1 7 9 11 13 15 17 19 20 21 22 23 25 37 42 43 53 69 77 79 87 95 101 102 103 104 109 110 111 113
    115 117 119 123 135 137 139 143 161 179 389 427 465 512 513 514 515 526 530 531 532 540 548 554
    556 563 587 601 636 989 990 993 995 1719 1720 1723 2049 2375 2376 2379 3306 3389 3659 4045 4190
    5060 5061 5432 5900 6000 6379 6566 6665 6666 6667 6668 6669 6679 6697 9200 9300 10080 10250
    11211 27017
"""
_FORBIDDEN_PORTS = frozenset(int(port) for port in _BAD_PORTS.split())

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)", re.ASCII)
_AUTHORITY = re.compile(
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(?::(?P<port>[0-9]{1,5}))?", re.ASCII
)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
_NUMERIC_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)


def forbidden(address: str) -> bool:
    """Whether an address, as the resolver gave it, must not be connected to. Fails closed."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return True
    if isinstance(ip, IPv4Address):
        return not ip.is_global or any(ip in net for net in _FORBIDDEN_V4)
    return _forbidden_v6(ip)


def _forbidden_v6(ip: IPv6Address) -> bool:
    # Everything that maps, translates or embeds IPv4 outside 2000::/3 (::/96, ::ffff:0:0/96, SIIT
    # ::ffff:0:0:0/96, NAT64 64:ff9b::/96 and 64:ff9b:1::/48) is out, and so are ULA and link-local.
    if ip not in _GLOBAL_V6 or not ip.is_global:
        return True
    return any(ip in net for net in _FORBIDDEN_V6)


def check_spelling(url: str) -> None:
    """Refuse what two URL parsers could read differently, before any of them sees it."""
    if not isinstance(url, str) or not url or len(url) > 8192:
        raise OutboundRefused("The address is empty or too long.")
    if any(ord(ch) <= 0x20 or ord(ch) == 0x7F or ch == "\\" for ch in url):
        raise OutboundRefused("The address contains characters that do not belong there.")
    match = _URL.match(url)
    if match is None or match["scheme"].lower() not in ("http", "https"):
        raise OutboundRefused("Only http and https addresses are allowed.")
    authority = match["authority"]
    if "@" in authority:
        raise OutboundRefused("An address must not carry a user name or password.")
    if "%" in authority:
        raise OutboundRefused("The host name is not spelt plainly.")
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        raise OutboundRefused("The host name is not valid.")
    host = parts["host"]
    if not host.isascii() and not _plain_unicode(host):
        raise OutboundRefused("The host name is not spelt plainly.")


def _plain_unicode(host: str) -> bool:
    """An international name stays itself under NFKC; full-width digits and other dots do not."""
    if any(ch in "\u3002\uff0e\uff61" or (ch.isdigit() and not ch.isascii()) for ch in host):
        return False
    return normalize("NFKC", host).lower() == host.lower()


def check_origin(scheme: str, host: str, port: int | None) -> tuple[str, int]:
    """Host and port in canonical form, ready to resolve. `host` comes without brackets."""
    if scheme not in ("http", "https"):
        raise OutboundRefused("Only http and https addresses are allowed.")
    number = port if port is not None else (443 if scheme == "https" else 80)
    if number in _FORBIDDEN_PORTS or not 0 < number < 65536:
        raise OutboundRefused(f"Port {number} is not used for web addresses.")
    return _canonical_host(host), number


def _canonical_host(host: str) -> str:
    if ":" in host:
        try:
            return str(IPv6Address(host))
        except ValueError:
            raise OutboundRefused("The host name is not valid.") from None
    name = host.lower().removesuffix(".")
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise OutboundRefused("The host name is not valid.")
    if _NUMERIC_LABEL.fullmatch(labels[-1]):
        # Resolvers read 0177.1, 0x7f000001 and 2130706433 as addresses; only the plain form counts.
        try:
            return str(IPv4Address(name))
        except ValueError:
            raise OutboundRefused("The host name is not spelt plainly.") from None
    return name
