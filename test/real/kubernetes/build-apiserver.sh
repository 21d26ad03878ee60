#!/usr/bin/env bash
# Builds a real kube-apiserver from the Go module proxy into CACHE/VERSION/kube-apiserver, once. The module k8s.io/kubernetes requires its staging
# modules at v0.0.0; they are replaced by their published versions. About eight minutes on two cores, one second when it is there.
# Installs etcd, which it needs to run, where MODEL_AGENT_TEST_APT=1 allows that.
# usage: build-apiserver.sh [CACHE]   prints the path of the binary; exit 3 when it cannot be had here
set -uo pipefail
cache=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/model-agent-test/kube}
if ! command -v etcd >/dev/null && [ "${MODEL_AGENT_TEST_APT:-}" = 1 ] && [ "$(id -u)" = 0 ]; then
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends etcd-server; } >/dev/null 2>&1 || true
fi
command -v go >/dev/null || { echo "go is not installed" >&2; exit 3; }
for version in ${KUBE_VERSIONS:-1.34.4 1.34.3 1.34.2 1.35.4}; do
  directory=$cache/$version
  binary=$directory/kube-apiserver
  if [ -x "$binary" ]; then echo "$binary"; exit 0; fi
done
for version in ${KUBE_VERSIONS:-1.34.4 1.34.3 1.34.2 1.35.4}; do
  directory=$cache/$version
  mkdir -p "$directory" && cd "$directory" || exit 3
  staging=0.${version#1.}
  module=$(go mod download -json "k8s.io/kubernetes@v$version" 2>/dev/null | sed -n 's/.*"GoMod": "\(.*\)",/\1/p')
  [ -n "$module" ] || continue
  {
    printf 'module apiserver-build\n\ngo 1.24\n\nrequire k8s.io/kubernetes v%s\n\n' "$version"
    grep -oE 'k8s\.io/[a-z-]+ v0\.0\.0$' "$module" | awk '{print $1}' | sort -u | while read -r name; do
      printf 'replace %s => %s v%s\n' "$name" "$name" "$staging"
    done
  } > go.mod
  printf 'package main\n\nimport _ "k8s.io/kubernetes/cmd/kube-apiserver/app"\n\nfunc main() {}\n' > main.go
  if GOFLAGS=-mod=mod go mod tidy >build.log 2>&1 &&
    GOFLAGS=-mod=mod nice -n 10 go build -o kube-apiserver.new k8s.io/kubernetes/cmd/kube-apiserver >>build.log 2>&1; then
    mv kube-apiserver.new kube-apiserver
    echo "$directory/kube-apiserver"
    exit 0
  fi
done
echo "none of the versions could be built" >&2
exit 3
