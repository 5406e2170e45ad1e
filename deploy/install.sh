#!/usr/bin/env bash
# Installs what is missing and nothing else: `install.sh run` for serving, `install.sh run test` for the tests. Safe to run again.
set -euo pipefail

debian_run="ffmpeg:ffmpeg ffprobe:ffmpeg bwrap:bubblewrap"
debian_test="chromium:chromium"
brew_run="ffmpeg:ffmpeg ffprobe:ffmpeg"
brew_test=""

fail() { printf 'install: %s\n' "$1" >&2; exit 1; }

for tool in go node npm; do
  command -v "$tool" >/dev/null || fail "$tool is missing: install Go 1.26 or newer and Node 20 or newer first (https://go.dev/dl, https://nodejs.org)."
done

# missing LIST: the packages of LIST ("program:package …") whose program is not on the PATH.
missing() {
  local pair packages=""
  for pair in $1; do
    command -v "${pair%%:*}" >/dev/null || packages="$packages ${pair##*:}"
  done
  printf '%s\n' $packages | sort -u | tr '\n' ' '
}

wanted=""
for group in "$@"; do
  case "$group" in
    run) debian="$debian_run" brew="$brew_run" ;;
    test) debian="$debian_test" brew="$brew_test" ;;
    *) fail "unknown group '$group': it can be run or test" ;;
  esac
  if command -v apt-get >/dev/null; then wanted="$wanted $(missing "$debian")"; else wanted="$wanted $(missing "$brew")"; fi
done
wanted=$(printf '%s\n' $wanted | sort -u | tr '\n' ' ')
[ -n "${wanted// /}" ] || exit 0

if command -v apt-get >/dev/null; then
  sudo=""
  [ "$(id -u)" = 0 ] || sudo="sudo"
  echo "Installing with apt-get: $wanted"
  export DEBIAN_FRONTEND=noninteractive
  $sudo apt-get update -qq >/dev/null || fail "apt-get update did not work: look at the network and /etc/apt/sources.list."
  # shellcheck disable=SC2086 # the list is split on purpose
  $sudo apt-get install -y -qq --no-install-recommends $wanted >/dev/null || fail "apt-get could not install: $wanted"
elif command -v brew >/dev/null; then
  echo "Installing with brew: $wanted"
  # shellcheck disable=SC2086
  brew install --quiet $wanted || fail "brew could not install: $wanted"
else
  fail "install these yourself, neither apt-get nor brew is here: $wanted"
fi
