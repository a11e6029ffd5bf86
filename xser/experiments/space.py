"""What a Hugging Face Space needs to show the page of `xser serve`: a program, what it needs, and the hub's header."""

from pathlib import Path

import yaml

import xser
from xser.core.extras import DISTRIBUTION, EXTRA_OF

SPACE = "space"  # the folder in a model's folder
GRADIO = "6.17.3"  # as in requirements.lock
PORT = 7860  # where the hub expects the page
APP = f'''"""The page of a model of xser. The model lies beside this file, in the folder `model`."""

from pathlib import Path

from xser.demo.server import serve

serve(str(Path(__file__).parent / "model"), host="0.0.0.0", port={PORT})
'''
README = """
# {name}

Speak or give a recording, and see what the model hears. What is given is deleted once it is heard.

This folder and the model make a Space. Where `{folder}` is the model's folder, of which this is a part:

```bash
hf upload USER/SPACE {folder}/{space} . --repo-type space
hf upload USER/SPACE {folder} model --repo-type space --exclude "{space}/*"
```

Everybody who may see a Space can download what is in it. The licences in the model's card decide who may.
"""


def write_space(folder: Path, name: str, card: str) -> None:
    """Write the folder of a Space.

    Parameters
    ----------
    folder
        Of the model.
    name
        Of the model.
    card
        Text of its card, whose header has the licence.
    """
    space = folder / SPACE
    space.mkdir()
    licence = {key: value for key, value in yaml.safe_load(card.split("---\n")[1]).items() if key.startswith("license")}
    header = {
        "title": name.rpartition("/")[2],
        "sdk": "gradio",
        "sdk_version": GRADIO,
        "python_version": "3.11",
        "app_file": "app.py",
        **licence,
    }
    text = yaml.safe_dump(header, sort_keys=False, allow_unicode=True)
    body = README.format(name=name, folder=name.rpartition("/")[2], space=SPACE)
    (space / "README.md").write_text(f"---\n{text}---\n{body}", encoding="utf-8")
    (space / "app.py").write_text(APP, encoding="utf-8")
    needs = f"{DISTRIBUTION}[{EXTRA_OF['gradio']}]=={xser.__version__}\n"
    (space / "requirements.txt").write_text(needs, encoding="utf-8")
