#!/usr/bin/env bash
# Runs a command and prints how long it took, by the clock and on the processors:  deploy/timed.sh make build
set -euo pipefail
TIMEFORMAT="--- ${*: -1}: %R s (%U s user, %S s system)"
time "$@"
