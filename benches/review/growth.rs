//! How the cost of a review grows, one quantity at a time: a table and a plot for `docs/performance.md`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::json;

use super::svg::{Panel, Point, plot};
use crate::bench::client::request;
use crate::bench::composed::{Composition, Population, start};
use crate::bench::load::{Load, medians};
use crate::bench::server::Server;
use crate::support::{review_of, sized};

const CONNECTIONS: usize = 16;
/// The size of a review whose null webhook is the unit of all costs, in bytes.
const UNIT: usize = 12_000;

/// One quantity, and what reviews cost at some of its values.
struct Sweep<'s> {
    quantity: &'static str,
    /// The name of the plot's axis.
    axis: &'static str,
    steps: Vec<Step<'s>>,
}

/// One value of a quantity: the server and the requests that show it.
struct Step<'s> {
    value: usize,
    server: &'s Server,
    request: Vec<u8>,
    connections: usize,
    cost: StepCost,
}

/// In units of the null webhook's cost at 12 kB and 16 connections.
#[derive(Default, Clone, Copy)]
struct StepCost {
    null: f64,
    review: f64,
}

impl<'s> Step<'s> {
    fn new(value: usize, server: &'s Server) -> Self {
        let request = request(&sized::review("sync", UNIT));
        Step { value, server, request, connections: CONNECTIONS, cost: StepCost::default() }
    }

    fn ratio(&self) -> f64 {
        self.cost.review / self.cost.null
    }
}

pub(crate) fn measure(rounds: usize) {
    let null = start(Composition::NULL);
    let smallest = Population::SMALLEST;
    let serve = |population: Population| start(Composition::Reviews(population));
    let one = serve(smallest);
    let companions = [10, 100, 1_000, 10_000].map(|n| (n, serve(Population { companions: n, ..smallest })));
    let containers = [2, 4, 8, 16].map(|n| (n, serve(Population { containers: n, ..smallest })));
    let namespaces = [(10_000, serve(Population { namespaces: 10_000, ..smallest }))];
    let mut sweeps = [
        Sweep { quantity: "size of the review, bytes", axis: "size of the review, bytes", steps: sizes(&one) },
        Sweep { quantity: "companions", axis: "companions", steps: populations(&one, &companions) },
        Sweep { quantity: "injected containers", axis: "injected containers", steps: populations(&one, &containers) },
        Sweep { quantity: "connections", axis: "connections", steps: connections(&one) },
        Sweep { quantity: "namespaces", axis: "namespaces", steps: populations(&one, &namespaces) },
    ];
    for sweep in &mut sweeps {
        sweep.measure(&null, rounds);
    }
    let table = table(&sweeps);
    println!("How the cost grows; the unit is the null webhook at 12 kB and {CONNECTIONS} connections\n\n{table}");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    fs::write(folder.join("growth.md"), table).expect("the table can be written");
    // Two values of the namespaces are no line.
    let panels: Vec<Panel> = sweeps[..4].iter().map(Sweep::panel).collect();
    fs::write(folder.join("growth.svg"), plot(&panels)).expect("the plot can be written");
    println!("The table and a plot are growth.md and growth.svg in {}\n", folder.display());
}

fn sizes(one: &Server) -> Vec<Step<'_>> {
    let sized = [4_000, UNIT, 63_000, 250_000, 1_000_000].map(|bytes| sized::review("sync", bytes));
    let reviews = [smallest_review()].into_iter().chain(sized);
    reviews.map(|review| Step { request: request(&review), ..Step::new(review.len(), one) }).collect()
}

fn populations<'s>(one: &'s Server, others: &'s [(usize, Server)]) -> Vec<Step<'s>> {
    [Step::new(1, one)].into_iter().chain(others.iter().map(|(n, server)| Step::new(*n, server))).collect()
}

fn connections(one: &Server) -> Vec<Step<'_>> {
    [1, 16, 25, 100, 400].map(|connections| Step { connections, ..Step::new(connections, one) }).into()
}

/// The review of a Pod with one container and no more fields than a review needs: about 1 kB.
fn smallest_review() -> Vec<u8> {
    let metadata = json!({"generateName": "web-", "annotations": {"podgraft.dev/companions": "sync"}});
    let spec = json!({"containers": [{"name": "web", "image": "registry.example/shop/web:1.42.0"}]});
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec});
    review_of(&pod, "team").to_string().into_bytes()
}

impl Sweep<'_> {
    /// Measures all steps in the same rounds. The null webhook's cost is measured once for all steps that send it the same.
    fn measure(&mut self, null: &Server, rounds: usize) {
        let unit = request(&sized::review("sync", UNIT));
        let mut loads = vec![Load::new(null, &unit, CONNECTIONS)];
        let mut places = Vec::new();
        for step in &self.steps {
            let is_unit = step.request == unit && step.connections == CONNECTIONS;
            if !is_unit {
                loads.push(Load::new(null, &step.request, step.connections));
            }
            loads.push(Load::new(step.server, &step.request, step.connections));
            places.push((if is_unit { 0 } else { loads.len() - 2 }, loads.len() - 1));
        }
        let costs = medians(&mut loads, rounds);
        drop(loads);
        let in_units = |place: usize| costs[place].review / costs[0].review;
        for (step, (null, review)) in self.steps.iter_mut().zip(places) {
            step.cost = StepCost { null: in_units(null), review: in_units(review) };
        }
    }

    fn panel(&self) -> Panel {
        #[allow(clippy::cast_precision_loss)] // at most a million
        let points = self.steps.iter().map(|step| Point { x: step.value as f64, y: step.ratio() });
        Panel { axis: self.axis, points: points.collect() }
    }
}

/// In Markdown.
fn table(sweeps: &[Sweep<'_>]) -> String {
    let mut table =
        String::from("| | | null webhook | podgraft | podgraft / null webhook |\n|---|---:|---:|---:|---:|\n");
    for sweep in sweeps {
        for (i, step) in sweep.steps.iter().enumerate() {
            let quantity = if i == 0 { sweep.quantity } else { "" };
            let StepCost { null, review } = step.cost;
            let value = grouped(step.value);
            // Writing to a String cannot fail.
            let _ = writeln!(table, "| {quantity} | {value} | {null:.2} | {review:.2} | **{:.2}** |", step.ratio());
        }
    }
    table
}

/// A count with blanks between the thousands.
fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && digits.len().abs_diff(i) % 3 == 0 {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}
