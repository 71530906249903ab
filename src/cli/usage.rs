//! Errors in the use of the command line, in the words of its user.

use std::ffi::{OsStr, OsString};

use clap::error::{ContextKind, ContextValue};
use clap::{Arg, Command, Error};

/// The text of an error, if it is about a value that an environment variable has: clap blames the flag for it, which the user
/// did not write. `None` for all other errors.
pub(super) fn of_variable(error: &Error, command: &Command, arguments: &[OsString]) -> Option<String> {
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
