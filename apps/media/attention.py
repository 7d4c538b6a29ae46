"""Runs confined, by path: where a picture attracts attention. Argument: its file's descriptor.

Answers the *attention* that ``framing.py`` describes. Faces by the cascades that come with OpenCV;
logos and lettering as small regions dense with edges; the rest by what stands out from its
surroundings (spectral residual), by edges and by colour.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

COLUMNS = 24
_CASCADES = str(Path(cv2.__file__).parent / "data") + "/"
_SIDE = 480  # at which edges and marks are looked for
_FACES_SIDE = 800  # a face in a tall or wide picture is too small for the cascades below that
_FACE, _MARK = 3.0, 1.2  # how much a box counts beside all of the grid, which counts 1


def main() -> None:
    with os.fdopen(int(sys.argv[1]), "rb") as file:
        file.seek(0)
        with Image.open(file, formats=["JPEG", "PNG", "WEBP", "GIF"]) as image:
            image.draft("RGB", (_FACES_SIDE, _FACES_SIDE))
            image.thumbnail((_FACES_SIDE, _FACES_SIDE))
            picture = np.asarray(image.convert("RGBA"))
    sys.stdout.write(json.dumps(look(picture)))


def look(picture: Any) -> dict[str, Any]:
    """``picture``: height × width × RGBA, 8 bits."""
    faces = _faces(cv2.cvtColor(_flat(picture), cv2.COLOR_RGB2GRAY))
    scale = min(1.0, _SIDE / max(picture.shape[:2]))
    picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    alpha = picture[:, :, 3].astype(np.float32) / 255
    flat = _flat(picture)
    gray = cv2.cvtColor(flat, cv2.COLOR_RGB2GRAY)
    edges = _edges(gray)
    colour = cv2.cvtColor(flat, cv2.COLOR_RGB2HSV)[:, :, 1].astype(np.float32) / 255
    map_ = 0.5 * _unit(_residual(gray)) + 0.4 * _unit(edges) + 0.1 * _unit(colour)
    map_ *= 0.2 + 0.8 * alpha
    height, width = gray.shape
    rows = max(1, round(COLUMNS * height / width))
    rows = min(rows, COLUMNS * 4)
    grid = cv2.resize(map_, (COLUMNS, rows), interpolation=cv2.INTER_AREA)
    marks = [(x / width, y / height, w / width, h / height, v) for x, y, w, h, v in _marks(edges)]
    return {
        "rows": rows,
        "columns": COLUMNS,
        "grid": [round(float(value), 3) for value in grid.flatten()],
        "keep": [
            [*(round(float(share), 4) for share in box), weight] for *box, weight in faces + marks
        ],
    }


def _flat(picture: Any) -> Any:
    """On white where it is transparent."""
    alpha = picture[:, :, 3:].astype(np.float32) / 255
    return (picture[:, :, :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)


def _unit(values: Any) -> Any:
    peak = float(values.max())
    return values / peak if peak > 0 else values


def _edges(gray: Any) -> Any:
    across = cv2.Sobel(gray, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(gray, cv2.CV_32F, 0, 1)
    return cv2.GaussianBlur(cv2.magnitude(across, down), (0, 0), 3)


def _residual(gray: Any) -> Any:
    """What is left of a picture's spectrum when the ordinary is taken away (Hou and Zhang, 2007)."""
    small = cv2.resize(gray, (64, 64), interpolation=cv2.INTER_AREA).astype(np.float32)
    spectrum = np.fft.fft2(small)
    size = np.log(np.abs(spectrum) + 1e-6).astype(np.float32)
    rest = np.exp(size - cv2.blur(size, (3, 3)) + 1j * np.angle(spectrum))
    found = cv2.GaussianBlur((np.abs(np.fft.ifft2(rest)) ** 2).astype(np.float32), (0, 0), 2.5)
    return cv2.resize(found, (gray.shape[1], gray.shape[0]))


def _faces(gray: Any) -> list[tuple[float, float, float, float, float]]:
    """Boxes, as fractions, a good deal larger than what the cascades find: hair and chin belong to
    a face."""
    even = cv2.equalizeHist(gray)
    least = max(20, min(gray.shape) // 14)
    found: list[Any] = []
    for name, is_mirrored in (
        ("haarcascade_frontalface_alt2.xml", False),
        ("haarcascade_profileface.xml", False),
        ("haarcascade_profileface.xml", True),
    ):
        cascade = cv2.CascadeClassifier(_CASCADES + name)
        source = cv2.flip(even, 1) if is_mirrored else even
        for x, y, w, h in cascade.detectMultiScale(source, 1.1, 5, minSize=(least, least)):
            found.append((gray.shape[1] - x - w if is_mirrored else x, y, w, h))
    height, width = gray.shape
    wider = [(max(0, x - w * 0.2), max(0, y - h * 0.35), w * 1.4, h * 1.6) for x, y, w, h in found]
    return [(x / width, y / height, w / width, h / height, _FACE) for x, y, w, h in wider]


def _marks(edges: Any) -> list[tuple[float, float, float, float, float]]:
    """At most four regions dense with edges that are small against the picture."""
    height, width = edges.shape
    bar = float(edges.mean() + 1.5 * edges.std())
    if bar <= 0 or float(edges.std()) < 4:
        return []
    mask = cv2.dilate((edges > bar).astype(np.uint8), np.ones((9, 17), np.uint8))
    _, _, boxes, _ = cv2.connectedComponentsWithStats(mask)
    found = []
    for x, y, w, h, area in boxes[1:]:
        share = w * h / (width * height)
        if 0.002 < share < 0.25 and area > 0.4 * w * h:
            strength = float(edges[y : y + h, x : x + w].sum() / edges.sum())
            found.append((x, y, w, h, round(_MARK * strength, 3)))
    return sorted(found, key=lambda one: -one[4])[:4]


if __name__ == "__main__":
    main()
