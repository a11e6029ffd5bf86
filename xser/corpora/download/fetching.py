"""One file from the web: from the first address that has it, taken up where it broke off, its checksum verified.

pooch verifies and puts the file in its place; the transfer is ours, since pooch begins every download from its start.
"""

import dataclasses
import logging
import os
import re
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from xser import __version__
from xser.core.errors import XserError
from xser.core.files import check_space, megabytes, read_json, write_json
from xser.core.progress import progress
from xser.corpora.description.download_files import DownloadFile

logger = logging.getLogger(__name__)

TIMEOUT = (20, 60)  # seconds to connect, and of silence
ASKING = (5, 10)  # the same, of a question that may go unanswered
HEADERS = {"User-Agent": f"xser/{__version__}", "Accept-Encoding": "identity"}
TRIES = 4  # at one address, when the transfer breaks off
PAUSE = 2  # seconds before the second try, more before a later one
CHUNK = 1 << 16


class _NotThis(Exception):
    """This address does not have the file; the next one may."""


@dataclasses.dataclass(frozen=True)
class Fetched:
    """A file that is here.

    Attributes
    ----------
    path
        Where it is.
    url
        Where it came from.
    size
        Bytes.
    sha256
        What was seen, whatever is published.
    verified
        The published checksum that it has; empty where none is published.
    """

    path: Path
    url: str
    size: int
    sha256: str
    verified: str


def fetch(file: DownloadFile, folder: Path) -> Fetched:
    """Fetch a file, unless it is in `folder` already.

    A transfer that breaks off is taken up at the byte where it stopped, in this call and in the next one, where the
    server can do that and the published checksum, or the server's word that its file is still the same one, makes sure
    that the pieces fit.

    Parameters
    ----------
    file
        What to fetch.
    folder
        Made when missing. Holds ``<name>`` once it is whole and verified; ``<name>.part`` until then.

    Raises
    ------
    XserError
        When no address has the file as it was published, with what each of them answered; when the disk has no room.
    """
    import pooch

    pooch.get_logger().setLevel("ERROR")
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{file.name}.part"
    whys = []
    for url in file.urls:
        why = _fetch_from(url, file, part)
        if not why:
            _forget(part)
            path = folder / file.name
            return Fetched(path, url, path.stat().st_size, pooch.file_hash(str(path)), file.checksum)
        whys.append(f"{urlsplit(url).netloc}: {why}")
        if url != file.urls[-1]:
            logger.info(f"{file.name}: {whys[-1]}; trying the next address")
    again = ""
    if any(_may_go_on(part, url, file) for url in file.urls):
        again = "; run the same command again to go on from there"
    else:
        _forget(part)
    raise XserError(f"{file.name} cannot be downloaded: {'; '.join(whys)}{again}")


def offered_size(file: DownloadFile) -> int | None:
    """Ask the addresses of a file how many bytes it has; None where none tells."""
    import requests

    for url in file.urls:
        try:
            response = requests.head(url, headers=HEADERS, allow_redirects=True, timeout=ASKING)
        except requests.RequestException:
            continue  # another mirror may know; fetching tells what is wrong with this one
        if response.ok and _length(response) is not None:
            return _length(response)
    return None


def _fetch_from(url: str, file: DownloadFile, part: Path) -> str:
    """Fetch from one address; return why it could not be, or an empty text."""
    import pooch
    import requests

    while True:
        resumed = _may_go_on(part, url, file)
        transfer = _Transfer(file, part)
        try:
            pooch.retrieve(url, file.checksum or None, fname=file.name, path=part.parent, downloader=transfer)
            return ""
        except _NotThis as error:
            if transfer.received or _note_of(part).get("url") == url:  # else what is here is of another address
                _forget(part)
            return str(error)
        except requests.HTTPError as error:
            return f"HTTP {error.response.status_code}"
        except requests.RequestException as error:
            if transfer.received:
                return f"broke off after {megabytes(_size(part))}"
            return f"cannot be reached ({type(error).__name__}): check the network"
        except ValueError:  # pooch's word for another checksum
            _forget(part)
            if not resumed:  # else the pieces did not fit: once more from the start
                return f"what it has is not what was published ({file.checksum})"


def _may_go_on(part: Path, url: str, file: DownloadFile) -> bool:
    """Whether what is here may be the beginning of what the address has."""
    return _size(part) > 0 and (bool(file.checksum) or _known_version(part, url) != "")


def _size(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    _note(part).unlink(missing_ok=True)


def _note(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _known_version(part: Path, url: str) -> str:
    """Return what the server called the version of its file that `part` is the beginning of, or an empty text."""
    note = _note_of(part)
    return note.get("version", "") if note.get("url") == url else ""


def _note_of(part: Path) -> dict[str, str]:
    return read_json(_note(part)) if _note(part).is_file() else {}


class _Transfer:
    """What pooch calls to download: `file` grows in `part` until it is whole, and is then linked to pooch's name."""

    def __init__(self, file: DownloadFile, part: Path) -> None:
        self.file, self.part = file, part
        self.received = False  # whether anything came

    def __call__(self, url: str, output: str, _pooch: Any) -> None:
        import requests

        for tried in range(1, TRIES + 1):
            try:
                self._transfer(url)
                break
            except requests.HTTPError:
                raise
            except requests.RequestException:  # broke off in the middle: the rest, some times
                if tried == TRIES or not self.received:
                    raise
                time.sleep(PAUSE * tried)
        os.unlink(output)
        try:
            os.link(self.part, output)  # so that being killed while the checksum is made costs nothing
        except OSError:  # a disk that knows no links
            os.replace(self.part, output)

    def _transfer(self, url: str) -> None:
        import requests

        start = _size(self.part) if _may_go_on(self.part, url, self.file) else 0
        headers = dict(HEADERS)
        if start:
            headers["Range"] = f"bytes={start}-"
            version = _known_version(self.part, url)
            headers |= {"If-Range": version} if version else {}
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            ranged = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+)", response.headers.get("Content-Range", ""))
            if response.status_code == 416 and start:
                if ranged and int(ranged[2]) == start:
                    return  # all of it is here
                if ranged:
                    self._check_size(int(ranged[2]))
                _forget(self.part)  # the server's file is shorter: another one
                return self._transfer(url)
            response.raise_for_status()
            if response.status_code != 206 or not ranged or ranged[1] is None or int(ranged[1]) != start:
                if response.status_code == 206:
                    raise _NotThis("answers with another part of the file than asked for")
                start = 0
            total = int(ranged[2]) if start and ranged else _length(response)
            self._receive(response, url, start, total)

    def _check_size(self, total: int) -> None:
        if self.file.size and total != self.file.size:
            raise _NotThis(f"has a file of {total} bytes, not the published one of {self.file.size}")

    def _receive(self, response: Any, url: str, start: int, total: int | None) -> None:
        """Write what comes after the first `start` bytes; `total` is None where the server does not tell."""
        import requests

        expected = self.file.size or total
        if total is not None:
            self._check_size(total)
        check_space(self.part.parent, (expected or 0) - start)
        if not start:
            self.part.unlink(missing_ok=True)
            version = response.headers.get("ETag", "") or response.headers.get("Last-Modified", "")
            strong = "" if version.startswith("W/") else version
            write_json(_note(self.part), {"url": url, "version": strong})
        with open(self.part, "ab") as part, progress(expected, self.file.name, "B", done=start) as bar:
            for chunk in response.iter_content(CHUNK):
                part.write(chunk)
                self.received = True
                bar.update(len(chunk))
                if expected is not None and part.tell() > expected:
                    raise _NotThis(f"sends more than the {expected} bytes that there should be")
            if expected is not None and part.tell() < expected:
                raise requests.ConnectionError(f"{part.tell()} of {expected} bytes")


def _length(response: Any) -> int | None:
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdigit() and "Content-Encoding" not in response.headers else None
