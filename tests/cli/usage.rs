//! The messages about the command line itself, and about files that cannot be used. The golden is `tests/cli/usage.txt`.

use std::fmt::Write as _;

use super::{Folder, deployment, golden};

/// What a user types, in a folder with `companion.yaml` and `web.yaml`.
const COMMANDS: &[&str] = &[
    "podgraft injct",
    "podgraft diff",
    "podgraft lint web.yaml",
    "podgraft get",
    "podgraft convert conf/",
    "podgraft analyze",
    "podgraft rollout restart deploy/web",
    "podgraft status deploy/web",
    "podgraft restart deploy/web",
    "podgraft web.yaml",
    "podgraft inject -k .",
    "podgraft inject --dry-run=client web.yaml",
    "podgraft help --help | head -n 1",
    "podgraft help inject -h | head -n 1",
    "podgraft explain clustercompanion.spec",
    "podgraft explain web",
    "podgraft inject deploy/web",
    "podgraft inject -c logger web.yaml",
    "podgraft inject -c https://example.com/companion.yaml web.yaml",
    "env -u KUBECONFIG HOME=/nonexistent podgraft status",
    "truncate -s 17M big.yaml; podgraft inject -c big.yaml web.yaml",
    r"printf '\x89PNG\x00' > logo.png; podgraft inject logo.png",
    r"printf 'a: b\xe9\n' > notes.yaml; podgraft inject notes.yaml",
    "podgraft inject -c - -f - < companion.yaml",
    "podgraft explain -f deploy/web",
    "mkdir config; podgraft status --kubeconfig config",
    "podgraft serve",
    "podgraft serve -c nowhere --admin-listen 127.0.0.1:0",
    "podgraft serve -c companion.yaml --listen localhost:8443",
    "podgraft serve -c companion.yaml --workers x",
    "podgraft serve -c companion.yaml --log-level verbose",
    "PODGRAFT_POLL_INTERVAL=5 podgraft serve -c companion.yaml",
    "PODGRAFT_MAX_CONNECTIONS=0 podgraft serve -c companion.yaml",
    "podgraft serve -c companion.yaml --log-level error --admin-listen 127.0.0.1:0 --cert-dir nowhere",
    "cat companion.yaml | podgraft serve --admin-listen 127.0.0.1:0 -c /dev/stdin",
    "podgraft certs --dns https://web.example:8443/",
    "podgraft certs --dir web.yaml",
    "podgraft certs --dir /proc/certs",
    "podgraft inject -c companion.yaml web.yaml --output-file nowhere/out.yaml",
    "podgraft inject -c companion.yaml web.yaml > /dev/full",
    "podgraft probe web.yaml",
    "podgraft probe --ca companion.yaml web.yaml",
    "podgraft probe --ca companion.yaml --server localhost:8443 web.yaml",
    "podgraft certs > /dev/null; podgraft probe --ca certs/ca.crt --cert certs/tls.crt --key certs/ca.crt web.yaml",
];

#[test]
fn each_wrong_use_has_a_message_with_a_remedy() {
    let folder = Folder::new().with("web.yaml", &deployment("web", "logger"));
    let mut page = String::new();
    for command in COMMANDS {
        let (code, out, err) = folder.shell(command);
        let _ = write!(page, "$ {command}\n{out}{err}exit code {code}\n\n");
    }
    golden::check("tests/cli/usage.txt", &page);
}
