"""Containers that writers, recorders and downloads left damaged, and that can be read all the same.

A WAV file holds its length three times, and a recorder that crashed, a pipe or a tool that edits tags leaves that
wrong. Where the samples are all there, `mend` writes a sound header before them, in memory; the file stays as it is.
"""

import io
import re
import struct
from typing import BinaryIO

from xser.corpora.audio.file_contents import HEAD

SLACK = 64  # bytes that a writer may be wrong by: some count the header too
ENDLESS = 0x7FFF0000  # as promised by writers that could not go back: to a pipe
TAG = 1024  # bytes of a tag that other programs append
LARGEST = 2**32 - 2 * HEAD  # bytes of a WAV file
SEARCHED = 2**20  # bytes in which samples are looked for behind a chunk of a wrong size
PCM_BITS = (8, 16, 24)  # of an encoding that has no name: with 32 it may be floating point
EXTENSIBLE, PCM = 0xFFFE, 1


def mend(file: BinaryIO) -> tuple[BinaryIO, str] | None:
    """Mend a WAV file that libsndfile would not read, or not whole.

    Parameters
    ----------
    file
        It may stand anywhere, and is left anywhere.

    Returns
    -------
        A WAV file with the same samples, in memory where that of `file` is of no use, and what is wrong; None when
        nothing is, or no mending helps.
    """
    file.seek(0)
    head = file.read(HEAD)
    found = re.search(rb"(?:RIFF|RF64)....WAVE", head, re.DOTALL)
    if found is None:
        return None
    start = found.start()
    size = file.seek(0, io.SEEK_END)
    encoding, data, wrong = _walk(file, start, size - start)
    if data is None or size > LARGEST:
        return None
    position, promised = data
    there = size - start - position
    pieces = _pieces(file, start + position, promised, size)
    if len(pieces) > 1 and encoding is not None and len(encoding) >= 14:
        frame = max(1, struct.unpack_from("<H", encoding, 12)[0])
        return io.BytesIO(_wav(encoding, _joined(file, pieces, frame))), "its samples stand in several chunks"
    if 0 < promised < there and _more_follows(file, start + position + promised, size):
        wrong = wrong or "more follows its samples than its header tells of"
        if start == 0 and encoding is not None:  # it may be samples or anything
            return file, wrong
    if promised == 0 and there > SLACK and not _are_chunks(file, start + position, size):
        wrong, promised = wrong or "its header promises no samples", there
    encoding, unnamed = _named(encoding)
    wrong = wrong or unnamed or ("something stands before its header" if start else "")
    if not wrong or encoding is None:
        return None
    file.seek(start + position)
    samples = file.read(min(promised, there))
    return io.BytesIO(_wav(encoding, samples)), wrong


def _walk(file: BinaryIO, start: int, size: int) -> tuple[bytes | None, tuple[int, int] | None, str]:
    """Find a WAV's encoding (the content of its `fmt ` chunk) and the (position, promised bytes) of its samples.

    `start` is where the file within the file begins, positions are counted from there.
    """
    encoding, at = None, 12
    while at + 8 <= size:
        file.seek(start + at)
        name, length = struct.unpack("<4sI", file.read(8))
        if name == b"data":
            return encoding, (at + 8, length), ""
        if not _is_name(name) or at + 8 + length > size:
            break
        if name == b"fmt ":
            encoding = file.read(min(length, HEAD))
        at += 8 + length + length % 2
    else:
        return encoding, None, ""
    before = max(12, at - 9)  # an odd chunk without its padding byte: the next one starts a byte earlier
    file.seek(start + before)
    window = file.read(SEARCHED)
    data = _find_data(window, 0, size - before)
    if data is None:
        return encoding, None, ""
    found = window.rfind(b"fmt ", 0, data[0])
    if encoding is None and found >= 0:
        length = struct.unpack_from("<I", window, found + 4)[0]
        encoding = window[found + 8 : found + 8 + length] if 16 <= length <= 40 else None
    return encoding, (before + data[0], data[1]), "a chunk before its samples has a wrong size"


def _is_name(name: bytes) -> bool:
    return all(32 <= byte < 127 for byte in name)


def _find_data(head: bytes, at: int, size: int) -> tuple[int, int] | None:
    """Find a chunk of samples that fits the rest of the file, where the chunks before cannot be walked through."""
    while (at := head.find(b"data", at)) >= 0 and at + 8 <= len(head):
        promised, there = struct.unpack_from("<I", head, at + 4)[0], size - at - 8
        if promised == 0 or promised >= ENDLESS or there * 0.99 - SLACK <= promised <= there + SLACK:
            return at + 8, promised or there
        at += 4
    return None


def _are_chunks(file: BinaryIO, at: int, size: int) -> bool:
    """Whether the rest of a WAV file is chunks: then what stands before them is really empty."""
    while at + 8 <= size:
        file.seek(at)
        name, length = struct.unpack("<4sI", file.read(8))
        if not _is_name(name):
            return False
        at += 8 + length + length % 2
    return -1 <= size - at < 8


def _pieces(file: BinaryIO, at: int, length: int, size: int) -> list[tuple[int, int]]:
    """The (position, bytes) of every chunk of samples, the first of which is given."""
    pieces = [(at, min(length, size - at))]
    at += length + length % 2
    while at + 8 <= size:
        file.seek(at)
        name, length = struct.unpack("<4sI", file.read(8))
        if not _is_name(name):
            break
        if name == b"data" and length:
            pieces.append((at + 8, min(length, size - at - 8)))
        at += 8 + length + length % 2
    return pieces


def _joined(file: BinaryIO, pieces: list[tuple[int, int]], frame: int) -> bytes:
    """The samples of several chunks, of each the whole frames."""
    samples = []
    for at, length in pieces:
        file.seek(at)
        samples.append(file.read(length - length % frame))
    return b"".join(samples)


def _more_follows(file: BinaryIO, at: int, size: int) -> bool:
    """Whether what follows the samples is no chunks, and more than a stray tag."""
    return size - at > max(SLACK, 0.01 * at, TAG) and not _are_chunks(file, at + at % 2, size)


def _named(encoding: bytes | None) -> tuple[bytes | None, str]:
    """Give an encoding its name where the header lacks it and it can only be PCM: (encoding or None, what is wrong)."""
    if encoding is None or len(encoding) < 16:
        return None, ""
    tag, channels, _, _, frame, bits = struct.unpack_from("<HHIIHH", encoding)
    subformat = encoding[24:40]
    if tag != EXTENSIBLE or len(subformat) == 16 and any(subformat):
        return encoding, ""
    if bits not in PCM_BITS or frame * 8 != channels * bits:
        return None, ""
    return struct.pack("<H", PCM) + encoding[2:16], "its header does not name the encoding"


def _wav(encoding: bytes, samples: bytes) -> bytes:
    chunks = b"".join(
        name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
        for name, content in ((b"fmt ", encoding), (b"data", samples))
    )
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def flac_without_count(file: BinaryIO) -> tuple[BinaryIO, int]:
    """Take the number of samples out of a FLAC file's header, so that a decoder reads what there is.

    Parameters
    ----------
    file
        It may stand anywhere, and is left anywhere.

    Returns
    -------
    file, promised
        The file in memory, and the number that stood there: 0 where its writer could not go back to say it (a pipe).
        The file itself and 0 where it does not begin as FLAC files do.
    """
    file.seek(0)
    head = file.read(26)
    if head[:4] != b"fLaC" or len(head) < 26 or head[4] & 0x7F:
        return file, 0
    counted = int.from_bytes(head[18:26], "big")  # rate (20 bits), channels (3), bits (5), samples (36)
    content = head[:18] + (counted >> 36 << 36).to_bytes(8, "big") + file.read()
    return io.BytesIO(content), counted & (1 << 36) - 1


def mp3_tells_its_length(file: BinaryIO) -> bool:
    """Whether the first frame of an MP3 file tells how many there are; without, a decoder guesses from the bitrate.

    `file` may stand anywhere, and is left anywhere.
    """
    file.seek(0)
    head = file.read(10)
    tag = 0
    if head[:3] == b"ID3" and len(head) == 10:  # its size is in four times seven bits
        tag = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
    file.seek(tag)
    first = file.read(HEAD)
    return any(name in first for name in (b"Xing", b"Info", b"VBRI"))
