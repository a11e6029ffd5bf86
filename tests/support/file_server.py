"""A server of files on the loopback that can misbehave as real ones do."""

from tests.support.loopback import LoopbackServer


class FileServer(LoopbackServer):
    """Serves `files` (path -> bytes) with ranges.

    Attributes
    ----------
    files : dict of str to bytes
    asked : list of (str, str or None)
        Path and ``Range`` of each request.
    cuts : int
        How often a body is still broken off in its middle.
    ranges : bool
        Whether ranges are understood; a server that ignores them sends everything again.
    length : int or None
        What ``Content-Length`` says instead of the truth; with -1 it is not sent.
    versions : bool
        Whether an ``ETag`` is sent; it is the content's hash.
    stops : threading.Event or None
        When set, half of a body is sent and the rest kept back until the event.
    """

    def __init__(self, files):
        super().__init__()
        self.files = files
        self.asked, self.cuts, self.ranges, self.length, self.versions, self.stops = [], 0, True, None, True, None

    def answer(self, request):
        if request.command == "GET":
            self.asked.append((request.path, request.headers.get("Range")))
        request.close_connection = True
        body = self.files.get(request.path)
        if body is None:
            return request.send_error(404)
        version = f'"{hash(body)}"'
        start = int(request.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        if not self.ranges or request.headers.get("If-Range", version) != version:
            start = 0
        if start >= len(body) > 0:
            request.send_response(416)
            request.send_header("Content-Range", f"bytes */{len(body)}")
            return request.end_headers()
        request.send_response(206 if start else 200)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        if self.versions:
            request.send_header("ETag", version)
        if self.length != -1:
            request.send_header("Content-Length", str(self.length or len(body) - start))
        request.end_headers()
        if request.command == "GET":
            self._send(request, body[start:])

    def _send(self, request, body):
        if self.stops is not None:
            request.wfile.write(body[: len(body) // 2])
            request.wfile.flush()
            self.stops.wait(30)
            return
        if self.cuts > 0:
            self.cuts -= 1
            body = body[: len(body) // 2]
        request.wfile.write(body)
