//! References to variables in scripts. The kubelet replaces `$(NAME)` in the text of a command by the value before a
//! shell parses the text, so that a value which users choose would be an injection.
//!
//! A reference in a word that a shell runs as a script (`commands`) is an error. Other programs may interpret their
//! arguments as well, but which ones do is not known, so that a reference inside a larger word is a warning.

mod commands;
mod programs;
#[cfg(test)]
mod tests;
mod values;

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::api::message::{Code, forbidden};
use crate::api::object::{CompanionObject, ContainerAt};
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::slots;
use crate::api::v1alpha1::EnvVar;

pub(in crate::api) use values::are_plain;

/// The longest fixed value, in bytes, that is read as a program or an option: as long as a path can be.
const LONGEST_NAME: usize = 4096;

pub(in crate::api) fn check(object: &CompanionObject, report: &mut Report) {
    for each in object.containers() {
        let variables = Variables::of(object, &each);
        let arguments = Words::of_arguments(&each);
        arguments.check(&variables, report);
        for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
            let exec = each.field(probe).map(|probe| &probe["exec"]);
            let at = each.at.member(probe).member("exec").member("command");
            Words::listed(exec.and_then(|e| e.get("command")), &at).check(&variables, report);
        }
        // With an empty list, as without one, the image's entrypoint runs.
        if each.field("command").and_then(Value::as_array).is_none_or(Vec::is_empty) {
            arguments.of_an_unknown_entrypoint(&variables, report);
        }
    }
}

/// The variables of a container that the kubelet expands.
struct Variables<'o> {
    declared: HashSet<&'o str>,
    /// Variables whose values can have syntactic meaning in a script.
    open: HashSet<&'o str>,
    /// Variables whose values users choose, without any restriction.
    unlimited: HashSet<&'o str>,
    /// The container's own variables with a literal value of at most `LONGEST_NAME` bytes.
    fixed: HashMap<&'o str, &'o str>,
    /// Whether a ConfigMap or a Secret may set further variables.
    more: bool,
}

impl<'o> Variables<'o> {
    fn of(object: &'o CompanionObject, each: &ContainerAt<'o>) -> Self {
        let own = || each.container.env.iter();
        let parameters = || object.spec.parameters.iter().filter_map(|p| Some((p, p.env.as_deref()?)));
        let declared = slots::given_variables(object).chain(own().map(|v| v.name.as_str()));
        let open = parameters().filter(|(p, _)| !values::are_plain(p)).map(|(_, name)| name);
        let unlimited = parameters().filter(|(p, _)| values::are_unlimited(p)).map(|(_, name)| name);
        // References inside values are not followed.
        let is_fixed = |v: &&EnvVar| v.value.as_deref().is_some_and(|value| !value.contains("$("));
        let fixed_value =
            |v: &'o EnvVar| Some((v.name.as_str(), v.value.as_deref().filter(|v| v.len() <= LONGEST_NAME)?));
        let open_ones = own().filter(|v| !is_fixed(v) && (v.value.is_some() || v.rest.contains_key("valueFrom")));
        Variables {
            declared: declared.collect(),
            open: open.chain(open_ones.map(|v| v.name.as_str())).collect(),
            unlimited: unlimited.collect(),
            fixed: own().filter(is_fixed).filter_map(fixed_value).collect(),
            more: each.field("envFrom").and_then(Value::as_array).is_some_and(|from| !from.is_empty()),
        }
    }

    fn expands(&self, name: &str) -> bool {
        self.declared.contains(name) || (self.more && is_name(name))
    }

    /// The word that a program gets: the value of a variable, if the word is a reference to a literal.
    fn read<'w>(&self, word: &'w str) -> &'w str
    where
        'o: 'w,
    {
        let fixed = || self.fixed.get(references(word).next()?).copied();
        if is_whole(word) { fixed().unwrap_or(word) } else { word }
    }

    fn is_open(&self, name: &str) -> bool {
        self.open.contains(name) || (self.more && is_name(name) && !self.declared.contains(name))
    }
}

/// The words of a command line, with the field path of each.
struct Words<'o> {
    words: Vec<&'o str>,
    places: Vec<FieldPath>,
}

impl<'o> Words<'o> {
    fn of_arguments(each: &ContainerAt<'o>) -> Self {
        let mut all = Words::listed(each.field("command"), &each.at.member("command"));
        let more = Words::listed(each.field("args"), &each.at.member("args"));
        all.words.extend(more.words);
        all.places.extend(more.places);
        all
    }

    fn listed(list: Option<&'o Value>, at: &FieldPath) -> Self {
        let items = list.and_then(Value::as_array).into_iter().flatten().enumerate();
        let (words, places) = items.filter_map(|(i, word)| Some((word.as_str()?, at.item(i)))).unzip();
        Words { words, places }
    }

    fn check(&self, variables: &Variables<'o>, report: &mut Report) {
        let scripts = commands::scripts(&self.read(variables));
        let mut operands = false;
        for (i, word) in self.words.iter().enumerate() {
            if scripts.contains(&i) {
                report_references(word, &self.places[i], variables, report);
            } else {
                self.warn_about(i, operands, variables, report);
            }
            operands |= *word == "--";
        }
    }

    /// The words as the program gets them, as far as their values are known.
    fn read(&self, variables: &Variables<'o>) -> Vec<&'o str> {
        self.words.iter().map(|word| variables.read(word)).collect()
    }

    /// Warns about a reference in a word that no known shell runs.
    fn warn_about(&self, i: usize, operands: bool, variables: &Variables, report: &mut Report) {
        let (word, at) = (self.words[i], &self.places[i]);
        let Some(first) = references(word).find(|name| variables.is_open(name)) else { return };
        if is_whole(word) {
            let after_option = i > 0 && self.words[i - 1].starts_with('-') && self.words[i - 1].len() > 1;
            if !operands && !after_option && variables.unlimited.contains(first) {
                let message = format_args!(
                    "a value of $({first}) that starts with `-` would be parsed as an option; give the parameter a pattern, or put `--` before it"
                );
                report.warn(at, Code::Insecure.because(message));
            }
        } else if !is_plain_value(word) {
            let message = format_args!(
                "$({first}) is embedded in a larger argument, whose meaning a value can change; pass $({first}) as a separate argument or as name=$({first}), or read the environment variable"
            );
            report.warn(at, Code::Insecure.because(message));
        }
    }

    fn of_an_unknown_entrypoint(&self, variables: &Variables<'o>, report: &mut Report) {
        let words = self.read(variables);
        if !words.first().is_some_and(|word| is_cluster(word)) || !commands::scripts(&words).is_empty() {
            return;
        }
        for i in commands::scripts_of_a_shell(&words) {
            if references(self.words[i]).any(|name| variables.expands(name)) {
                let message = "if the image's entrypoint is a shell, this is an injection; set command, and let the shell read the variable";
                report.warn(&self.places[i], Code::Insecure.because(message));
            }
        }
    }
}

/// Reports references in a script that a shell runs.
fn report_references(script: &str, at: &FieldPath, variables: &Variables, report: &mut Report) {
    for name in references(script).filter(|name| variables.expands(name)) {
        let message = format_args!(
            "$({name}) inside a shell script is an injection; write \"${name}\", which the shell reads from its environment"
        );
        report.error(at, forbidden(message));
    }
}

/// Whether a word is a cluster of shell options with `-c`. Options of Go programs, such as `-config`, are not: each
/// letter must be a shell option, and occur once.
fn is_cluster(word: &str) -> bool {
    let Some(flags) = word.strip_prefix(['-', '+']) else { return false };
    let is_once = |(i, flag): (usize, char)| "abcefhiklmnoptuvxBCEHPTO".contains(flag) && !flags[..i].contains(flag);
    flags.contains('c') && flags.char_indices().all(is_once)
}

/// Whether a word consists of one reference.
fn is_whole(word: &str) -> bool {
    let mut names = references(word);
    let length = names.next().map_or(0, str::len);
    names.next().is_none() && word.len() == length + "$()".len()
}

/// Whether a word is `name=value` with plain characters around the reference, such as `--logs=/logs/$(FILES)`:
/// programs take such values literally.
fn is_plain_value(word: &str) -> bool {
    let Some((name, value)) = word.split_once('=') else { return false };
    let of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let of_value = |c: char| c.is_ascii_alphanumeric() || "-_./:@,+%$()".contains(c);
    !name.is_empty() && name.chars().all(of_name) && value.chars().all(of_value)
}

/// Whether an API server accepts a variable of this name.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 253 && name.bytes().all(|b| b.is_ascii_graphic() && b != b'=')
}

/// The names in `$(NAME)` references that the kubelet expands; `$$(NAME)` is an escape.
pub(in crate::api) fn references(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let at = rest.find('$')?;
            let behind = &rest[at + 1..];
            if let Some(escaped) = behind.strip_prefix('$') {
                rest = escaped;
            } else if let Some(opened) = behind.strip_prefix('(') {
                // Without a closing parenthesis here there is none later, so the search must not be repeated.
                let (name, after) = opened.split_once(')')?;
                rest = after;
                return Some(name);
            } else {
                rest = behind;
            }
        }
    })
}
