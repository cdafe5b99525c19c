#!/bin/sh
# All that can happen to a broker happens to one for a long time: `npm run soak`.
# usage: run.sh [--minutes N] [--seed N]
set -eu
cd "$(dirname "$0")/../.."

sh test/setup.sh
npm run --silent build >/dev/null
exec node build/soak.js "$@"
