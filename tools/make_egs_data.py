"""Make egs_data/, the small made-up corpora, or check that it is what this would make.

espeak-ng speaks sentences of our own in six languages; pitch, rate, loudness and voice quality carry the emotion.
What is said by whom stands in tools/egs_speech/corpora.yaml, how an emotion sounds in tools/egs_speech/styles.yaml.
The versions named in this file give the same bytes every time, on x86-64 Linux with AVX2 and FMA.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT)]

from egs_speech.plan import read_plan  # noqa: E402
from egs_speech.writing import write_tables, write_utterance  # noqa: E402

from xser.commands.command_line import OneLineParser, run  # noqa: E402
from xser.core.errors import XserError  # noqa: E402

# Debian 12's espeak-ng; the rest from the package index.
VERSIONS = {"espeak-ng": "1.51", "PyAV": "18.1.0", "libsndfile": "1.2.2"}


def main(argv):
    """Run the command."""
    parser = OneLineParser(prog="python tools/make_egs_data.py", description=__doc__)
    parser.add_argument("--output", default=ROOT / "egs_data", type=Path, help="the folder to write, or to check")
    parser.add_argument("--check", action="store_true", help="write nothing; say whether the folder is as it should be")
    parser.add_argument("--jobs", default=-1, type=int, help="processes, -1 for one a core")
    options = parser.parse_args(argv)
    for warning in version_warnings():
        print(f"warning: {warning}", file=sys.stderr)
    if options.check:
        with tempfile.TemporaryDirectory() as folder:
            paths = make(read_plan(), Path(folder), options.jobs)
            compare(Path(folder), options.output, paths)
    else:
        paths = make(read_plan(), options.output, options.jobs)
        for path in find_strays(options.output, paths):
            print(f"warning: {options.output / path} is not of this making: delete it", file=sys.stderr)
    size = sum((options.output / path).stat().st_size for path in paths) / 1e6
    print(f"{options.output}: {len(paths)} files, {size:.1f} MB" + (", as they should be" if options.check else ""))


def versions():
    """Return ``{program: version}`` of what is installed, for the programs of `VERSIONS`.

    Raises
    ------
    XserError
        When espeak-ng is missing.
    """
    import av
    import soundfile

    try:
        told = subprocess.run(["espeak-ng", "--version"], capture_output=True, text=True, check=True).stdout
    except FileNotFoundError as error:
        raise XserError("espeak-ng is missing: apt install espeak-ng") from error
    return {
        "espeak-ng": told.partition("text-to-speech: ")[2].split()[0],
        "PyAV": av.__version__,
        "libsndfile": soundfile.__libsndfile_version__,
    }


def version_warnings():
    """Return a sentence for each installed version that is not the one egs_data/ was made with."""
    return [
        f"{program} {version} is installed, egs_data/ was made with {VERSIONS[program]}: the bytes may differ"
        for program, version in versions().items()
        if version != VERSIONS[program]
    ]


def make(utterances, folder, jobs=-1):
    """Speak and write `utterances` and their tables below `folder`; return the paths, relative to it, as text."""
    from joblib import Parallel, delayed
    from tqdm import tqdm

    tasks = (delayed(write_utterance)(utterance, folder) for utterance in utterances)
    done = Parallel(n_jobs=jobs, return_as="generator")(tasks)
    for _ in tqdm(done, total=len(utterances), desc="speaking", unit=" utterances"):
        pass
    return [utterance.path for utterance in utterances] + write_tables(utterances, folder)


def find_strays(folder, paths):
    """Return the files below `folder` that are none of `paths` nor the README.md."""
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return sorted(found - set(paths) - {"README.md"})


def compare(made, folder, paths):
    """Compare the files `paths` below `made` with those below `folder`, byte for byte.

    Raises
    ------
    XserError
        When a file is missing, differs, or is one too many; the first five are named.
    """
    wrong = [f"{path} is missing" for path in paths if not (folder / path).is_file()]
    present = [path for path in paths if (folder / path).is_file()]
    wrong += [f"{path} differs" for path in present if (folder / path).read_bytes() != (made / path).read_bytes()]
    wrong += [f"{path} is not of this making" for path in find_strays(folder, paths)]
    if wrong:
        more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        raise XserError(f"{folder}: {'; '.join(wrong[:5])}{more}: make it again with python tools/make_egs_data.py")


if __name__ == "__main__":
    run(lambda: main(sys.argv[1:]))
