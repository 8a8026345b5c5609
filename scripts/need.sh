#!/usr/bin/env bash
# need.sh NAME...: makes sure that a tool the tests need is on this machine, installing it with the system's
# package manager where it can. Fails loudly otherwise: a missing piece is never skipped.
set -euo pipefail

fail() { echo "need: $*" >&2; exit 1; }

install_package() { # name of the tool, packages
	local tool=$1; shift
	command -v apt-get >/dev/null || fail "$tool is missing and there is no apt-get here: install $* and run again"
	local sudo=""
	[ "$(id -u)" = 0 ] || sudo="sudo -n"
	echo "need: installing $* (for $tool)"
	export DEBIAN_FRONTEND=noninteractive
	$sudo apt-get install -y -q "$@" >/dev/null 2>&1 ||
		{ $sudo apt-get update -q >/dev/null && $sudo apt-get install -y -q "$@" >/dev/null; } ||
		fail "could not install $*: install it by hand and run again"
}

for tool in "$@"; do
	case $tool in
	go)
		command -v go >/dev/null || fail "Go is missing: install Go 1.26 or newer"
		;;
	node)
		command -v npm >/dev/null || install_package node nodejs npm
		major=$(node -p 'process.versions.node.split(".")[0]')
		[ "$major" -ge 20 ] || fail "Node $major is too old: the pages are built with Node 20 or newer"
		;;
	chromium)
		command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null ||
			install_package chromium chromium
		;;
	php)
		command -v php >/dev/null || install_package php php-cli
		;;
	python)
		command -v python3 >/dev/null || install_package python python3
		;;
	postgres)
		ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || install_package postgres postgresql
		;;
	*) fail "unknown tool $tool" ;;
	esac
done
