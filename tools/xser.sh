#!/usr/bin/env bash
# The command `xser` of this checkout, in its environment, which is made on first use: bash tools/xser.sh run emodb
set -euo pipefail

# shellcheck source=tools/environment.sh
source "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/environment.sh"
exec "$python" -m xser "$@"
