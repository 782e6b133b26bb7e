#!/usr/bin/env bash
# Makes a Docker engine and bubblewrap available to the tests on a fresh Debian machine, as root: installs what is
# missing, starts dockerd if none answers, and builds the test image. Leaves the engine running.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
image=${DROVER_TEST_IMAGE:-drover-sandbox:test}

missing=()
command -v dockerd >/dev/null || missing+=(docker.io)
command -v bwrap >/dev/null || missing+=(bubblewrap)
if ((${#missing[@]})); then
  export DEBIAN_FRONTEND=noninteractive
  # Two may install at the same time.
  apt-get -o DPkg::Lock::Timeout=300 update -qq
  apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

answers() { timeout 10 docker version >/dev/null 2>&1; }

start() { # STORAGE_DRIVER
  local log=${TMPDIR:-/tmp}/dockerd-$1.log pid
  nohup setsid dockerd --storage-driver "$1" >"$log" 2>&1 </dev/null &
  pid=$!
  for _ in {1..100}; do
    answers && return 0
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.3
  done
  kill "$pid" 2>/dev/null || true
  echo "dockerd did not start with $1:" >&2
  tail -n 5 "$log" >&2
  return 1
}

answers || start overlay2 || start vfs
docker image inspect "$image" >/dev/null 2>&1 || bash "$root/images/sandbox/build-test.sh" "$image"
