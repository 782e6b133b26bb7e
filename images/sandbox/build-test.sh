#!/usr/bin/env bash
# Builds in seconds, from this machine's own programs, an image that is good enough for the tests.
# Usage: build-test.sh [TAG]
set -euo pipefail
tag=${1:-drover-sandbox:latest}
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

programs=(
  awk base64 basename bash bunzip2 bzip2 cat chgrp chmod chown cksum cmp comm cp curl cut date dd df diff dirname du
  echo egrep env expand expr false fgrep file find fold git grep groups gunzip gzip head hostname id install ip join jq
  kill less ln ls md5sum mkdir mkfifo mknod mktemp more mount mv nice nl nohup nproc nsenter od paste patch pgrep pkill
  prlimit printenv printf ps pwd python3 readlink realpath rg rm rmdir sed seq setpriv setsid sh sha256sum shuf sleep sort
  split stat stdbuf stty su sync tac tail tar tee test timeout touch tr true truncate tty umount uname unexpand uniq unlink
  unshare unxz unzip uptime wc which whoami xargs xz yes zip
)

copy() { # FILE: with the links that lead to it
  local file target
  file=$(realpath "$(dirname "$1")")/$(basename "$1")
  [[ -e $tree$file || -L $tree$file ]] && return
  mkdir -p "$tree$(dirname "$file")"
  cp -P "$file" "$tree$file"
  [[ -L $file ]] || return 0
  target=$(readlink "$file")
  [[ $target == /* ]] || target=$(dirname "$file")/$target
  copy "$target"
}

libraries() { ldd "$@" 2>/dev/null | grep -oE '/[^ :]+\.so[^ :]*' | sort -u; }

mkdir -p "$tree"/{usr/{bin,lib,lib64,sbin,local/bin},etc,proc,sys,dev,tmp,var/tmp,root,run/drover/{in,out},mnt/session,workspace,home/sandbox}
for name in bin lib lib64 sbin; do ln -s "usr/$name" "$tree/$name"; done
mkdir -p "$tree/etc/alternatives"
cp /etc/ld.so.cache "$tree/etc/"
chmod 1777 "$tree/tmp" "$tree/var/tmp"
found=()
for name in "${programs[@]}"; do
  # What a version switcher puts first on PATH only works in the home it came from.
  if file=$(PATH=/usr/bin:/bin:/usr/sbin:/sbin type -P "$name"); then found+=("$file"); fi
done
git_core=$(PATH=/usr/bin:/bin git --exec-path 2>/dev/null && ls -d /usr/share/git-core || true)
python_libs=$(/usr/bin/python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))' 2>/dev/null || true)
for file in "${found[@]}" $(libraries "${found[@]}" ${python_libs:+"$python_libs"/lib-dynload/*.so}); do copy "$file"; done
for directory in $git_core $python_libs; do
  mkdir -p "$tree$directory"
  cp -a "$directory/." "$tree$directory"
done
if [[ -n $python_libs ]]; then find "$tree$python_libs" -depth \( -name test -o -name __pycache__ \) -type d -exec rm -rf {} +; fi
printf 'root:x:0:0::/root:/bin/bash\nsandbox:x:1000:1000::/home/sandbox:/bin/bash\n' >"$tree/etc/passwd"
printf 'root:x:0:\nsandbox:x:1000:\n' >"$tree/etc/group"
chown -R 1000:1000 "$tree/workspace" "$tree/home/sandbox" "$tree/mnt/session" 2>/dev/null || true

tar -C "$tree" -c . | docker import --change 'ENV LANG=C.UTF-8' --change 'WORKDIR /workspace' \
  --change 'CMD ["sleep","infinity"]' - "$tag" >/dev/null
echo "$tag"
