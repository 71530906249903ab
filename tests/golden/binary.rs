//! The command line's door: what `podgraft inject` writes and says.

use assert_cmd::Command;
use serde_json::Value;

use super::Complaint;
use super::case::{Case, documents, workloads};

/// What the command line makes of a case.
pub(super) struct Told {
    /// All that it wrote.
    pub(super) output: String,
    /// The Pod in it, or the template of it.
    pub(super) pod: Value,
    /// The refusal and the warnings, a line each.
    pub(super) words: String,
}

/// Runs `podgraft inject` on a case.
pub(super) fn inject(case: &Case) -> Result<Told, Complaint> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_podgraft"));
    let run = command.arg("inject").arg("-f").arg(&case.path).args(["-o", "yaml", "--keep-going"]).output().unwrap();
    let (output, said) = (String::from_utf8(run.stdout).unwrap(), String::from_utf8(run.stderr).unwrap());
    let words = words(case, &said);
    let expected = i32::from(words.contains("refused: ") || !case.is_good);
    if run.status.code() != Some(expected) {
        return Err(format!("the exit code must be {expected}, and is {:?}:\n{said}", run.status.code()));
    }
    if words.contains("refused: ") {
        let denied = case.pod.clone();
        return documents(&output)?
            .iter()
            .flat_map(workloads)
            .next()
            .map_or(Ok(Told { output: output.clone(), pod: denied, words }), |_| {
                Err(format!("a Pod that is denied must not be written:\n{output}"))
            });
    }
    Ok(Told { pod: pod(&output)?, output, words })
}

/// Runs `podgraft uninject` on manifests, and takes the Pod out of what it writes.
pub(super) fn uninject(manifests: &str) -> Result<Value, Complaint> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_podgraft"));
    let run = command.args(["uninject", "-f", "-", "-o", "yaml"]).write_stdin(manifests).output().unwrap();
    if !run.status.success() {
        return Err(format!("uninject fails: {}", String::from_utf8_lossy(&run.stderr)));
    }
    pod(&String::from_utf8(run.stdout).unwrap())
}

/// The Pod among manifests, or the template of it.
fn pod(manifests: &str) -> Result<Value, Complaint> {
    let documents = documents(manifests)?;
    let pod = documents.iter().flat_map(workloads).next().map(|(_, pod)| pod.clone());
    pod.ok_or_else(|| format!("there is no workload in\n{manifests}"))
}

/// The refusal and the warnings about the workload, as the server would say them: there it is one sentence after another,
/// here each has a line with its place.
fn words(case: &Case, said: &str) -> String {
    let about = |severity: &str, line: &str, workload: &str| {
        let (place, rest) = line.split_once(&format!(": {severity}: "))?;
        let (_, sentence) =
            format!(" {rest}").split_once(&format!(" {workload}: ")).map(|(f, s)| (f.to_owned(), s.to_owned()))?;
        place.starts_with(case.path.to_str().unwrap()).then_some(sentence)
    };
    let in_namespace = format!("{} in namespace {}", case.workload, case.namespace);
    let denied: Vec<String> = said.lines().filter_map(|line| about("error", line, &in_namespace)).collect();
    let refused = if denied.is_empty() { String::new() } else { format!("refused: podgraft: {}\n", denied.join("; ")) };
    let warned = said.lines().filter_map(|line| about("warning", line, &case.workload));
    warned.map(|line| format!("warning: podgraft: {line}\n")).fold(refused, |all, line| all + &line)
}
