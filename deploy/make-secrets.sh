#!/usr/bin/env bash
# make-secrets.sh [FOLDER]: makes the secrets of docker-compose.yml once, in ./secrets if no FOLDER is named. Safe to run
# again: it keeps secrets that exist.
set -euo pipefail
folder=${1:-secrets}

# The folder keeps other users of this machine out. Everyone may read the files themselves: in a container, users
# without a name here read them.
mkdir -p "$folder"
chmod 700 "$folder"

# keep NAME TEXT: writes a secret, unless it exists.
keep() {
  [ -s "$folder/$1" ] && return
  printf '%s\n' "$2" >"$folder/$1.new"
  chmod 444 "$folder/$1.new"
  mv "$folder/$1.new" "$folder/$1"
  echo "made $folder/$1"
}

random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

keep secret_key "$(random)"
keep postgres_password "$(random)"
keep redis_password "$(random)"
keep s3_secret_key "$(random)"
keep database_url "postgres://meanwhile:$(cat "$folder/postgres_password")@postgres:5432/meanwhile"
keep redis_url "redis://:$(cat "$folder/redis_password")@redis:6379/0"
keep objects_url "s3://meanwhile?endpoint=http://objects:7070&region=us-east-1&access_key=meanwhile&secret_key=$(cat "$folder/s3_secret_key")"
