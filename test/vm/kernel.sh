#!/bin/bash
# kernel.sh KERNEL: fetches Debian's kernel and a static busybox of a suite (bookworm, trixie …), or with -rt behind it the
# suite's PREEMPT_RT kernel, through apt, from wherever this machine's own apt takes its packages, into a cache. Prints the
# folder: linux, version, busybox.
set -euo pipefail
kernel=$1 suite=${1%-rt}
[ "$kernel" = "$suite" ] && image=linux-image-amd64 || image=linux-image-rt-amd64
cache=${REALTIME_BROKER_GUEST:-/var/tmp/realtime-broker-guest}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

if [ -e "$cache/$kernel/version" ]; then
	echo "$cache/$kernel"
	exit
fi

mkdir -p "$cache"
exec 9>"$cache/$kernel.lock"
flock 9
if [ -e "$cache/$kernel/version" ]; then
	echo "$cache/$kernel"
	exit
fi

# Read to its end: who stops reading early kills the writer, and pipefail calls that a failure.
uri=$(apt-get indextargets --format '$(REPO_URI)' | awk '{ sub("/*$", "") } /\/debian$/ && !found { print; found = 1 } END { exit !found }') || {
	echo "kernel.sh: this machine's apt knows no Debian archive" >&2
	exit 1
}

# An apt of its own, so that this machine's lists and packages stay as they are.
work=$(mktemp -d "$cache/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{lists/partial,archives/partial,etc/preferences.d,etc/trusted.gpg.d}
echo "deb [signed-by=$keyring] $uri $suite main" >"$work/etc/sources.list"
cat >"$work/apt.conf" <<CONF
Dir::Etc "$work/etc";
Dir::Etc::sourceparts "-";
Dir::State "$work";
Dir::State::status "/dev/null";
Dir::Cache "$work";
APT::Sandbox::User "root";
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
Acquire::Languages "none";
CONF
export APT_CONFIG=$work/apt.conf
cd "$work"
{
	apt-get update -q
	linux=$(apt-cache depends "$image" | sed -n 's/^ *Depends: \(linux-image-.*\)/\1/p' | head -1)
	apt-get download -q "$linux" busybox-static
	mkdir files
	for package in ./*.deb; do dpkg-deb --fsys-tarfile "$package" | tar -x -C files --wildcards './boot/vmlinuz-*' '*/bin/busybox' || true; done
} >"$cache/$kernel.log" 2>&1 </dev/null || {
	cat "$cache/$kernel.log" >&2
	exit 1
}

mkdir -p "$cache/$kernel"
mv files/boot/vmlinuz-* "$cache/$kernel/linux"
busybox=$(find files -path '*/bin/busybox' | head -1)
mv "$busybox" "$cache/$kernel/busybox"
echo "${linux#linux-image-}" >"$cache/$kernel/version.new"
mv "$cache/$kernel/version.new" "$cache/$kernel/version"
echo "$cache/$kernel"
