#!/bin/sh
# Measures the broker beside rtkit: npm run bench -- --help, npm run bench:starve -- --help
set -eu
cd "$(dirname "$0")/.."

sh test/setup.sh rtkit
node build.mjs
# The state lies in memory, as it does in /run: to free the blocks of a file on a disk may take as long as ten grants.
export TMPDIR=/dev/shm
exec node build/bench.js "$@"
