#!/bin/sh
# Makes a Debian package of what was built, in build/: `npm run package`.
set -eu
cd "$(dirname "$0")/.."
# dpkg-deb wants what it packs to be for all to read.
umask 022

version=$(node -p "require('./package.json').version")
architecture=$(dpkg --print-architecture)
deb=build/realtime-broker_${version}_$architecture.deb
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

sh packaging/install.sh install --destdir "$tree" --prefix /usr
for name in koffi.node librealtime-broker.so rtbroker-run; do
	binaries="${binaries-} $tree/usr/libexec/realtime-broker/$name"
done
# shellcheck disable=SC2086 # they are several
strip --strip-unneeded $binaries
gzip -9n "$tree"/usr/share/man/man*/*

# Debian keeps the licences of all that is in a package beside it, and has a form of its own for changes.
doc=$tree/usr/share/doc/realtime-broker
{
	cat LICENSE
	npm ls --omit=dev --all --parseable | tail -n +2 | sort -u | while read -r package; do
		[ -d "$package" ] || continue
		printf '\n---- %s ----\n\n' "${package##*node_modules/}"
		cat "$package"/LICEN[CS]E* 2>/dev/null || node -p "require('$package/package.json').license"
	done
} >"$doc/copyright"
printf 'realtime-broker (%s) unstable; urgency=medium\n\n  * See CHANGELOG.md.\n\n -- %s  %s\n' "$version" \
	"$(sed -n 's/^Maintainer: //p' packaging/debian/control)" "$(date -R -r CHANGELOG.md)" | gzip -9n >"$doc/changelog.gz"
chmod 644 "$doc/copyright" "$doc/changelog.gz"
chmod -R go-w,a+rX "$tree"

# dpkg-shlibdeps tells from which libc on they run. It wants to stand beside a source package.
mkdir -p "$tree/source/debian"
printf 'Source: realtime-broker\n\nPackage: realtime-broker\nArchitecture: any\n' >"$tree/source/debian/control"
# shellcheck disable=SC2086 # they are several
needed=$(cd "$tree/source" && dpkg-shlibdeps -O $binaries 2>/dev/null | sed 's/^shlibs:Depends=//')
rm -r "$tree/source"

mkdir "$tree/DEBIAN"
sed -e "s/@version@/$version/" -e "s/@architecture@/$architecture/" -e "s/@libraries@/$needed/" \
	-e "s/@size@/$(du -sk "$tree/usr" | cut -f1)/" packaging/debian/control >"$tree/DEBIAN/control"
for script in postinst prerm postrm; do install -m 755 "packaging/debian/$script" "$tree/DEBIAN/$script"; done
(cd "$tree" && find usr -type f -exec md5sum {} +) >"$tree/DEBIAN/md5sums"

mkdir -p build
dpkg-deb --root-owner-group --build "$tree" "$deb" >/dev/null
echo "$deb: $(($(stat -c %s "$deb") / 1024)) KiB, installed $(sed -n 's/^Installed-Size: //p' "$tree/DEBIAN/control") KiB"
