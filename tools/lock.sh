#!/usr/bin/env bash
# Write the exact versions that the recipes and the tests run with, from the ranges in setup.py and requirements-test.txt:
#
#   requirements.lock         xser with all its extras, for Python 3.10 to 3.14
#   requirements-test.lock    what the tests and the documentation need beside it
#   requirements-oldest.lock  the lower end of every range, for .ci/run
#
#   bash tools/lock.sh            keep what is pinned and still fits
#   bash tools/lock.sh --upgrade  the newest that fits
#
# Needs uv and the network. torch's own parts (nvidia-*, triton ...) are left out: torch pins them itself, and its CPU
# builds do without.
set -euo pipefail
cd -- "$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)"

parts_of_torch=(cuda-bindings cuda-pathfinder cuda-toolkit nvidia-cublas nvidia-cuda-cccl nvidia-cuda-crt
    nvidia-cuda-cupti nvidia-cuda-nvcc nvidia-cuda-nvrtc nvidia-cuda-runtime nvidia-cudnn-cu13 nvidia-cufft
    nvidia-cufile nvidia-curand nvidia-cusolver nvidia-cusparse nvidia-cusparselt-cu13 nvidia-nccl-cu13
    nvidia-nvjitlink nvidia-nvshmem-cu13 nvidia-nvtx nvidia-nvvm triton)
parts_of_old_torch=(nvidia-{cublas,cuda-cupti,cuda-nvrtc,cuda-runtime,cudnn,cufft,cufile,curand,cusolver,cusparse}-cu12
    nvidia-{nccl,nvjitlink,nvshmem,nvtx}-cu12 nvidia-cusparselt-cu12)
# One version each, so that a result does not depend on the day of the installation.
pinned=$'torch==2.13.0\ntransformers==4.57.6\n'

compile() { # lock, options ...
    uv pip compile --quiet --refresh-package xser-toolkit --universal --python-version 3.10 --no-annotate \
        --custom-compile-command "bash tools/lock.sh" \
        "${parts_of_torch[@]/#/--no-emit-package=}" "${parts_of_old_torch[@]/#/--no-emit-package=}" \
        --output-file "$1" "${@:2}"
}

compile requirements.lock setup.py --extra all --constraints <(printf %s "$pinned") "$@"
compile requirements-test.lock requirements-test.txt --constraints requirements.lock "$@"
compile requirements-oldest.lock setup.py --extra all --resolution lowest-direct <(echo 'pytest>=9') "$@"
