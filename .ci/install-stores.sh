#!/usr/bin/env bash
# Makes the stores of the tests available on a fresh Debian machine, as root: a Postgres server (installed, not started:
# the tests start their own) and versitygw, which speaks S3 (built by Go, into ~/go/bin; a minute or three).
set -euo pipefail
versitygw=v1.8.0
toolchain=1.26.8

install() {
  export DEBIAN_FRONTEND=noninteractive
  # Two may install at the same time.
  apt-get -o DPkg::Lock::Timeout=300 update -qq
  apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends "$@" >/dev/null
}

has_postgres() { compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null; }
has_versitygw() { command -v versitygw >/dev/null || [ -x "$HOME/go/bin/versitygw" ]; }

# A Go from 1.21 on gets itself the version that a program asks for. Debian 12 has 1.19: it downloads the same archive,
# and checks it, as the module it is published as.
find_go() {
  local go=/usr/local/go/bin/go
  command -v go >/dev/null && go=$(command -v go)
  if [ ! -x "$go" ]; then
    install golang-go ca-certificates
    go=/usr/bin/go
  fi
  if [ "$(printf '%s\n' go1.21 "$("$go" env GOVERSION)" | sort -V | head -n 1)" != go1.21 ]; then
    local module dir
    module=golang.org/toolchain@v0.0.1-go$toolchain.linux-$("$go" env GOARCH)
    dir=$(mktemp -d)
    (cd "$dir" && echo 'module none' >go.mod && "$go" mod download "$module")
    rm -r "$dir"
    dir=$("$go" env GOMODCACHE)/$module
    chmod -R u+w,+x "$dir/bin" "$dir/pkg/tool"
    go=$dir/bin/go
  fi
  echo "$go"
}

has_postgres || install postgresql
if ! has_versitygw; then
  go=$(find_go)
  GOBIN="$HOME/go/bin" CGO_ENABLED=0 "$go" install -ldflags='-s -w' "github.com/versity/versitygw/cmd/versitygw@$versitygw"
fi
has_postgres && has_versitygw
