#!/bin/sh
# A thread becomes realtime before your eyes: `npm run demo`; with `-- --stay` all is left running, to be tried by hand.
set -eu
cd "$(dirname "$0")/../.."

sh test/setup.sh
npm run --silent build >/dev/null
exec node build/demo.js "$@"
