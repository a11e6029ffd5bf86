#!/usr/bin/env bash
# Train on the speech of some languages, recognise emotion in one that training never meets; --help lists the options.
exec bash "$(dirname -- "$(readlink -f -- "$0")")/../../tools/xser.sh" run zero_shot "$@"
