"""The package xser: `pip install .` gives `import xser` and `python -m xser.<verb>`."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).resolve().parent


def requirements(name):
    """Read the requirements of a file, without its comments."""
    lines = (line.partition("#")[0].strip() for line in (HERE / name).read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


setup(
    name="xser",
    version=re.search(r'__version__ = "(.+)"', (HERE / "xser" / "__init__.py").read_text(encoding="utf-8"))[1],
    description="Zero-shot cross-lingual speech emotion recognition",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    packages=find_packages(include=["xser", "xser.*"]),
    package_data={"xser.evidence.pages": ["*.html"], "xser.corpora.description": ["*.tsv", "*.yaml"]},
    python_requires=">=3.10",
    install_requires=requirements("requirements.txt"),
    extras_require={"test": requirements("requirements-test.txt")},
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Intended Audience :: Science/Research",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3",
        "Topic :: Multimedia :: Sound/Audio :: Speech",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
)
