#!/bin/sh
# All tests, on the machine's Node and on Node 24: `npm test`.
set -eu
cd "$(dirname "$0")/.."

sh test/setup.sh rtkit clients node24
npm run --silent build

# on NODE MAJOR [VITEST-OPTION…]. test/rig/honest.ts fails the run on another Node, and for a skipped test.
on() {
	node=$1
	export EXPECTED_NODE_MAJOR="$2"
	shift 2
	"$node" node_modules/vitest/vitest.mjs run --allowOnly=false --reporter=./test/rig/honest.ts --reporter=default "$@"
}
ours=$(node -p 'process.versions.node.split(".")[0]')
node24=build/node24/node_modules/node/bin/node

# The C library's tests wait most of their time: they have company, and are told when they have ended.
told=$(mktemp)
setsid sh native/test/run.sh >"$told" 2>&1 &
native=$!
trap 'kill -- "-$native" 2>/dev/null || true; rm -f "$told"' EXIT
trap 'exit 1' HUP INT TERM

npm run --silent lint
on node "$ours" --project unit
on "$node24" 24 --project unit

ended=0
wait "$native" || ended=$?
# Its number may be another's from here on.
trap - EXIT
cat "$told"
rm -f "$told"
[ "$ended" -eq 0 ] || exit "$ended"

on node "$ours" --project bus --project alone
on "$node24" 24 --project bus
