//! References to variables inside a shell's script: the kubelet puts the value into the script's text, where the shell
//! runs it. A value that a user fills in would be an injection.

use std::collections::HashSet;

use serde_json::Value;

use super::env;
use super::findings::Findings;
use super::object::{Each, Object};
use super::place::Place;

const SHELLS: [&str; 10] = ["sh", "bash", "ash", "dash", "zsh", "ksh", "mksh", "yash", "fish", "rbash"];

pub(super) fn check(object: &Object, found: &mut Findings) {
    for each in object.containers() {
        let mut names: HashSet<_> = env::given(object).collect();
        names.extend(each.container.env.iter().map(|v| v.name.as_str()));
        let (words, places) = arguments(&each);
        refuse(&words, &places, &names, found);
        for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
            let exec = each.field(probe).map(|probe| &probe["exec"]);
            let (words, places) =
                listed(exec.and_then(|e| e.get("command")), &each.at.member(probe).member("exec").member("command"));
            refuse(&words, &places, &names, found);
        }
        let entrypoint_runs = each.raw.get("command").is_none() && words.first().is_some_and(|w| is_script_flag(w));
        if entrypoint_runs && scripts(&words).next().is_none() {
            let script = words.iter().position(|w| !w.starts_with('-'));
            if let Some(at) = script.filter(|at| references(words[*at]).any(|name| names.contains(name))) {
                let message = "if the image's entrypoint is a shell, this is an injection; name the command, and let the shell read the variable";
                found.warn(&places[at], message);
            }
        }
    }
}

/// Refuses references in the scripts among these words.
fn refuse(words: &[&str], places: &[Place], names: &HashSet<&str>, found: &mut Findings) {
    for script in scripts(words) {
        for name in references(words[script]).filter(|name| names.contains(name)) {
            let message = format!(
                "$({name}) inside a shell's script is an injection; write \"${name}\", which the shell reads from its environment"
            );
            found.problem(&places[script], message);
        }
    }
}

/// What is run, as one list, with the place of each word.
fn arguments<'o>(each: &Each<'o>) -> (Vec<&'o str>, Vec<Place>) {
    let (mut words, mut places) = listed(each.field("command"), &each.at.member("command"));
    let (more, their_places) = listed(each.field("args"), &each.at.member("args"));
    words.extend(more);
    places.extend(their_places);
    (words, places)
}

fn listed<'o>(list: Option<&'o Value>, at: &Place) -> (Vec<&'o str>, Vec<Place>) {
    let items = list.and_then(Value::as_array).into_iter().flatten().enumerate();
    items.filter_map(|(i, word)| Some((word.as_str()?, at.item(i)))).unzip()
}

/// The indices of the scripts that shells among these words are given. What looks like a shell may be an argument of
/// something else, and what follows a shell's script file may be another shell: each is looked at.
fn scripts(words: &[&str]) -> impl Iterator<Item = usize> {
    let is_shell = |word: &str| SHELLS.contains(&word.rsplit('/').next().unwrap_or(word));
    let shells = words.iter().enumerate().filter(move |(_, word)| is_shell(word));
    shells.filter_map(|(shell, _)| script_of(words, shell))
}

/// The index of the script that the shell at an index is given.
fn script_of(words: &[&str], shell: usize) -> Option<usize> {
    let mut flagged = false;
    let mut rest = words.iter().enumerate().skip(shell + 1);
    while let Some((i, word)) = rest.next() {
        if !word.starts_with(['-', '+']) || word.len() < 2 {
            // A script file, unless the script itself was announced.
            return flagged.then_some(i);
        }
        if let Some(long) = word.strip_prefix("--") {
            flagged |= long.starts_with("command");
            if let Some(("command", _)) = long.split_once('=') {
                return Some(i);
            }
            continue;
        }
        flagged |= is_script_flag(word);
        if word.ends_with(['o', 'O']) {
            // The flag takes the next word: `-o pipefail`.
            rest.next();
        }
    }
    None
}

/// Whether a word is `-c`, alone or among other flags of one letter.
fn is_script_flag(word: &str) -> bool {
    word.strip_prefix('-').is_some_and(|flags| !flags.starts_with('-') && flags.contains('c'))
}

/// The names that the kubelet would expand: `$(NAME)`, but not `$$(NAME)`.
fn references(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let at = rest.find('$')?;
            let behind = &rest[at + 1..];
            if let Some(escaped) = behind.strip_prefix('$') {
                rest = escaped;
            } else if let Some((name, after)) = behind.strip_prefix('(').and_then(|b| b.split_once(')')) {
                rest = after;
                return Some(name);
            } else {
                rest = behind;
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::api::gate::testing::{admit, check, warns, with};

    fn run(command: Value, args: Value) -> Value {
        with(&[("/spec/containers/0/command", command), ("/spec/containers/0/args", args)])
    }

    #[test]
    fn a_reference_inside_a_shells_script_is_refused() {
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
            let expected =
                format!("spec.containers[0].command[{at}]: $(GITSYNC_REPO) inside a shell's script is an injection");
            check(run(command, json!([])), &[&expected]);
        }
        check(run(json!(["sh"]), json!(["-c", script])), &["spec.containers[0].args[1]: $(GITSYNC_REPO) inside"]);
        check(
            run(json!(["sh", "-c"]), json!(["echo $(GITSYNC_ROOT)"])),
            &["spec.containers[0].args[0]: $(GITSYNC_ROOT) inside"],
        );
    }

    #[test]
    fn a_reference_elsewhere_is_fine() {
        for command in [
            json!(["git-sync", "--repo=$(GITSYNC_REPO)"]),
            json!(["sh", "-c", "exec git clone \"$1\"", "--", "$(GITSYNC_REPO)"]),
            json!(["sh", "-c", "echo $$(GITSYNC_REPO) $(date)"]),
            json!(["sh", "-c", "echo \"$GITSYNC_REPO\""]),
            json!(["sh", "/script.sh", "-c", "$(GITSYNC_REPO)"]),
            json!(["sh", "-c"]),
            json!(["haproxy", "-c", "$(GITSYNC_REPO)"]),
        ] {
            assert_eq!(admit(&run(command.clone(), json!([]))).problems, [], "{command}");
        }
    }

    #[test]
    fn arguments_of_an_unknown_entrypoint_that_look_like_a_script_are_warned_about() {
        let object = with(&[("/spec/containers/0/args", json!(["-c", "git clone $(GITSYNC_REPO)"]))]);
        warns(object, "spec.containers[0].args[1]: if the image's entrypoint is a shell, this is an injection");
    }
}
