#!/usr/bin/env bash
# Train and evaluate within this corpus, described by corpus.yaml; --help lists the stages and options.
exec bash "$(dirname -- "$(readlink -f -- "$0")")/../../tools/xser.sh" run casia "$@"
