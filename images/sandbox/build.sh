#!/usr/bin/env bash
# Builds the sandbox image. Usage: build.sh [TAG]
# The base is $BASE (debian:bookworm-slim) where a registry has it, and otherwise one that mmdebstrap makes here.
set -euo pipefail
cd "$(dirname "$0")"
tag=${1:-drover-sandbox:latest}
base=${BASE:-debian:bookworm-slim}

make_base() {
  local made=drover-sandbox-base:bookworm packages
  echo "No registry has $base: making a base with mmdebstrap" >&2
  command -v mmdebstrap >/dev/null || apt-get install -y --no-install-recommends mmdebstrap >&2
  packages=$(paste -sd, packages.txt)
  mmdebstrap --variant=minbase --include="$packages" \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    bookworm - ${APT_SOURCES:+"$APT_SOURCES"} | docker import - "$made" >&2
  echo "$made"
}

if ! docker image inspect "$base" >/dev/null 2>&1 && ! docker pull -q "$base" >/dev/null 2>&1; then
  base=$(make_base)
fi
DOCKER_BUILDKIT=0 docker build -q --build-arg "BASE=$base" -t "$tag" .
