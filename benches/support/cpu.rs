//! CPU time as the kernel accounts it: `/proc/PID/task/TID/schedstat`, whose first figure is the nanoseconds that a thread has
//! run (Linux, Documentation/scheduler/sched-stats.rst).

use std::fs;

/// Nanoseconds that some threads of a process have used.
pub fn of_threads(process: u32, threads: &[u32]) -> f64 {
    threads.iter().map(|thread| of_thread(process, *thread)).sum()
}

/// Nanoseconds used by all threads of a process that still run.
pub fn of_process(process: u32) -> f64 {
    of_threads(process, &threads(process))
}

/// The threads of a process that have this name.
pub fn threads_named(process: u32, name: &str) -> Vec<u32> {
    let is_named = |thread: &u32| {
        fs::read_to_string(format!("/proc/{process}/task/{thread}/comm")).is_ok_and(|comm| comm.trim_end() == name)
    };
    threads(process).into_iter().filter(is_named).collect()
}

fn threads(process: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).expect("the process runs");
    tasks.filter_map(|task| task.ok()?.file_name().to_str()?.parse().ok()).collect()
}

/// Zero where the thread has ended meanwhile.
fn of_thread(process: u32, thread: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/task/{thread}/schedstat")).unwrap_or_default();
    stat.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0.0)
}
