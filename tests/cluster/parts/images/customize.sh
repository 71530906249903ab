#!/bin/sh
# Gives a Debian file system, the only argument, the paths that the official images of this software have. Manifests rely
# on these paths, and tests run the manifests unchanged.
set -eu
root=$1
from=$(dirname "$0")

cp -r "$from/rootfs/." "$root/"

# Alpine's tools are BusyBox. An image that pretends to be Alpine has this folder first in its PATH.
mkdir -p "$root/usr/lib/busybox"
chroot "$root" busybox --list | while read -r applet; do ln -s ../../bin/busybox "$root/usr/lib/busybox/$applet"; done

ln -s redis-server "$root/usr/bin/valkey-server"
ln -s redis-cli "$root/usr/bin/valkey-cli"
mkdir -p "$root/data" "$root/git" "$root/run/sshd"
chmod 777 "$root/data"

# Servers log to the container's output.
ln -sf /dev/stdout "$root/var/log/nginx/access.log"
ln -sf /dev/stderr "$root/var/log/nginx/error.log"

mkdir -p "$root/usr/local/tomcat/webapps" "$root/usr/local/tomcat/logs" "$root/usr/local/tomcat/temp" "$root/usr/local/tomcat/work"
ln -s /usr/share/tomcat10/bin "$root/usr/local/tomcat/bin"
ln -s /usr/share/tomcat10/lib "$root/usr/local/tomcat/lib"
ln -s /etc/tomcat10 "$root/usr/local/tomcat/conf"
chmod -R a+rX "$root/etc/tomcat10"

# Keys of an image are known to everyone who has it.
rm -f "$root"/etc/ssh/ssh_host_*
