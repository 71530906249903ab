use serde_json::{Value, json};

use crate::api::testing::{check, check_companion, container, silent, warns, with};

fn run(command: Value, args: Value) -> Value {
    with(&[("/spec/containers/0/command", command), ("/spec/containers/0/args", args)])
}

/// A companion with this command, and an unrestricted String parameter that sets V.
fn runs(command: Value) -> Value {
    with(&[
        ("/spec/containers/0/command", command),
        ("/spec/parameters/4", json!({"name": "v", "type": "String", "env": "V"})),
    ])
}

#[test]
fn a_reference_in_a_shell_script_is_an_error() {
    let script = "git clone $(GITSYNC_REPO)";
    for command in [
        json!(["sh", "-c", script]),
        json!(["/bin/bash", "-ec", script]),
        json!(["bash", "-o", "pipefail", "-c", script]),
        json!(["bash", "-euo", "pipefail", "-c", script]),
        json!(["sh", "-c", "-e", script]),
        json!(["busybox", "sh", "-c", script]),
        json!(["/usr/bin/env", "A=1", "dash", "-xc", script]),
        json!(["tini", "--", "zsh", "-lc", script]),
        json!(["fish", "--command", script]),
    ] {
        let at = command.as_array().unwrap().len() - 1;
        let expected = format!(
            "spec.containers[0].command[{at}]: forbidden: $(GITSYNC_REPO) inside a shell script is an injection"
        );
        check(run(command, json!([])), &[&expected]);
    }
    check(
        run(json!(["sh"]), json!(["-c", script])),
        &["spec.containers[0].args[1]: forbidden: $(GITSYNC_REPO) inside"],
    );
    check(
        run(json!(["sh", "-c"]), json!(["echo $(GITSYNC_ROOT)"])),
        &["spec.containers[0].args[0]: forbidden: $(GITSYNC_ROOT) inside"],
    );
}

#[test]
fn the_options_that_give_a_shell_a_script_are_understood() {
    let script = "printf %s $(V)";
    for command in [
        json!(["bash", "-euoc", "nounset", script]),
        json!(["bash", "-Oc", "extglob", script]),
        json!(["bash", "-oOc", "errexit", "extglob", script]),
        json!(["dash", "-oc", "errexit", script]),
        json!(["sh", "-o", "errexit", "-c", script]),
        json!(["sh", "-e", "-c", script]),
        json!(["sh", "-ceu", script]),
        json!(["sh", "+x", "-c", "--", script]),
        json!(["sh", "-c", "-", script]),
        json!(["bash", "--init-file", "/etc/rc", "-c", script]),
        json!(["bash", "--rcfile", "/etc/rc", "-c", script]),
        json!(["bash", "-rcfile", "/etc/rc", "-c", script]),
        json!(["bash", "--norc", "-ic", script]),
        json!(["csh", "-c", script]),
        json!(["tcsh", "-fc", script]),
        json!(["/bin/bash-static", "-c", script]),
        json!(["bash-5.2", "-c", script]),
        json!(["bash-5.2p1", "-c", script]),
        json!(["ksh93", "-c", script]),
        json!(["/bin/sh.distrib", "-c", script]),
        json!(["fish", "-C", script]),
        json!(["fish", "--init-command", script]),
        json!([format!("fish"), format!("--init-command={script}")]),
        json!(["pwsh", "-Command", script]),
        json!(["pwsh", "-NoLogo", "-com", "Write-Output", script]),
        json!(["su", "-s", "/bin/sh", "nobody", "-c", script]),
        json!(["su", "-", "nobody", "--command", script]),
        json!(["su", format!("--comm={script}")]),
        json!(["su", "nobody", "-lc", script]),
        json!(["su", format!("-c{script}")]),
        json!(["runuser", "-u", "nobody", "-c", script]),
        json!(["script", "-q", "-c", script]),
        json!(["flock", "/run/lock", "-c", script]),
        json!(["env", "-S", script]),
        json!(["env", "-i", "-u", "A", "B=1", "-vS", script]),
        json!(["env", format!("-S{script}")]),
        json!(["env", format!("--split-string={script}")]),
        json!(["watch", "-n", "5", script]),
        json!(["watch", "printf", "%s", script]),
        json!(["timeout", "5", "sh", "-c", script]),
        json!(["setsid", "nsenter", "-t", "1", "chroot", "/x", "gosu", "a", "bash", "-c", script]),
        json!(["sh", "-$(V)"]),
        json!(["sh", "+c", script]),
        json!(["bash", "+ec", script]),
        json!(["sg", "grp", "-c", script]),
        json!(["sg", "-", "grp", script]),
        json!(["busybox", "watch", script]),
        json!(["timeout", "5", "watch", script]),
        json!(["sudo", "-u", "nobody", "/usr/bin/script", "-qc", script]),
    ] {
        let at = command.as_array().unwrap().len() - 1;
        let expected =
            format!("spec.containers[0].command[{at}]: forbidden: $(V) inside a shell script is an injection");
        check(runs(command), &[&expected]);
    }
    check(
        runs(json!(["script", "-qc", script, "/dev/null"])),
        &["spec.containers[0].command[2]: forbidden: $(V) inside"],
    );
}

#[test]
fn a_word_that_is_a_variable_with_a_fixed_value_is_read_as_that_value() {
    let env = json!([{"name": "SH", "value": "/bin/sh"}, {"name": "OPTS", "value": "-c"}]);
    let command = ("/spec/containers/0/command", json!(["$(SH)", "$(OPTS)", "git clone $(GITSYNC_REPO)"]));
    let expected = "spec.containers[0].command[2]: forbidden: $(GITSYNC_REPO) inside a shell script is an injection";
    check(with(&[command, ("/spec/containers/0/env", env)]), &[expected]);
}

#[test]
fn a_subcommand_named_like_a_program_is_not_a_program() {
    for command in [
        json!(["etcdctl", "watch", "$(GITSYNC_REPO)", "--prefix"]),
        json!(["nats", "kv", "watch", "$(GITSYNC_REPO)"]),
        json!(["k6", "run", "script", "-c", "x=$(GITSYNC_REPO)"]),
        json!(["node", "script", "-c", "$(GITSYNC_REPO)"]),
        json!(["myctl", "env", "-S", "$(GITSYNC_REPO)"]),
        json!(["myctl", "--region", "sg", "-c", "$(GITSYNC_REPO)"]),
    ] {
        silent(run(command, json!([])));
    }
}

#[test]
fn a_reference_outside_scripts_is_valid() {
    for command in [
        json!(["git-sync", "--repo=$(GITSYNC_REPO)"]),
        json!(["sh", "-c", "exec git clone \"$1\"", "--", "$(GITSYNC_REPO)"]),
        json!(["sh", "-c", "echo $$(GITSYNC_REPO) $(date)"]),
        json!(["sh", "-c", "echo \"$GITSYNC_REPO\""]),
        json!(["sh", "/script.sh", "-c", "$(GITSYNC_REPO)"]),
        json!(["sh", "-c"]),
        json!(["haproxy", "-c", "$(GITSYNC_REPO)"]),
        json!(["su-exec", "nobody", "haproxy", "-c", "$(GITSYNC_REPO)"]),
        json!(["script.sh", "-c", "$(GITSYNC_REPO)"]),
        json!(["bash", "--norc", "/script.sh", "-c", "$(GITSYNC_REPO)"]),
        json!(["watch", "-x", "git", "clone", "$(GITSYNC_REPO)"]),
        json!(["su", "-s/bin/csh", "nobody", "$(GITSYNC_REPO)"]),
        json!(["env", "-u", "S", "git", "clone", "$(GITSYNC_REPO)"]),
        json!(["pwsh", "-File", "/script.ps1", "-c", "$(GITSYNC_REPO)"]),
    ] {
        assert_eq!(check_companion(&run(command.clone(), json!([]))).problems, [], "{command}");
    }
}

#[test]
fn where_a_configmap_sets_variables_every_reference_in_a_script_counts() {
    let from = ("/spec/containers/0/envFrom", json!([{"configMapRef": {"name": "settings", "optional": true}}]));
    let command = ("/spec/containers/0/command", json!(["sh", "-c", "printf %s $(SITE)"]));
    check(with(&[from, command.clone()]), &["spec.containers[0].command[2]: forbidden: $(SITE) inside a shell script"]);
    check(with(&[command]), &[]);
}

#[test]
fn a_reference_inside_the_text_of_another_program_is_warned_about() {
    for command in [
        json!(["python3", "-c", "print('$(V)')"]),
        json!(["perl", "-e", "print '$(V)'"]),
        json!(["node", "-e", "console.log('$(V)')"]),
        json!(["awk", "BEGIN { x = \"$(V)\" }"]),
        json!(["mysql", "-e", "select '$(V)'"]),
        json!(["envoy", "--config-yaml", "node: {id: $(V)}"]),
        json!(["envoy", "--config-yaml=node: {id: $(V)}"]),
        json!(["socat", "TCP-LISTEN:9000", "EXEC:$(V)"]),
    ] {
        let at = command.as_array().unwrap().len() - 1;
        warns(
            runs(command),
            &format!("spec.containers[0].command[{at}]: insecure: $(V) is embedded in a larger argument"),
        );
    }
}

#[test]
fn a_value_that_cannot_break_a_text_and_a_value_of_its_own_are_silent() {
    let parameter = |kind: Value| {
        with(&[
            ("/spec/containers/0/command", json!(["tool", "listen:$(V)", "--level=$(V)"])),
            ("/spec/parameters/4", kind),
        ])
    };
    silent(parameter(json!({"name": "v", "type": "Port", "env": "V"})));
    silent(parameter(json!({"name": "v", "type": "String", "enum": ["a", "b"], "env": "V"})));
    silent(parameter(json!({"name": "v", "type": "String", "pattern": "[a-z0-9.-]+", "env": "V"})));
    silent(runs(json!(["tool", "--level=$(V)", "--logs=/logs/$(V)", "--level", "$(V)", "--", "$(V)"])));
}

#[test]
fn an_unlimited_string_that_is_an_operand_can_be_an_option() {
    warns(
        runs(json!(["fetch", "$(V)"])),
        "spec.containers[0].command[1]: insecure: a value of $(V) that starts with `-` would be parsed",
    );
}

#[test]
fn arguments_of_an_unknown_entrypoint_that_look_like_a_script_are_warned_about() {
    let object = with(&[("/spec/containers/0/args", json!(["-c", "git clone $(GITSYNC_REPO)"]))]);
    warns(object, "spec.containers[0].args[1]: insecure: if the image's entrypoint is a shell, this is an injection");
    silent(with(&[("/spec/containers/0/args", json!(["--repo=$(GITSYNC_REPO)", "fetch"]))]));
    for flag in ["-config", "-connect"] {
        silent(with(&[("/spec/containers/0/args", json!([flag, "$(GITSYNC_REPO)"]))]));
    }
    let expected = "spec.containers[0].args[1]: insecure: if the image's entrypoint is a shell, this is an injection";
    warns(run(json!([]), json!(["-ec", "git clone $(GITSYNC_REPO)"])), expected);
}

#[test]
fn a_probe_runs_scripts_as_well() {
    let mut probed = container("git-sync", "registry.example/git-sync:v4");
    probed["livenessProbe"] = json!({"exec": {"command": ["bash", "-Oc", "extglob", "test $(GITSYNC_REPO)"]}});
    let expected = "spec.containers[0].livenessProbe.exec.command[3]: forbidden: $(GITSYNC_REPO) inside a shell script";
    check(with(&[("/spec/containers/0", probed)]), &[expected]);
}
