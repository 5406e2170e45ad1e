#!/usr/bin/env bash
# Installs only what is missing: `install.sh run` for serving, `install.sh run test` for the tests. Safe to run again.
set -euo pipefail

debian_run="ffmpeg:ffmpeg ffprobe:ffmpeg bwrap:bubblewrap"
debian_test="chromium:chromium chromium-headless-shell:chromium-headless-shell firefox-esr:firefox-esr Xvfb:xvfb openbox:openbox xdotool:xdotool redis-server:redis-server initdb:postgresql nginx:nginx-light"
brew_run="ffmpeg:ffmpeg ffprobe:ffmpeg"
brew_test="redis-server:redis initdb:postgresql@17 nginx:nginx"

fail() { printf 'install: %s\n' "$1" >&2; exit 1; }


for tool in go node npm; do
  command -v "$tool" >/dev/null || fail "$tool is missing: install Go 1.26 or newer and Node 20 or newer first (https://go.dev/dl, https://nodejs.org)."
done

# have PROGRAM: succeeds if PROGRAM is on the PATH, or in a folder off the PATH where Debian and Homebrew keep servers
# and PostgreSQL's programs.
have() {
  local file
  command -v "$1" >/dev/null && return
  for file in /usr/sbin/"$1" /usr/lib/postgresql/*/bin/"$1" /opt/homebrew/opt/postgresql@*/bin/"$1" /usr/local/opt/postgresql@*/bin/"$1"; do
    [ -x "$file" ] && return
  done
  return 1
}

# missing LIST: prints the packages of LIST ("program:package …") whose program is not there.
missing() {
  local pair packages=""
  for pair in $1; do
    have "${pair%%:*}" || packages="$packages ${pair##*:}"
  done
  printf '%s\n' $packages | sort -u | tr '\n' ' '
}

wanted="" tests=""
for group in "$@"; do
  case "$group" in
    run) debian="$debian_run" brew="$brew_run" ;;
    test) debian="$debian_test" brew="$brew_test" tests=yes ;;
    *) fail "unknown group '$group': it can be run or test" ;;
  esac
  if command -v apt-get >/dev/null; then wanted="$wanted $(missing "$debian")"; else wanted="$wanted $(missing "$brew")"; fi
done
wanted=$(printf '%s\n' $wanted | sort -u | tr '\n' ' ')

# by_apt and by_brew install the packages of $wanted.
by_apt() {
  local sudo=""
  [ "$(id -u)" = 0 ] || sudo="sudo"
  export DEBIAN_FRONTEND=noninteractive
  # The tests start their own servers. Debian must not start its servers when it installs their packages.
  if [ -n "$tests" ] && [ ! -e /usr/sbin/policy-rc.d ]; then
    # shellcheck disable=SC2064 # the value of sudo now
    trap "$sudo rm -f /usr/sbin/policy-rc.d" EXIT
    printf '#!/bin/sh\nexit 101\n' | $sudo tee /usr/sbin/policy-rc.d >/dev/null
    $sudo chmod 755 /usr/sbin/policy-rc.d
  fi
  $sudo apt-get update -qq >/dev/null || fail "apt-get update did not work: look at the network and /etc/apt/sources.list."
  # shellcheck disable=SC2086 # the list is split on purpose
  $sudo apt-get install -y -qq --no-install-recommends $wanted >/dev/null || fail "apt-get could not install: $wanted"
}

by_brew() {
  # shellcheck disable=SC2086
  brew install --quiet $wanted || fail "brew could not install: $wanted"
}

if [ -n "${wanted// /}" ]; then
  if command -v apt-get >/dev/null; then
    echo "Installing with apt-get: $wanted"
    by_apt
  elif command -v brew >/dev/null; then
    echo "Installing with brew: $wanted"
    by_brew
  else
    fail "install these yourself, neither apt-get nor brew is here: $wanted"
  fi
fi
