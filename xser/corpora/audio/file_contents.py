"""What a file holds by its first bytes, whatever it is called."""

import os

HEAD = 4096  # bytes that tell

AUDIO_SUFFIXES = {  # what the contents are -> suffixes that promise them
    "WAV": (".wav", ".wave"),
    "AIFF": (".aif", ".aiff", ".aifc"),
    "FLAC": (".flac",),
    "Ogg": (".ogg", ".oga", ".opus", ".ogv"),
    "MP3": (".mp3",),
    "AAC": (".aac",),
    "MP4": (".mp4", ".m4a", ".m4v", ".mov", ".3gp"),
    "Matroska": (".mkv", ".mka", ".webm"),
    "AVI": (".avi",),
    "ASF": (".wma", ".wmv", ".asf"),
    "MPEG": (".mpg", ".mpeg"),
    "AU": (".au", ".snd"),
    "CAF": (".caf",),
    "SPHERE": (".sph",),
    "AMR": (".amr",),
}

_SIGNATURES = (  # (offset, bytes, contents)
    (0, b"fLaC", "FLAC"),
    (0, b"OggS", "Ogg"),
    (0, b"ID3", "MP3"),
    (4, b"ftyp", "MP4"),
    (4, b"moov", "MP4"),
    (4, b"mdat", "MP4"),
    (0, b"\x1aE\xdf\xa3", "Matroska"),
    (0, b"0&\xb2u\x8ef\xcf\x11", "ASF"),
    (0, b"\x00\x00\x01\xba", "MPEG"),
    (0, b".snd", "AU"),
    (0, b"caff", "CAF"),
    (0, b"NIST_1A", "SPHERE"),
    (0, b"#!AMR", "AMR"),
    (0, b"version https://git-lfs", "a Git LFS pointer"),
    (0, b"PK\x03\x04", "a zip archive"),
    (0, b"PK\x05\x06", "a zip archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"7z\xbc\xaf", "a 7z archive"),
    (0, b"Rar!", "a RAR archive"),
    (257, b"ustar", "a tar archive"),
    (0, b"%PDF", "a PDF document"),
    (0, b"\x89PNG", "a PNG picture"),
    (0, b"\xff\xd8\xff", "a JPEG picture"),
)
_CHUNKED = {b"RIFF": {b"WAVE": "WAV", b"AVI ": "AVI"}, b"FORM": {b"AIFF": "AIFF", b"AIFC": "AIFF"}}
_CHUNKED |= {b"RF64": {b"WAVE": "WAV"}, b"RIFX": {b"WAVE": "WAV"}}


def contents_of(head: bytes) -> str:
    r"""What a file holds.

    Parameters
    ----------
    head
        Its first `HEAD` bytes.

    Returns
    -------
        A key of `AUDIO_SUFFIXES`, the name of something that is not audio, or "" when nothing can be told.

    Examples
    --------
    >>> contents_of(b"RIFF\x24\x00\x00\x00WAVEfmt ")
    'WAV'
    >>> contents_of(b"<!DOCTYPE html><html>Sign in</html>")
    'an HTML page'
    """
    chunked = _CHUNKED.get(head[:4], {}).get(head[8:12])
    if chunked:
        return chunked
    for offset, signature, contents in _SIGNATURES:
        if head.startswith(signature, offset):
            return contents
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2:  # frame sync, layer III
        return "MP3"
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        return "AAC"
    if head and not head.strip(b"\x00"):
        return "nothing but zero bytes"
    return _kind_of_text(head)


def _kind_of_text(head: bytes) -> str:
    try:
        text = head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if not head or error.start < len(head) - 4:  # but for a character that the end of the head cuts in two
            return ""
        text = head[: error.start].decode("utf-8-sig")
    if not text or any(character < " " and character not in "\t\n\r\f" for character in text):
        return ""
    start = text.lstrip().lower()
    if start.startswith(("<!doctype html", "<html", "<head", "<body")) or "<html" in start[:500]:
        return "an HTML page"
    return "text"


def is_audio(contents: str) -> bool:
    """Whether `contents` (of `contents_of`) may be decoded: audio, or something that only a decoder can tell."""
    return not contents or contents in AUDIO_SUFFIXES


def is_misnamed(contents: str, name: str) -> bool:
    """Whether a file of these `contents` bears the suffix of another kind of audio.

    Examples
    --------
    >>> is_misnamed("AIFF", "wav/03a01Fa.wav"), is_misnamed("AIFF", "wav/03a01Fa.aif")
    (True, False)
    """
    suffix = os.path.splitext(name)[1].lower()
    if contents not in AUDIO_SUFFIXES or suffix in AUDIO_SUFFIXES[contents]:
        return False
    return any(suffix in suffixes for suffixes in AUDIO_SUFFIXES.values())
