"""How TikTok wants a file cut: equal pieces in order, and what is left over in the last one."""

from __future__ import annotations

from dataclasses import dataclass

from ..capabilities import UploadRules


@dataclass(frozen=True, slots=True)
class Plan:
    """`count` pieces of `chunk` bytes; the last one reaches to the end of the file."""

    size: int
    chunk: int
    count: int

    def piece(self, number: int) -> tuple[int, int]:
        """Start and length of piece `number`, counted from 0."""
        start = number * self.chunk
        last = number == self.count - 1
        return start, (self.size - start if last else self.chunk)

    def at(self, received: int) -> int:
        """The piece that comes next where so many bytes have arrived."""
        return min(received // self.chunk, self.count - 1)


def plan(size: int, rules: UploadRules) -> Plan:
    """TikTok counts floor(size / chunk) pieces; a small file is one piece of its own size."""
    chunk = rules.chunk_bytes
    if rules.max_chunks:
        chunk = max(chunk, -(-size // rules.max_chunks))
    count = size // chunk
    if count <= 1:
        return Plan(size, size, 1)
    return Plan(size, chunk, count)
