"""Runs confined, by path: looks at the file behind a descriptor and writes what may be kept of it.

Argument: a JSON object ``{"fd": n, "image_bytes": n}``. Answers one JSON object on standard output:
what was found, or ``{"error": {"code", "message"}}``. An image's master is written to ``master``.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import IO, Any

sys.path.insert(0, str(Path(__file__).parents[3]))

from apps.errors import DomainError
from apps.media.checking import containers, documents, polyglots
from apps.media.checking.sniff import CFB, HEAD, ZIP, sniff
from apps.media.errors import CheckTooHeavy, FileTooLarge
from apps.media.types import MIMES, MOV, MP4, PDF


def main() -> None:
    wishes = json.loads(sys.argv[1])
    try:
        with os.fdopen(wishes["fd"], "rb") as file:
            answer = look(file, wishes)
    except DomainError as error:
        answer = {"error": {"code": error.code, "message": error.message}}
    except MemoryError:
        message = "This file takes more memory to open than any picture or document should."
        answer = {"error": {"code": CheckTooHeavy.code, "message": message}}
    sys.stdout.write(json.dumps(answer))


def look(file: IO[bytes], wishes: dict[str, Any]) -> dict[str, Any]:
    """See the module. Raises the media app's errors."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    mime = sniff(file.read(HEAD))
    file.seek(0)
    if mime in MIMES.values():
        limit: int = wishes["image_bytes"]
        if size > limit:
            raise FileTooLarge(
                f"An image may have at most {limit / 1e6:.0f} MB. This one has more.", field="file"
            )
        return _image(file.read(), mime)
    if mime in (PDF, ZIP, CFB):
        polyglots.check_ends(file, size, is_zip=mime == ZIP)
        check = {
            PDF: documents.check_pdf,
            ZIP: documents.check_ooxml,
            CFB: documents.check_cfb,
        }[mime]
        found = check(file, size)
        return {"kind": "document", "mime": found.mime, "pages": found.pages}
    polyglots.check_ends(file, size)
    if mime in (MP4, MOV):
        containers.check_boxes(file, size)
    else:
        containers.check_ebml(file, size)
    return {"kind": "video", "mime": mime}


def _image(data: bytes, mime: str) -> dict[str, Any]:
    from apps.media import images

    polyglots.check_image(data, mime)
    made, mime, frames, seconds = images.sanitise_with_time(data)
    Path("master").write_bytes(made.data)
    return {
        "kind": "gif" if frames > 1 else "image",
        "mime": mime,
        "master_mime": made.mime,
        "width": made.width,
        "height": made.height,
        "frames": frames,
        "duration": seconds,
    }


if __name__ == "__main__":
    main()
