#!/usr/bin/env bash
# Every verb of the cache with curl, each with its answer: the status, then the body.
# Usage: examples/curl.sh [base URL]; a sidecar has to be running. Needs curl 7.84 or later.
set -euo pipefail
base=${1:-http://127.0.0.1:22233}

# Prints the command as one would type it.
show() {
  printf '$ curl'
  for word; do
    if [[ $word =~ ^[A-Za-z0-9_./:@-]+$ ]]; then printf ' %s' "$word"; else printf " '%s'" "$word"; fi
  done
  printf '\n'
}

# Runs it and prints the answer.
call() {
  local answer
  show "$@"
  answer=$(curl --silent --show-error --write-out '\n%{http_code}' "$@")
  printf '%s %s\n\n' "${answer##*$'\n'}" "${answer%$'\n'*}"
}

# HEAD has no body; of its headers this prints the life left in seconds.
life() {
  show --head "$1"
  curl --silent --show-error --head --output /dev/null --write-out '%{http_code} Ttl: %header{ttl}\n\n' "$1"
}

# What an earlier run may have left.
curl --silent --output /dev/null -X DELETE "$base/v1/cache/greeting"
curl --silent --output /dev/null -X DELETE "$base/v1/cache/only-once"

# Put for a minute, get, and ask for the life left.
call -X PUT --data-binary hello "$base/v1/cache/greeting?ttl=60"
call "$base/v1/cache/greeting"
life "$base/v1/cache/greeting"

# Renew the life: alone, or while reading.
call -X POST "$base/v1/cache/greeting/touch?ttl=120"
call "$base/v1/cache/greeting?touch=300"
life "$base/v1/cache/greeting"

# Add: only the first one succeeds.
call -X PUT -H 'If-None-Match: *' --data-binary first "$base/v1/cache/only-once"
call -X PUT -H 'If-None-Match: *' --data-binary second "$base/v1/cache/only-once"

# Change what has not changed since it was read. The ETag is the SHA-1 of the value: printf hello | sha1sum
etag='"aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"'
call -X PUT -H "If-Match: $etag" --data-binary hi "$base/v1/cache/greeting"
call -X PUT -H "If-Match: $etag" --data-binary hey "$base/v1/cache/greeting"

# Many operations in one request.
call --data-binary '[{"op":"get","key":"greeting"},{"op":"delete","key":"only-once"}]' "$base/v1/batch"

# Delete; then there is nothing to get.
call -X DELETE "$base/v1/cache/greeting"
call "$base/v1/cache/greeting"

# Is it alive, and does its backend answer?
call "$base/healthz"
call "$base/readyz"
