# shellcheck shell=bash disable=SC2034
# Sourced by the scripts, which are then independent of the current directory. Sets
#   $root      the checkout
#   $python    an interpreter that has xser's requirements (tools/setup_env.sh makes one where there is none), and finds
#              this checkout's xser without its being installed
# With xser_extras=--test set before, the interpreter has the test requirements too.
root="$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)"
python="$(bash "$root/tools/setup_env.sh" --print ${xser_extras:+"$xser_extras"})" || exit
export PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}"
export PYTHONSAFEPATH=1 # a random.py in the user's current directory is not Python's random
