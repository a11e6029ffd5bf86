"""A Hugging Face hub on the loopback, with one small model: what its client asks of the real one."""

import json
import os
import subprocess
import sys

from tests.support.loopback import LoopbackServer

NAME, COMMIT = "someone/tiny", "0123456789abcdef0123456789abcdef01234567"


class Hub(LoopbackServer):
    """Serves the files of `folder` as `NAME` at `COMMIT` (branch main, tag v1).

    Attributes
    ----------
    asked : list of (str, str)
        Method and path of each request.
    refusal : (int, str) or None
        Status and ``X-Error-Code`` of every answer, instead of the model.
    files_refusal : (int, str) or None
        The same, of files alone.
    breaks : int
        How often the weights are still cut off in the middle.
    endpoint : str
        For ``HF_ENDPOINT``.
    """

    def __init__(self, folder):
        super().__init__()
        self.files = {path.name: path.read_bytes() for path in folder.iterdir()}
        self.asked, self.refusal, self.files_refusal, self.breaks = [], None, None, 0
        self.endpoint = self.url

    def answer(self, request):
        self.asked.append((request.command, request.path))
        if self.refusal:
            return self._send(request, *self.refusal)
        path = request.path.partition("?")[0]
        if path.startswith(f"/api/models/{NAME}"):
            revision = path.partition("/revision/")[2] or "main"
            if revision not in ("main", "v1", COMMIT):
                return self._send(request, 404, "RevisionNotFound")
            about = {"id": NAME, "sha": COMMIT, "siblings": [{"rfilename": name} for name in sorted(self.files)]}
            return self._send(request, 200, body=json.dumps(about).encode())
        if self.files_refusal:
            return self._send(request, *self.files_refusal)
        if not path.startswith(f"/{NAME}/resolve/"):
            return self._send(request, 401)  # as the real one says of what is not there, or private
        revision, _, file = path.removeprefix(f"/{NAME}/resolve/").partition("/")
        if revision not in ("main", "v1", COMMIT):
            return self._send(request, 404, "RevisionNotFound")
        if file not in self.files:
            return self._send(request, 404, "EntryNotFound")
        self._send(request, 200, body=self.files[file], etag=f'"{file}"', cut=file.startswith("model"))

    def _send(self, request, status, error=None, body=b"", etag=None, cut=False):
        start = int(request.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
        request.send_response(206 if start else status)
        for key, value in (("X-Error-Code", error), ("ETag", etag), ("X-Repo-Commit", COMMIT)):
            if value:
                request.send_header(key, value)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        request.send_header("Content-Length", str(len(body) - start))
        request.end_headers()
        if request.command == "GET":
            broken = cut and self.breaks > 0
            self.breaks -= broken
            request.wfile.write(body[start : start + (len(body) - start) // 2] if broken else body[start:])
        if cut:
            request.close_connection = True


def find(endpoint, home, source, revision=None, **environment):
    """What `find_model` says in a fresh process that knows no other hub: its last line of output, or its error."""
    code = (
        "import sys\nfrom xser.commands.command_line import run\n"
        "from xser.model.encoders.model_folder import find_model\n"
        "run(lambda: print(find_model(*sys.argv[1:])))"
    )
    words = [source] if revision is None else [source, revision]
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "HUGGING", "TRANSFORMERS_"))}
    made = {"HF_ENDPOINT": endpoint, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1", "NO_PROXY": "*", **environment}
    done = subprocess.run(
        [sys.executable, "-c", code, *words], env={**kept, **made}, text=True, capture_output=True, timeout=120
    )
    return (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()[-1]
