#!/bin/sh
# test_package.sh BUILD TENON PYTHON: installs the build and makes a program against what was installed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$1" --prefix "$work/prefix" >/dev/null
cp -r "$here/package" "$work/app"
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$here" "$3" -c \
  "import onnx_bytes, sys; sys.stdout.buffer.write(onnx_bytes.linear())" >"$work/app/linear.onnx"
cmake -S "$work/app" -B "$work/build" -DCMAKE_PREFIX_PATH="$work/prefix" -DTENON_COMPILER="$2" >"$work/log" ||
  { cat "$work/log"; exit 1; }
cmake --build "$work/build"
test "$("$work/build/app")" = ok
PKG_CONFIG_PATH=$work/prefix/lib/pkgconfig
test -f "$PKG_CONFIG_PATH/tenon.pc"
