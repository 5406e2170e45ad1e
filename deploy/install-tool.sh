#!/usr/bin/env bash
# Builds a tool of a Go module once and keeps it:  deploy/install-tool.sh MODULE@VERSION FILE
# FILE has the version in its name, so another version is another file.
set -euo pipefail

module=$1 file=$2
[ ! -x "$file" ] || exit 0
echo "Building $(basename "$file") from $module"
mkdir -p "$(dirname "$file")"
dir=$(mktemp -d "$(dirname "$file")/building.XXXXXX")
trap 'rm -rf "$dir"' EXIT
if ! GOFLAGS='' GOBIN=$dir go install "$module" >"$dir/log" 2>&1; then
  tail -n 20 "$dir/log" >&2
  echo "install-tool: $module could not be built." >&2
  exit 1
fi
mv "$dir/$(basename "${module%@*}")" "$file"
