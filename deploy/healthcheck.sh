#!/usr/bin/env bash
# healthcheck.sh PORT PATH: succeeds if PORT on this machine answers PATH with 200. The image has neither curl nor wget.
set -euo pipefail
[ $# = 2 ] || { echo "usage: healthcheck.sh PORT PATH" >&2; exit 2; }
exec 3<>"/dev/tcp/127.0.0.1/$1"
printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$2" >&3
IFS=' ' read -r -t 4 _ status _ <&3
[ "$status" = 200 ] || { echo "$2 answers $status"; exit 1; }
