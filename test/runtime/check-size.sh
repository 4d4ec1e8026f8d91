#!/bin/sh
# check-size.sh LIBRARY: the shared runtime stays small and needs nothing but the C library.
set -eu
stripped=$(mktemp)
trap 'rm -f "$stripped"' EXIT
strip -o "$stripped" "$1"
size=$(stat -c %s "$stripped")
echo "$size bytes stripped"
test "$size" -lt 80000
if readelf -d "$stripped" | grep NEEDED | grep -v -e 'libc\.so' -e 'ld-linux' -e 'libpthread' -e 'libdl'; then
  echo "needs more than libc, pthread and dl" >&2
  exit 1
fi
if nm -D --defined-only "$stripped" | grep -v ' tn_'; then
  echo "exports more than the API" >&2
  exit 1
fi
