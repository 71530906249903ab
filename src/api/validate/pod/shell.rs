//! References to variables inside a program's text: the kubelet puts the value into the text, and whatever runs the text
//! runs the value. A value that a user fills in would be an injection.
//!
//! Where a shell runs the text is known (`script/shells`), and such a reference is an error. What other programs make of their
//! arguments is not, so that a reference inside a larger word is a warning.

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

/// How long a fixed value may be that is read as a program's name or its options: as a path.
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
        // An empty list is as none: the image's entrypoint runs.
        if each.field("command").and_then(Value::as_array).is_none_or(Vec::is_empty) {
            arguments.of_an_unknown_entrypoint(&variables, report);
        }
    }
}

/// The variables of a container that the kubelet expands.
struct Variables<'o> {
    /// All names that are declared.
    declared: HashSet<&'o str>,
    /// Those whose values can hold the syntax of a program.
    open: HashSet<&'o str>,
    /// Those whose value a user writes without any limit on its characters.
    unlimited: HashSet<&'o str>,
    /// The container's own whose value is always the same, and short enough for a name or an option.
    fixed: HashMap<&'o str, &'o str>,
    /// Whether there may be others: what a ConfigMap or a Secret brings is not declared.
    more: bool,
}

impl<'o> Variables<'o> {
    fn of(object: &'o CompanionObject, each: &ContainerAt<'o>) -> Self {
        let own = || each.container.env.iter();
        let parameters = || object.spec.parameters.iter().filter_map(|p| Some((p, p.env.as_deref()?)));
        let declared = slots::given_variables(object).chain(own().map(|v| v.name.as_str()));
        let open = parameters().filter(|(p, _)| !values::are_plain(p)).map(|(_, name)| name);
        let unlimited = parameters().filter(|(p, _)| values::are_unlimited(p)).map(|(_, name)| name);
        // A value with a reference may be another variable's; where it comes from is not followed.
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

    /// What the kubelet makes of a word, where it is a reference to a value that is always the same.
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

/// What is run, as one list, with the place of each word.
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
                refuse(word, &self.places[i], variables, report);
            } else {
                self.advise(i, operands, variables, report);
            }
            operands |= *word == "--";
        }
    }

    /// The words as programs get them, as far as that is known.
    fn read(&self, variables: &Variables<'o>) -> Vec<&'o str> {
        self.words.iter().map(|word| variables.read(word)).collect()
    }

    /// What a word that no shell runs may become in a program that is not known.
    fn advise(&self, i: usize, operands: bool, variables: &Variables, report: &mut Report) {
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

/// Refuses references in the script that a shell runs.
fn refuse(script: &str, at: &FieldPath, variables: &Variables, report: &mut Report) {
    for name in references(script).filter(|name| variables.expands(name)) {
        let message = format_args!(
            "$({name}) inside a shell script is an injection; write \"${name}\", which the shell reads from its environment"
        );
        report.error(at, forbidden(message));
    }
}

/// Whether a word is options of a shell, `-c` among them, and none that Go's flags look like: each letter is one that shells
/// have, and is there once.
fn is_cluster(word: &str) -> bool {
    let Some(flags) = word.strip_prefix(['-', '+']) else { return false };
    let is_once = |(i, flag): (usize, char)| "abcefhiklmnoptuvxBCEHPTO".contains(flag) && !flags[..i].contains(flag);
    flags.contains('c') && flags.char_indices().all(is_once)
}

/// Whether a word is one reference and nothing else.
fn is_whole(word: &str) -> bool {
    let mut names = references(word);
    let length = names.next().map_or(0, str::len);
    names.next().is_none() && word.len() == length + "$()".len()
}

/// Whether a word is `name=value` or a value of plain characters after `name=`, such as `--logs=/logs/$(FILES)`: programs
/// take such a value as it is.
fn is_plain_value(word: &str) -> bool {
    let Some((name, value)) = word.split_once('=') else { return false };
    let of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let of_value = |c: char| c.is_ascii_alphanumeric() || "-_./:@,+%$()".contains(c);
    !name.is_empty() && name.chars().all(of_name) && value.chars().all(of_value)
}

/// Whether a variable can have this name, as far as an API server checks it.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 253 && name.bytes().all(|b| b.is_ascii_graphic() && b != b'=')
}

/// The names that the kubelet would expand: `$(NAME)`, but not `$$(NAME)`.
pub(in crate::api) fn references(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let at = rest.find('$')?;
            let behind = &rest[at + 1..];
            if let Some(escaped) = behind.strip_prefix('$') {
                rest = escaped;
            } else if let Some(opened) = behind.strip_prefix('(') {
                // Without an end to this one there is none to any later one: the search must not be made again.
                let (name, after) = opened.split_once(')')?;
                rest = after;
                return Some(name);
            } else {
                rest = behind;
            }
        }
    })
}
