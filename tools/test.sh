#!/usr/bin/env bash
# Set the environment up with what the tests need, and run every test, doctests included.
#
#   bash tools/test.sh                          everything but the slow tests, on all cores
#   bash tools/test.sh --slow                   everything
#   bash tools/test.sh tests/model -k supcon    any options of pytest, on one core; paths are relative to the checkout
set -euo pipefail

selection=()
arguments=()
for word in "$@"; do
    case $word in
        --slow) selection=(-m "") ;;
        -h | --help)
            sed -n '2,/^[^#]/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
            exit 0
            ;;
        *) arguments+=("$word") ;;
    esac
done

# shellcheck disable=SC2034  # read by environment.sh
xser_extras=--test
# shellcheck source=tools/environment.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/environment.sh"
cd -- "$root"

unset PYTHONDONTWRITEBYTECODE # every process that a test starts would compile the package again
# What xser writes it waits to see on the disk. In memory there is nothing to wait for.
memory_has_room() { # for what tests write, and for scripts that they start
    local room script
    room="$(df --output=avail /dev/shm)" # KiB, below a heading
    [ "${room##*[!0-9]}" -gt 4000000 ] || return
    script="$(mktemp /dev/shm/xser-XXXXXX)" || return
    printf '#!/bin/sh\n' >"$script"
    chmod +x "$script"
    local ended=0
    "$script" || ended=1
    rm -f -- "$script"
    return "$ended"
}
if [ -z "${TMPDIR:-}" ] && memory_has_room 2>/dev/null; then
    export TMPDIR=/dev/shm
fi

if [ ${#arguments[@]} -eq 0 ] && "$python" -c "import xdist" 2>/dev/null; then # a worker a core, each with one thread: more would wait for one another
    arguments=(--numprocesses auto --maxprocesses 8 --dist worksteal)
    export OMP_NUM_THREADS=1
fi
exec "$python" -m pytest "${selection[@]}" "${arguments[@]}"
