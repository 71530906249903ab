//! All hostile clients at once against one server, beside an honest API server and a kubelet.
//!
//! The server is the real binary in a process of its own. Everything stays on the loopback interface, where each
//! hostile client has an address of its own, and ends after the time of the [`Plan`].

mod bodies;
mod honest;
mod hostile;
mod server;
mod wire;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::process::{Command, Stdio};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

use honest::Served;
use hostile::Run;
pub(crate) use server::MEMORY;
use server::Server;

/// How long, how hard, and how patient.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) lasts: Duration,
    /// How many connections hostile clients have, in percent.
    pub(crate) strength: usize,
    /// All come from one address, as from behind one NAT.
    pub(crate) one_address: bool,
    /// The server has one core, and all clients share another one.
    pub(crate) pinned: bool,
    pub(crate) reviews_per_second: u32,
    pub(crate) review_timeout: Duration,
    pub(crate) probe_timeout: Duration,
}

/// What came of it.
pub(crate) struct Outcome {
    pub(crate) reviews: Served,
    pub(crate) probes: Served,
    pub(crate) restarts: u32,
    /// In bytes.
    pub(crate) largest_resident: u64,
    /// Of the cgroup, socket buffers included, in bytes.
    pub(crate) largest_charged: Option<u64>,
    limit: &'static str,
    /// What each hostile client did and got.
    hostile: Vec<(&'static str, String)>,
}

/// Runs it.
pub(crate) fn run(plan: Plan) -> Outcome {
    if plan.pinned {
        pin_clients();
    }
    let mut server = Server::start(plan.pinned);
    let target = server.target();
    let (friends, foes) = (runtime(), runtime());
    let until = Instant::now() + plan.lasts;
    let runs: Vec<Run> = (0..hostile::ALL.len())
        .map(|i| Run::new(target.clone(), address(plan, i), until, plan.strength, server.companions()))
        .collect();
    let works: Vec<_> = hostile::ALL.iter().zip(&runs).map(|((_, work), run)| foes.spawn(work(run.clone()))).collect();
    let attacking = std::thread::spawn(move || {
        foes.block_on(async {
            for work in works {
                let _ = tokio::time::timeout_at(until + Duration::from_secs(15), work).await;
            }
        });
        foes.shutdown_background();
    });
    let (to, also_to) = (target.clone(), target);
    let serving = std::thread::spawn(move || {
        friends.block_on(async { tokio::join!(honest::reviews(to, plan, until), honest::probes(also_to, plan, until)) })
    });
    while !serving.is_finished() || !attacking.is_finished() {
        server.look_after();
        std::thread::sleep(Duration::from_millis(100));
    }
    let (reviews, probes) = serving.join().expect("the honest clients end");
    attacking.join().expect("the hostile clients end");
    Outcome {
        reviews,
        probes,
        restarts: server.restarts,
        largest_resident: server.largest_resident,
        largest_charged: server.largest_charged(),
        limit: server.limit(),
        hostile: hostile::ALL.iter().zip(&runs).map(|((name, _), run)| (*name, run.told())).collect(),
    }
}

/// Keeps this process, whose threads are all clients, off the server's core where there is another one.
fn pin_clients() {
    let own = std::process::id().to_string();
    let pinned = Command::new("taskset").args(["-a", "-c", "-p", "1", &own]).stdout(Stdio::null()).status();
    if !pinned.is_ok_and(|status| status.success()) {
        eprintln!("the clients share the server's core, because there is no second one, or no taskset");
    }
}

/// One thread of its own: hostile clients do not slow the honest ones down more than a shared core does.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// From where the hostile client of this number comes.
fn address(plan: Plan, number: usize) -> IpAddr {
    let last = if plan.one_address { 1 } else { 2 + u8::try_from(number).expect("few clients") };
    Ipv4Addr::new(127, 0, 0, last).into()
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "memory of the server limited to {} MiB by {}", MEMORY >> 20, self.limit)?;
        for (name, got) in &self.hostile {
            writeln!(f, "  {name:<38} {got}")?;
        }
        for (name, served) in [("reviews", &self.reviews), ("probes", &self.probes)] {
            writeln!(
                f,
                "  {} of {} {name} answered, 99 of 100 within {:?}",
                served.answered,
                served.asked,
                served.p99()
            )?;
            if let Some(complaint) = &served.complaint {
                writeln!(f, "  first of the {name} that were not answered: {complaint}")?;
            }
        }
        Ok(())
    }
}
