"""Code that runs in an interpreter of its own, and which heavy libraries it imported."""

import os
import subprocess
import sys

from tests.support import CHECKOUT

HEAVY = ("torch", "torchaudio", "speechbrain", "transformers", "sklearn", "scipy", "matplotlib")
SAY_HEAVY = f"print('heavy:', *sorted(set(sys.modules) & set({HEAVY})))"


def python(code, *arguments):
    """Run `code` in a fresh interpreter, away from the checkout, and return what it prints."""
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    command = [sys.executable, "-c", code, *arguments]
    process = subprocess.run(command, env=environment, cwd="/", text=True, capture_output=True)
    assert process.returncode == 0, process.stderr
    return process.stdout
