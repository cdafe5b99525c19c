#!/bin/sh
# Installs what was built, or takes it away: `npm run install:system`, `npm run uninstall:system`.
# usage: install.sh install|uninstall [--destdir DIR] [--prefix DIR]
#   --prefix   where the programs and their manual pages go (/usr/local). The unit and its activation files go to /usr/local,
#              but in a package of /usr; and the default settings, and what polkit and the bus read, are always in /usr.
#   --destdir  all of it below this folder instead, for a package: no service is started or stopped then
# Both deeds may be repeated, and neither touches what the administrator has in /etc.
set -eu
cd "$(dirname "$0")/.."
# Folders that are made on the way are for all to look into, whatever root is used to.
umask 022

usage() {
	sed -n 's/^# usage: /usage: /p' packaging/install.sh >&2
	exit 2
}

deed=${1:-} destdir='' prefix=/usr/local
case $deed in install | uninstall) shift ;; *) usage ;; esac
while [ $# -gt 0 ]; do
	case $1 in
	--destdir=*) destdir=${1#*=} ;;
	--prefix=*) prefix=${1#*=} ;;
	--destdir) destdir=${2-} && shift ;;
	--prefix) prefix=${2-} && shift ;;
	*) usage ;;
	esac
	shift || usage
done
case $prefix in /*) ;; *) echo "--prefix '$prefix' must be an absolute path" >&2 && exit 2 ;; esac
prefix=${prefix%/} destdir=${destdir%/}
home=$prefix/libexec/realtime-broker
# In /usr rtkit's own may be, which come before ours only if ours are not there.
case $destdir:$prefix in ?*:/usr) sought=/usr ;; *) sought=/usr/local ;; esac
if [ $deed = install ] && [ ! -e dist/man ]; then
	echo "There is nothing to install yet. Build it first: npm ci && npm run build" >&2
	exit 1
fi

# Every file there is: its mode, where it is, and where it belongs.
everything() {
	put 755 dist/realtime-brokerd.js "$home/realtime-brokerd"
	put 644 dist/koffi.node "$home/koffi.node"
	put 644 dist/librealtime-broker.so "$home/librealtime-broker.so"
	put 755 dist/rtbroker.js "$home/rtbroker"
	put 755 dist/rtbroker-run "$home/rtbroker-run"
	put link ../libexec/realtime-broker/realtime-brokerd "$prefix/sbin/realtime-brokerd"
	put link ../libexec/realtime-broker/rtbroker "$prefix/bin/rtbroker"
	put 644 systemd/realtime-broker.toml /usr/lib/realtime-broker/realtime-broker.toml

	put 644 systemd/realtime-broker.service "$sought/lib/systemd/system/realtime-broker.service"
	# What asks for rtkit's unit, by name or by the activation file of its package, gets this one.
	put link realtime-broker.service "$sought/lib/systemd/system/rtkit-daemon.service"

	for name in org.example.RealtimeBroker org.freedesktop.RealtimeKit1; do
		put 644 dbus/$name.service "$sought/share/dbus-1/system-services/$name.service"
		put 644 dbus/$name.xml "$sought/share/dbus-1/interfaces/$name.xml"
		put 644 dbus/$name.conf /usr/share/dbus-1/system.d/$name.conf
		put 644 polkit/$name.policy /usr/share/polkit-1/actions/$name.policy
	done

	for page in rtbroker.1 realtime-broker.toml.5 org.example.RealtimeBroker.5 realtime-brokerd.8; do
		put 644 "dist/man/$page" "$prefix/share/man/man${page##*.}/$page"
	done
	put 644 dist/completion/rtbroker "$prefix/share/bash-completion/completions/rtbroker"
	for file in polkit/50-realtime-broker-example.rules systemd/clamp.conf; do
		put 644 $file "$prefix/share/doc/realtime-broker/examples/${file##*/}"
	done
	for file in README.md SECURITY.md CHANGELOG.md; do put 644 $file "$prefix/share/doc/realtime-broker/$file"; done
}

put() {
	if theirs "$destdir$3"; then
		echo "left alone, for it is another program's: $3"
	elif [ $deed = uninstall ]; then
		rm -f "$destdir$3"
		case $3 in */realtime-broker/*) rmdir --ignore-fail-on-non-empty "$(dirname "$destdir$3")" 2>/dev/null || true ;; esac
	elif [ "$1" = link ]; then
		mkdir -p "$(dirname "$destdir$3")"
		ln -sfn "$2" "$destdir$3"
	else
		rm -f "$destdir$3"
		case $2 in
		*.service) sed "s:/usr/libexec/:$prefix/libexec/:" "$2" | install -D -m "$1" /dev/stdin "$destdir$3" ;;
		*) install -D -m "$1" "$2" "$destdir$3" ;;
		esac
	fi
}

# rtkit's own files do as well as ours, and its package is not to miss any when it is on its own again.
theirs() {
	case $1 in
	*/org.freedesktop.RealtimeKit1.* | */rtkit-daemon.service) [ -e "$1" ] && ! grep -qi 'realtime-\?broker' "$1" ;;
	*) false ;;
	esac
}

reload() {
	systemctl daemon-reload
	busctl call --quiet org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus ReloadConfig || true
}

if [ -n "$destdir" ] || [ ! -d /run/systemd/system ]; then
	everything
	exit
fi

if [ "$(dpkg-query -W -f '${db:Status-Status}' realtime-broker 2>/dev/null)" = installed ]; then
	echo "The package realtime-broker is installed. Use it, or remove it first: apt remove realtime-broker" >&2
	exit 1
fi

if [ $deed = install ]; then
	if ! env PATH=/usr/local/bin:/usr/bin node -e \
		'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'; then
		echo "There must be Node 20.19 or later in /usr/local/bin or /usr/bin, where systemd looks for it." >&2
		exit 1
	fi
	# Masked, or a call in between would bring rtkit back.
	masked=
	unmask() {
		[ -z "$masked" ] || systemctl unmask --quiet --runtime rtkit-daemon.service
		masked=
	}
	trap unmask EXIT
	if systemctl cat rtkit-daemon.service 2>/dev/null | grep -q /rtkit-daemon$; then
		masked=yes
		systemctl mask --quiet --runtime --now rtkit-daemon.service
	fi
	everything
	unmask
	reload
	systemctl enable --quiet realtime-broker.service
	systemctl restart realtime-broker.service
	runs=runs
	systemctl is-active --quiet realtime-broker.service || runs='is installed and does not run here'
	echo "realtime-broker $runs: systemctl status realtime-broker"
else
	systemctl disable --quiet --now realtime-broker.service 2>/dev/null || true
	# A call in between would bring it back.
	systemctl mask --quiet --runtime --now realtime-broker.service 2>/dev/null || true
	# What could not start again has left its threads to a successor, and there will be none.
	[ ! -e "$home/realtime-brokerd" ] || "$home/realtime-brokerd" --after-stop >/dev/null 2>&1 || true
	everything
	rm -rf /run/realtime-broker
	systemctl unmask --quiet --runtime realtime-broker.service 2>/dev/null || true
	reload
	if systemctl is-enabled --quiet rtkit-daemon.service 2>/dev/null; then systemctl start rtkit-daemon.service; fi
fi
