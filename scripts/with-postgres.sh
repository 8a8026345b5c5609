#!/bin/sh
# Runs a command with a private PostgreSQL server: own folder, own socket, no TCP port, gone afterwards.
#   scripts/with-postgres.sh go test ./internal/store/...
# The command finds the server in ZAPIS_TEST_POSTGRES. Missing PostgreSQL is installed where apt-get is; else it fails.
set -eu

[ $# -gt 0 ] || { echo "usage: $0 COMMAND..." >&2; exit 2; }

# The folder of initdb and postgres: in PATH, or the newest of Debian's folders, which are not.
find_bin() {
	if command -v initdb >/dev/null 2>&1 && command -v postgres >/dev/null 2>&1; then
		dirname "$(command -v initdb)"
		return
	fi
	for dir in $(ls -d /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql*/bin 2>/dev/null | sort -rV); do
		if [ -x "$dir/initdb" ] && [ -x "$dir/postgres" ]; then
			echo "$dir"
			return
		fi
	done
}

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

bin=$(find_bin)
if [ -z "$bin" ] && command -v apt-get >/dev/null 2>&1; then
	echo "with-postgres: installing PostgreSQL" >&2
	as_root apt-get update -qq >&2
	# No cluster of the system's own: only the programs are wanted.
	as_root mkdir -p /etc/postgresql-common
	[ -e /etc/postgresql-common/createcluster.conf ] || echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql >&2
	bin=$(find_bin)
fi
if [ -z "$bin" ]; then
	echo "with-postgres: no PostgreSQL found. Install the package postgresql (initdb and postgres are needed), then run again." >&2
	exit 1
fi

# In /tmp and not in TMPDIR: the path of a socket has some 100 characters at most.
folder=$(mktemp -d /tmp/zapis-pg.XXXXXX)
server=
stop() {
	trap - EXIT INT TERM HUP
	if [ -n "$server" ] && kill -0 "$server" 2>/dev/null; then
		kill -QUIT "$server" 2>/dev/null || true # at once: the folder goes anyway
		wait "$server" 2>/dev/null || true
	fi
	rm -rf "$folder"
}
trap stop EXIT
trap 'stop; exit 130' INT
trap 'stop; exit 143' TERM HUP

# PostgreSQL refuses to run as root, so root lends it another user.
run=
if [ "$(id -u)" = 0 ]; then
	user=postgres
	id "$user" >/dev/null 2>&1 || user=nobody
	chown "$user" "$folder"
	if command -v setpriv >/dev/null 2>&1; then
		run="setpriv --reuid=$user --regid=$(id -g "$user") --clear-groups"
	elif command -v runuser >/dev/null 2>&1; then
		run="runuser -u $user --"
	else
		echo "with-postgres: running as root, and neither setpriv nor runuser is here to become another user" >&2
		exit 1
	fi
fi

(
	cd "$folder"
	$run "$bin/initdb" -D "$folder/data" -U zapis -A trust -E UTF8 --locale=C --no-sync >"$folder/initdb.log" 2>&1
) || { echo "with-postgres: initdb failed:" >&2; cat "$folder/initdb.log" >&2; exit 1; }

# No fsync: the tests kill our programs, not this server. No TCP: nobody else can reach it, no port is taken.
# exec, so that the pid is the server's own and a signal reaches it.
(
	cd "$folder"
	exec $run "$bin/postgres" -D "$folder/data" -k "$folder" -c listen_addresses= -c max_connections=300 \
		-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c log_min_messages=fatal
) >"$folder/server.log" 2>&1 &
server=$!

tries=0
# The server writes its state into its pid file: "starting", then "ready".
until grep -q ready "$folder/data/postmaster.pid" 2>/dev/null; do
	tries=$((tries + 1))
	if [ $tries -gt 100 ] || ! kill -0 "$server" 2>/dev/null; then
		echo "with-postgres: the server did not start:" >&2
		cat "$folder/server.log" >&2
		exit 1
	fi
	sleep 0.1
done

status=0
ZAPIS_TEST_POSTGRES="postgres://zapis@/postgres?host=$folder" ZAPIS_TEST_REQUIRE_POSTGRES=1 "$@" || status=$?
exit $status
