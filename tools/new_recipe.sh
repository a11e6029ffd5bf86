#!/usr/bin/env bash
# Make a recipe for a corpus that has none: look at the folder with its recordings, propose what its names say, and write
# recipes/NAME with corpus.yaml, run.sh, README.md, and a test. --help lists the options; docs/new_language.md goes through
# it.
#
#   bash tools/new_recipe.sh swahili --from ~/corpora/swahili
#   bash tools/new_recipe.sh mycorpus --from DIR --language swa --dry-run      print the proposal and write nothing
set -euo pipefail

# shellcheck source=tools/environment.sh
source "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/environment.sh"
exec "$python" -m xser.commands.new_recipe "$@"
