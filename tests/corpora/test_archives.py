"""Archives of strangers: what is good comes out whole, what is hostile is refused in one line."""

import os
import stat
import tarfile
import types
import zipfile

import pytest

from tests.support.made_archives import GOOD, tar_entry, tar_of, zip_entry, zip_of
from xser.core.errors import NoSpace, XserError
from xser.corpora.download import archives
from xser.corpora.download.archives import Limits, unpack

WHOLE = {
    "good.zip": zip_of(GOOD),
    "good.tar": tar_of(GOOD, "w"),
    "good.tar.gz": tar_of(GOOD, "w:gz"),
    "good.tar.bz2": tar_of(GOOD, "w:bz2"),
    "good.tar.xz": tar_of(GOOD, "w:xz"),
}


def files_of(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(tmp_path, name, content, **options):
    """Unpack into a folder with a neighbour, check that it is as it was, and return the one line."""
    place = tmp_path / "place"
    place.mkdir()
    (place / "mine.txt").write_text("mine")
    (tmp_path / name).write_bytes(content)
    with pytest.raises(XserError) as error:
        unpack(tmp_path / name, place / "into", **options)
    assert files_of(place) == {"mine.txt": b"mine"} | {
        f"into/{path}": content for path, content in files_of(place / "into").items()
    }
    assert {path.name for path in tmp_path.iterdir()} == {name, "place"}
    assert not [path for path in place.rglob("*") if path.is_symlink()]
    line = str(error.value)
    assert "\n" not in line and name in line
    return line


@pytest.mark.parametrize("name", WHOLE)
def test_a_good_archive_comes_out_whole(tmp_path, name):
    (tmp_path / name).write_bytes(WHOLE[name])
    assert unpack(tmp_path / name, tmp_path / "into") == len(GOOD)
    assert files_of(tmp_path / "into") == GOOD


def test_names_come_out_as_they_are(tmp_path):
    names = {
        "Colère/01-C-1-1.wav": b"1",
        "./dotted//twice.wav": b"2",
        b"Col\x8are/x.wav".decode(errors="surrogateescape"): b"3",
    }
    (tmp_path / "a.tar").write_bytes(tar_of(names, "w"))
    unpack(tmp_path / "a.tar", tmp_path / "into")
    found = {os.fsencode(path.relative_to(tmp_path / "into")) for path in (tmp_path / "into").rglob("*.wav")}
    assert found == {"Colère/01-C-1-1.wav".encode(), b"dotted/twice.wav", b"Col\x8are/x.wav"}


def test_what_is_hidden_or_left_out_does_not_come_out(tmp_path):
    clutter = {"__MACOSX/speech/._a.wav": b"", ".git/config": b"", "speech/.DS_Store": b"", "Old 01/a.wav": b"old"}
    (tmp_path / "a.zip").write_bytes(zip_of(GOOD | clutter))
    unpack(tmp_path / "a.zip", tmp_path / "into", leave_out=["Old*"])
    assert files_of(tmp_path / "into") == GOOD


OUTSIDE = ["../out.wav", "speech/../../out.wav", "/tmp/out.wav", "//out.wav", "..", "C:/out.wav", "speech/.."]


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_nothing_lands_outside(tmp_path, name, kind):
    members = [*GOOD.items(), (name, b"out")]
    content = zip_of(members) if kind == "zip" else tar_of(members)
    assert "would lie outside the folder" in refused(tmp_path, f"a.{kind}", content)


@pytest.mark.parametrize("name", ["speech\\..\\out.wav", "a.wav\0.txt"])
def test_names_that_systems_read_differently_are_refused(tmp_path, name):
    assert "zero byte or a backslash" in refused(tmp_path, "a.zip", zip_of([(zip_entry(name), b"x")]))
    (tmp_path / "tar").mkdir()
    entry = tar_entry("a.wav")
    entry.pax_headers = {"path": name}  # the plain head of a tar cannot hold a zero byte
    assert "zero byte or a backslash" in refused(tmp_path / "tar", "a.tar", tar_of([(entry, b"x")]))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK])
def test_a_zip_brings_files_alone(tmp_path, kind):
    assert "link or device" in refused(tmp_path, "a.zip", zip_of([(zip_entry("speech", kind), b"/etc")]))


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, b"!"]
)
def test_a_tar_brings_files_alone(tmp_path, kind):
    link = tar_entry("speech", kind, target="../mine.txt")
    content = tar_of([(link, b""), ("speech/a.wav", b"through the link")])
    assert "link or device" in refused(tmp_path, "a.tar", content)


@pytest.mark.parametrize(
    "members",
    [
        [("a.wav", b"1"), ("a.wav", b"2")],
        [("a.wav", b"1"), ("./a.wav", b"2")],
        [("a", b"1"), ("a/b.wav", b"2")],
        [("a/b.wav", b"1"), ("a", b"2")],
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused(tmp_path, members):
    assert "two of its members are called" in refused(tmp_path, "a.zip", zip_of(members))
    (tmp_path / "tar").mkdir()
    assert "two of its members are called" in refused(tmp_path / "tar", "a.tar", tar_of(members))


def test_what_is_there_is_not_overwritten(tmp_path):
    (tmp_path / "into" / "speech").mkdir(parents=True)
    (tmp_path / "into" / "speech" / "03a01Wa.wav").write_bytes(b"mine")
    (tmp_path / "good.zip").write_bytes(WHOLE["good.zip"])
    with pytest.raises(XserError):
        unpack(tmp_path / "good.zip", tmp_path / "into")
    assert (tmp_path / "into" / "speech" / "03a01Wa.wav").read_bytes() == b"mine"


def test_a_name_that_the_disk_does_not_take_is_one_line(tmp_path):
    assert "does not take" in refused(tmp_path, "a.zip", zip_of([("a" * 300, b"x")]))


# Bombs. ---------------------------------------------------------------------------------------------------------------

ZEROS = bytes(3_000_000)


@pytest.mark.parametrize(
    ("name", "content"), [("a.zip", zip_of({"a.wav": ZEROS})), ("a.tar", tar_of({"a.wav": ZEROS}))]
)
def test_a_bomb_of_bytes_is_refused(tmp_path, monkeypatch, name, content):
    assert len(content) * archives.MAX_GROWTH < len(ZEROS)
    monkeypatch.setattr(archives, "ALWAYS_ALLOWED", 1000)
    assert "more than" in refused(tmp_path, name, content)
    assert not list((tmp_path / "place").rglob("*.wav"))


def test_a_zip_that_lies_about_its_sizes_is_refused(tmp_path, monkeypatch):
    content = zip_of({"a.wav": ZEROS})
    lie = content.replace(len(ZEROS).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    assert lie != content
    monkeypatch.setattr(archives, "ALWAYS_ALLOWED", 1000)
    refused(tmp_path, "a.zip", lie)
    assert sum(map(len, files_of(tmp_path / "place").values())) <= 100 + len("mine")


def test_many_small_members_are_counted_together(tmp_path):
    content = tar_of({f"{number}.wav": bytes(1000) for number in range(100)})
    assert "more" in refused(tmp_path, "a.tar", content, limits=Limits(1000, 50_500))
    assert len(list((tmp_path / "place" / "into").iterdir())) <= 51


@pytest.mark.parametrize("make", [zip_of, tar_of])
def test_a_bomb_of_names_is_refused(tmp_path, make):
    content = make({f"{number}/": b"" for number in range(30)} if make is zip_of else {f"{n}.": b"" for n in range(30)})
    name = "a.zip" if make is zip_of else "a.tar"
    assert "too many members" in refused(tmp_path, name, content, limits=Limits(20, 10**6))


def test_a_tar_with_a_header_of_many_megabytes_is_refused_before_it_is_read(tmp_path, monkeypatch):
    entry = tar_entry("a.wav")
    entry.pax_headers = {"comment": "x" * 200_000}
    monkeypatch.setattr(archives, "MAX_HEADER", 100_000)
    assert "header too large" in refused(tmp_path, "a.tar", tar_of([(entry, b"x")]))


def test_no_room_is_told_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda folder: types.SimpleNamespace(free=5))
    (tmp_path / "good.zip").write_bytes(WHOLE["good.zip"])
    with pytest.raises(NoSpace, match="free some space"):
        unpack(tmp_path / "good.zip", tmp_path / "into")
    assert not (tmp_path / "into").exists()


# Broken archives. -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("kept", [0, 0.1, 0.5, 0.7])
def test_half_an_archive_is_broken(tmp_path, name, kept):
    content = tar_of(GOOD | {"long.wav": os.urandom(30_000)}, "w") if name == "good.tar" else WHOLE[name]
    line = refused(tmp_path, name, content[: int(len(content) * kept)])
    assert "broken" in line or "nothing" in line or "is no archive" in line


@pytest.mark.parametrize("name", ["good.tar.gz", "good.tar.xz"])
def test_the_checksum_after_the_last_member_counts(tmp_path, name):
    assert "broken" in refused(tmp_path, name, WHOLE[name][:-9])


def test_a_damaged_header_in_the_middle_is_not_taken_for_the_end(tmp_path):
    content = bytearray(WHOLE["good.tar"])
    content[1024:1100] = bytes(76)
    assert "broken" in refused(tmp_path, "good.tar", bytes(content))


def test_a_damaged_member_is_broken(tmp_path):
    content = zip_of([(zipfile.ZipInfo("a.wav"), b"recording" * 50)]).replace(b"recordingrec", b"recordingREC", 1)
    assert "broken" in refused(tmp_path, "a.zip", content)


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz"])
def test_a_page_instead_of_an_archive_is_called_one(tmp_path, name):
    line = refused(tmp_path, name, b"<!DOCTYPE html><html>Please sign in</html>" * 40)
    assert line == f"{name} is no archive but an HTML page"


def test_an_encrypted_zip_is_one_line(tmp_path):
    content = bytearray(zip_of({"a.wav": b"x" * 100}))
    for head, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(head) + at] |= 1
    assert "encrypted" in refused(tmp_path, "a.zip", bytes(content))
