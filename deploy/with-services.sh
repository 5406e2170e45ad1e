#!/usr/bin/env bash
# Runs a command beside its own PostgreSQL, Redis and S3 server, and ends with the command's code:
#   deploy/with-services.sh go test ./...
# Each server has a fresh temporary folder and a free loopback port, whatever else runs on this machine. It ends with the
# command. The command finds the servers by MEANWHILE_TEST_DATABASE_URL, MEANWHILE_TEST_REDIS_URL and
# MEANWHILE_TEST_OBJECTS_URL.
set -euo pipefail

fail() { printf 'with-services: %s\n' "$1" >&2; exit 1; }

[ $# -gt 0 ] || { echo "usage: deploy/with-services.sh COMMAND [ARGUMENT…]" >&2; exit 2; }

gateway=${XDG_CACHE_HOME:-$HOME/.cache}/meanwhile/bin/versitygw-v1.8.0

# postgres_bin: prints the folder of PostgreSQL's own programs. Debian keeps them off the PATH. So does Homebrew, for all
# versions but one.
postgres_bin() {
  local found
  found=$(ls -d /usr/lib/postgresql/*/bin/initdb /opt/homebrew/opt/postgresql@*/bin/initdb /usr/local/opt/postgresql@*/bin/initdb 2>/dev/null \
    | sort -V | tail -n 1) || true
  [ -n "$found" ] || found=$(command -v initdb) || return 1
  dirname "$found"
}

command -v redis-server >/dev/null || fail "redis-server is missing: run make install-test."
[ -x "$gateway" ] || fail "versitygw, the S3 server of the tests, is missing: run make install-test."
pg=$(postgres_bin) || fail "PostgreSQL's initdb is missing: run make install-test."

# PostgreSQL refuses to run as root.
as_postgres() { "$@"; }
if [ "$(id -u)" = 0 ]; then
  id postgres >/dev/null 2>&1 || fail "PostgreSQL does not run as root and there is no user postgres: run make install-test."
  as_postgres() { runuser -u postgres -- "$@"; }
fi

home=$(mktemp -d "${TMPDIR:-/tmp}/meanwhile-services.XXXXXX")
durable=${MEANWHILE_TEST_DURABLE:-off}
secret=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
redis='' objects='' command=''

# Each background job gets its own process group. Ctrl-C reaches only this script, which passes it on and then cleans up.
set -m

# end JOB: asks a server to end, and kills it after 5 s.
end() {
  [ -n "$1" ] && kill -TERM "$1" 2>/dev/null || return 0
  for _ in $(seq 50); do
    kill -0 "$1" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL "$1" 2>/dev/null || true
}

cleanup() {
  trap - EXIT
  trap '' INT TERM HUP
  if [ -n "$command" ] && kill -TERM -- "-$command" 2>/dev/null; then
    for _ in $(seq 100); do
      kill -0 -- "-$command" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL -- "-$command" 2>/dev/null || true
  fi
  end "$redis"
  end "$objects"
  if [ -f "$home/postgres/data/postmaster.pid" ]; then
    as_postgres "$pg/pg_ctl" stop -D "$home/postgres/data" -m immediate -t 20 >/dev/null 2>&1 || true
  fi
  rm -rf "$home"
}
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# gone NAME LOG: says that a server did not start, prints the end of its log, and exits.
gone() {
  printf 'with-services: %s did not start. The last lines of its log:\n' "$1" >&2
  tail -n 15 "$home/$2" 2>/dev/null | sed 's/^/  /' >&2
  exit 1
}

# a_port: prints a loopback port that nobody listens on, below the ports of outgoing connections.
a_port() {
  local port
  for _ in $(seq 100); do
    port=$((20000 + RANDOM % 12000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
  return 1
}

# answers PORT QUESTION PATTERN: succeeds if the server at PORT sends a line like PATTERN within a second.
answers() {
  local line
  (
    exec 3<>"/dev/tcp/127.0.0.1/$1"
    printf '%b' "$2" >&3
    while IFS= read -r -t 1 line <&3; do
      # shellcheck disable=SC2053 # a pattern on purpose
      [[ $line == $3 ]] && exit 0
    done
    exit 1
  ) 2>/dev/null
}

# ready JOB LOG PORT QUESTION PATTERN: waits 30 s at most. Returns 2 if somebody else took the port first.
ready() {
  for _ in $(seq 300); do
    answers "$3" "$4" "$5" && return 0
    if ! kill -0 "$1" 2>/dev/null; then
      grep -qi 'in use' "$home/$2" && return 2
      return 1
    fi
    sleep 0.1
  done
  return 1
}

# start NAME TITLE: runs start_NAME on a free port. It tries three ports if somebody else takes them first.
start() {
  local code
  for _ in 1 2 3; do
    port=$(a_port) || fail "there is no free port between 20000 and 31999."
    code=0
    "start_$1" || code=$?
    [ "$code" = 2 ] || break
  done
  [ "$code" = 0 ] || gone "$2" "$1.log"
}

start_postgres() {
  local data=$home/postgres/data
  if [ ! -d "$data" ]; then
    chmod 711 "$home"
    mkdir "$home/postgres"
    printf '%s\n' "$secret" >"$home/postgres/password"
    touch "$home/postgres.log"
    [ "$(id -u)" != 0 ] || chown -R postgres: "$home/postgres" "$home/postgres.log"
    as_postgres "$pg/initdb" -D "$data" -U meanwhile --pwfile="$home/postgres/password" --auth=scram-sha-256 \
      --encoding=UTF8 --locale=C --no-sync >"$home/postgres.log" 2>&1 </dev/null || return 1
  fi
  # Nothing here must survive a power cut, unless that is measured (MEANWHILE_TEST_DURABLE=on). Packages are tested at the
  # same time, each with its own pools.
  as_postgres tee "$data/postgresql.auto.conf" >/dev/null <<-CONF
	listen_addresses = '127.0.0.1'
	port = $port
	unix_socket_directories = ''
	max_connections = 300
	shared_buffers = 64MB
	fsync = $durable
	synchronous_commit = $durable
	full_page_writes = $durable
	jit = off
	CONF
  if ! as_postgres "$pg/pg_ctl" start -D "$data" -l "$home/postgres.log" -w -t 60 >/dev/null 2>&1 </dev/null; then
    grep -qi 'in use' "$home/postgres.log" && return 2
    return 1
  fi
  export MEANWHILE_TEST_DATABASE_URL="postgres://meanwhile:$secret@127.0.0.1:$port/postgres"
}

start_redis() {
  mkdir -p "$home/redis"
  redis-server - >"$home/redis.log" 2>&1 <<-CONF &
	bind 127.0.0.1
	port $port
	requirepass $secret
	dir $home/redis
	save ""
	appendonly no
	daemonize no
	CONF
  redis=$!
  ready "$redis" redis.log "$port" "AUTH $secret\r\nPING\r\nQUIT\r\n" '+PONG*' || return
  export MEANWHILE_TEST_REDIS_URL="redis://:$secret@127.0.0.1:$port"
}

start_objects() {
  # A folder in the root is a bucket.
  mkdir -p "$home/objects/meanwhile-test"
  ROOT_ACCESS_KEY=meanwhile ROOT_SECRET_KEY=$secret "$gateway" --port "127.0.0.1:$port" --region us-east-1 --health /healthz --cors-allow-origin '*' --quiet \
    posix "$home/objects" >"$home/objects.log" 2>&1 </dev/null &
  objects=$!
  ready "$objects" objects.log "$port" 'GET /healthz HTTP/1.0\r\n\r\n' 'HTTP/1.? 200*' || return
  MEANWHILE_TEST_OBJECTS_URL="s3://meanwhile-test?endpoint=http://127.0.0.1:$port&region=us-east-1&path_style=true"
  export MEANWHILE_TEST_OBJECTS_URL+="&access_key=meanwhile&secret_key=$secret"
}

start postgres PostgreSQL
start redis Redis
start objects "the S3 server"

# psql is in initdb's folder, which is not always on the PATH.
PATH="$PATH:$pg" "$@" <&0 &
command=$!
code=0
wait "$command" || code=$?
command=''

# A server that crashed explains the failure better than the tests can.
if [ "$code" != 0 ]; then
  kill -0 "$redis" 2>/dev/null || echo "with-services: Redis ended before the command did." >&2
  kill -0 "$objects" 2>/dev/null || echo "with-services: the S3 server ended before the command did." >&2
  as_postgres "$pg/pg_ctl" status -D "$home/postgres/data" >/dev/null 2>&1 || echo "with-services: PostgreSQL ended before the command did." >&2
fi
exit "$code"
