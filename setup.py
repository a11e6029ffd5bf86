"""The package: `pip install .` gives `import xser`, the command `xser`, and the recipes and made-up corpora with them.

The distribution is called xser-toolkit: `xser` on the package index is another project.
"""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).resolve().parent
# What only some commands need; xser/core/extras.py says so where one is missing.
EXTRAS = {
    "audit": ["matplotlib>=3.9,<4"],  # its pictures
    "grid": ["submitit>=1.5,<2"],  # --slurm
    "onnx": ["onnx>=1.19,<2", "onnx-ir>=0.1.12,<2", "onnxruntime>=1.23,<2", "onnxscript>=0.5.6,<1"],
    "report": ["jinja2>=3.1.4,<4", "matplotlib>=3.9,<4"],  # the page, confusion matrices
    "serve": ["gradio>=6.17,<7", "fastapi>=0.133,<1", "uvicorn>=0.30,<1"],  # xser serve
    "vad": ["silero-vad>=6.2,<7"],  # xser predict --vad
    "tables": ["pyarrow>=18"],  # Parquet and Arrow files, Hugging Face's datasets
}
# Folders beside the package that are installed into it: xser/data/recipes, xser/data/egs_data.
DATA = ("recipes", "egs_data")
FILES = ["**/*.css", "**/*.html", "**/*.js", "**/*.tsv", "**/*.yaml"]


def requirements(name):
    """Read the requirements of a file, without its comments."""
    lines = (line.partition("#")[0].strip() for line in (HERE / name).read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


EXTRAS["all"] = sorted({need for needs in EXTRAS.values() for need in needs})

setup(
    name="xser-toolkit",
    version=re.search(r'__version__ = "(.+)"', (HERE / "xser" / "__init__.py").read_text(encoding="utf-8"))[1],
    description="Zero-shot cross-lingual speech emotion recognition",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    packages=[*find_packages(include=["xser", "xser.*"]), *(f"xser.data.{name}" for name in DATA)],
    package_dir={f"xser.data.{name}": name for name in DATA},
    package_data={"xser": FILES, **{f"xser.data.{name}": ["**/*"] for name in DATA}},
    exclude_package_data={f"xser.data.{name}": ["**/__pycache__/*"] for name in DATA},
    entry_points={"console_scripts": ["xser = xser.__main__:main"]},
    python_requires=">=3.10",
    install_requires=requirements("requirements.txt"),
    extras_require={**EXTRAS, "dev": requirements("requirements-test.txt")},
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Intended Audience :: Science/Research",
        "Operating System :: POSIX :: Linux",
        *(f"Programming Language :: Python :: 3.{minor}" for minor in range(10, 15)),
        "Topic :: Multimedia :: Sound/Audio :: Speech",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
)
