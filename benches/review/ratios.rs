//! Reviews of four sizes, with many companions and with many containers, over the null webhook; and whether the product as a
//! process costs what the server costs that is composed here.

use crate::bench::client::request;
use crate::bench::composed::{Composition, Population, start};
use crate::bench::figures;
use crate::bench::load::{Cost, Load, medians};
use crate::bench::product;
use crate::support::sized;

const CONNECTIONS: usize = 16;

/// Requests of one size, and what their answers cost.
struct Sized {
    name: &'static str,
    body: Vec<u8>,
    request: Vec<u8>,
    cost: Costs,
}

#[derive(Default)]
struct Costs {
    null: Cost,
    review: Cost,
    product: Cost,
}

impl Sized {
    fn new(name: &'static str, bytes: usize) -> Self {
        let body = sized::review("sync", bytes);
        Sized { name, request: request(&body), body, cost: Costs::default() }
    }

    /// Microseconds for each byte of a request.
    #[allow(clippy::cast_precision_loss)] // a million bytes
    fn per_byte(&self) -> f64 {
        self.cost.review.review / self.request.len() as f64
    }

    fn over_null(&self) -> f64 {
        self.cost.review.review / self.cost.null.review
    }
}

pub(crate) fn measure(rounds: usize) {
    let smallest = Population::SMALLEST;
    let null = start(Composition::NULL);
    let review = start(Composition::Reviews(smallest));
    let product = product::start(&smallest.manifests());
    let many = start(Composition::Reviews(Population { companions: 10_000, ..smallest }));
    let widest = Population { containers: 16, ..smallest };
    let wide = start(Composition::Reviews(widest));
    let mut sizes = [("4 kB", 4_000), ("12 kB", 12_000), ("63 kB", 63_000), ("1 MB", 1_000_000)]
        .map(|(name, bytes)| Sized::new(name, bytes));
    let lengths = [smallest, widest].map(|population| population.answer_to(&sizes[1].body));
    let constants = lengths.map(|length| start(Composition::Constant(length)));
    let each = [&null, &review, &product];
    let mut loads: Vec<Load<'_>> = sizes
        .iter()
        .flat_map(|size| each.iter().map(|server| Load::new(server, &size.request, CONNECTIONS)))
        .chain([&many, &wide, &constants[0], &constants[1]].map(|s| Load::new(s, &sizes[1].request, CONNECTIONS)))
        .collect();
    let costs = medians(&mut loads, rounds);
    drop(loads);
    for (size, cost) in sizes.iter_mut().zip(costs.chunks(each.len())) {
        size.cost = Costs { null: cost[0], review: cost[1], product: cost[2] };
    }
    let [.., many, wide, short, long] = &*costs else { unreachable!("there are sixteen loads") };
    println!(
        "CPU time for each answer, medians of {rounds} rounds, {CONNECTIONS} connections, TLS 1.3; `podgraft serve` logs JSON to a pipe that is read"
    );
    print_costs(&sizes);
    print_ratios(&sizes, many.review, wide.review);
    print_agreement(&sizes);
    let null = sizes[1].cost.null.review;
    print_least(null, 1, lengths[0], (*short, sizes[1].cost.review));
    print_least(null, 16, lengths[1], (*long, *wide));
}

fn print_costs(sizes: &[Sized]) {
    println!("  {:>6}  {:<30} {:>15} {:>15}", "", "microseconds", "review thread", "whole process");
    for size in sizes {
        let named = [
            ("null webhook", size.cost.null),
            ("review, composed", size.cost.review),
            ("review, podgraft serve", size.cost.product),
        ];
        for (server, cost) in named {
            println!("  {:>6}  {server:<30} {:>15.1} {:>15.1}", size.name, cost.review, cost.process);
        }
    }
}

fn print_ratios(sizes: &[Sized; 4], many: f64, wide: f64) {
    println!();
    figures::print_heads();
    let [small, usual, large, huge] = sizes;
    figures::print("P1  a review at 12 kB over the null webhook", usual.over_null(), 1.45, 1.30);
    figures::print("P2  a review at 4 kB over the null webhook", small.over_null(), 1.35, 1.20);
    figures::print("P2  a review at 63 kB over the null webhook", large.over_null(), 1.40, 1.25);
    figures::print("P2  a review at 1 MB over the null webhook", huge.over_null(), 2.00, 1.60);
    figures::print("P5  cost per byte at 1 MB over that at 63 kB", huge.per_byte() / large.per_byte(), 1.20, 1.05);
    figures::print("P6  10 000 companions over 1", many / usual.cost.review.review, 1.05, 1.05);
    figures::print("P7  16 injected containers over 1", wide / usual.cost.review.review, 1.20, 1.10);
}

/// The composed server is a fair picture of the product if both cost the same.
fn print_agreement(sizes: &[Sized; 4]) {
    let ratios = sizes.each_ref().map(|size| size.cost.product.review / size.cost.review.review);
    let agree = ratios.iter().all(|ratio| (0.9..=1.1).contains(ratio));
    let list: Vec<String> =
        sizes.iter().zip(ratios).map(|(size, ratio)| format!("{ratio:.2} at {}", size.name)).collect();
    println!(
        "\n`podgraft serve` over the composed server, review thread: {}; {} within 10 %\n",
        list.join(", "),
        if agree { "they agree" } else { "they DO NOT agree" }
    );
}

/// Part of a review's cost is that its answer is longer than that of the null webhook: encryption and the kernel. No webhook that
/// adds the same containers can cost less than a constant of the same length.
fn print_least(null: f64, containers: usize, length: usize, (constant, review): (Cost, Cost)) {
    let (constant, review) = (constant.review / null, review.review / null);
    println!(
        "a constant as long as the answer of {containers:>2} containers at 12 kB ({length} bytes) over the null webhook: \
         {constant:.2}, of {review:.2} for the review"
    );
}
