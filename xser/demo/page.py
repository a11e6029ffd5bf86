"""The page: a microphone, a place to drop a file, the answer, the model card."""

import html
from importlib import resources
from pathlib import Path
from typing import Any

from xser.core.errors import XserError
from xser.corpora.description.languages import is_language, language_name
from xser.demo.drawing import answer_html, problem_html
from xser.demo.hearing import Limits, hear
from xser.demo.kept import Kept
from xser.model.recognition import Model

TITLE = "Emotion in a voice"
SOUNDS = "sounds"  # where the browser finds what was heard
SPOKEN = "Your recording"
MOST_WAITING = 20
FORGET = (300, 3600)  # seconds: how often gradio looks for uploads that were left behind, and how old they are


def build(model: Model, card: str, limits: Limits, kept: Kept) -> Any:
    """The page as gradio's Blocks.

    Parameters
    ----------
    card
        Markdown of the model card. It is shown without scripts.
    """
    import gradio as gr

    def answer(path: str | None, name: str, request: gr.Request) -> tuple[None, str]:
        """The answer as HTML. The file that was given is removed, and its field is free for the next one."""
        if path is None:
            return None, ""
        try:
            sound = kept.place(str(request.session_hash))
            return None, answer_html(hear(model, Path(path), name, limits, sound), f"{SOUNDS}/{sound.name}")
        except XserError as error:
            kept.forget(str(request.session_hash))
            return None, problem_html(str(error))
        finally:
            Path(path).unlink(missing_ok=True)

    def of_file(path: str | None, request: gr.Request) -> tuple[None, str]:
        return answer(path, Path(path).name if path else "", request)

    def of_voice(path: str | None, request: gr.Request) -> tuple[None, str]:
        return answer(path, SPOKEN, request)

    def leave(request: gr.Request) -> None:
        kept.forget(str(request.session_hash))

    with gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=FORGET) as page:
        gr.HTML(f'<div class="xser-head"><h1>{TITLE}</h1><p>{html.escape(about(model))}</p></div>')
        with gr.Row(elem_id="give"):
            voice = gr.Audio(
                sources=["microphone"], type="filepath", label="Speak", editable=False, buttons=[], elem_id="speak"
            )
            file = gr.File(label="Or give a recording, of sound or video", height=180, elem_id="file")
        shown = gr.HTML(elem_id="answer")
        with gr.Accordion("About this model", open=False, elem_id="about"):
            gr.Markdown(card, sanitize_html=True, elem_id="card")
        gr.HTML(f'<div class="xser-foot"><p>{html.escape(promise(limits))}</p></div>')
        quiet = {"api_visibility": "private", "show_progress_on": [shown]}
        voice.stop_recording(of_voice, [voice], [voice, shown], **quiet)
        file.upload(of_file, [file], [file, shown], **quiet)
        page.unload(leave)
    page.queue(max_size=MOST_WAITING)
    return page


def look() -> dict[str, Any]:
    """Theme, style and script, for gradio: nothing of them is fetched from elsewhere."""
    import gradio as gr

    here = resources.files("xser.demo")
    fonts = {"font": ["system-ui", "sans-serif"], "font_mono": ["ui-monospace", "monospace"]}
    return {
        "theme": gr.themes.Default(primary_hue="teal", **fonts),
        "css": (here / "page.css").read_text(encoding="utf-8"),
        "head": f"<script>{(here / 'page.js').read_text(encoding='utf-8')}</script>",
    }


def about(model: Model) -> str:
    """What a visitor should know first."""
    codes = sorted({source for member in model.config.members for source in member.sources})
    trained = ", ".join(language_name(code) if is_language(code) else code for code in codes)
    heard = f"{', '.join(model.emotions[:-1])} or {model.emotions[-1]}"
    return f"Speak, and see what this model hears: {heard}. It learned from {trained}. A voice never proves a feeling."


def promise(limits: Limits) -> str:
    """What is kept, and the limits."""
    return (
        "What you give is deleted once it is heard; the sound that you can play, when you give another or leave. "
        f"At most {limits.minutes:g} minutes and {limits.megabytes:g} MB."
    )
