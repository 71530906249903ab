//! A server that runs as a process of its own.

use std::fs;
use std::process::Child;
use std::sync::OnceLock;

use tempfile::TempDir;

use super::client::Client;
use super::cpu;

/// The name of the threads that answer reviews.
pub const REVIEW_THREADS: &str = "reviews";

/// A running server. It ends when it is dropped.
pub struct Server {
    process: Child,
    /// Found when they are needed: a server can accept connections before its threads exist.
    review_threads: OnceLock<Vec<u32>>,
    pub client: Client,
    /// The files that the process reads.
    _folder: Option<TempDir>,
}

impl Server {
    /// Takes over a process that listens.
    pub fn new(process: Child, client: Client, folder: Option<TempDir>) -> Self {
        Server { process, review_threads: OnceLock::new(), client, _folder: folder }
    }

    fn id(&self) -> u32 {
        self.process.id()
    }

    /// Nanoseconds of CPU time of the threads that answer reviews.
    pub fn review_cpu(&self) -> f64 {
        let threads = self.review_threads.get_or_init(|| cpu::threads_named(self.id(), REVIEW_THREADS));
        assert!(!threads.is_empty(), "no thread is named {REVIEW_THREADS}");
        cpu::of_threads(self.id(), threads)
    }

    /// Nanoseconds of CPU time of the whole process.
    pub fn process_cpu(&self) -> f64 {
        cpu::of_process(self.id())
    }

    /// A figure of `/proc/PID/status` in MiB, such as `VmRSS`, or `VmHWM` for the largest `VmRSS` so far.
    pub fn mebibytes(&self, figure: &str) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).expect("the kernel reports memory");
        let line = status.lines().find_map(|line| line.strip_prefix(figure)?.strip_prefix(':')).expect("a figure");
        line.trim().trim_end_matches(" kB").parse::<f64>().expect("kibibytes") / 1024.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
