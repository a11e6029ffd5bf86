"""A Hugging Face hub on the loopback, with one small model: what its client asks of the real one."""

import base64
import json
import os
import subprocess
import sys

from tests.support.loopback import LoopbackServer

NAME, COMMIT = "someone/tiny", "0123456789abcdef0123456789abcdef01234567"


class Hub(LoopbackServer):
    """Serves the files of `folder` as `NAME` at `COMMIT` (branch main, tag v1), and takes new ones.

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
        self.created, self.uploads = [], {}

    def answer(self, request):
        self.asked.append((request.command, request.path))
        if self.refusal:
            return self._send(request, *self.refusal)
        path = request.path.partition("?")[0]
        if request.command in ("POST", "PUT"):
            return self._take(request, path, request.rfile.read(int(request.headers["Content-Length"])))
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

    def _take(self, request, path, body):
        """Answer what an upload asks: large files go apart and are named in the commit that ends it."""
        said = {}
        if path == "/api/repos/create":
            self.created.append(json.loads(body))
            said = {"url": f"{self.url}/{NAME}"}
        elif path == "/api/validate-yaml":
            said = {"errors": [], "warnings": []}
        elif path == f"/api/models/{NAME}/preupload/main":
            names = [file["path"] for file in json.loads(body)["files"]]
            modes = {name: "lfs" if name.endswith(".safetensors") else "regular" for name in names}
            said = {
                "files": [{"path": name, "uploadMode": mode, "shouldIgnore": False} for name, mode in modes.items()]
            }
        elif path == f"/{NAME}.git/info/lfs/objects/batch":
            places = {each["oid"]: {"href": f"{self.url}/upload/{each['oid']}"} for each in json.loads(body)["objects"]}
            sizes = {each["oid"]: each["size"] for each in json.loads(body)["objects"]}
            objects = [{"oid": oid, "size": sizes[oid], "actions": {"upload": to}} for oid, to in places.items()]
            said = {"transfer": "basic", "objects": objects}
        elif path.startswith("/upload/"):
            self.uploads[path.removeprefix("/upload/")] = body
        elif path == f"/api/models/{NAME}/commit/main":
            lines = [json.loads(line) for line in body.splitlines()]
            plain = {each["value"]["path"]: each["value"]["content"] for each in lines if each["key"] == "file"}
            large = {each["value"]["path"]: each["value"]["oid"] for each in lines if each["key"] == "lfsFile"}
            self.files = {name: base64.b64decode(content) for name, content in plain.items()}
            self.files |= {name: self.uploads[oid] for name, oid in large.items()}
            said = {"success": True, "commitUrl": f"{self.url}/{NAME}/commit/{COMMIT}", "commitOid": COMMIT}
        self._send(request, 200, body=json.dumps(said).encode())

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
        if request.command != "HEAD":
            broken = cut and self.breaks > 0
            self.breaks -= broken
            request.wfile.write(body[start : start + (len(body) - start) // 2] if broken else body[start:])
        if cut:
            request.close_connection = True


def find(endpoint, home, source, revision=None, **environment):
    """What `find_model` says in a fresh process that knows no other hub: its last line of output, or its error."""
    words = [source] if revision is None else [source, revision]
    call = "from xser.model.encoders.model_folder import find_model\nrun(lambda: print(find_model(*sys.argv[1:])))"
    return ask(endpoint, home, call, *words, **environment)


def ask(endpoint, home, call, *words, **environment):
    """What Python code says in a fresh process that knows no other hub, with `run` for errors in a line."""
    code = f"import sys\nfrom xser.commands.command_line import run\n{call}"
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "HUGGING", "TRANSFORMERS_"))}
    made = {"HF_ENDPOINT": endpoint, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1", "NO_PROXY": "*", **environment}
    done = subprocess.run(
        [sys.executable, "-c", code, *words], env={**kept, **made}, text=True, capture_output=True, timeout=120
    )
    return (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()[-1]
