#!/bin/sh
# Measures the broker beside rtkit: npm run bench -- --help, npm run bench:starve -- --help,
# npm run bench:scale -- --help
set -eu
cd "$(dirname "$0")/.."

sh test/setup.sh rtkit
node build.mjs
# The state lies in memory, as it does in /run: on a disk, to let go of the old file took up to 8 ms.
export TMPDIR=/dev/shm
exec node build/bench.js "$@"
