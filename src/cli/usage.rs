//! Errors in the use of the command line, in the words of its user.

use std::ffi::{OsStr, OsString};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, Error};

/// Commands of other tools, and how to do the same with podgraft.
const OTHER_COMMANDS: &[(&[&str], &str)] = &[
    (&["diff"], "to see what would change: podgraft inject -o diff"),
    (&["lint", "verify"], "to find errors in manifests: podgraft validate"),
    (&["analyze"], "to find errors in manifests: podgraft validate; in an installation: podgraft check"),
    (&["precheck", "verify-install", "doctor"], "to check an installation: podgraft check"),
    (&["describe", "why"], "to see which companions a workload gets, and why: podgraft explain"),
    (&["get", "list", "ls"], "to list the companions of a cluster: kubectl get clustercompanions,companions -A"),
    (&["install"], "to install the webhook in a cluster, use the chart: helm install podgraft charts/podgraft"),
    (&["upgrade"], "to upgrade the webhook, use the chart: helm upgrade podgraft charts/podgraft -n podgraft-system"),
    (&["uninstall"], "to remove the webhook from a cluster: helm uninstall podgraft -n podgraft-system"),
    (&["ps", "proxy-status", "top"], "to see which Pods have which companions: podgraft status"),
    (&["rollout"], "to restart workloads whose Pods lack companions or have older ones: podgraft restart"),
    (&["create", "new", "init"], "to write a companion, start with one of examples/, and run podgraft validate"),
    (&["apply"], "to inject and apply: podgraft inject -f FILE -c COMPANIONS | kubectl apply -f -"),
    (&["remove", "delete", "eject"], "to remove companions from manifests: podgraft uninject"),
    (&["convert", "translate", "import"], "to translate configurations of other injectors: podgraft migrate"),
    (&["kube-inject"], "to inject companions into manifests: podgraft inject"),
];

/// The command line without a help flag after `podgraft help`, where clap takes the flag for a subcommand.
pub(super) fn without_help_of_help(mut words: Vec<OsString>) -> Vec<OsString> {
    if words.get(1).is_some_and(|word| word == "help") {
        words.retain(|word| word != "--help" && word != "-h");
    }
    words
}

/// The error with suggestions for users of other tools.
pub(super) fn with_tips(mut error: Error) -> Error {
    if let Some(tip) = tip(&error) {
        error.remove(ContextKind::SuggestedSubcommand);
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    } else if let Some(ContextValue::Strings(names)) = error.remove(ContextKind::SuggestedSubcommand) {
        // clap sorts suggestions so that the nearest one is the last.
        error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(names.into_iter().rev().collect()));
    }
    error
}

fn tip(error: &Error) -> Option<String> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let word = text(ContextKind::InvalidSubcommand)?;
            let known = OTHER_COMMANDS.iter().find(|(words, _)| words.contains(&word));
            let is_path = word.contains(['.', '/']);
            known
                .map(|(_, tip)| (*tip).to_owned())
                .or(is_path.then(|| format!("the command is missing: podgraft inject {word}")))
        }
        ErrorKind::UnknownArgument if matches!(text(ContextKind::InvalidArg)?, "-k" | "--kustomize") => {
            Some("to read a kustomization: kubectl kustomize DIR | podgraft inject -f -".to_owned())
        }
        ErrorKind::UnknownArgument if text(ContextKind::InvalidArg)?.starts_with("--dry-run") => Some(
            "inject and uninject change no cluster, and files only with --in-place; to see what would change, use -o diff"
                .to_owned(),
        ),
        ErrorKind::UnknownArgument => of_workload(text(ContextKind::InvalidArg)?, &error.get(ContextKind::Usage)?.to_string()),
        _ => None,
    }
}

/// The tip where a workload is named as for kubectl, to commands that select Pods.
fn of_workload(word: &str, usage: &str) -> Option<String> {
    let is_of = |command: &str| !word.starts_with('-') && usage.contains(&format!(" {command} "));
    if is_of("status") {
        Some(format!("to select Pods by their labels, use -l; to explain one workload: podgraft explain {word}"))
    } else if is_of("restart") {
        Some(format!("to select Pods by their labels, use -l; to restart one workload: kubectl rollout restart {word}"))
    } else {
        None
    }
}

/// The text of an error that clap words in its own notation; `None` for all other errors.
pub(super) fn text(error: &Error, command: &Command, arguments: &[OsString]) -> Option<String> {
    of_variable(error, command, arguments).or_else(|| of_missing(error))
}

/// The text of an error about arguments of which one is required, such as `<--companions <PATH>...|--cluster>`.
fn of_missing(error: &Error) -> Option<String> {
    let Some(ContextValue::Strings(missing)) = error.get(ContextKind::InvalidArg) else { return None };
    let [group] = missing.as_slice() else { return None };
    let flags = group.strip_prefix("<--")?.strip_suffix('>')?;
    let flags: Vec<String> =
        flags.split("|--").map(|flag| format!("--{}", flag.replace(['<', '>', '.'], ""))).collect();
    (error.kind() == ErrorKind::MissingRequiredArgument).then(|| format!("{} is required", flags.join(" or ")))
}

/// The text of an error, if it is about a value that an environment variable has: clap blames the flag for it, which the user
/// did not write. `None` for all other errors.
fn of_variable(error: &Error, command: &Command, arguments: &[OsString]) -> Option<String> {
    let Some(ContextValue::String(named)) = error.get(ContextKind::InvalidArg) else { return None };
    // Such as `--poll-interval <DURATION>`.
    let flag = named.split([' ', '=']).next()?.strip_prefix("--")?;
    let subcommand = arguments.iter().find_map(|word| command.find_subcommand(word))?;
    let argument = subcommand.get_arguments().find(|argument| argument.get_long() == Some(flag))?;
    if is_given(argument, arguments) {
        return None;
    }
    let variable = argument.get_env()?.to_str()?;
    let text = error.to_string();
    let (what, rest) = text.split_once(&format!(" for '{named}'"))?;
    Some(format!("{variable}: {}{}", what.strip_prefix("error: ").unwrap_or(what), rest.trim_end()))
}

/// Whether the flag is on the command line.
fn is_given(argument: &Arg, arguments: &[OsString]) -> bool {
    let long = argument.get_long().map(|long| format!("--{long}"));
    let short = argument.get_short().map(|short| format!("-{short}"));
    let is_flag = |word: &OsStr| {
        let word = word.to_string_lossy();
        let name = word.split('=').next().unwrap_or_default();
        long.as_deref() == Some(name) || short.as_deref().is_some_and(|short| name.starts_with(short))
    };
    arguments.iter().any(|word| is_flag(word))
}
