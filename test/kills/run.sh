#!/bin/sh
# The broker is killed at random instants under load, and loses nothing: `npm run test:kills`.
# usage: run.sh [--kills N] [--seed N]
set -eu
cd "$(dirname "$0")/../.."

sh test/setup.sh
npm run --silent build >/dev/null
exec node build/kills.js "$@"
