//! The arguments of a command that name workloads, as kubectl takes them: `deploy/web`, `deployment web api`, `deploy,sts`.

use crate::workload::{WORKLOADS, WorkloadKind};

/// One workload.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) struct NamedWorkload {
    pub(in crate::cli) kind: &'static WorkloadKind,
    pub(in crate::cli) name: Box<str>,
}

/// The workloads that arguments name.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) enum Targets {
    /// These.
    Named(Vec<NamedWorkload>),
    /// All of some kinds.
    Kinds(Vec<&'static WorkloadKind>),
}

impl Targets {
    /// Whether an argument has the form of the first one that names workloads, so that it is no file.
    pub(in crate::cli) fn begin_with(word: &str) -> bool {
        let kinds = word.split_once('/').map_or(word, |(kind, _)| kind);
        !kinds.is_empty() && kinds.split(',').all(|kind| WorkloadKind::named(kind).is_some())
    }

    /// Whether an argument has the form KIND/NAME, of whatever kind.
    pub(in crate::cli) fn has_form(word: &str) -> bool {
        let is_name = |part: &str| !part.is_empty() && !part.contains(['/', '.']);
        word.split_once('/').is_some_and(|(kind, name)| is_name(kind) && is_name(name))
    }

    /// Reads the arguments. Without any, all workloads are meant.
    ///
    /// # Errors
    /// A kind is not a built-in one, or the arguments mix both forms.
    pub(in crate::cli) fn read(words: &[String]) -> anyhow::Result<Targets> {
        let Some(first) = words.first() else { return Ok(Targets::Kinds(WORKLOADS.iter().collect())) };
        if words.iter().any(|word| word.contains('/')) {
            return words.iter().map(|word| with_kind(word)).collect::<anyhow::Result<_>>().map(Targets::Named);
        }
        let kinds: Vec<_> = first.split(',').map(kind).collect::<anyhow::Result<_>>()?;
        let names = &words[1..];
        if names.is_empty() {
            return Ok(Targets::Kinds(kinds));
        }
        let of_kind = |kind| names.iter().map(move |name| NamedWorkload { kind, name: name.as_str().into() });
        Ok(Targets::Named(kinds.into_iter().flat_map(of_kind).collect()))
    }
}

fn with_kind(word: &str) -> anyhow::Result<NamedWorkload> {
    match word.split_once('/') {
        Some((of, name)) if !name.is_empty() && !name.contains('/') => {
            Ok(NamedWorkload { kind: kind(of)?, name: name.into() })
        }
        _ => anyhow::bail!("invalid argument {word:?}: must be KIND/NAME, as the other arguments"),
    }
}

fn kind(word: &str) -> anyhow::Result<&'static WorkloadKind> {
    WorkloadKind::named(word).ok_or_else(|| {
        let supported: Vec<&str> = WORKLOADS.iter().map(|kind| kind.plural).collect();
        anyhow::anyhow!(
            "unsupported kind {word:?}; supported: {}; for another kind: kubectl get {word} NAME -o yaml | podgraft explain -f -",
            supported.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &str) -> Result<String, String> {
        let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        let targets = Targets::read(&words).map_err(|error| error.to_string())?;
        Ok(match targets {
            Targets::Named(all) => {
                all.iter().map(|t| format!("{}/{}", t.kind.plural, t.name)).collect::<Vec<_>>().join(" ")
            }
            Targets::Kinds(kinds) => kinds.iter().map(|kind| kind.plural).collect::<Vec<_>>().join(","),
        })
    }

    #[test]
    fn arguments_are_read_as_kubectl_reads_them() {
        for (words, expected) in [
            ("deploy/web po/a", "deployments/web pods/a"),
            ("deployment web api", "deployments/web deployments/api"),
            ("deploy,sts web", "deployments/web statefulsets/web"),
            ("sts", "statefulsets"),
            ("deploy,ds", "deployments,daemonsets"),
        ] {
            assert_eq!(read(words).as_deref(), Ok(expected), "{words}");
        }
        assert_eq!(read("").map(|kinds| kinds.split(',').count()), Ok(WORKLOADS.len()));
    }

    #[test]
    fn wrong_arguments_are_errors_with_a_remedy() {
        for (words, part) in [
            ("rollout/web", "unsupported kind \"rollout\"; supported: deployments, "),
            ("deploy/web api", "invalid argument \"api\": must be KIND/NAME"),
            ("deploy/", "must be KIND/NAME"),
            ("deploy/web/1", "must be KIND/NAME"),
        ] {
            let error = read(words).unwrap_err();
            assert!(error.contains(part), "{words}: {error}");
        }
    }

    #[test]
    fn a_file_is_no_workload() {
        for word in ["deploy/web", "deployment", "sts,ds", "pod/a"] {
            assert!(Targets::begin_with(word), "{word}");
        }
        for word in ["web.yaml", "-", "./deploy", "manifests/web.yaml", "/pod/a", "deploy,", ""] {
            assert!(!Targets::begin_with(word), "{word}");
        }
    }
}
