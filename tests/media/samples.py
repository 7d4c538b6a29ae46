"""Images for tests, made on the spot."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image


def picture(
    kind: str = "JPEG", size: tuple[int, int] = (64, 48), color: Any = "tomato", **save: Any
) -> bytes:
    out = io.BytesIO()
    mode = "RGBA" if isinstance(color, tuple) and len(color) == 4 else "RGB"
    Image.new(mode, size, color).save(out, kind, **save)
    return out.getvalue()


def noise(size: tuple[int, int], kind: str = "JPEG", **save: Any) -> bytes:
    """An image that does not compress."""
    import random

    chance = random.Random(7)
    out = io.BytesIO()
    Image.frombytes("RGB", size, chance.randbytes(size[0] * size[1] * 3)).save(out, kind, **save)
    return out.getvalue()


def with_location(size: tuple[int, int] = (80, 40), orientation: int = 6) -> bytes:
    """A JPEG that lies on its side and says where it was taken."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Camera of Ada"
    exif[0x8825] = {1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 36.0)}
    return picture(size=size, exif=exif)


def animation(frames: int = 3, size: tuple[int, int] = (32, 32)) -> bytes:
    out = io.BytesIO()
    shots = [Image.new("RGB", size, (index * 20 % 255, 90, 120)) for index in range(frames)]
    shots[0].save(out, "GIF", save_all=True, append_images=shots[1:], duration=80, loop=0)
    return out.getvalue()


def bomb(side: int = 30_000) -> bytes:
    """A PNG of a few kilobytes that claims `side` × `side` pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 10_000))
        + chunk(b"IEND", b"")
    )
