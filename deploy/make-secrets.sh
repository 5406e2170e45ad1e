#!/usr/bin/env bash
# make-secrets.sh [FOLDER]: makes what docker-compose.yml keeps secret, once; ./secrets when no folder is named. Safe to run again: what is
# there stays.
set -euo pipefail
folder=${1:-secrets}

# The folder keeps others of this machine out. The files themselves are open: in a container they are read by users without a name here.
mkdir -p "$folder"
chmod 700 "$folder"

# keep NAME TEXT: writes a secret that is not there yet.
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
