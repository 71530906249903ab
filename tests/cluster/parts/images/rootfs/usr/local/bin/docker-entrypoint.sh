#!/bin/sh
# The entry point of the images of redis, valkey and haproxy. The image names its server as the first argument. If the
# container's arguments begin with an option or a configuration file, they are arguments of the server.
set -e
server=$1
shift
case ${1:-} in -* | *.conf | *.cfg) set -- "$server" "$@" ;; esac
# The server of haproxy's image stays in the foreground.
if [ "${1:-}" = haproxy ]; then shift && set -- haproxy -W -db "$@"; fi
exec "$@"
