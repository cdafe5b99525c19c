#!/bin/sh
# Measures the broker beside rtkit: npm run bench -- --help, npm run bench:starve -- --help
set -eu
cd "$(dirname "$0")/.."

sh test/setup.sh rtkit
node build.mjs
exec node build/bench.js "$@"
