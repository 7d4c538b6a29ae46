"""What strangers send is judged by its content, in a confined process, and refused with a reason."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from apps.media import confine
from apps.media.checking import service
from apps.media.confine import Limits
from apps.media.errors import CheckTooHeavy, FileRefused
from apps.media.types import DOC, DOCX, MKV, MOV, MP4, PDF, PPTX, WEBM
from apps.media.video import ffmpeg, intake
from apps.media.video.ffmpeg import Source
from tests.media import samples


def take(data: bytes, folder: Path) -> Any:
    """All that an upload goes through, without a database."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        found = service.inspect(file.fileno(), folder=folder)
        if found.kind == "video":
            source = Source(file.fileno(), found.mime)
            return found, intake.take(source, len(data), folder=folder, tick=None)
        return found, None


@pytest.mark.parametrize("name", samples.HOSTILE)
def test_a_hostile_file_is_refused_with_its_code(name: str, tmp_path: Path) -> None:
    make, code = samples.HOSTILE[name]
    with pytest.raises(FileRefused) as refused:
        take(make(), tmp_path)
    assert refused.value.code == code, refused.value.message
    assert refused.value.message.endswith(".")


GOOD: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "JPEG": (lambda: samples.picture("JPEG"), "image", "image/jpeg"),
    "PNG": (lambda: samples.picture("PNG"), "image", "image/png"),
    "WebP": (lambda: samples.picture("WEBP"), "image", "image/webp"),
    "GIF": (lambda: samples.animation(), "gif", "image/gif"),
    "MP4": (lambda: samples.video("mp4"), "video", MP4),
    "MP4 filled up with zeros": (lambda: samples.video("mp4") + bytes(500), "video", MP4),
    "WebM": (lambda: samples.video("webm"), "video", WEBM),
    "MOV": (lambda: samples.video("mov"), "video", MOV),
    "MKV": (lambda: samples.video("mkv"), "video", MKV),
    "PDF": (samples.pdf, "document", PDF),
    "Word": (samples.docx, "document", DOCX),
    "PowerPoint": (samples.pptx, "document", PPTX),
    "old Word": (lambda: samples.cfb("WordDocument"), "document", DOC),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_file_is_taken(name: str, tmp_path: Path) -> None:
    make, kind, mime = GOOD[name]
    found, _ = take(make(), tmp_path)
    assert (found.kind, found.mime) == (kind, mime)


def test_pages_and_time_are_counted(tmp_path: Path) -> None:
    assert take(samples.pdf(3), tmp_path)[0].pages == 3
    assert take(samples.pptx(4), tmp_path)[0].pages == 4
    found, _ = take(samples.animation(5, milliseconds=100), tmp_path)
    assert (found.frames, found.duration) == (5, 0.5)


def test_a_photo_with_what_phones_append_is_taken(tmp_path: Path) -> None:
    """A motion photo carries a video behind the picture; only programs are refused there."""
    found, _ = take(samples.picture() + samples.video(), tmp_path)
    assert found.kind == "image"


def test_a_video_is_described(tmp_path: Path) -> None:
    _, taken = take(samples.video("mp4"), tmp_path)
    probe = taken.probe
    assert (probe.width, probe.height, probe.fps) == (320, 240, 25)
    assert (probe.video_codec, probe.audio_codec, probe.pixel_format) == ("h264", "aac", "yuv420p")
    assert probe.duration == pytest.approx(2, abs=0.1)
    assert probe.is_for_browsers
    assert size_of(taken.cover) == (320, 240)


def test_a_video_on_its_side_is_measured_upright(tmp_path: Path) -> None:
    flat = tmp_path / "flat.mp4"
    flat.write_bytes(samples.video("mp4"))
    with flat.open("rb") as file:
        ran = ffmpeg.look(
            [
                *Source(file.fileno(), MP4).arguments("-display_rotation", "90"),
                *("-c", "copy", "turned.mp4"),
            ],
            source=Source(file.fileno(), MP4),
            folder=tmp_path,
        )
    assert ran.code == 0
    _, taken = take((tmp_path / "turned.mp4").read_bytes(), tmp_path)
    assert (taken.probe.width, taken.probe.height) == (240, 320)
    assert size_of(taken.cover) == (240, 320)


def test_where_and_who_leaves_a_video_with_its_first_copy(tmp_path: Path) -> None:
    sent = samples.video_with_location()
    secrets = (b"52.5200", b"Ada", b"location")
    assert all(secret in sent for secret in secrets)
    _, taken = take(sent, tmp_path)
    kept = taken.master.read_bytes() + taken.cover.read_bytes()
    assert not [secret for secret in secrets if secret in kept]


def test_the_heaviest_photo_is_checked_within_half_a_gigabyte(tmp_path: Path) -> None:
    out = io.BytesIO()
    Image.new("RGB", (7000, 5700), "tomato").save(out, "JPEG", progressive=True)
    began = time.monotonic()
    found, _ = take(out.getvalue(), tmp_path)
    assert (found.width, found.height) == (7000, 5700)
    assert time.monotonic() - began < 30
    assert service.CHECK.memory <= 512_000_000


def test_a_check_that_takes_too_long_is_a_refusal(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(service, "CHECK", Limits(seconds=0.01))
    with pytest.raises(CheckTooHeavy):
        take(samples.picture(), tmp_path)


def test_a_check_that_takes_too_much_memory_is_a_refusal(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(service, "CHECK", Limits(memory=150_000_000))
    with pytest.raises(CheckTooHeavy):
        take(samples.picture(size=(6000, 6000)), tmp_path)


def test_the_demuxer_is_said_so_a_list_of_files_opens_nothing(tmp_path: Path) -> None:
    """Behind our own look: what ffmpeg itself would do with a list named .mp4."""
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(samples.video())
    for text in (f"ffconcat version 1.0\nfile {secret}\n", f"#EXTM3U\n#EXTINF:1,\n{secret}\n"):
        with tempfile.TemporaryFile() as file:
            file.write(text.encode())
            file.flush()
            with pytest.raises(FileRefused):
                intake.look(Source(file.fileno(), MP4), folder=tmp_path)


def test_the_confined_program_sees_no_files_no_network_and_no_environment(
    tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setenv("CANDY_MASTER_KEY", "secret")
    code = (
        "import os, socket, json\n"
        "def tried(f, *a):\n"
        "    try: f(*a); return 'done'\n"
        "    except OSError: return 'refused'\n"
        "print(json.dumps([sorted(os.environ), tried(open, '/etc/passwd'),\n"
        "    tried(open, '/tmp/candy-outside', 'w'), tried(open, 'inside', 'w'),\n"
        "    tried(socket.create_connection, ('127.0.0.1', 6390), 1)]))"
    )
    ended = confine.run([sys.executable, "-I", "-c", code], folder=tmp_path, limits=Limits())
    names, passwd, outside, inside, network = json.loads(ended.out)
    assert "CANDY_MASTER_KEY" not in names
    assert "PATH" not in names
    assert inside == "done"
    assert network == "refused"
    if _has_landlock():
        assert (passwd, outside) == ("refused", "refused")


def test_a_program_that_fills_the_memory_is_ended_with_its_children(tmp_path: Path) -> None:
    """What it reserves does not count, what lies in memory does, of all its processes together."""
    code = (
        "import mmap, os, time\n"
        "mmap.mmap(-1, 4 << 30)\n"
        "os.fork()\n"
        "held = b'x' * 70_000_000\n"
        "time.sleep(20)"
    )
    command = [sys.executable, "-I", "-c", code]
    started = time.monotonic()
    with pytest.raises(confine.TooMuchMemory):
        confine.run(command, folder=tmp_path, limits=Limits(resident=120 * confine.MB))
    assert time.monotonic() - started < 10
    quick = [sys.executable, "-I", "-c", code.replace("20)", "0.5)")]
    assert confine.run(quick, folder=tmp_path, limits=Limits(resident=300 * confine.MB)).code == 0


def test_nothing_of_its_group_outlives_it(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time\n"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(p.pid, flush=True); time.sleep(60)"
    )
    seen: list[int] = []

    def stop() -> None:
        if seen:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        confine.run(
            [sys.executable, "-I", "-c", code],
            folder=tmp_path,
            limits=Limits(),
            on_line=lambda line: seen.append(int(line)),
            tick=stop,
        )
    wait_for(lambda: not is_alive(seen[0]))


@pytest.mark.skipif(sys.platform != "linux", reason="what dies with its parent is Linux's")
def test_the_program_dies_with_a_worker_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from apps.media import confine\n"
        "confine.run([sys.executable, '-I', '-c', 'import os, time; "
        'open("pid", "w").write(str(os.getpid())); time.sleep(60)\'],'
        f"folder=Path({str(tmp_path)!r}), limits=confine.Limits())"
    )
    worker = subprocess.Popen([sys.executable, "-c", code])
    note = tmp_path / "pid"
    wait_for(lambda: note.exists() and note.read_text() != "")
    worker.kill()
    worker.wait()
    wait_for(lambda: not is_alive(int(note.read_text())))


def test_it_cannot_multiply_without_end(tmp_path: Path) -> None:
    code = (
        "import os, time\n"
        "n = 0\n"
        "try:\n"
        "    while n < 200:\n"
        "        if os.fork() == 0: time.sleep(5); os._exit(0)\n"
        "        n += 1\n"
        "except OSError: pass\n"
        "print(n, flush=True)\n"
        "os.kill(0, 9)"
    )
    command = [sys.executable, "-I", "-c", code]
    ended = confine.run(command, folder=tmp_path, limits=Limits(tasks=20))
    if os.getuid() == 0 or not has_namespaces():
        pytest.skip("the kernel counts no tasks of root, nor apart without namespaces")
    assert int(ended.out) <= 20


def wait_for(happened: Callable[[], bool]) -> None:
    for _ in range(600):
        if happened():
            return
        time.sleep(0.05)
    pytest.fail("it did not happen")


def is_alive(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().split()[2] != "Z"


def has_namespaces() -> bool:
    return subprocess.run(["unshare", "-Un", "true"], capture_output=True).returncode == 0


def size_of(cover: Path) -> tuple[int, int]:
    with Image.open(cover) as image:
        return image.size


def _has_landlock() -> bool:
    import ctypes

    return bool(ctypes.CDLL(None).syscall(444, None, 0, 1) >= 1)
