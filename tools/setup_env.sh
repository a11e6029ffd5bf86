#!/usr/bin/env bash
# Make the environment that xser runs in: .venv in the checkout, once, with uv where it is there, else with venv and pip.
# Silent and instant afterwards.
#
#   bash tools/setup_env.sh            what the recipes need (requirements.lock); every run.sh does this by itself
#   bash tools/setup_env.sh --test     and what the tests need (requirements-test.lock)
#   bash tools/setup_env.sh --print    and print the path of the Python to use
#
# XSER_PYTHON (a path or a command), or an active environment (venv or conda) that satisfies requirements.txt, is used
# as it is: nothing in it is changed. The installer's own configuration and variables count. For a torch without CUDA,
# which is far smaller, name torch's index of CPU builds: UV_INDEX and UV_INDEX_STRATEGY=unsafe-best-match for uv,
# PIP_EXTRA_INDEX_URL for pip. XSER_INSTALLER=pip passes uv by.
set -euo pipefail

root="$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)"
venv="$root/.venv"
unfinished="$venv/xser-unfinished"       # there from the first to the last moment of a set-up
python=""                                # what is decided upon
requirements=("$root/requirements.txt")  # ranges, for an environment of the user's
locks=("$root/requirements.lock")        # versions, for .venv
stamps=("$venv/xser-requirements")       # what .venv was made from; written last
print=no

say() { printf 'setup_env: %s\n' "$*" >&2; }

fail() {
    printf 'tools/setup_env.sh: %s\n' "$*" >&2
    exit 1
}

read_options() {
    local word
    for word in "$@"; do
        case $word in
            --test)
                requirements+=("$root/requirements-test.txt")
                locks+=("$root/requirements-test.lock")
                stamps+=("$venv/xser-requirements-test")
                ;;
            --print) print=yes ;;
            -h | --help)
                sed -n '2,/^[^#]/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
                exit 0
                ;;
            *)
                printf 'tools/setup_env.sh: unknown option %s; there are --test, --print and --help\n' "$word" >&2
                exit 2
                ;;
        esac
    done
}

# Environments that are the user's. ------------------------------------------------------------------------------------

# Why the interpreter $1 cannot be used, or nothing; 3 stands for a torchaudio that cannot be imported.
problem_of() { "$1" "$root/tools/check_environment.py" "${@:2}" "${requirements[@]}"; }

torchaudio_remedy="install a torchaudio built for its torch, or move torchaudio/lib/*.so aside there"

use_named_python() {
    local problem code=0
    python="$(command -v -- "$XSER_PYTHON")" || fail "XSER_PYTHON=$XSER_PYTHON is not a program: give a path or a command"
    problem="$(problem_of "$python" --any-version)" || code=$?
    case $code in
        0) ;;
        3) fail "XSER_PYTHON=$XSER_PYTHON $problem: $torchaudio_remedy" ;;
        *) fail "XSER_PYTHON=$XSER_PYTHON ${problem:-cannot be run}: install requirements.txt there, or unset XSER_PYTHON" ;;
    esac
}

# Decide upon the active environment, or a .venv that the user made, if it will do; otherwise $why_not says why not.
why_not=""
use_active_environment() {
    local folder problem code
    for folder in "${VIRTUAL_ENV:-}" "${CONDA_PREFIX:-}" "$venv"; do
        if [ ! -x "$folder/bin/python" ]; then continue; fi
        if [ "$folder" -ef "$venv" ] && is_ours; then continue; fi
        code=0
        problem="$(problem_of "$folder/bin/python")" || code=$?
        case $code in
            0)
                python="$folder/bin/python"
                return
                ;;
            3) fail "the environment $folder $problem: deactivate it and xser makes its own, or $torchaudio_remedy" ;;
            *) why_not="the environment $folder ${problem:-cannot be run}" ;;
        esac
    done
}

# Our own environment. -------------------------------------------------------------------------------------------------

# A stamp is the interpreter behind .venv and the locks: after an upgrade of either, .venv is set up again.
stamp() { readlink -f -- "$venv/bin/python" && cat -- "$@"; }

is_current() {
    [ ! -e "$unfinished" ] && [ -x "$venv/bin/python" ] && stamp "${locks[@]}" | cmp -s - "${stamps[-1]}"
}

# Whether .venv was made by this script: nobody else's is changed.
is_ours() { [ -e "$unfinished" ] || [ -e "${stamps[0]}" ]; }

find_python() {
    local name version without_venv=""
    for name in python3 python3.{14..10}; do
        version="$("$name" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" || continue
        case $version in 3.1[0-4]) ;; *) continue ;; esac
        if [ "$installer" = uv ] || "$name" -c 'import venv, ensurepip' 2>/dev/null; then
            "$name" -c 'import sys; print(sys.executable)'
            return
        fi
        without_venv="${without_venv:-$name}"
    done
    [ -z "$without_venv" ] || fail "$without_venv has no venv module: apt install $without_venv-venv"
    fail "there is no Python 3.10 to 3.14: apt install python3 python3-venv"
}

make_venv() {
    local base
    base="$(find_python)"
    say "making $venv with $("$base" --version) and $installer (once; some minutes, most of them torch)"
    rm -rf -- "$venv"
    mkdir -- "$venv"
    : >"$unfinished"
    if [ "$installer" = uv ]; then
        uv venv --quiet --allow-existing --python "$base" "$venv" >&2
    else
        "$base" -m venv -- "$venv" >&2
    fi || fail "$base could not make $venv: see above, then run the same command again"
}

# A .venv made by uv has no pip.
has_installer() {
    if [ "$installer" = uv ]; then [ -x "$venv/bin/python" ]; else "$venv/bin/python" -m pip --version; fi >/dev/null 2>&1
}

install() {
    if [ "$installer" = uv ]; then
        uv pip install --python "$venv/bin/python" "$@"
    else
        "$venv/bin/python" -m pip install --disable-pip-version-check "$@"
    fi
}

# torchaudio 2.11 of the package index is a CUDA build and cannot be imported beside a CPU-only torch. What xser uses of
# it, resampling and mel filters, is Python: without the native libraries the import works.
mend_torchaudio() {
    local error packages library
    error="$(import_torchaudio)" && return
    packages="$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("platlib"))')"
    library="$packages/torchaudio/lib"
    if [ ! -e "$packages/torch/lib/libtorch_cuda.so" ] &&
        grep -q '^OSError: lib[^ ]*cuda[^ ]*: cannot open shared object file' <<<"$error"; then
        mkdir -p -- "$library/set_aside"
        mv -f -- "$library"/*.so "$library/set_aside/"
        say "torchaudio is a CUDA build and torch is not: moved $library/*.so to set_aside/ beside them"
        error="$(import_torchaudio)" && return
    fi
    fail "torchaudio in $venv cannot be imported: ${error##*$'\n'}"
}

import_torchaudio() { "$venv/bin/python" -c 'import torchaudio' 2>&1; }

# One set-up at a time: the lock is on the checkout's folder and ends with the process, or with the pip that it started.
set_up_venv() {
    local number installer=pip
    if [ "${XSER_INSTALLER:-uv}" = uv ] && command -v uv >/dev/null; then installer=uv; fi
    exec 9<"$root"
    flock -n 9 || { say "another set-up of $venv is at work: waiting for it" && flock 9; }
    if is_current; then return; fi
    if ! is_ours && [ -n "$(ls -A -- "$venv" 2>/dev/null)" ]; then
        fail "${why_not:-$venv is no environment}, and is not of this script's making: move $venv away, or install" \
            "requirements.txt into it"
    fi
    [ -z "$why_not" ] || say "$why_not: it is left as it is"
    # A set-up that was killed may have left half a package: it starts from nothing.
    if [ -e "$unfinished" ] || ! has_installer; then make_venv; fi
    : >"$unfinished"
    install "${locks[@]/#/--requirement=}" >&2 ||
        fail "$installer could not install ${locks[*]##*/}: see above, then run the same command again"
    mend_torchaudio
    for number in "${!stamps[@]}"; do
        stamp "${locks[@]:0:number+1}" >"${stamps[number]}"
    done
    rm -- "$unfinished"
    say "$venv is ready"
}

main() {
    read_options "$@"
    if [ -n "${XSER_PYTHON:-}" ]; then
        use_named_python
    else
        use_active_environment
        if [ -z "$python" ]; then
            is_current || set_up_venv
            python="$venv/bin/python"
        fi
    fi
    [ "$print" = no ] || printf '%s\n' "$python"
}

main "$@"
