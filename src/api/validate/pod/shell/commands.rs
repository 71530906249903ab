//! Finds the words of a command that a shell runs as scripts.
//!
//! Any word may name a shell, because many programs run another one (`timeout 5 sh -c …`, `tini -- bash -c …`) and
//! their options are not known; programs whose names are common words count only where a program is expected. The
//! words after such a name are read as the options of that program. Where shells differ, each word counts that one of
//! them would run. Each state of each word is visited once, so that the work is linear in the number of words.

use std::collections::BTreeSet;

use super::programs::{base_name, expected, is_common_word, is_power_shell, is_shell};

/// Long options of shells whose argument, the next word, is not a script.
const WITH_WORD: [&str; 7] = ["rcfile", "init-file", "features", "debug", "debug-output", "profile", "profile-startup"];

/// Programs that pass the argument of `-c` to a shell, each with its other single-letter options that take an
/// argument.
const WITH_SCRIPT: [(&str, &str); 5] =
    [("su", "sgGwT"), ("runuser", "sgGwuT"), ("script", "IOBTmoE"), ("flock", "wE"), ("sg", "")];

/// How the next word is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// Options of a shell; `announced` after `-c`, when a script must follow.
    Shell { announced: bool },
    /// Options of a program of `WITH_SCRIPT`, by its index.
    Options(usize),
    /// Options of `env`, of which `-S` splits a text into words.
    Env,
    /// Options of `watch`, which joins its words into one script.
    Watch,
    /// Options of PowerShell.
    PowerShell,
    /// All further words are part of a script.
    Script,
}

impl Reading {
    fn bit(self) -> u16 {
        1 << match self {
            Reading::Shell { announced } => usize::from(announced),
            Reading::Env => 2,
            Reading::Watch => 3,
            Reading::PowerShell => 4,
            Reading::Script => 5,
            Reading::Options(program) => 6 + program,
        }
    }
}

/// The indices of the words that are scripts.
pub(super) fn scripts(words: &[&str]) -> BTreeSet<usize> {
    let mut search = Search::over(words);
    search.read_programs();
    search.scripts
}

/// The indices of the words that are scripts, if all words are arguments of a shell.
pub(super) fn scripts_of_a_shell(words: &[&str]) -> BTreeSet<usize> {
    let mut search = Search::over(words);
    search.read(0, Reading::Shell { announced: false });
    search.scripts
}

/// How the words after a program's name are read, if the program runs scripts.
fn program(word: &str, expected: bool) -> Option<Reading> {
    let name = base_name(word);
    if let Some(program) = WITH_SCRIPT.iter().position(|(program, _)| *program == name) {
        return (expected || !is_common_word(name)).then_some(Reading::Options(program));
    }
    match name {
        "env" => expected.then_some(Reading::Env),
        "watch" => expected.then_some(Reading::Watch),
        _ if is_shell(name) => Some(Reading::Shell { announced: false }),
        _ if is_power_shell(name) => Some(Reading::PowerShell),
        _ => None,
    }
}

struct Search<'w> {
    words: &'w [&'w str],
    scripts: BTreeSet<usize>,
    visited: Vec<u16>,
}

impl<'w> Search<'w> {
    fn over(words: &'w [&'w str]) -> Self {
        Search { words, scripts: BTreeSet::new(), visited: vec![0; words.len()] }
    }

    fn read_programs(&mut self) {
        for (i, expected) in expected(self.words).into_iter().enumerate() {
            if let Some(reading) = program(self.words[i], expected) {
                self.read(i + 1, reading);
            }
            if expected && base_name(self.words[i]) == "sg" {
                // `sg` runs the word after the group even without `-c`.
                let group = i + 1 + usize::from(self.words.get(i + 1) == Some(&"-"));
                self.mark(group + 1);
            }
        }
    }

    fn mark(&mut self, script: usize) {
        if script < self.words.len() {
            self.scripts.insert(script);
        }
    }

    /// Reads words until all scripts that follow are known.
    fn read(&mut self, mut at: usize, mut reading: Reading) {
        while let Some(word) = self.words.get(at).copied() {
            if self.visited[at] & reading.bit() != 0 {
                return;
            }
            self.visited[at] |= reading.bit();
            let next = match reading {
                Reading::Shell { announced } => self.shell(at, word, announced),
                Reading::Options(program) => Some(self.options(at, word, program)),
                Reading::Env => self.env(at, word),
                Reading::Watch => Self::watch(word),
                Reading::PowerShell => Self::power_shell(word),
                Reading::Script => {
                    self.mark(at);
                    Some((1, Reading::Script))
                }
            };
            let Some((skipped, next)) = next else { return };
            (at, reading) = (at + skipped, next);
        }
    }

    /// One word after a shell's name.
    fn shell(&mut self, at: usize, word: &str, announced: bool) -> Option<(usize, Reading)> {
        let next_option = |announced| Some((1, Reading::Shell { announced }));
        if !word.starts_with(['-', '+']) || matches!(word, "-" | "--") {
            // Without `-c` this is a script file, and the options end. With it, this is the script; it may follow the
            // word that ends the options.
            let script = if matches!(word, "-" | "--") { at + 1 } else { at };
            if announced {
                self.mark(script);
            }
            return None;
        }
        if word.contains("$(") && !word.starts_with("--") {
            // The options themselves depend on a value, so the word counts as a script.
            self.mark(at);
        }
        // Bash accepts its long options with one hyphen as well.
        let long = word.strip_prefix("--").or_else(|| word.strip_prefix('-').filter(|l| WITH_WORD.contains(l)));
        if let Some(long) = long {
            let (name, value) = long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
            let runs = matches!(name, "command" | "commands" | "init-command" | "execute" | "eval");
            return match value {
                Some(_) if runs => {
                    self.mark(at);
                    next_option(announced)
                }
                None if name == "init-command" || name == "execute" => {
                    self.mark(at + 1);
                    Some((2, Reading::Shell { announced }))
                }
                None if runs => next_option(true),
                None if WITH_WORD.contains(&name) => Some((2, Reading::Shell { announced })),
                _ => next_option(announced),
            };
        }
        let flags = &word[1..];
        if flags.contains('C') && !flags.contains('c') {
            // For fish the argument of `-C` is a script; for other shells `-C` takes no argument.
            self.mark(at + 1);
            let is_option = self.words.get(at + 1).is_none_or(|next| next.starts_with(['-', '+']));
            return Some((2 - usize::from(is_option), Reading::Shell { announced }));
        }
        // Shells treat `+c` like `-c`.
        let announced = announced || flags.contains('c');
        // `-o` and bash's `-O` take one argument each, wherever they are in a cluster; in other shells they take
        // none. The words after them are therefore read as both options and scripts.
        let taken = flags.chars().filter(|flag| matches!(flag, 'o' | 'O')).count();
        let taken = taken.min(self.words.len() - at - 1);
        if announced {
            self.scripts.extend(at + 1..=at + taken);
        }
        Some((1 + taken, Reading::Shell { announced }))
    }

    /// One word after `su` and the like, whose options may follow its operands.
    fn options(&mut self, at: usize, word: &str, program: usize) -> (usize, Reading) {
        let reading = Reading::Options(program);
        if let Some(long) = word.strip_prefix("--").filter(|long| !long.is_empty()) {
            let (name, value) = long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
            // Long options may be abbreviated.
            if ["command", "session-command"].iter().any(|option| option.starts_with(name)) {
                self.mark(at + usize::from(value.is_none()));
            }
            return (1, reading);
        }
        let flags = word.strip_prefix('-').unwrap_or_default();
        for (i, flag) in flags.char_indices() {
            let is_last = i + flag.len_utf8() == flags.len();
            if flag == 'c' {
                self.mark(at + usize::from(is_last));
                break;
            }
            if WITH_SCRIPT[program].1.contains(flag) {
                // The rest of the word is the argument of the option, or else the next word is.
                return (1 + usize::from(is_last), reading);
            }
        }
        (1, reading)
    }

    fn env(&mut self, at: usize, word: &str) -> Option<(usize, Reading)> {
        if let Some(long) = word.strip_prefix("--") {
            if long.starts_with("split") {
                self.mark(at + usize::from(!long.contains('=')));
            }
            return Some((1 + usize::from(matches!(long, "unset" | "chdir" | "split-string")), Reading::Env));
        }
        let Some(flags) = word.strip_prefix('-').filter(|flags| !flags.is_empty()) else {
            // Assignments precede the program, which is found by its own name.
            return word.contains('=').then_some((1, Reading::Env));
        };
        let last = flags.chars().next_back();
        match flags.find(['S', 'u', 'C']) {
            Some(i) if flags[i..].starts_with('S') => {
                let separate = last == Some('S') && i + 1 == flags.len();
                self.mark(at + usize::from(separate));
                Some((1 + usize::from(separate), Reading::Env))
            }
            Some(i) => Some((1 + usize::from(i + 1 == flags.len()), Reading::Env)),
            None => Some((1, Reading::Env)),
        }
    }

    fn watch(word: &str) -> Option<(usize, Reading)> {
        match word {
            // The words are the arguments of a program that runs without a shell.
            "-x" | "--exec" => None,
            "-n" | "--interval" | "-q" | "--equexit" | "-s" | "--shotsdir" => Some((2, Reading::Watch)),
            "--" => Some((1, Reading::Script)),
            _ if word.starts_with('-') => Some((1, Reading::Watch)),
            _ => Some((0, Reading::Script)),
        }
    }

    /// Option names may be abbreviated, in any case, with one hyphen or two.
    fn power_shell(word: &str) -> Option<(usize, Reading)> {
        let option = word.strip_prefix("--").or_else(|| word.strip_prefix('-')).map(str::to_ascii_lowercase);
        match option.as_deref() {
            Some("") | None => Some((1, Reading::PowerShell)),
            Some(option) if "commandwithargs".starts_with(option) || option == "cwa" => Some((1, Reading::Script)),
            Some(option) if "file".starts_with(option) => None,
            Some(_) => Some((1, Reading::PowerShell)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Reading, Search, program};

    /// The number of visited states of words.
    fn steps(words: &[&str]) -> u32 {
        let mut search = Search::over(words);
        search.read_programs();
        search.visited.iter().map(|states| states.count_ones()).sum()
    }

    #[test]
    fn each_word_is_looked_at_a_bounded_number_of_times_however_many_shells_there_are() {
        for pair in [["dash", "+O"], ["sh", "-x"], ["su", "-"], ["env", "A=1"], ["pwsh", "-x"], ["watch", "x"]] {
            let words: Vec<_> = pair.into_iter().cycle().take(32_000).collect();
            assert!(steps(&words) <= 2 * 32_000, "{pair:?}: {}", steps(&words));
        }
    }

    #[test]
    fn a_build_of_a_shell_is_one_and_a_program_that_begins_alike_is_not() {
        for name in ["bash", "/bin/bash-static", "bash-5.2.37", "ksh93", "sh.distrib", "zsh-5.9", "dash-minimal"] {
            assert_eq!(program(name, true), Some(Reading::Shell { announced: false }), "{name}");
        }
        for name in ["bash-completion", "fisherman", "sh-wrapper", "sshd", "nut", "nu-art", "entrypoint.sh", "su-exec"]
        {
            assert_eq!(program(name, true), None, "{name}");
        }
    }
}
