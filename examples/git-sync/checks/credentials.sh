#!/usr/bin/env bash
# Tokens and keys: rotated ones are used without a restart, expired ones are visible in metrics and in readiness.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# A Git server that requires a user and a password, those in $work/password.
next_port
http_port=$port
cat >"$work/git-http.py" <<'PY'
import base64, http.server, os, pathlib, subprocess, sys
class Git(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        given = base64.b64decode(self.headers.get("Authorization", "Basic ")[6:])
        if given != pathlib.Path(sys.argv[3]).read_bytes():
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            return self.end_headers()
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        environment = dict(os.environ, GIT_PROJECT_ROOT=sys.argv[2], GIT_HTTP_EXPORT_ALL="1", PATH_INFO=path, QUERY_STRING=query, REQUEST_METHOD=self.command,
            CONTENT_TYPE=self.headers.get("Content-Type", ""), CONTENT_LENGTH=str(len(body)), GIT_PROTOCOL=self.headers.get("Git-Protocol", ""),
            HTTP_CONTENT_ENCODING=self.headers.get("Content-Encoding", ""))
        answer = subprocess.run(["git", "http-backend"], env=environment, input=body, capture_output=True).stdout
        head, _, content = answer.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in fields.items(): self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
    do_POST = do_GET
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Git).serve_forever()
PY
printf 'robot:a b"$c' >"$work/password"
python3 "$work/git-http.py" "$http_port" "$work/git" "$work/password" >"$work/http.log" 2>&1 &
pids+=($!)
git_port=$http_port
site private
push_clone private
url=http://127.0.0.1:$http_port/private.git
eventually 5 listens "$http_port"

# Values with a line break at their end, as of a Secret that was made from a file.
mkdir -p "$work/private.secret"
printf 'robot\r\n' >"$work/private.secret/username"
printf 'a b"$c\n' >"$work/private.secret/token"
sync private GITSYNC_REPO="$url" GITSYNC_MAX_AGE=2
eventually 20 published private
eventually 5 passed 1
eventually 20 ready # the last success may be older than max-age, 2 s, if the machine is busy
[ "$(metric git_sync_revision_info{revision=\"$(revision private)\"})" = 1 ] || fail "the metrics lack the revision"
[ "$(metric git_sync_last_success_timestamp_seconds)" -gt 1700000000 ] || fail "the metrics lack the last success"

# The token expires: the page stays; the log has the server's reason; metrics and readiness show it.
printf 'robot:new' >"$work/password"
eventually 20 failed 1
eventually 5 logged private "Authentication failed"
not_ready() { ! ready; }
eventually 20 not_ready
ready GITSYNC_MAX_AGE=0 || fail "not ready without max-age"
at_least git_sync_last_success_age_seconds 2 || fail "the age of the last success is wrong"
[ -e "$work/private/..data" ] || fail "the page went with the token"

# The Secret is rotated, as the kubelet does it. Nothing is restarted.
echo new >"$work/private.secret/token.new"
mv "$work/private.secret/token.new" "$work/private.secret/token"
echo rotated >"$work/clones/private/page"
push_clone private
eventually 20 published private
eventually 20 ready

# The container restarts while the token is wrong: it was ready, and is no longer when the last success is too old.
stop "$sync_pid" >/dev/null
printf 'robot:other' >"$work/password"
sync private GITSYNC_REPO="$url" GITSYNC_MAX_AGE=2
eventually 20 failed 1
eventually 20 not_ready
printf 'two\nlines' >"$work/private.secret/token"
eventually 20 logged private "token: invalid value: must be one line"
stop "$sync_pid" >/dev/null

! grep -rqF -e 'b"$c' -e 'robot:' "$work/private.log" "$work/private.tmp" || fail "a password is in the log or on the disk"

# ssh, with a server of its own in a namespace of its own, and the user's name as the companion mounts it.
by_ssh="ssh not checked"
if command -v sshd >/dev/null && [ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null; then
  next_port
  ssh_port=$port
  ssh-keygen -q -t ed25519 -N '' -f "$work/host"
  ssh-keygen -q -t ed25519 -N '' -f "$work/user"
  cat >"$work/sshd_config" <<END
ListenAddress 127.0.0.1
Port $ssh_port
HostKey $work/host
AuthorizedKeysFile $work/user.pub
StrictModes no
UsePAM no
PidFile none
END
  unshare -m sh -c "mount -t tmpfs tmpfs /run && mkdir /run/sshd && exec $(command -v sshd) -D -e -f $work/sshd_config" >"$work/sshd.log" 2>&1 &
  pids+=($!)
  eventually 5 listens "$ssh_port"
  literal companions.yaml git-sync files:/etc/passwd >"$work/passwd"
  # sshd needs the users of the machine, ssh only its own. In the background, the process id is that of the companion.
  with_name() { exec unshare -m sh -c "mount --bind $work/passwd /etc/passwd && exec setpriv --reuid=65532 --regid=65532 --clear-groups --inh-caps=-all --no-new-privs \"\$@\"" sh "$@"; }
  site keyed
  push_clone keyed
  environment keyed GITSYNC_REPO="ssh://root@127.0.0.1:$ssh_port$work/git/keyed.git"
  next_port
  with_name "${companion[@]}" GITSYNC_METRICS_PORT="$port" busybox sh "$scripts/sync.sh" >>"$work/keyed.log" 2>&1 &
  sync_pid=$!
  sync_pids+=("$sync_pid")
  eventually 20 logged keyed "ssh requires the parameters ssh-key and known-hosts"
  echo "[127.0.0.1]:$ssh_port $(cut -d ' ' -f 1,2 "$work/user.pub")" >"$work/keyed.secret/known-hosts"
  printf %s "$(cat "$work/user")" >"$work/keyed.secret/ssh-key" # without a line break at its end
  eventually 20 logged keyed "Host key verification failed"
  [ ! -e "$work/keyed/..data" ] || fail "a server with another key was trusted"
  echo "[127.0.0.1]:$ssh_port $(cut -d ' ' -f 1,2 "$work/host.pub")" >"$work/keyed.secret/known-hosts"
  eventually 40 published keyed
  stop "$sync_pid" >/dev/null
  by_ssh="ssh with a verified host"
fi
echo "git-sync/credentials: a rotated token is used, an expired one is in metrics and readiness; $by_ssh"
