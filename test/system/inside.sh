#!/bin/bash
# inside.sh SUITE fresh|installed daemon|broker [WORD…]: runs the tests of test/system/guest inside a guest of this suite, in
# which rtkit is installed (fresh) or the broker's package before it boots (installed), on dbus-daemon or dbus-broker. The
# words are vitest's.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
suite=$1 state=$2 bus=$3
shift 3
cd "$here/../.."

base=$("$here/root.sh" "$suite")
work=$(mktemp -d /var/tmp/realtime-broker-inside.XXXXXX)
trap 'rm -rf "$work"' EXIT
mkdir "$work"/{upper,work,root}
packages=$work/upper/var/lib/realtime-broker-test
mkdir -p "$packages"
chmod 755 "$work/upper"
cp build/realtime-broker_*.deb "$packages/realtime-broker.deb"

# Those who burn a CPU lock /run of the machine; see test/rig/alone.ts.
binds=(--bind /run:/run/machine)
# Debian 12 has too old a Node: this machine's is lent, and a package without anything in it says so.
if [ "$suite" = bookworm ]; then
	binds+=(--bind "$(command -v node):/usr/local/bin/node")
	mkdir -p "$work/nodejs/DEBIAN"
	printf '%s\n' 'Package: nodejs' 'Version: 99' 'Architecture: all' 'Maintainer: nobody <nobody@example.org>' \
		'Description: Node is lent' >"$work/nodejs/DEBIAN/control"
	dpkg-deb --build "$work/nodejs" "$packages/nodejs.deb" >/dev/null
fi

# A layer above the root that all guests share. It, and what is mounted, is seen by this guest alone.
export here suite state bus base work
exec unshare --mount --propagation private bash -euc '
	mount -t overlay overlay -o "lowerdir=$base,upperdir=$work/upper,workdir=$work/work" "$work/root"
	root=$work/root
	mount --bind /dev "$root/dev"
	mount -t proc proc "$root/proc"
	[ ! -e "$root/var/lib/realtime-broker-test/nodejs.deb" ] || chroot "$root" dpkg --install /var/lib/realtime-broker-test/nodejs.deb
	[ $state = fresh ] || chroot "$root" dpkg --install /var/lib/realtime-broker-test/realtime-broker.deb
	[ $bus = daemon ] || ln -sf /usr/lib/systemd/system/dbus-broker.service "$root/etc/systemd/system/dbus.service"
	umount "$root/proc" "$root/dev"
	"$here/guest.sh" --root "$root" --limit 300 "$@"
' inside "${binds[@]}" "node node_modules/vitest/vitest.mjs run --configLoader=runner --allowOnly=false --project guest \
	--reporter=./test/rig/honest.ts --reporter=default $*"
