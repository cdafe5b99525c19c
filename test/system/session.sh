# Sourced in a guest, as root: the broker on the guest's own system bus, started by hand, and a session of alice's at seat0
# with all that Debian starts in it. What polkit's own defaults are there for.

# eventually COMMAND: as soon as it succeeds; the end of all when it has not in ten seconds.
eventually() {
	for _ in $(seq 100); do
		if eval "$1" >/dev/null 2>&1; then return; fi
		sleep 0.1
	done
	echo "in vain: $1" >&2
	return 1
}

systemctl --quiet mask --now rtkit-daemon.service
cp /src/dbus/*.conf /usr/share/dbus-1/system.d/
cp /src/polkit/*.policy /usr/share/polkit-1/actions/
busctl call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus ReloadConfig
systemd-run --quiet --unit=realtime-broker node /src/dist/realtime-brokerd.js
gdbus wait --system --timeout 20 org.freedesktop.RealtimeKit1

systemd-run --quiet --unit=login --property=User=alice --property=PAMName=login \
	--setenv=XDG_SEAT=seat0 --setenv=XDG_SESSION_TYPE=tty --setenv=XDG_SESSION_CLASS=user sleep infinity
eventually 'systemctl is-active user@4211.service'

# as_alice COMMAND…: in her session's user manager, until it ends.
as_alice() {
	systemd-run --quiet --user --machine=alice@ --collect --pipe --wait "$@"
}
