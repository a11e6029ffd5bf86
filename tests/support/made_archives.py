"""Archives, good and hostile, made in memory."""

import io
import stat
import tarfile
import zipfile

GOOD = {"speech/03a01Wa.wav": b"RIFF angry", "speech/03a01Na.wav": b"RIFF neutral", "read me.txt": b"hello"}


def zip_of(members):
    """A zip of `members`: pairs of a name, or a ZipInfo, and bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items() if isinstance(members, dict) else members:
            archive.writestr(name, content)
    return file.getvalue()


def tar_of(members, mode="w:gz"):
    """A tar of `members`: pairs of a name, or a TarInfo, and bytes."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:
        for name, content in members.items() if isinstance(members, dict) else members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def zip_entry(name, kind=stat.S_IFREG):
    """A member's head with a Unix file type."""
    info = zipfile.ZipInfo("x")
    info.filename = name  # as it is: the constructor cuts at a zero byte
    info.external_attr = (kind | 0o777) << 16
    return info


def tar_entry(name, kind=tarfile.REGTYPE, target=""):
    """A member's head of any type."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info
