"""A server on the loopback address, in a thread of its own, that lets a test decide what it answers."""

import contextlib
import http.server
import threading


class LoopbackServer:
    """Calls `answer` with each request; runs while it is entered."""

    def __init__(self):
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *arguments):
                pass

            def do_GET(self):
                with contextlib.suppress(ConnectionError):  # the client has heard enough
                    server.answer(self)

            do_HEAD = do_POST = do_PUT = do_GET

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, request):
        """Answer one request."""
        raise NotImplementedError
