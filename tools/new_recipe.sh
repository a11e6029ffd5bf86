#!/usr/bin/env bash
# `xser new-recipe` of this checkout: bash tools/new_recipe.sh NAME --from DIR --pattern '{speaker}/{emotion}_{take}.wav'
exec bash "$(dirname -- "$(readlink -f -- "$0")")/xser.sh" new-recipe "$@"
