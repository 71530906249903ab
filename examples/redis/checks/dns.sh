# Names of members that disappear and return.

# Two members on addresses of their own, at one port, as Pods of a StatefulSet are.
store a "$a" --bind 127.0.0.2
store b "$a" --bind 127.0.0.3 --replicaof 127.0.0.2 "$a"
use_names "store-1.example 127.0.0.3"
ambassador dns REDIS_CHECK_INTERVAL=100ms REDIS_SERVER_1="store-0.example:$a" REDIS_SERVER_2="store-1.example:$a"
eventually 10 last_logged dns "no master; connections are refused; one: its name is not resolved; two: replica"
unready || fail "ready without a master"

# The name appears.
names "store-0.example 127.0.0.2" "store-1.example 127.0.0.3"
eventually 10 ready
eventually 5 last_logged dns "master: one; two: replica"

# The name of the master disappears for longer than it is held: its last address is no longer used.
names "store-1.example 127.0.0.3"
eventually 20 last_logged dns "no master; connections are refused; one: its name is not resolved; two: replica"
eventually 5 unready

# The name returns with the address of a member that is a replica. No write may reach it before it is checked.
cat >"$work/writer.py" <<'PY'
import pathlib, socket, sys
port, end = int(sys.argv[1]), pathlib.Path(sys.argv[2])
read_only = attempts = 0
while not end.exists():
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as c:
            attempts += 1
            c.sendall(b"SET probe 1\r\n")
            read_only += c.recv(64).startswith(b"-READONLY")
    except OSError: pass
print(attempts, read_only)
PY
python3 "$work/writer.py" "$redis_port" "$work/end-of-writer" >"$work/writes" &
writer=$!
pids+=("$writer")
names "store-0.example 127.0.0.3" "store-1.example 127.0.0.3"
never_ready() { ! ready && last_logged dns "no master; connections are refused; one: replica; two: replica"; }
limit=$((SECONDS + 10))
until never_ready; do
  ! ready || fail "ready with a member that was not checked"
  [ $SECONDS -lt $limit ] || fail "the member is not checked within time"
done
# It moves to the master, and then at once to a replica.
names "store-0.example 127.0.0.2" "store-1.example 127.0.0.3"
eventually 10 ready
names "store-0.example 127.0.0.3" "store-1.example 127.0.0.3"
eventually 10 unready
touch "$work/end-of-writer"
wait "$writer"
read -r attempts read_only <"$work/writes"
[ "$attempts" -gt 100 ] && [ "$read_only" -eq 0 ] || fail "$read_only of $attempts writes reached a member that was not checked"
stop "$ambassador_pid" >/dev/null
for pid in "$store_a" "$store_b"; do crash "$pid"; done
end_names
summary+=("a name that returns is checked before it is used ($attempts connections)")
