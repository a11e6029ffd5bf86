"""Fetch, verify and unpack a corpus that everybody may have: its folder appears when it is whole.

Everything is made in a hidden folder beside it, which no scan looks into. Whatever stops the work, the next call goes
on from what was fetched.
"""

import contextlib
import errno
import logging
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from xser.core.errors import HeldByAnother, NoSpace, XserError
from xser.core.files import check_space, megabytes, only_writer, write_json
from xser.corpora.description.corpus import Corpus
from xser.corpora.description.download_files import DownloadFile, is_archive
from xser.corpora.download.archives import unpack
from xser.corpora.download.fetching import fetch, offered_size

logger = logging.getLogger(__name__)

RECORD = "download.json"  # in the corpus's folder: what was fetched from where


def is_taken(folder: str | Path) -> bool:
    """Whether something of the user's stands in the place of a corpus's folder: it is never touched.

    Raises
    ------
    XserError
        When it is no folder.
    """
    if not os.path.lexists(folder):
        return False
    if os.path.exists(folder) and not os.path.isdir(folder):
        raise XserError(f"{folder} is not a folder: move it, or choose another --data-root")
    return os.path.isdir(folder) and any(os.scandir(folder))


def size_to_fetch(corpus: Corpus) -> str:
    """How much there is to fetch, as it is published or as the servers tell, written for people."""
    total = 0
    for file in corpus.download:
        size = file.size or offered_size(file)
        if not size:
            return f"more than {megabytes(total)}" if total else "size not known"
        total += size
    return megabytes(total)


def download(corpus: Corpus, folder: str | Path) -> bool:
    """Fetch the files of a corpus and unpack them; return whether they were fetched now.

    Parameters
    ----------
    corpus
        One with `download`, whose licence the user has accepted.
    folder
        What is to hold it. Nothing happens when something stands there already.

    Raises
    ------
    XserError
        For files that cannot be had as they were published, archives that are refused
        (`xser.corpora.download.archives.unpack`)
        and too little space. `folder` is as it was; what is of no use for the next call is removed.
    HeldByAnother
        When another process downloads the same corpus.
    """
    folder = Path(os.path.realpath(folder))  # behind a link, the work is done on the disk where the corpus will lie
    work = folder.parent / f".{folder.name}.xser-download"
    if is_taken(folder) and not work.exists():
        return False
    with _made(folder.parent), _working_in(work):
        if is_taken(folder):  # and the last call was killed before it could tidy up
            shutil.rmtree(work / "files", ignore_errors=True)
            return False
        try:
            _download(corpus, folder, work)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                shutil.rmtree(work / "files", ignore_errors=True)  # a full disk helps nobody
            raise
    return True


@contextlib.contextmanager
def _made(parent: Path) -> Iterator[None]:
    """Make a folder, and remove it and what was made above it when it is still empty after an error."""
    missing = [place for place in (parent, *parent.parents) if not place.exists()]
    parent.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):  # one that is not empty stays; the error that matters is the other one
            for place in missing:
                place.rmdir()
        raise


@contextlib.contextmanager
def _working_in(work: Path) -> Iterator[None]:
    """Hold `work`; leave nothing of it but files that the next call needs."""
    try:
        with only_writer(work):
            shutil.rmtree(work / "unpacked", ignore_errors=True)  # of a process that was killed
            try:
                yield
            finally:
                shutil.rmtree(work / "unpacked", ignore_errors=True)
                if not any(path.stat().st_size for path in work.glob("files/*") if path.suffix != ".json"):
                    shutil.rmtree(work, ignore_errors=True)
    except HeldByAnother as error:
        raise HeldByAnother(
            f"another run is downloading to {work.parent}: run the same command again when it has finished"
        ) from error


def _download(corpus: Corpus, folder: Path, work: Path) -> None:
    files, unpacked = work / "files", work / "unpacked"
    files.mkdir(exist_ok=True)
    _remove_leftovers(corpus, files)
    here = sum(path.stat().st_size for path in files.iterdir())
    # the archives and what comes out of them, which is no less
    check_space(work, 2 * sum(file.size for file in corpus.download) - here)
    fetched = []
    for file in corpus.download:
        got = fetch(file, files)
        fetched.append(got)
        verified = f"verified ({got.verified})" if got.verified else "not verified: no checksum of it is published"
        logger.info(f"{corpus.id}: {file.name}, {megabytes(got.size)}, {verified}; sha256 {got.sha256}")
    unpacked.mkdir()
    for file, got in zip(corpus.download, fetched, strict=True):
        _put(file, got.path, unpacked / file.into)
    record = [
        {"name": got.path.name, "url": got.url, "size": got.size, "sha256": got.sha256, "verified": got.verified}
        for got in fetched
    ]
    write_json(
        unpacked / RECORD,
        {"corpus": corpus.title, "licence": corpus.licence, "date": time.strftime("%Y-%m-%d"), "files": record},
    )
    os.sync()
    try:
        os.rename(unpacked, folder)  # takes the place of an empty folder, and of nothing else
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            raise XserError(f"something has come to stand in {folder} meanwhile: it is left as it is") from error
        raise
    shutil.rmtree(files)


def _remove_leftovers(corpus: Corpus, files: Path) -> None:
    """Remove what a killed process left that is neither a file nor the beginning of one."""
    wanted = {f"{file.name}{suffix}" for file in corpus.download for suffix in ("", ".part", ".part.json")}
    for path in files.iterdir():
        if path.name not in wanted:
            path.unlink()


def _put(file: DownloadFile, path: Path, folder: Path) -> None:
    """Unpack an archive, or put a file that is none, into its folder."""
    try:
        if not is_archive(file.name):
            folder.mkdir(parents=True, exist_ok=True)
            if os.path.lexists(folder / file.name):
                raise XserError(f"{file.name} is refused: an archive unpacked before it has a file of this name")
            shutil.copyfile(path, folder / file.name)
            return
        if not unpack(path, folder, file.leave_out):
            raise XserError(f"{file.name} is refused: there is nothing in it")
        for inside in file.inside:
            if not (folder / inside).is_file():
                raise XserError(f"{file.name} is refused: {inside} is not in it")
            unpack(folder / inside, (folder / inside).parent, file.leave_out)
            (folder / inside).unlink()
    except NoSpace:
        raise
    except XserError:
        path.unlink()  # a second call must not meet the same archive
        raise
