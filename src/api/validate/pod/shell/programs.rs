//! Names of programs that run scripts, and the words of a command that can be programs.

/// Shells with POSIX options, `-c` among them.
const SHELLS: [&str; 24] = [
    "sh", "bash", "ash", "dash", "zsh", "ksh", "mksh", "lksh", "pdksh", "oksh", "loksh", "rksh", "yash", "posh",
    "rbash", "hush", "csh", "tcsh", "fish", "osh", "ysh", "elvish", "nu", "xonsh",
];
/// Suffixes of builds of a shell, besides versions: `bash-static`, `sh.distrib`.
const BUILDS: [&str; 10] = ["static", "distrib", "real", "orig", "minimal", "bin", "exe", "dbg", "preview", "lts"];
const POWER_SHELLS: [&str; 2] = ["pwsh", "powershell"];
/// Programs whose names are common words, and often subcommands or arguments of other programs. They count only where
/// a program is expected.
const COMMON_WORDS: [&str; 4] = ["env", "watch", "script", "sg"];
/// Words that are directly followed by a program, wherever they are.
const BEFORE_A_PROGRAM: [&str; 5] = ["--", "busybox", "toybox", "exec", "nohup"];
/// Programs that run another one, which follows their options and this number of operands.
const WRAPPERS: [(&str, u8); 39] = [
    ("busybox", 0),
    ("catatonit", 0),
    ("chpst", 0),
    ("chroot", 1),
    ("chrt", 1),
    ("command", 0),
    ("doas", 0),
    ("dumb-init", 0),
    ("env", 0),
    ("exec", 0),
    ("fakeroot", 0),
    ("flock", 1),
    ("gosu", 1),
    ("ionice", 0),
    ("linux32", 0),
    ("linux64", 0),
    ("nice", 0),
    ("nohup", 0),
    ("nsenter", 0),
    ("prlimit", 0),
    ("runuser", 0),
    ("s6-setuidgid", 1),
    ("setarch", 1),
    ("setpriv", 0),
    ("setsid", 0),
    ("setuidgid", 1),
    ("stdbuf", 0),
    ("strace", 0),
    ("su-exec", 1),
    ("sudo", 0),
    ("systemd-cat", 0),
    ("taskset", 1),
    ("time", 0),
    ("timeout", 1),
    ("tini", 0),
    ("toybox", 0),
    ("unshare", 0),
    ("watch", 0),
    ("xargs", 0),
];

pub(super) fn base_name(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

pub(super) fn is_shell(name: &str) -> bool {
    is_build_of(&SHELLS, name)
}

pub(super) fn is_power_shell(name: &str) -> bool {
    is_build_of(&POWER_SHELLS, name)
}

pub(super) fn is_common_word(name: &str) -> bool {
    COMMON_WORDS.contains(&name)
}

/// For each word, whether it can be a program: the first word, a path, or the program that a wrapper runs.
///
/// It is not known which options of a wrapper take an argument, so the word after an option counts as both. In the
/// sets, bit n means that n operands may precede the program.
pub(super) fn expected(words: &[&str]) -> Vec<bool> {
    let (mut left, mut left_after_argument) = (0_u8, 0_u8);
    let mut follows = true;
    let of_word = |word: &&str| {
        let name = base_name(word);
        let expected = follows || word.contains('/') || left & 1 != 0;
        let wrapper = WRAPPERS.iter().find(|(wrapper, _)| expected && *wrapper == name);
        let started = wrapper.map_or(0, |(_, operands)| 1 << operands);
        let is_option = word.len() > 1 && word.starts_with('-');
        let stays = if is_option || word.contains('=') { left } else { 0 };
        let argument_of = if is_option && *word != "--" { left } else { 0 };
        (left, left_after_argument) = (started | stays | left >> 1 | left_after_argument, argument_of);
        follows = BEFORE_A_PROGRAM.contains(&name);
        expected
    };
    words.iter().map(of_word).collect()
}

/// Whether a file name is one of the programs, with or without a version or a build suffix.
fn is_build_of(programs: &[&str], name: &str) -> bool {
    let is_build =
        |part: &str| part.is_empty() || part.starts_with(|c: char| c.is_ascii_digit()) || BUILDS.contains(&part);
    programs.iter().any(|program| {
        name.strip_prefix(program).is_some_and(|rest| {
            rest.is_empty()
                || (rest.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '.' | '_'))
                    && rest.split(['-', '.', '_']).all(is_build))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::expected;

    #[test]
    fn a_program_is_expected_first_as_a_path_and_where_a_wrapper_runs_it() {
        for words in [
            &["x"][..],
            &["tool", "/usr/bin/x"],
            &["tool", "--", "x"],
            &["tool", "busybox", "x"],
            &["timeout", "5", "x"],
            &["timeout", "-k", "5", "10", "x"],
            &["sudo", "-u", "nobody", "nice", "-n", "5", "x"],
            &["/usr/bin/env", "-i", "A=1", "setsid", "x"],
            &["chroot", "--userspec=a", "/root", "x"],
        ] {
            assert_eq!(expected(words).last(), Some(&true), "{words:?}");
        }
        for words in [
            &["tool", "x"][..],
            &["tool", "-v", "x"],
            &["-v", "x"],
            &["timeout", "5", "tool", "x"],
            &["sudo", "tool", "x"],
        ] {
            assert_eq!(expected(words).last(), Some(&false), "{words:?}");
        }
    }
}
