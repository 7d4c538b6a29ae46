"""Addresses that must never make Candy open a connection, as a corpus.

`{port}` is the port of the listener that stands for a private service; `dns` gives the answers of
the stub resolver, one list per question, the last one repeated. Names below `public.test` resolve
to PUBLIC, a public address that the harness leads to a server whose `/to?<url>` redirects.
"""

from __future__ import annotations

from dataclasses import dataclass, field

PUBLIC = "93.184.215.14"
PUBLIC6 = "2606:2800:21f:cb07:6820:80da:af6b:8b2c"


@dataclass(frozen=True)
class Case:
    name: str
    url: str
    dns: dict[str, list[list[str]]] = field(default_factory=dict)


def _named(name: str, *answers: list[str]) -> Case:
    return Case(name, "http://evil.test:{port}/", {"evil.test": list(answers)})


_LITERALS = {
    "loopback": "127.0.0.1",
    "loopback, other": "127.8.8.8",
    "zero": "0.0.0.0",
    "this network": "0.1.2.3",
    "private 10": "10.0.0.1",
    "private 172": "172.16.0.1",
    "private 192": "192.168.1.1",
    "carrier-grade nat": "100.64.0.1",
    "alibaba metadata": "100.100.100.200",
    "link-local": "169.254.1.1",
    "cloud metadata": "169.254.169.254",
    "azure host agent": "168.63.129.16",
    "protocol assignments": "192.0.0.192",
    "6to4 relay": "192.88.99.1",
    "benchmark": "198.18.0.1",
    "documentation": "203.0.113.9",
    "multicast": "224.0.0.1",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "v6 loopback": "[::1]",
    "v6 unspecified": "[::]",
    "v4-mapped": "[::ffff:127.0.0.1]",
    "v4-mapped, hex": "[::ffff:7f00:1]",
    "v4-compatible": "[::127.0.0.1]",
    "siit": "[::ffff:0:127.0.0.1]",
    "nat64": "[64:ff9b::7f00:1]",
    "nat64, metadata": "[64:ff9b::a9fe:a9fe]",
    "nat64, local": "[64:ff9b:1::7f00:1]",
    "6to4": "[2002:7f00:1::]",
    "teredo": "[2001:0:7f00:1::1]",
    "orchid": "[2001:20::1]",
    "v6 documentation": "[2001:db8::1]",
    "v6 documentation, new": "[3fff::1]",
    "unique local": "[fd00::1]",
    "aws metadata v6": "[fd00:ec2::254]",
    "v6 link-local": "[fe80::1]",
    "site-local": "[fec0::1]",
    "v6 multicast": "[ff02::1]",
    "discard": "[100::1]",
    "segment routing": "[5f00::1]",
}

_SPELLINGS = {
    "octal": "http://0177.0.0.1:{port}/",
    "octal, padded": "http://0000177.0.0.01:{port}/",
    "hex": "http://0x7f.0x0.0x0.0x1:{port}/",
    "hex, one number": "http://0x7f000001:{port}/",
    "decimal": "http://2130706433:{port}/",
    "short": "http://127.1:{port}/",
    "shorter": "http://0:{port}/",
    "trailing dot": "http://127.0.0.1.:{port}/",
    "full-width digits": "http://１２７.0.0.1:{port}/",
    "circled digits": "http://①②⑦.⓪.⓪.①:{port}/",
    "ideographic dots": "http://127。0。0。1:{port}/",
    "arabic digits": "http://١٢٧.0.0.1:{port}/",
    "circled letters": "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:{port}/",
    "percent-encoded": "http://%31%32%37.0.0.1:{port}/",
    "user info": "http://public.test@127.0.0.1:{port}/",
    "user info, reversed": "http://127.0.0.1:{port}@public.test/",
    "two at signs": "http://a@127.0.0.1:{port}@public.test/",
    "backslash": "http://public.test\\@127.0.0.1:{port}/",
    "backslash path": "http:\\\\127.0.0.1:{port}/",
    "backslash host": "http://127.0.0.1:{port}\\.public.test/",
    "tab in host": "http://127.0.\t0.1:{port}/",
    "newline": "http://127.0.0.1:{port}/\r\nHost: public.test",
    "space": "http://127.0.0.1:{port} .public.test/",
    "null byte": "http://127.0.0.1\x00.public.test:{port}/",
    "zone": "http://[fe80::1%25lo]:{port}/",
    "broken brackets": "http://[127.0.0.1]:{port}/",
    "fragment trick": "http://127.0.0.1:{port}#@public.test/",
    "empty host": "http://:{port}/",
    "no scheme": "//127.0.0.1:{port}/",
    "port zero": "http://public.test:0/",
    "port ssh": "http://public.test:22/",
    "port mail": "http://public.test:25/",
    "port cache": "http://public.test:6379/",
    "port too high": "http://public.test:65616/",
    "file": "file:///etc/passwd",
    "ftp": "ftp://127.0.0.1:{port}/",
    "gopher": "gopher://127.0.0.1:{port}/_x",
    "websocket": "ws://127.0.0.1:{port}/",
    "unix socket": "http+unix://%2Fvar%2Frun%2Fdocker.sock/",
    "data": "data:text/plain,hello",
}

_NAMES = [
    Case("localhost", "http://localhost:{port}/"),
    Case("localhost, upper case", "http://LOCALHOST:{port}/"),
    Case("localhost, trailing dot", "http://localhost.:{port}/"),
    _named("name to loopback", ["127.0.0.1"]),
    _named("name to metadata", ["169.254.169.254"]),
    _named("name to v6 loopback", ["::1"]),
    _named("name to v4-mapped", ["::ffff:127.0.0.1"]),
    _named("name to scoped link-local", ["fe80::1%1"]),
    _named("mixed, private last", [PUBLIC, "127.0.0.1"]),
    _named("mixed, private first", ["127.0.0.1", PUBLIC]),
    _named("mixed, v6 private", [PUBLIC, "::1"]),
    _named("mixed, public v6 and private v4", [PUBLIC6, "10.0.0.1"]),
    _named("garbage answer", ["not-an-address"]),
    Case(
        "rebinding between redirects",
        "http://public.test/to?http://public.test:{port}/",
        {"public.test": [[PUBLIC], ["127.0.0.1"]]},
    ),
]

_REDIRECTS = {
    "redirect to loopback": "http://127.0.0.1:{port}/",
    "redirect to metadata": "http://169.254.169.254/latest/meta-data/",
    "redirect to v6": "http://[::1]:{port}/",
    "redirect to octal": "http://0177.0.0.1:{port}/",
    "redirect to decimal": "http://2130706433:{port}/",
    "redirect to localhost": "http://localhost:{port}/",
    "redirect without scheme": "//127.0.0.1:{port}/",
    "redirect with backslashes": "/\\127.0.0.1:{port}/",
    "redirect with user info": "http://public.test@127.0.0.1:{port}/",
    "redirect to full-width": "//１２７.0.0.1:{port}/",
    "redirect to file": "file:///etc/passwd",
    "redirect to itself, then private": "http://public.test/to?http://127.0.0.1:{port}/",
}

CASES: list[Case] = [
    *(Case(name, f"http://{host}:{{port}}/") for name, host in _LITERALS.items()),
    *(Case(name, url) for name, url in _SPELLINGS.items()),
    *_NAMES,
    *(Case(name, f"http://public.test/to?{url}") for name, url in _REDIRECTS.items()),
]
