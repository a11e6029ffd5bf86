"""Serve the page: on this machine alone unless told, with nothing from elsewhere and nothing left behind."""

import contextlib
import ipaddress
import os
import signal
import socket
import tempfile
import warnings
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from pathlib import Path
from typing import Any, TypeAlias

from xser.core.errors import UsageError, XserError
from xser.core.extras import optional
from xser.demo.card import card_of
from xser.demo.hearing import Limits
from xser.demo.kept import Kept
from xser.demo.page import SOUNDS, build, look
from xser.model.recognition import Model

HOST, PORT = "127.0.0.1", 7860
OPEN = (
    "warning: everybody who can reach this machine can use the page. Browsers give it the microphone only at localhost "
    "or behind https."
)
# Read by gradio and by huggingface_hub when they are imported.
QUIET = {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_DISABLE_TELEMETRY": "1"}
# What a browser may load: this page's own. Gradio compiles templates and draws sound in workers of its own text.
POLICY = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; object-src 'none'; base-uri 'self'"

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]


def _import_gradio() -> None:
    """Import gradio, or say that it is missing, before a model is loaded."""
    os.environ.update(QUIET)
    warnings.filterwarnings("ignore", module="gradio")  # what it says to itself of the libraries below it
    for library in ("gradio", "fastapi", "uvicorn"):
        optional(library, "the page")


def serve(
    model: str,
    host: str = HOST,
    port: int = PORT,
    limits: Limits | None = None,
    device: str = "auto",
    adapt_to: tuple[str, ...] = (),
) -> None:
    """Serve the page of a model until Ctrl-C.

    Parameters
    ----------
    model
        As of `xser.load`.
    host
        The address to listen on; ``0.0.0.0`` lets everybody in who can reach this machine.
    port
        0 takes a free one.
    limits
        Of a recording.
    adapt_to
        Unlabelled recordings, for a model that wants their statistics.

    Raises
    ------
    XserError
        When gradio is missing, the model cannot be used, or the address is not free.
    """
    from xser.corpora.given_recordings import find_recordings
    from xser.model.loading import load

    with _temporary_folder() as folder, _listening(host, port) as listener:
        _import_gradio()  # which makes folders for temporary files
        loaded = load(model, device)
        if adapt_to:
            loaded = loaded.adapt_to(find_recordings(adapt_to))
        loaded.refuse_missing_statistics()
        app = application(loaded, card_of(model), limits or Limits(), folder)
        shown, taken = listener.getsockname()[:2]
        print(f"serving: http://{f'[{shown}]' if ':' in shown else shown}:{taken} (Ctrl-C ends it)", flush=True)
        if not _is_loopback(shown):
            print(OPEN, flush=True)
        _run(app, listener)


def application(model: Model, card: str, limits: Limits, folder: Path) -> Any:
    """The page and the sounds of its answers, as an ASGI application.

    Parameters
    ----------
    folder
        For whatever has to lie in a file for a while.
    """
    import gradio as gr
    from fastapi import FastAPI, HTTPException
    from fastapi.responses import FileResponse

    kept = Kept(folder)
    app = FastAPI(openapi_url=None)

    @app.get(f"/{SOUNDS}/{{name}}")
    def sound(name: str) -> FileResponse:
        file = kept.find(name)
        if file is None:
            raise HTTPException(404)
        return FileResponse(file, media_type="audio/wav", headers={"cache-control": "no-store"})

    page = build(model, card, limits, kept)
    gr.mount_gradio_app(
        app,
        page,
        "/",
        footer_links=[],
        max_file_size=limits.size,
        ssr_mode=False,
        mcp_server=False,
        show_error=False,
        **look(),
    )
    return OnlyFromHere(app)


class OnlyFromHere:
    """An ASGI application whose pages load nothing from elsewhere.

    Parameters
    ----------
    app
        The application.
    """

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer, with the policy in every response."""

        async def with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                more = [(b"content-security-policy", POLICY.encode()), (b"referrer-policy", b"no-referrer")]
                message["headers"] = [*message.get("headers", []), *more]
            await send(message)

        await self.app(scope, receive, with_policy)


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket on the address, taken before a model is loaded."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (socket.gaierror, OverflowError, UnicodeError) as error:
        raise UsageError(f"--host {host} --port {port} is no address of this machine") from error
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
    except OSError as error:
        listener.close()
        raise XserError(
            f"cannot listen on {host}, port {port} ({error.strerror}): choose another --port, or 0 for a free one"
        ) from error
    with listener:
        yield listener


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


@contextlib.contextmanager
def _temporary_folder() -> Iterator[Path]:
    """A folder for all temporary files of this process, gradio's too; it is removed with what is in it."""
    before, of_gradio = tempfile.tempdir, os.environ.get("GRADIO_TEMP_DIR")
    with tempfile.TemporaryDirectory(prefix="xser-serve-", ignore_cleanup_errors=True) as folder:
        tempfile.tempdir = os.environ["GRADIO_TEMP_DIR"] = folder
        try:
            yield Path(folder)
        finally:
            tempfile.tempdir = before
            if of_gradio is None:
                os.environ.pop("GRADIO_TEMP_DIR", None)
            else:
                os.environ["GRADIO_TEMP_DIR"] = of_gradio


def _run(app: Any, listener: socket.socket) -> None:
    """Answer until Ctrl-C or SIGTERM; both end it in order, so that temporary files go."""
    import uvicorn

    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2, lifespan="on")
    try:
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])
    finally:
        signal.signal(signal.SIGTERM, before)
