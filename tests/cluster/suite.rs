//! Tests by chapter: each is a state of the installation, and the tests that need it.

use std::cmp::Reverse;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed, Trial};
use tokio::runtime::Handle;

use crate::cluster::Cluster;
use crate::parts::kubernetes::{Capability, Kubernetes};

/// What a test does, or what brings its chapter about.
pub type Act = fn(Arc<Cluster>) -> Pin<Box<dyn Future<Output = ()>>>;

/// One test. Its name is a sentence.
pub struct Test {
    pub name: String,
    /// What it needs that not every tested version of Kubernetes has.
    pub needs: &'static [Capability],
    pub run: Act,
}

/// Some tests, and the state that they find.
pub struct Chapter {
    pub name: &'static str,
    /// Brings about the state.
    pub set_up: Act,
    pub tests: Vec<Test>,
    /// Whether each test has the cluster for itself.
    pub alone: bool,
}

/// The tests of a module, named after their modules and functions: one short word of the name selects them. `needs` names a
/// capability without which a test is left out.
#[macro_export]
macro_rules! tests {
    ($($test:ident $(needs $needed:ident)?),* $(,)?) => {
        pub fn tests() -> Vec<$crate::suite::Test> {
            let topic = module_path!().split_once("::").map_or("", |(_, topic)| topic);
            vec![$($crate::suite::Test {
                name: format!("{topic}::{}", stringify!($test)),
                needs: &[$($crate::parts::kubernetes::Capability::$needed)?],
                run: |cluster| Box::pin(async move { $test(&cluster).await }),
            }),*]
        }
    };
}

/// The chapters that the arguments ask for; nothing where they ask for no tests, or only for their names, which are
/// printed.
pub fn selected(mut chapters: Vec<Chapter>, arguments: &Arguments) -> Option<Vec<Chapter>> {
    if arguments.list {
        let names = chapters.iter().flat_map(|c| &c.tests).map(|test| format!("{}: test", test.name));
        println!("{}", names.collect::<Vec<_>>().join("\n"));
        return None;
    }
    chapters.retain(|chapter| is_wanted(chapter, arguments));
    (!chapters.is_empty()).then_some(chapters)
}

/// Whether the arguments ask for any test of a chapter.
fn is_wanted(chapter: &Chapter, arguments: &Arguments) -> bool {
    let is_wanted = |name: &str| {
        let named = |word: &String| if arguments.exact { name == word } else { name.contains(word.as_str()) };
        arguments.filter.as_ref().is_none_or(named) && !arguments.skip.iter().any(named)
    };
    chapter.tests.iter().any(|test| is_wanted(&test.name))
}

/// Removes the tests of a chapter that this version of Kubernetes cannot pass, and prints why.
fn leave_out(tests: &mut Vec<Test>, kubernetes: Kubernetes) {
    tests.retain(|test| {
        let missing = test.needs.iter().find(|capability| !kubernetes.has(**capability));
        if let Some(capability) = missing {
            println!("    left out with Kubernetes {}: {}: {}", kubernetes.minor(), test.name, capability.reason());
        }
        missing.is_none()
    });
}

/// Runs chapters in order and prints what each took. Whether all tests passed.
pub fn run(chapters: Vec<Chapter>, cluster: &Arc<Cluster>, arguments: &Arguments, runtime: &Handle) -> bool {
    // What a runtime and a test harness call on the way to a test is noise, whatever RUST_BACKTRACE is.
    std::panic::set_hook(Box::new(|panic| eprintln!("{panic}")));
    let mut passed = true;
    for mut chapter in chapters {
        let started = Instant::now();
        println!("\n--- {}", chapter.name);
        leave_out(&mut chapter.tests, cluster.parts.kubernetes);
        runtime.block_on((chapter.set_up)(Arc::clone(cluster)));
        println!("    set up in {:.1} s", started.elapsed().as_secs_f32());
        let mut arguments = arguments.clone();
        // They wait more than they compute.
        arguments.test_threads = Some(if chapter.alone { 1 } else { arguments.test_threads.unwrap_or(6) });
        let times = Times::default();
        let conclusion = libtest_mimic::run(&arguments, trials(chapter.tests, cluster, runtime, &times));
        println!("    {} took {:.1} s in all{}", chapter.name, started.elapsed().as_secs_f32(), times.slowest());
        let resident: Vec<_> = resident_memory().iter().map(|mebibytes| format!("{mebibytes:.1}")).collect();
        // On a node, the replicas are processes of its containers, which tests of their own look at.
        if !resident.is_empty() {
            println!(
                "    replicas of podgraft have [{}] MiB resident, with their watches running",
                resident.join(", ")
            );
        }
        passed &= !conclusion.has_failed();
    }
    passed
}

/// The resident memory, in MiB, of each replica: they are processes that the simulated node has started.
fn resident_memory() -> Vec<f64> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let statuses = processes.filter_map(|process| std::fs::read_to_string(process.path().join("status")).ok());
    let own = std::process::id().to_string();
    let replicas = statuses.filter(|status| {
        let is = |field: &str, value: &str| status.lines().any(|line| line == format!("{field}:\t{value}"));
        is("Name", "podgraft") && is("PPid", &own)
    });
    let resident = |status: String| {
        let kibibytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim().strip_suffix(" kB")?;
        Some(kibibytes.parse::<f64>().ok()? / 1024.0)
    };
    replicas.filter_map(resident).collect()
}

fn trials(tests: Vec<Test>, cluster: &Arc<Cluster>, runtime: &Handle, times: &Times) -> Vec<Trial> {
    let trial = |test: Test| {
        let (cluster, runtime, times) = (Arc::clone(cluster), runtime.clone(), times.clone());
        Trial::test(test.name.clone(), move || {
            let started = Instant::now();
            runtime.block_on((test.run)(cluster));
            times.record(test.name, started.elapsed());
            Ok::<_, Failed>(())
        })
    };
    tests.into_iter().map(trial).collect()
}

/// How many of the slowest tests of a chapter are printed.
const SLOWEST: usize = 5;

/// How long each passed test of a chapter took.
#[derive(Clone, Default)]
struct Times(Arc<Mutex<Vec<(Duration, String)>>>);

impl Times {
    fn record(&self, name: String, took: Duration) {
        self.0.lock().expect("no test panics here").push((took, name));
    }

    /// The slowest tests, a line each.
    fn slowest(&self) -> String {
        let mut times = self.0.lock().expect("no test panics here").clone();
        times.sort_by_key(|(took, _)| Reverse(*took));
        times.iter().take(SLOWEST).map(|(took, name)| format!("\n    {:6.1} s  {name}", took.as_secs_f32())).collect()
    }
}
