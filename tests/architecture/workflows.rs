//! Workflows run the targets of the Makefile, and have no rights that they do not need. Nothing on a contributor's machine
//! runs them, so that a mistake in one is found here or by a release.

use std::collections::BTreeSet;
use std::path::Path;

use regex_lite::Regex;
use serde_json::Value;

use crate::none;
use crate::tree::{below, root};

/// The rights to write that jobs have, with the reason in the workflow.
const WRITERS: [(&str, &str, &[&str]); 3] = [
    ("release.yaml", "publish", &["attestations", "id-token", "packages"]),
    ("release.yaml", "page", &["contents"]),
    ("scorecard.yaml", "scorecard", &["security-events"]),
];

/// A workflow, and what it may refer to.
struct Workflow<'a> {
    file: String,
    text: String,
    content: Value,
    makefile: &'a str,
    exists: fn(&str) -> bool,
}

impl<'a> Workflow<'a> {
    fn new(file: &str, text: &str, makefile: &'a str, exists: fn(&str) -> bool) -> Self {
        let content = serde_saphyr::from_str(text).unwrap_or_else(|why| panic!("{file}: {why}"));
        Workflow { file: file.to_owned(), text: text.to_owned(), content, makefile, exists }
    }

    fn jobs(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.content["jobs"].as_object().unwrap().iter()
    }

    fn steps(&self) -> impl Iterator<Item = &Value> {
        self.jobs().flat_map(|(_, job)| steps_of(job))
    }

    fn violations(&self) -> Vec<String> {
        let structure = [self.commands(), self.actions(), self.needs(), self.deadlines(), self.hosts()];
        let security = [self.rights(), self.artifacts(), self.builds(), self.inputs(), self.triggers(), self.caches()];
        structure.into_iter().chain(security).flatten().map(|violation| format!("{}: {violation}", self.file)).collect()
    }

    /// Targets of `make` and scripts that do not exist.
    fn commands(&self) -> Vec<String> {
        let (make, script) = (Regex::new(r"\bmake ([a-z-]+)").unwrap(), Regex::new(r"\bb?a?sh ([\w/.-]+)").unwrap());
        let runs: Vec<&str> = self.steps().filter_map(|step| step["run"].as_str()).collect();
        let found = |regex: &Regex| -> Vec<String> {
            runs.iter().flat_map(|run| regex.captures_iter(run).map(|found| found[1].to_owned())).collect()
        };
        let targets = found(&make).into_iter().filter(|target| !targets(self.makefile).contains(target));
        let scripts = found(&script).into_iter().filter(|script| !(self.exists)(script));
        targets.map(|target| format!("no target {target}")).chain(scripts.map(|s| format!("no script {s}"))).collect()
    }

    /// Actions of a branch, which moves with every commit. A checkout must not leave its token to the steps after it.
    fn actions(&self) -> Vec<String> {
        let pinned = Regex::new(r"^(\./.*|[\w./-]+@(v\d+(\.\d+)*|[0-9a-f]{40}))$").unwrap();
        let jobs = self.jobs().map(|(_, job)| job);
        let uses = jobs.chain(self.steps()).filter_map(|step| step["uses"].as_str());
        let moving = uses.filter(|action| !pinned.is_match(action)).map(|action| format!("{action} is not a version"));
        let checkouts = self.steps().filter(|step| step["uses"].as_str().is_some_and(|u| u.contains("/checkout@")));
        let keeping = checkouts.filter(|step| step["with"]["persist-credentials"] != false);
        moving.chain(keeping.map(|_| "a checkout keeps its credentials".to_owned())).collect()
    }

    fn needs(&self) -> Vec<String> {
        let needed = self.jobs().flat_map(|(_, job)| match &job["needs"] {
            Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
            needs => needs.as_str().into_iter().collect::<Vec<_>>(),
        });
        needed.filter(|name| self.content["jobs"][name].is_null()).map(|name| format!("no job {name}")).collect()
    }

    /// Without `permissions`, a job has all rights of the repository's default.
    fn rights(&self) -> Vec<String> {
        let all = &self.content["permissions"];
        let mut found = if all.is_object() { written(all) } else { vec!["*".to_owned()] };
        found = found.into_iter().map(|right| format!("every job can write {right}")).collect();
        for (name, job) in self.jobs() {
            let listed = WRITERS.iter().find(|(file, job, _)| *file == self.file && job == name);
            let listed: BTreeSet<&str> =
                listed.map(|(_, _, rights)| rights.iter().copied().collect()).unwrap_or_default();
            let written = written(&job["permissions"]);
            if written.iter().map(String::as_str).collect::<BTreeSet<_>>() != listed {
                found.push(format!("{name} can write {written:?}"));
            }
        }
        found
    }

    /// Any job of a run can replace an artifact: a job downloads each by its name, and compares its digest.
    fn artifacts(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (name, job) in self.jobs() {
            let is_download = |step: &&Value| step["uses"].as_str().is_some_and(|u| u.contains("/download-artifact@"));
            let downloads: Vec<&Value> = steps_of(job).filter(is_download).collect();
            if downloads.iter().any(|step| step["with"]["name"].is_null()) {
                found.push(format!("{name} downloads an artifact without its name"));
            }
            let compares = runs_of(job).any(|run| run.contains("sh release/digest.sh"));
            if !downloads.is_empty() && !compares {
                found.push(format!("{name} does not compare artifacts"));
            }
        }
        found
    }

    /// Build scripts and packages have all rights of the job that runs them, so that a job that can write builds nothing.
    fn builds(&self) -> Vec<String> {
        let builds = Regex::new(BUILDS).unwrap();
        let writers = self.jobs().filter(|(_, job)| !written(&job["permissions"]).is_empty());
        let runs = writers.flat_map(|(name, job)| runs_of(job).map(move |run| (name, run)));
        let found = runs.flat_map(|(name, run)| builds.find_iter(run).map(move |found| (name, found.as_str())));
        found.map(|(name, found)| format!("{name} can write, and runs {found}")).collect()
    }

    /// An expression becomes text of the script before a shell reads it, so that a branch or a title could be a command. Values of
    /// others come as variables; those of the matrix are in the workflow.
    fn inputs(&self) -> Vec<String> {
        let runs: Vec<&str> = self.steps().filter_map(|step| step["run"].as_str()).collect();
        let expressions = runs.iter().flat_map(|run| run.split("${{").skip(1));
        let others = expressions.filter(|rest| !rest.trim_start().starts_with("matrix."));
        others
            .map(|rest| format!("run has the expression {}", rest.split("}}").next().unwrap_or(rest).trim()))
            .collect()
    }

    /// Triggers with which code of a pull request would run with the rights and the secrets of this repository.
    fn triggers(&self) -> Vec<String> {
        let trigger = Regex::new(r"\b(pull_request_target|workflow_run|issue_comment)\b").unwrap();
        let lines = self.text.lines().map(|line| line.split('#').next().unwrap_or(line));
        let found = lines.flat_map(|line| trigger.find_iter(line).map(|found| found.as_str()));
        found.map(|trigger| format!("is started by {trigger}")).collect()
    }

    /// Every run on main can write a cache: a workflow that publishes builds from nothing that is in one.
    fn caches(&self) -> Vec<String> {
        if !WRITERS.iter().any(|(file, ..)| *file == self.file) {
            return Vec::new();
        }
        let is_cached = |step: &&Value| {
            let uses = step["uses"].as_str().unwrap_or_default();
            uses.contains("cache") || (uses.contains("/setup-") && step["with"]["cache"] != false)
        };
        self.steps().filter(is_cached).map(|step| format!("{} uses a cache", step["uses"])).collect()
    }

    /// A job without a deadline runs for six hours. One that calls a workflow has that one's.
    fn deadlines(&self) -> Vec<String> {
        let jobs = self.jobs().filter(|(_, job)| job["uses"].is_null() && job["timeout-minutes"].is_null());
        jobs.map(|(name, _)| format!("{name} has no timeout-minutes")).collect()
    }

    /// Where images are published is a variable of the repository.
    fn hosts(&self) -> Vec<String> {
        let host = Regex::new(r"\b(ghcr|docker|quay|gcr|pkg)\.(io|dev)\b").unwrap();
        host.find_iter(&self.text).map(|found| format!("names the registry {}", found.as_str())).collect()
    }
}

const BUILDS: &str = r"\b(cargo|rustup|go install|apt-get|install\.sh|npm|pip|curl|make (check|test|release-(files|image|binary|dry-run)))\b";

fn steps_of(job: &Value) -> impl Iterator<Item = &Value> {
    job["steps"].as_array().into_iter().flatten()
}

fn runs_of(job: &Value) -> impl Iterator<Item = &str> {
    steps_of(job).filter_map(|step| step["run"].as_str())
}

fn written(permissions: &Value) -> Vec<String> {
    let rights = permissions.as_object().into_iter().flatten();
    let mut written: Vec<String> = rights.filter(|(_, right)| *right != "read").map(|(name, _)| name.clone()).collect();
    written.extend(permissions.as_str().map(str::to_owned));
    written
}

fn targets(makefile: &str) -> Vec<String> {
    let rule = Regex::new(r"(?m)^([a-z-]+):( |$)").unwrap();
    rule.captures_iter(makefile).map(|found| found[1].to_owned()).collect()
}

const MAKEFILE: &str = include_str!("../../Makefile");

#[test]
fn workflows_run_what_exists_with_the_rights_that_they_need() {
    let files = below(&root().join(".github/workflows"));
    assert!(files.len() >= 3, "the workflows were found");
    let exists = |path: &str| root().join(path).is_file();
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        none(&Workflow::new(name, &text, MAKEFILE, exists).violations());
    }
}

#[test]
fn the_mistakes_of_a_workflow_are_found() {
    let good = "permissions: {}\njobs:\n  a:\n    timeout-minutes: 5\n    steps:\n    \
                - {uses: actions/checkout@v6, with: {persist-credentials: false}}\n    - run: make run\n";
    let of = |text: &str| Workflow::new("w.yaml", text, "run:\n\ttrue\n", |path| path != "b/c.sh").violations();
    assert_eq!(of(good), [""; 0]);
    for (from, to, expected) in [
        ("make run", "make rnu", "no target rnu"),
        ("make run", "sh a.sh && bash b/c.sh", "no script b/c.sh"),
        ("checkout@v6", "checkout@main", "actions/checkout@main is not a version"),
        ("false", "true", "a checkout keeps its credentials"),
        ("    steps", "    needs: [a, b]\n    steps", "no job b"),
        ("    steps", "    permissions: {contents: write}\n    steps", "a can write [\"contents\"]"),
        ("    steps", "    permissions: write-all\n    steps", "a can write [\"write-all\"]"),
        ("permissions: {}\n", "", "every job can write *"),
        ("permissions: {}", "permissions: {packages: write}", "every job can write packages"),
        ("    timeout-minutes: 5\n", "", "a has no timeout-minutes"),
        ("make run", "echo ghcr.io/a", "names the registry ghcr.io"),
        ("make run", "echo ${{ github.head_ref }}", "run has the expression github.head_ref"),
        ("permissions: {}", "on: [pull_request_target]\npermissions: {}", "is started by pull_request_target"),
        ("run: make run", "uses: actions/download-artifact@v7\n      with: {name: a}", "a does not compare artifacts"),
        (
            "make run",
            "sh release/digest.sh a b\n    - {uses: actions/download-artifact@v7, with: {pattern: a-*}}",
            "a downloads an artifact without its name",
        ),
    ] {
        assert_eq!(of(&good.replace(from, to)), [format!("w.yaml: {expected}")], "{from} -> {to}");
    }
}

#[test]
fn a_cache_of_a_workflow_that_publishes_is_found() {
    let of = |file: &str, uses: &str| {
        let text = format!("jobs: {{a: {{steps: [{{uses: {uses}}}]}}}}");
        !Workflow::new(file, &text, "", |_| true).caches().is_empty()
    };
    let cached = ["actions/cache@v5", "actions/cache/restore@v5", "Swatinem/rust-cache@v2", "actions/setup-go@v6"];
    assert_eq!(cached.map(|uses| of("release.yaml", uses)), [true; 4]);
    assert!(!of("test.yaml", "actions/cache@v5") && !of("release.yaml", "actions/setup-go@v6, with: {cache: false}"));
}

#[test]
fn a_job_that_can_write_and_builds_is_found() {
    let job = |run: &str| {
        let job = "permissions: {}\njobs:\n  page:\n    timeout-minutes: 5\n    permissions: {contents: write}\n";
        let text = format!("{job}    steps:\n    - run: {run}\n");
        Workflow::new("release.yaml", &text, "release-files:\nrelease-page:\n", |_| true).violations()
    };
    assert_eq!(job("make release-page"), [""; 0]);
    for run in ["make release-files", "cargo install", "apt-get", "install.sh"] {
        let found = run.trim_end_matches(" install");
        assert_eq!(job(&format!("{run} a")), [format!("release.yaml: page can write, and runs {found}")]);
    }
}

#[test]
fn all_binaries_are_built_with_one_version_of_rust() {
    let from = include_str!("../../Dockerfile").lines().find_map(|line| line.strip_prefix("FROM rust:")).unwrap();
    let version = from.split('-').next().unwrap();
    let workflow = include_str!("../../.github/workflows/release.yaml");
    assert!(
        workflow.contains(&format!("RUSTUP_TOOLCHAIN: \"{version}\"\n")),
        "release.yaml does not use Rust {version}"
    );
}

#[test]
fn users_verify_the_signature_of_the_workflow_that_signs() {
    let identity = concat!(env!("CARGO_PKG_REPOSITORY"), "/.github/workflows/release.yaml@refs/tags/$tag");
    assert!(include_str!("../../docs/security.md").contains(identity), "docs/security.md does not name {identity}");
    assert!(include_str!("../../.github/workflows/release.yaml").contains("make release-sign"));
    let script = include_str!("../../release/verify-published.sh");
    assert!(script.contains("identity=$repository/.github/workflows/release.yaml@refs/tags/$tag"));
    // Without these, gh accepts an attestation of any workflow on any branch.
    for text in [include_str!("../../docs/security.md"), script] {
        assert!(text.contains("/.github/workflows/release.yaml") && text.contains("--signer-workflow"));
        assert!(text.contains("--source-ref") && text.contains("gh attestation verify"));
    }
}

#[test]
fn each_script_of_a_release_is_used() {
    let scripts = below(&root().join("release"));
    assert!(scripts.len() > 8, "the scripts were found");
    let texts: Vec<String> = scripts.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let harness = include_str!("../cluster/parts/images/dockerfile.rs");
    let workflow = include_str!("../../.github/workflows/release.yaml");
    let uses = |name: &str| {
        let used = format!("/{name}");
        let comment = |line: &&str| !line.starts_with('#');
        let lines = texts.iter().flat_map(|text| text.lines().filter(comment));
        MAKEFILE.lines().chain(harness.lines()).chain(workflow.lines()).chain(lines).any(|line| line.contains(&used))
    };
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let unused: Vec<String> = scripts.iter().map(|path| name(path)).filter(|name| !uses(name)).collect();
    none(&unused);
}
