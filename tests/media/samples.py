"""Files for tests, good and bad, made on the spot: nothing large lies in the repository."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFilter

# --- images ---------------------------------------------------------------------------------------


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


def animation(frames: int = 3, size: tuple[int, int] = (32, 32), milliseconds: int = 80) -> bytes:
    out = io.BytesIO()
    shots = [Image.new("RGB", size, (index * 20 % 255, 90, 120)) for index in range(frames)]
    shots[0].save(out, "GIF", save_all=True, append_images=shots[1:], duration=milliseconds, loop=0)
    return out.getvalue()


def with_mark(size: tuple[int, int] = (900, 300), at: tuple[int, int] = (740, 140)) -> bytes:
    """A calm picture with lettering far from its middle."""
    image = Image.new("RGB", size, "#dfe7ec")
    pen = ImageDraw.Draw(image)
    for line in range(4):
        pen.text((at[0], at[1] + line * 14), "CANDY & CO", fill="#101030")
    pen.rectangle((at[0] - 14, at[1] - 14, at[0] + 80, at[1] + 66), outline="#c01050", width=4)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def with_face(at: tuple[int, int] = (700, 250), size: int = 90) -> bytes:
    """A wide picture with a drawn face on one side, and lettering on the other."""
    image = Image.new("RGB", (900, 500), (150, 160, 170))
    pen = ImageDraw.Draw(image)
    for line in range(6):
        pen.text((60, 180 + line * 20), "BUY ONE GET TWO", fill="black")
    x, y = at

    def oval(left: float, top: float, right: float, bottom: float, fill: tuple[int, ...]) -> None:
        pen.ellipse((x + left * size, y + top * size, x + right * size, y + bottom * size), fill)

    oval(-0.8, -1.15, 0.8, 0.35, (60, 45, 35))
    oval(-0.72, -1, 0.72, 1, (225, 185, 160))
    oval(-0.8, -1.2, 0.8, -0.55, (60, 45, 35))
    for eye in (-0.32, 0.32):
        oval(eye - 0.2, -0.27, eye + 0.2, -0.03, (170, 125, 105))
        oval(eye - 0.15, -0.22, eye + 0.15, -0.08, (245, 245, 245))
        oval(eye - 0.07, -0.22, eye + 0.07, -0.08, (30, 25, 20))
        oval(eye - 0.2, -0.4, eye + 0.2, -0.33, (60, 40, 30))
    oval(-0.12, -0.1, 0.12, 0.25, (205, 160, 135))
    oval(-0.27, 0.42, 0.27, 0.58, (150, 60, 60))
    out = io.BytesIO()
    image.filter(ImageFilter.GaussianBlur(2)).save(out, "PNG")
    return out.getvalue()


def with_portrait(at: tuple[int, int], size: tuple[int, int]) -> tuple[bytes, tuple[float, ...]]:
    """A photo of a person somewhere in a plain picture, and the face's box: left, top, right, bottom.

    The photo is NASA's portrait of Eileen Collins, which is in the public domain.
    """
    with Image.open(Path(__file__).parent / "files" / "portrait.jpg") as photo:
        image = Image.new("RGB", size, (150, 160, 170))
        image.paste(photo, at)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue(), (at[0] + 106, at[1] + 38, at[0] + 172, at[1] + 116)


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


# --- videos ---------------------------------------------------------------------------------------


@lru_cache
def video(
    kind: str = "mp4",
    *,
    size: str = "320x240",
    seconds: float = 2,
    rate: int = 25,
    sound: bool = True,
    volume: float = 1.0,
    codecs: tuple[str, ...] = (),
    options: tuple[str, ...] = (),
) -> bytes:
    """A moving test picture with a tone. ``codecs`` are ffmpeg's options for them."""
    from apps.media.video.ffmpeg import binary

    chosen = (
        codecs
        or {
            "mp4": (
                "-c:v",
                "libx264",
                "-preset",
                "ultrafast",
                "-pix_fmt",
                "yuv420p",
                "-c:a",
                "aac",
            ),
            "mov": ("-c:v", "prores", "-c:a", "pcm_s16le"),
            "webm": (
                "-c:v",
                "libvpx",
                "-deadline",
                "realtime",
                "-cpu-used",
                "8",
                "-c:a",
                "libopus",
            ),
            "mkv": (
                "-c:v",
                "libx264",
                "-preset",
                "ultrafast",
                "-pix_fmt",
                "yuv420p",
                "-c:a",
                "aac",
            ),
        }[kind]
    )
    tone = f"sine=frequency=440:duration={seconds},volume={volume}"
    command = [
        str(binary()),
        *("-v", "error", "-y"),
        *("-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}:duration={seconds}"),
        *(("-f", "lavfi", "-i", tone) if sound else ()),
        *chosen,
        *("-threads", "1"),
        *options,
    ]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"made.{kind}"
        subprocess.run([*command, str(file)], check=True)
        return file.read_bytes()


def film_of(picture: bytes, seconds: float = 1) -> bytes:
    """A video that shows one picture all the time."""
    from apps.media.video.ffmpeg import binary

    with tempfile.TemporaryDirectory() as folder:
        still, file = Path(folder) / "still.png", Path(folder) / "made.mp4"
        still.write_bytes(picture)
        command = [str(binary()), *("-v", "error", "-y", "-loop", "1", "-i", str(still))]
        command += ["-t", str(seconds), "-r", "25", "-pix_fmt", "yuv420p", "-preset", "ultrafast"]
        subprocess.run([*command, str(file)], check=True)
        return file.read_bytes()


@lru_cache
def video_with_location() -> bytes:
    """A phone's video: it says where and when, in the file and in each of its tracks."""
    return video(
        options=(
            *("-metadata", "location=+52.5200+013.4050/", "-metadata", "title=At Ada's house"),
            *("-metadata", "creation_time=2026-05-04T03:02:01Z"),
            *("-metadata:s:v", "handler_name=Camera of Ada", "-movflags", "use_metadata_tags"),
            *("-metadata", "com.apple.quicktime.location.ISO6709=+52.5200+013.4050/"),
        )
    )


def fast_start(data: bytes) -> bytes:
    """The same video with its index first, so that cutting its end off leaves the index."""
    moov = data.index(b"moov") - 4
    length = int.from_bytes(data[moov : moov + 4])
    ftyp = int.from_bytes(data[:4])
    return data[:ftyp] + data[moov : moov + length] + data[ftyp:moov] + data[moov + length :]


# --- documents ------------------------------------------------------------------------------------


def pdf(
    pages: int = 2, *, script: bool = False, password: str = "", attachment: bool = False
) -> bytes:
    import pypdf
    from pypdf.generic import DictionaryObject, NameObject, TextStringObject

    writer = pypdf.PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(200, 300)
    if script:
        action = DictionaryObject(
            {
                NameObject("/S"): NameObject("/JavaScript"),
                NameObject("/JS"): TextStringObject("app.alert('hello')"),
            }
        )
        writer.root_object[NameObject("/OpenAction")] = action
    if attachment:
        writer.add_attachment("run.exe", b"MZ")
    if password:
        writer.encrypt(password)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def docx(**extra: bytes) -> bytes:
    """A small Word document; ``extra`` adds parts by name (``__`` for ``/``)."""
    import docx as library

    document = library.Document()
    document.add_paragraph("Hello")
    out = io.BytesIO()
    document.save(out)
    if extra:
        out.seek(0)
        with zipfile.ZipFile(out, "a") as archive:
            for name, data in extra.items():
                path = name.replace("__", "/").replace("_DOT_", ".")
                archive.writestr(path, data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def pptx(slides: int = 3) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("ppt/presentation.xml", "<p/>")
        for number in range(1, slides + 1):
            archive.writestr(f"ppt/slides/slide{number}.xml", "<p/>")
    return out.getvalue()


def docx_bomb() -> bytes:
    return docx(word__media__x_DOT_bin=b"\0" * 60_000_000)


def zip_file() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("readme.txt", "hello")
    return out.getvalue()


def cfb(*streams: str, data: bytes = b"\xec\xa5" + b"\0" * 5000) -> bytes:
    """An old office file with these streams, the first of which holds ``data``."""
    names = ["Root Entry", *streams]
    sectors = -(-max(len(data), 4096) // 512)
    first = 2 + -(-len(names) // 4)  # FAT, directory, then the stream
    fat = [0xFFFFFFFD] + [0xFFFFFFFE if n == first - 2 else n + 2 for n in range(first - 1)]
    fat = [0xFFFFFFFD]
    fat += [*range(2, first - 1), 0xFFFFFFFE]
    fat += [*range(first, first + sectors - 1), 0xFFFFFFFE]
    fat += [0xFFFFFFFF] * (128 - len(fat))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16
    header += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + b"\0" * 6
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header += struct.pack("<I", 0) + b"\xff" * (4 * 108)
    entries = b""
    for number, name in enumerate(names):
        coded = name.encode("utf-16-le") + b"\0\0"
        kind = 5 if number == 0 else 2
        right = number + 1 if 0 < number < len(names) - 1 else 0xFFFFFFFF
        child = 1 if number == 0 and len(names) > 1 else 0xFFFFFFFF
        start, size = (first - 1, max(len(data), 4096)) if number == 1 else (0xFFFFFFFE, 0)
        entries += coded.ljust(64, b"\0") + struct.pack("<HBB", len(coded), kind, 1)
        entries += struct.pack("<III", 0xFFFFFFFF, right, child) + b"\0" * 36
        entries += struct.pack("<IQ", start, size)
    entries = entries.ljust((first - 2) * 512, b"\0")
    body = data.ljust(sectors * 512, b"\0")
    return header + struct.pack("<128I", *fat) + entries + body


# --- what must not come in ------------------------------------------------------------------------


_PAGE = b"<html><body><script>alert(1)</script></body></html>"


def _zeroed() -> bytes:
    """A video whose pictures have been overwritten."""
    clip = video()
    begin, end = clip.index(b"mdat") + 4, clip.index(b"moov") - 4
    return clip[:begin] + bytes(end - begin) + clip[end:]


# Files that lie about themselves or harm who opens them, with the code they are refused by.
HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "an empty file": (lambda: b"", "file_empty"),
    "an SVG": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", "type_not_taken"),
    "an SVG with a script": (lambda: b"<?xml version='1.0'?><svg onload='x()'/>", "type_not_taken"),
    "a web page": (lambda: b"\xef\xbb\xbf <!DOCTYPE html>" + _PAGE, "type_not_taken"),
    "a program": (lambda: b"\x7fELF" + b"\0" * 100, "type_not_taken"),
    "plain text": (lambda: b"hello there", "type_not_taken"),
    "a ZIP": (zip_file, "type_not_taken"),
    "an HEIC photo": (lambda: b"\0\0\0\x18ftypheic" + b"\0" * 100, "type_not_taken"),
    "sound alone": (lambda: b"\0\0\0\x18ftypM4A " + b"\0" * 100, "type_not_taken"),
    "a pixel bomb": (bomb, "too_many_pixels"),
    "half a photo": (lambda: noise((100, 100))[:4000], "image_broken"),
    "a GIF that is a page": (lambda: animation() + _PAGE, "polyglot"),
    "a GIF that is a script": (
        lambda: b"GIF89a/*" + animation()[8:] + b"*/=1;x()",
        "polyglot",
    ),
    "a JPEG that is a ZIP": (lambda: picture() + zip_file(), "polyglot"),
    "a JPEG with a page inside": (lambda: picture(comment=_PAGE), "polyglot"),
    "a JPEG that is a PDF": (lambda: picture(comment=b"%PDF-1.7 " + b"x" * 50), "polyglot"),
    "a PNG that is PHP": (lambda: picture("PNG") + b"<?php system('id') ?>", "polyglot"),
    "a WebP that is a page": (lambda: picture("WEBP") + _PAGE, "polyglot"),
    "an HLS list": (lambda: b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "video_not_taken"),
    "a concat list": (lambda: b"ffconcat version 1.0\nfile /etc/passwd\n", "video_not_taken"),
    "a list of files": (lambda: b"file '/etc/passwd'\n", "video_not_taken"),
    "half a video": (lambda: fast_start(video())[: len(video()) // 2], "video_broken"),
    "a video without index": (lambda: video()[: video().index(b"moov") - 4], "video_broken"),
    "half a Matroska": (lambda: video("mkv")[: len(video("mkv")) // 2], "video_broken"),
    "a video that is a page": (lambda: video() + _PAGE, "polyglot"),
    "a video that is a ZIP": (lambda: video() + zip_file(), "polyglot"),
    "a video of zeros": (_zeroed, "video_broken"),
    "a video of an odd codec": (
        lambda: video("mkv", sound=False, seconds=0.2, codecs=("-c:v", "ffv1")),
        "video_not_taken",
    ),
    "a video of sound alone": (
        lambda: video("mkv", seconds=0.2, codecs=("-c:a", "aac"), options=("-map", "1:a")),
        "video_not_taken",
    ),
    "half a PDF": (lambda: pdf()[: len(pdf()) // 2], "document_broken"),
    "a PDF with a script": (lambda: pdf(script=True), "document_active"),
    "a PDF with a program": (lambda: pdf(attachment=True), "document_active"),
    "a PDF with a password": (lambda: pdf(password="x"), "document_encrypted"),
    "a PDF that is a ZIP": (lambda: pdf() + zip_file(), "polyglot"),
    "a PDF that is a page": (lambda: b"%PDF-1.7\n" + _PAGE + pdf()[9:], "polyglot"),
    "a Word bomb": (docx_bomb, "document_bomb"),
    "a Word file with macros": (lambda: docx(word__vbaProject_DOT_bin=b"x"), "document_active"),
    "half a Word file": (lambda: docx()[: len(docx()) // 2], "document_broken"),
    "an old Word file with macros": (lambda: cfb("WordDocument", "Macros"), "document_active"),
    "an old Word file with a password": (
        lambda: cfb("WordDocument", data=b"\xec\xa5" + b"\0" * 9 + b"\1" + b"\0" * 5000),
        "document_encrypted",
    ),
    "an encrypted Word file": (
        lambda: cfb("EncryptedPackage", "EncryptionInfo", data=os.urandom(5000)),
        "document_encrypted",
    ),
    "an old spreadsheet": (lambda: cfb("Workbook"), "type_not_taken"),
    "half an old Word file": (lambda: cfb("WordDocument")[:900], "document_broken"),
}
