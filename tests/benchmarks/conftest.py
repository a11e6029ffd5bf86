"""Nothing here is a test: the benchmark is a command (README.md); tests/repository/test_benchmark.py runs it."""

collect_ignore_glob = ["*.py"]
