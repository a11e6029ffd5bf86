"""Say whether this Python can run xser, without importing what it looks at (0.1 s, whatever is installed).

    python tools/check_environment.py [--any-version] requirements.txt [requirements-test.txt]

Exit code 0: it can. 1: something is missing or of another version. 3: everything is there, but torchaudio cannot be
imported (see `torchaudio_is_broken`). The reason is printed, a few words. ``--any-version`` asks only whether the
packages are there. Older Pythons must be able to read this file in order to be refused: no new syntax here.
"""

import sys
from pathlib import Path


def first_problem(files, any_version):
    """Return what is missing or unfit as a few words, or None.

    Parameters
    ----------
    files : list of str
        Requirement files.
    any_version : bool
        Whether a package of another version than required will do.
    """
    if sys.version_info < (3, 10):  # noqa: UP036
        return "is Python {}.{}, and xser needs 3.10 or newer".format(*sys.version_info[:2])
    from importlib.metadata import PackageNotFoundError, version

    try:
        from packaging.requirements import Requirement
    except ImportError:
        return "has no packaging"
    for file in files:
        for line in Path(file).read_text(encoding="utf-8").splitlines():
            line = line.partition("#")[0].strip()
            if not line:
                continue
            requirement = Requirement(line)
            try:
                found = version(requirement.name)
            except PackageNotFoundError:
                return f"has no {requirement.name}"
            if not any_version and not requirement.specifier.contains(found, prereleases=True):
                return f"has {requirement.name} {found} ({requirement.specifier} is needed)"
    return None


def torchaudio_is_broken():
    """Return whether ``import torchaudio`` fails because its native libraries want CUDA and torch has none.

    The package index's torchaudio 2.11 is a CUDA build. The import, which takes seconds, is tried only where the files
    look like that.
    """
    from importlib.util import find_spec

    torch, torchaudio = find_spec("torch"), find_spec("torchaudio")
    if (Path(torch.origin).parent / "lib" / "libtorch_cuda.so").exists():
        return False
    libraries = (Path(torchaudio.origin).parent / "lib").glob("*.so")
    if not any(b"libtorch_cuda.so" in library.read_bytes() for library in libraries):
        return False
    try:
        import torchaudio  # noqa: F401
    except OSError:
        return True
    return False


def main(argv):
    """Print the first problem and return the exit code."""
    any_version = "--any-version" in argv
    problem = first_problem([word for word in argv if word != "--any-version"], any_version)
    if problem:
        print(problem)
        return 1
    if torchaudio_is_broken():
        print("has a CUDA build of torchaudio beside a CPU-only torch, so `import torchaudio` fails")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
