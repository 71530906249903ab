//! `podgraft __complete`: the words that can complete a command line, in the protocol of Cobra
//! (<https://github.com/spf13/cobra/blob/main/site/content/completions/_index.md>), with which kubectl completes the arguments
//! of plugins: one word per line, with its description after a tab, and a last line with directives.
//!
//! No crate: the dynamic completion of `clap_complete` is unstable, and does not have this protocol.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::builder::StyledStr;
use clap::{Arg, Command, ValueHint};

use super::output::stdout;

/// The name of the command. It is not a subcommand of clap's, so that neither help nor completion lists it.
pub(super) const NAME: &str = "__complete";

/// The directive for a word that is a path, which the shell completes.
const PATHS: &str = ":0";
/// The directive for a word that is not a path (`ShellCompDirectiveNoFileComp`).
const NO_PATHS: &str = ":4";

/// Prints the words that can complete the last one of `words`.
pub(super) fn run(mut root: Command, words: &[OsString]) -> anyhow::Result<ExitCode> {
    root.build();
    let words: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    stdout::write(candidates(&root, &words).join("\n") + "\n")?;
    Ok(ExitCode::SUCCESS)
}

/// The candidates, and the directive.
fn candidates(root: &Command, words: &[String]) -> Vec<String> {
    let Some((last, before)) = words.split_last() else { return vec![NO_PATHS.to_owned()] };
    let command = before.iter().fold(root, |command, word| command.find_subcommand(word).unwrap_or(command));
    let (prefix, word) = last.split_once('=').filter(|_| last.starts_with("--")).unwrap_or(("", last));
    let flag = if prefix.is_empty() { before.last().map_or("", String::as_str) } else { prefix };
    let of_flag =
        command.get_arguments().find(|argument| is_named(argument, flag) && argument.get_action().takes_values());
    let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}=") };
    let (all, directive) = match of_flag {
        Some(argument) => values(argument),
        None if word.starts_with('-') => (flags(command), NO_PATHS),
        None if command.has_subcommands() => (subcommands(command), NO_PATHS),
        None => command.get_positionals().next().map_or((Vec::new(), NO_PATHS), values),
    };
    let fitting = all.into_iter().filter(|candidate| candidate.starts_with(word));
    fitting.map(|candidate| prefix.clone() + &candidate).chain([directive.to_owned()]).collect()
}

/// Whether a word is the name of a flag, such as `-o` or `--output`.
fn is_named(argument: &Arg, word: &str) -> bool {
    let long = word.strip_prefix("--");
    let short = word.strip_prefix('-').and_then(|rest| rest.parse::<char>().ok());
    long.is_some_and(|long| argument.get_long() == Some(long)) || (short.is_some() && argument.get_short() == short)
}

/// The values of a flag or of a positional argument.
fn values(argument: &Arg) -> (Vec<String>, &'static str) {
    let possible = argument.get_possible_values();
    let named = possible.iter().filter(|value| !value.is_hide_set());
    let values = named.map(|value| described(value.get_name(), value.get_help()));
    (values.collect(), if is_path(argument) { PATHS } else { NO_PATHS })
}

/// Whether an argument is a path.
pub(super) fn is_path(argument: &Arg) -> bool {
    matches!(argument.get_value_hint(), ValueHint::AnyPath | ValueHint::FilePath | ValueHint::DirPath)
}

fn flags(command: &Command) -> Vec<String> {
    let shown = command.get_arguments().filter(|argument| !argument.is_hide_set());
    let named = shown.filter_map(|argument| Some((argument.get_long()?, argument.get_help())));
    named.map(|(long, help)| described(&format!("--{long}"), help)).collect()
}

fn subcommands(command: &Command) -> Vec<String> {
    let shown = command.get_subcommands().filter(|command| !command.is_hide_set());
    shown.map(|command| described(command.get_name(), command.get_about())).collect()
}

/// A word and its description, of which shells show one line.
fn described(word: &str, help: Option<&StyledStr>) -> String {
    let help = help.map(ToString::to_string).unwrap_or_default();
    let line = help.lines().next().unwrap_or_default();
    if line.is_empty() { word.to_owned() } else { format!("{word}\t{line}") }
}
