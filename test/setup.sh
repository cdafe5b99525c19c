#!/bin/sh
# Installs what building, testing and the demo need and this machine lacks: Debian packages and npm packages.
# usage: setup.sh [rtkit] [clients] [node24] [system] [vm]    what is named is wanted besides
set -eu
cd "$(dirname "$0")/.."

say() { echo "set-up: $*"; }

if [ "$(id -u)" -ne 0 ]; then
	say "This needs root. Without it nothing can be installed, no private bus with polkitd can be started for several"
	say "users, and no thread can be made realtime. Run it as root, best in a container or a virtual machine: sudo $0"
	exit 1
fi

missing=
# want PACKAGE COMMAND-OR-FILE: the package is missing if what it is wanted for is.
want() {
	if [ -e "$2" ] || command -v "$2" >/dev/null; then return; fi
	missing="$missing $1"
}

want dbus dbus-daemon
want polkitd /usr/lib/polkit-1/polkitd
want libglib2.0-bin gdbus
want systemd busctl
want util-linux nsenter
want tmux tmux
want mandoc mandoc
want gcc cc
want libc6-dev /usr/include/stdio.h
want libsystemd-dev /usr/include/systemd/sd-bus.h

node24=
for extra; do
	case $extra in
	rtkit) want rtkit /usr/libexec/rtkit-daemon ;;
	clients)
		want pipewire pipewire
		want pipewire-bin pw-play
		want wireplumber wireplumber
		want pulseaudio pulseaudio
		want libsdl2-2.0-0 /usr/lib/*/libSDL2-2.0.so.0
		want xdg-desktop-portal /usr/libexec/xdg-desktop-portal
		;;
	system)
		want mmdebstrap mmdebstrap
		want systemd-container systemd-nspawn
		want debian-archive-keyring /usr/share/keyrings/debian-archive-keyring.gpg
		want dpkg-dev dpkg-shlibdeps
		want lintian lintian
		;;
	vm)
		want qemu-system-x86 qemu-system-x86_64
		want cpio cpio
		want mmdebstrap mmdebstrap
		want debian-archive-keyring /usr/share/keyrings/debian-archive-keyring.gpg
		;;
	node24) node24=yes ;;
	*) say "nobody knows what '$extra' is" && exit 2 ;;
	esac
done

if [ -n "$missing" ]; then
	say "installing Debian packages:$missing"
	export DEBIAN_FRONTEND=noninteractive
	{
		apt-get update -qq
		# shellcheck disable=SC2086
		apt-get install -y -qq --no-install-recommends $missing
	} >build.log 2>&1 </dev/null || {
		cat build.log
		say "apt-get could not install them. Install these packages by hand, then run this again:$missing"
		exit 1
	}
	rm -f build.log
fi

if ! node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'; then
	say "Node 20.19 or newer is needed, and not here. Install it, then run this again."
	exit 1
fi

# npm leaves this file behind when it is done, and only then.
if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then
	say "installing npm packages (npm ci)"
	npm ci --no-audit --no-fund --loglevel=error
fi

# In a place of its own: in the project's node_modules it would be the node of every npm script.
if [ -n "$node24" ] && [ ! -x build/node24/node_modules/node/bin/node ]; then
	say "installing Node 24 into build/node24"
	mkdir -p build/node24
	npm install --prefix build/node24 --no-audit --no-fund --loglevel=error node@24
fi
