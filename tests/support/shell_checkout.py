"""A checkout with a fake Python, which writes down what it was asked: a test of the shell takes an instant."""

import shutil
import subprocess

from tests.support import CHECKOUT

CORPORA = ("emodb", "urdu", "ravdess", "turevdb", "esd", "cafe", "meld", "cremad")
TOOLS = (
    "basename bash cat chmod cmp cp dirname env flock grep ln ls mkdir mv nproc "
    "readlink realpath rm sed sleep touch xargs"
).split()

FAKE_PYTHON = r"""#!/usr/bin/env bash
echo "$(printf '%q ' "$@")" >>"$FAKE_LOG"
here="$(cd "$(dirname "$0")/.." && pwd)"
case "$*" in
    *version_info*) echo "${FAKE_VERSION:-3.11}" ;;
    *sys.executable*) echo "$0" ;;
    *"import venv, ensurepip"*) [ -z "${FAKE_NO_VENV:-}" ] ;;
    *platlib*) echo "$here/lib" ;;
    --version) echo "Python ${FAKE_VERSION:-3.11}.7" ;;
    *"-m venv "*) mkdir -p "$4/bin" && ln -s "$(readlink -f "$0")" "$4/bin/python" ;;
    *"-m pip --version"*) ;;
    *"-m pip install "*)
        sleep "${FAKE_PIP_SECONDS:-0}"
        [ -z "${FAKE_PIP_FAILS:-}" ] || exit 1
        mkdir -p "$here/lib/torch/lib" "$here/lib/torchaudio/lib"
        touch "$here/lib/torchaudio/lib/_torchaudio.abi3.so"
        ;;
    *"import torchaudio"*)
        if [ -n "${FAKE_CPU_TORCH:-}" ] && [ -e "$here/lib/torchaudio/lib/_torchaudio.abi3.so" ]; then
            echo "OSError: libc10_cuda.so: cannot open shared object file: No such file or directory"
            echo "OSError: Could not load this library: $here/lib/torchaudio/lib/_torchaudio.abi3.so"
            exit 1
        fi
        ;;
    *check_environment.py*)
        echo "${FAKE_PROBLEM:-}"
        exit "${FAKE_PROBLEM_CODE:-0}"
        ;;
    *"${FAKE_FAILING_COMMAND:-no command} "*)
        echo "xser: it went wrong" >&2
        exit 1
        ;;
esac
"""


FAKE_UV = r"""#!/usr/bin/env bash
echo "uv $(printf '%q ' "$@")" >>"$FAKE_LOG"
case "$1 $2" in
    "venv --quiet") mkdir -p "${@: -1}/bin" && ln -s "$(readlink -f "$(command -v python3)")" "${@: -1}/bin/python" ;;
    "pip install") mkdir -p "$(dirname "$4")/../lib/torchaudio/lib" ;;
esac
"""


class Shell:
    """A checkout with a fake Python, in a folder with a space and an accent, and what was asked of that Python."""

    def __init__(self, folder):
        self.root = folder / "a checkout é"
        self.bin = folder / "bin"
        self.log = folder / "log"
        shutil.copytree(CHECKOUT / "tools", self.root / "tools", ignore=shutil.ignore_patterns("__pycache__"))
        for recipe in (*CORPORA, "zero_shot"):
            (self.root / "recipes" / recipe).mkdir(parents=True)
            shutil.copy(CHECKOUT / "recipes" / recipe / "run.sh", self.root / "recipes" / recipe)
        for script in (CHECKOUT / "recipes" / "zero_shot").glob("*.sh"):
            shutil.copy(script, self.root / "recipes" / "zero_shot")
        for path in CHECKOUT.glob("requirements*"):
            shutil.copy(path, self.root)
        self.bin.mkdir()
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool))
        self.python = self.fake_python(self.bin / "python3")

    @property
    def venv(self):
        return self.root / ".venv"

    def fake_python(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(FAKE_PYTHON)
        path.chmod(0o755)
        return path

    def fake_uv(self):
        (self.bin / "uv").write_text(FAKE_UV)
        (self.bin / "uv").chmod(0o755)

    def start(self, script, *options, cwd=None, **variables):
        """Start a script of the checkout with nothing in its environment but `variables`."""
        command = [self.bin / "bash", self.root / script, *options]
        environment = {"PATH": str(self.bin), "FAKE_LOG": str(self.log), **{k: str(v) for k, v in variables.items()}}
        return subprocess.Popen(
            command,
            env=environment,
            cwd=cwd,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def run(self, script, *options, **how):
        process = self.start(script, *options, **how)
        process.out, process.err = process.communicate(timeout=60)
        return process

    def recipe(self, recipe, *options, **how):
        """Run a recipe with the fake Python as XSER_PYTHON."""
        return self.run(f"recipes/{recipe}/run.sh", *options, **{"XSER_PYTHON": self.python, **how})

    def asked(self, containing="-m "):
        """What the fake Python was asked, a line a call."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [line.strip() for line in lines if containing in line]
