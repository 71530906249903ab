# Members that accept TLS only: the checks and the app's connections use it, and the certificate is verified.

certificate() { # NAME SUBJECT-ALTERNATIVE-NAME
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$work/tls/$1.key" -out "$work/tls/$1.csr" 2>/dev/null
  openssl x509 -req -in "$work/tls/$1.csr" -CA "$work/tls/ca.crt" -CAkey "$work/tls/ca.key" -days 2 -out "$work/tls/$1.crt" \
    -extfile <(echo "subjectAltName=$2") 2>/dev/null
}
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=check-ca -days 2 -keyout "$work/tls/ca.key" -out "$work/tls/ca.crt" 2>/dev/null
certificate server DNS:redis.example,DNS:store.example
certificate client DNS:client
chmod 644 "$work"/tls/*
use_names "redis.example 127.0.0.1"
retry() { ambassador "$1" REDIS_SERVER_1="redis.example:$c" REDIS_CHECK_INTERVAL=50ms "${@:2}"; }
stop_ambassador() { stop "$ambassador_pid" >/dev/null; }
secure=(--port 0 --tls-cert-file "$work/tls/server.crt" --tls-key-file "$work/tls/server.key" --tls-ca-cert-file "$work/tls/ca.crt")
store c 0 --tls-port "$c" "${secure[@]}" --tls-auth-clients no --requirepass secret
echo secret >"$work/secret/password"

retry plain
eventually 5 logged plain "no master; connections are refused; one:"
stop_ambassador
# The image's own CAs do not include the one of this member.
retry unknown-ca REDIS_TLS=true
eventually 5 logged unknown-ca "one: SSL handshake failure"
unready || fail "ready although the certificate is not verified"
stop_ambassador

# The image's own CAs: a directory as the image has it.
mkdir -m 755 "$work/tls/certs"
cp "$work/tls/ca.crt" "$work/tls/certs/ca.crt"
retry own-cas REDIS_TLS=true SSL_CERT_DIR="$work/tls/certs"
eventually 5 ready
answers PONG -a secret || fail "no traffic over TLS with the image's own CAs"
stop_ambassador

# The CA of a Secret.
cp "$work/tls/ca.crt" "$work/secret/ca.crt"
retry ca REDIS_TLS=true
eventually 5 ready
answers PONG -a secret || fail "no traffic over TLS"
stop_ambassador
retry name REDIS_TLS=true REDIS_SERVER_NAME=store.example
eventually 5 ready
stop_ambassador
retry other-name REDIS_TLS=true REDIS_SERVER_NAME=other.example
eventually 5 logged other-name "one: Server presented an SSL certificate different from the expected one"
stop_ambassador
ambassador address REDIS_SERVER_1="127.0.0.1:$c" REDIS_TLS=true REDIS_SERVER_NAME=redis.example
eventually 5 ready
stop_ambassador
crash "$store_c"
rm "$work/secret/password"

# A member that demands a certificate of its clients, which is Redis' default.
store d 0 --tls-port "$d" "${secure[@]}"
retry() { ambassador "$1" REDIS_SERVER_1="redis.example:$d" REDIS_CHECK_INTERVAL=50ms REDIS_TLS=true; }
retry without-certificate
eventually 5 logged without-certificate "no master; connections are refused; one:"
unready || fail "ready without a client certificate"
stop_ambassador
cp "$work/tls/client.crt" "$work/secret/client.pem"
cp "$work/tls/client.key" "$work/secret/client.pem.key"
retry with-certificate
eventually 5 ready
answers PONG || fail "no traffic with a client certificate"
stop_ambassador
crash "$store_d"
end_names
rm "$work"/secret/*
summary+=("TLS with its name, its CA and a client certificate")
