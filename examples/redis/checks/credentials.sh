# Passwords, ACL users, and what the log reports when they are wrong.

secret='s3 cr$t"x%[,'
server() { at "$c" ${server_secret:+-a "$server_secret"} --no-auth-warning "$@"; }
stop_ambassador() { stop "$ambassador_pid" >/dev/null; }
# retry NAME ARGUMENT...: a new ambassador for the member.
retry() { ambassador "$1" REDIS_SERVER_1="127.0.0.1:$c" REDIS_CHECK_INTERVAL=50ms "${@:2}"; }
# password TEXT: replaces the file of the parameter, as the kubelet does.
password() { printf %s "$1" >"$work/secret/new" && mv "$work/secret/new" "$work/secret/password"; }

store c "$c" --requirepass "$secret"
server_secret=$secret

# A password is needed, and the parameter is missing or wrong: the log has the server's own answer.
retry missing
eventually 5 logged missing "no master; connections are refused; one: -NOAUTH Authentication required."
stop_ambassador
password not-this-one
retry wrong
eventually 5 logged wrong "one: -WRONGPASS invalid username-password pair or user is disabled."
unready || fail "ready with a wrong password"
stop_ambassador

# The Secret was made from a file: the newline at its end is not part of the value.
for ending in '' $'\n' $'\r\n'; do
  password "$secret$ending"
  retry newline
  eventually 5 ready
  answers PONG -a "$secret" || fail "no traffic with a password"
  stop_ambassador
done

# A rotated Secret is used without a restart. Redis accepts one password, so the member is lost in between.
password "$secret"
retry rotated
eventually 5 ready
server config set requirepass rotated >/dev/null
server_secret=rotated
eventually 5 logged rotated "one: -WRONGPASS"
eventually 5 unready
password rotated
eventually 5 logged rotated "the password has changed"
eventually 5 ready
# With an ACL user that has both passwords for a while, nothing is lost.
server acl setuser default '>next' >/dev/null
lines=$(grep -c "no master" "$work/rotated.log")
password next
eventually 5 sh -c "[ \$(grep -c 'password has changed' $work/rotated.log) = 2 ]"
server_secret=next
server acl setuser default '<rotated' >/dev/null
logins() { server info commandstats | sed -n 's/^cmdstat_auth:calls=\([0-9]*\),.*/\1/p'; }
later=$(($(logins) + 10))
more_logins() { [ "$(logins)" -gt "$later" ]; }
eventually 5 more_logins
[ "$(grep -c "no master" "$work/rotated.log")" -eq "$lines" ] || fail "the master was lost during a rotation with two passwords: $(cat "$work/rotated.log")"
stop_ambassador

# An ACL user that may only do what the README lists, while the default user is off.
server acl setuser ambassador on ">$secret" +info >/dev/null
server acl setuser app on '>app' '~*' +@all >/dev/null
server acl setuser default off >/dev/null
password "$secret"
retry acl REDIS_USERNAME=ambassador
eventually 5 ready
answers PONG --user app -a app || fail "no traffic with an ACL user"
app_as() { env -i PATH="$PATH" REDIS_HOST=127.0.0.1 REDIS_PORT="$redis_port" REDIS_LOGIN="$1" python3 "$work/visits.py" prepare 2>/dev/null; }
app_as "app app" && ! app_as "app wrong" || fail "the app does not authenticate itself"
stop_ambassador
rm "$work/secret/password"
retry half REDIS_USERNAME=ambassador
eventually 5 logged half "there is a username, but no password"
eventually 5 logged half "one: -NOAUTH"
stop_ambassador
at "$c" --no-auth-warning --user app -a app acl setuser ambassador -info >/dev/null
password "$secret"
retry forbidden REDIS_USERNAME=ambassador
eventually 5 logged forbidden "one: -NOPERM"
stop_ambassador
crash "$store_c"

# A server without AUTH repeats its arguments in its answer. They must not be in the log.
store d "$d" --rename-command AUTH ''
[[ $(printf 'AUTH hunter2\r\nQUIT\r\n' | busybox nc 127.0.0.1 "$d") == *hunter2* ]] || fail "this Redis does not repeat arguments"
password hunter2
ambassador repeated REDIS_SERVER_1="127.0.0.1:$d"
eventually 5 logged repeated "one: -ERR unknown command 'AUTH'"
! logged repeated hunter2 || fail "the log has the password: $(cat "$work/repeated.log")"
stop_ambassador
crash "$store_d"
rm "$work/secret/password"
summary+=("the log has the server's own answer; rotated passwords and ACL users work")
