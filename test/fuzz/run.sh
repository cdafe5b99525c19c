#!/bin/sh
# What nobody would send, sent to a broker in service: `npm run fuzz`.
# usage: run.sh [--messages N] [--seed N]
set -eu
cd "$(dirname "$0")/../.."

sh test/setup.sh
npm run --silent build >/dev/null
exec node build/fuzz.js "$@"
