# Static files: from the volume, at another path, or not at all; a file that does not exist is the app's.

echo "from the volume" >"$work/static/file.txt"
mkdir -p "$work/static/below"
echo "below" >"$work/static/below/file.txt"
echo "confidential" >"$work/secret.txt"
app
front static
expect "200 - from the volume" /static/file.txt
expect "200 - below" /static/below/file.txt
expect "200 - the app has /static/app.css" /static/app.css
expect "200 - the app has /static/" /static/
expect "200 - the app has /static/app.css" /static/app.css -X POST
! says confidential "/static/../secret.txt" --path-as-is || fail "a file outside of the volume"
! says confidential "/static../secret.txt" --path-as-is || fail "a file outside of the volume"
stop_front
front moved WEB_STATIC_PATH=/assets/v1/
expect "200 - from the volume" /assets/v1/file.txt
expect "200 - the app has /static/file.txt" /static/file.txt
stop_front
front root WEB_STATIC_PATH=/
expect "200 - from the volume" /file.txt
expect "200 - below" /below/file.txt
expect "200 - the app has /" /
expect "200 - the app has /below" /below
stop_front
front off WEB_STATIC_PATH=off
expect "200 - the app has /static/file.txt" /static/file.txt
stop_front
crash "$app_pid"
summary+=("static files at a path, or off")
