//! Files, folders, pipes, links and broken outputs.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::{Command, Stdio};

use super::{COMPANION, Folder, deployment};

const INJECT: &str = "inject -q -c companion.yaml";

impl Folder {
    pub(super) fn shell(&self, script: &str) -> (i32, String, String) {
        let path = std::path::Path::new(env!("CARGO_BIN_EXE_podgraft")).parent().unwrap().to_owned();
        let path = format!("{}:{}", path.display(), std::env::var("PATH").unwrap());
        let output =
            Command::new("bash").args(["-c", script]).env("PATH", path).current_dir(self.0.path()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.path().join(name)).unwrap()
    }
}

#[test]
fn files_are_named_as_in_kubectl_and_by_position() {
    let folder = Folder::new().with("a.yaml", &deployment("a", "logger")).with("b.yaml", &deployment("b", "logger"));
    let expect = folder.run(&format!("{INJECT} -f a.yaml -f b.yaml"));
    assert_eq!(expect.code, 0, "{}", expect.err);
    for files in ["-f a.yaml,b.yaml", "a.yaml b.yaml", "-f a.yaml b.yaml"] {
        assert_eq!(folder.run(&format!("{INJECT} {files}")).out, expect.out, "{files}");
    }
    let piped = folder.pipe(&format!("{INJECT} -"), &deployment("a", "logger"));
    assert!(expect.out.starts_with(&piped.out), "{}", piped.err);
}

#[test]
fn in_place_replaces_files_that_change_and_keeps_their_mode_and_links() {
    let folder = Folder::new().with("a.yaml", &deployment("a", "logger")).with("b.yaml", "kind: X\n");
    let at = |name: &str| folder.0.path().join(name);
    fs::set_permissions(at("a.yaml"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("a.yaml", at("link.yaml")).unwrap();
    let expect = folder.run(&format!("{INJECT} a.yaml")).out;
    let before = fs::metadata(at("b.yaml")).unwrap().modified().unwrap();
    let run = folder.run(&format!("{INJECT} --in-place link.yaml b.yaml"));
    assert_eq!((run.code, &*run.out), (0, ""), "{}", run.err);
    assert_eq!(folder.read("a.yaml"), expect);
    assert!(fs::symlink_metadata(at("link.yaml")).unwrap().is_symlink());
    assert_eq!(fs::metadata(at("a.yaml")).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(fs::metadata(at("b.yaml")).unwrap().modified().unwrap(), before);
    assert_eq!(folder.run("uninject -q -i a.yaml").code, 0);
    assert_eq!(folder.read("a.yaml"), deployment("a", "logger"));
    let left: Vec<_> = fs::read_dir(folder.0.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with('.')), "{left:?}");
    for wrong in ["-i -", "-i a.yaml -o yaml", "-i a.yaml --output-file x"] {
        assert_eq!(folder.run(&format!("{INJECT} {wrong}")).code, 2, "{wrong}");
    }
}

#[test]
fn nothing_is_written_to_a_file_if_anything_is_denied() {
    let text = format!("{}---\n{}", deployment("bad", "nonsense"), deployment("good", "logger"));
    let folder = Folder::new().with("a.yaml", &text).with("out.yaml", "old\n");
    assert_eq!(folder.run(&format!("{INJECT} -i a.yaml")).code, 1);
    assert_eq!(folder.read("a.yaml"), text);
    assert_eq!(folder.run(&format!("{INJECT} a.yaml --output-file out.yaml")).code, 1);
    assert_eq!(folder.read("out.yaml"), "old\n");
    let folder = folder.with("a.yaml", &deployment("good", "logger"));
    let run = folder.run(&format!("{INJECT} a.yaml --output-file out.yaml"));
    assert_eq!((run.code, &*run.out), (0, ""), "{}", run.err);
    assert_eq!(folder.read("out.yaml"), folder.run(&format!("{INJECT} a.yaml")).out);
}

#[test]
fn companions_are_read_from_pipes_and_from_stdin() {
    let folder = Folder::new().with("a.yaml", &deployment("a", "logger"));
    let expect = folder.run(&format!("{INJECT} a.yaml")).out;
    assert_eq!(folder.pipe("inject -q -c - a.yaml", COMPANION).out, expect);
    let (code, out, err) = folder.shell("podgraft inject -q -c <(cat companion.yaml) a.yaml");
    assert_eq!((code, out), (0, expect), "{err}");
    let twice = folder.pipe("inject -c - -f -", COMPANION);
    assert!(twice.code == 3 && twice.err.contains("standard input can be read only once"), "{}", twice.err);
}

#[test]
fn each_file_is_read_once_and_other_files_are_skipped() {
    let folder = Folder::new().with("conf/prod/a.yaml", &deployment("a", "logger")).with("conf/notes.txt", "x: [");
    let at = |name: &str| folder.0.path().join(name);
    symlink("..", at("conf/prod/up")).unwrap();
    symlink("prod", at("conf/current")).unwrap();
    symlink("prod/a.yaml", at("conf/b.yaml")).unwrap();
    fs::write(at("elsewhere.yaml"), deployment("b", "logger")).unwrap();
    symlink("../elsewhere.yaml", at("conf/c.yaml")).unwrap();
    for files in ["-f conf", "-f conf -f conf/prod conf/b.yaml", "-i -f conf -f conf/prod"] {
        let run = folder.run(&format!("inject -R -c companion.yaml {files}"));
        assert!(run.err.ends_with("workloads: 2 injected, 0 unchanged, 0 denied\n"), "{files}: {}", run.err);
    }
    symlink("nowhere.yaml", at("conf/dangling.yaml")).unwrap();
    let run = folder.run("inject -R -c companion.yaml -f conf");
    let expect = "error: conf/dangling.yaml is a symbolic link to nowhere.yaml, which does not exist\n";
    assert_eq!((run.code, &*run.out, &*run.err), (3, "", expect));
}

#[test]
fn utf_16_is_read_and_written_back_and_binary_files_are_named() {
    let folder = Folder::new();
    let text = deployment("a", "logger").replace('\n', "\r\n");
    let encode = |text: &str| [vec![0xff, 0xfe], text.encode_utf16().flat_map(u16::to_le_bytes).collect()].concat();
    fs::write(folder.0.path().join("a.yaml"), encode(&text)).unwrap();
    fs::write(folder.0.path().join("logo.yaml"), b"\x89PNG\x00\x01").unwrap();
    assert_eq!(folder.run(&format!("{INJECT} -i a.yaml")).code, 0);
    let written = fs::read(folder.0.path().join("a.yaml")).unwrap();
    assert!(written.starts_with(&[0xff, 0xfe]) && written.len() > encode(&text).len());
    assert_eq!(folder.run("uninject -q -i a.yaml").code, 0);
    assert_eq!(fs::read(folder.0.path().join("a.yaml")).unwrap(), encode(&text));
    let logo = folder.run(&format!("{INJECT} logo.yaml"));
    assert_eq!(
        logo.err,
        "logo.yaml:1:1: error: not a text file\nerror: nothing written: 1 document could not be read\n"
    );
}

#[test]
fn no_command_panics_whatever_happens_to_its_output() {
    let folder = Folder::new().with("a.yaml", &deployment("a", "logger"));
    let commands = [
        "inject -c companion.yaml a.yaml",
        "uninject a.yaml",
        "explain -c companion.yaml a.yaml",
        "validate -c companion.yaml a.yaml",
        "certs --dir made --force",
        "crds",
        "completion bash",
        "version",
        "inject missing.yaml",
    ];
    for command in commands {
        let full = if command.contains("missing") { 3 } else { -1 };
        let (code, _, err) = folder.shell(&format!("podgraft {command} > /dev/full 2>err; c=$?; cat err >&2; exit $c"));
        assert!(code == 3 || (full == -1 && code == 0), "{command} into a full output: {code} {err}");
        assert!(!err.contains("panicked"), "{command}: {err}");
        let (code, ..) = folder.shell(&format!("podgraft {command} 2> /dev/full > /dev/null"));
        assert!([0, 3].contains(&code), "{command} with a full stderr: {code}");
        let (code, _, err) = folder.shell(&format!("podgraft {command} | true; exit ${{PIPESTATUS[0]}}"));
        assert!([0, 3].contains(&code) && !err.contains("panicked"), "{command} into a closed pipe: {code} {err}");
    }
}

#[test]
fn a_read_only_folder_is_an_error_and_the_file_is_kept() {
    let folder = Folder::new().with("in/a.yaml", &deployment("a", "logger"));
    let inside = folder.0.path().join("in");
    fs::set_permissions(&inside, fs::Permissions::from_mode(0o555)).unwrap();
    let run = folder.run(&format!("{INJECT} -i in/a.yaml"));
    // root can write everywhere, so the test proves nothing there.
    if run.code != 0 {
        assert!(run.code == 3 && run.err.contains("so the folder in must be writable"), "{}", run.err);
        assert_eq!(folder.read("in/a.yaml"), deployment("a", "logger"));
    }
    fs::set_permissions(&inside, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn as_a_kubectl_plugin_help_shows_kubectl_podgraft() {
    let folder = Folder::new();
    let plugin = folder.0.path().join("kubectl-podgraft");
    symlink(env!("CARGO_BIN_EXE_podgraft"), &plugin).unwrap();
    let output = Command::new(&plugin).args(["inject", "-h"]).stdin(Stdio::null()).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(help.contains("Usage: kubectl podgraft inject "), "{help}");
}

#[test]
fn certificates_have_the_requested_names_and_existing_ones_are_checked_for_them() {
    let folder = Folder::new();
    for wrong in ["https://web.example:8443/", "web.example:8443", "a_b c"] {
        let name = wrong.split(' ').next().unwrap();
        assert_eq!(folder.shell(&format!("podgraft certs --dns '{wrong}'")).0, 2, "{name}");
    }
    assert_eq!(folder.shell("podgraft certs --dns ''").0, 2);
    assert_eq!(folder.run("certs --dns web.example --dns 10.0.0.1").code, 0);
    assert!(folder.run("certs --dns web.example --dns 10.0.0.1").out.starts_with("kept certs/ca.crt"));
    let other = folder.run("certs --dns other.example");
    let expect = "error: certs/tls.crt is not valid for other.example; use --force to replace it\n";
    assert_eq!((other.code, &*other.out, &*other.err), (3, "", expect));
}

#[test]
fn a_log_level_is_one_of_a_closed_list() {
    let run = Folder::new().run("serve --companions companion.yaml --log-level verbose");
    assert!(run.code == 2 && run.err.contains("[possible values: error, warn, info, debug, trace]"), "{}", run.err);
}

#[test]
fn a_value_of_serve_is_blamed_on_the_variable_or_the_flag_that_has_it() {
    let folder = Folder::new();
    let (code, _, err) = folder.shell("PODGRAFT_POLL_INTERVAL=5 podgraft serve -c companion.yaml");
    let wrong = "invalid value '5'";
    assert!(code == 2 && err.starts_with(&format!("error: PODGRAFT_POLL_INTERVAL: {wrong}: must be a whole")), "{err}");
    let (_, _, err) = folder.shell("PODGRAFT_POLL_INTERVAL=1s podgraft serve -c companion.yaml --poll-interval 5");
    assert!(err.starts_with(&format!("error: {wrong} for '--poll-interval <DURATION>'")), "{err}");
    let (_, _, err) = folder.shell("podgraft serve -c companion.yaml --listen localhost:8443");
    assert!(err.contains("must be IP:PORT, for example 127.0.0.1:8443"), "{err}");
}

#[test]
fn serve_needs_a_source_of_companions_that_can_be_read_again() {
    let folder = Folder::new();
    let (code, _, err) = folder.shell("podgraft serve");
    assert_eq!((code, &*err), (2, "error: --companions PATH or --cluster is required\n"));
    let (code, _, err) = folder.shell("cat companion.yaml | podgraft serve --admin-listen 127.0.0.1:0 -c /dev/stdin");
    let expect =
        "error: --companions /dev/stdin: must be a file or a folder, because it is read again when it changes\n";
    assert_eq!((code, &*err), (3, expect));
    let (_, _, err) = folder.shell("podgraft serve -c companion.yaml --admin-listen 127.0.0.1:0 --cert-dir nowhere");
    assert_eq!(err.matches("No such file").count(), 1, "{err}");
}

#[test]
fn a_file_without_a_certificate_is_no_ca() {
    let folder = Folder::new();
    let (code, _, err) = folder.shell("podgraft probe -f companion.yaml --ca companion.yaml");
    assert!(code == 0 && err.contains("no workloads"), "{err}");
    let pod = "apiVersion: v1\\nkind: Pod\\nmetadata: {name: a}\\nspec: {containers: [{name: a, image: a:1}]}\\n";
    let (code, _, err) = folder.shell(&format!("printf '{pod}' | podgraft probe -f - --ca companion.yaml"));
    assert_eq!((code, &*err), (3, "error: --ca companion.yaml: no PEM certificate found\n"));
}
