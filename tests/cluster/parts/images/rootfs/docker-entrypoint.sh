#!/bin/sh
# The entry point of nginx's image: it fills templates from the environment, and runs its arguments.
set -e
if [ "${1:-}" = nginx ] && [ -d /etc/nginx/templates ]; then
  names=$(env | sed 's/=.*//; s/^/${/; s/$/}/' | tr '\n' ' ')
  for template in /etc/nginx/templates/*.template; do
    [ -e "$template" ] || continue
    name=${template##*/}
    envsubst "$names" <"$template" >"/etc/nginx/conf.d/${name%.template}"
  done
fi
exec "$@"
