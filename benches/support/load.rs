//! What an answer costs: the same request over and over, on some connections, to servers that take turns.

use super::client::Connection;
use super::figures::median;
use super::server::Server;

/// After how many answers a connection is replaced. The product retires a connection after 1000.
const ANSWERS_PER_CONNECTION: usize = 900;

/// One request to one server, over a number of connections.
pub struct Load<'s> {
    server: &'s Server,
    request: &'s [u8],
    /// How many connections there are once the first answer is measured.
    wanted: usize,
    connections: Vec<Connection>,
    /// How many answers are measured at a time.
    answers: usize,
}

/// CPU time for each answer, in microseconds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cost {
    /// Of the threads that answer reviews.
    pub review: f64,
    /// Of the whole process.
    pub process: f64,
}

impl<'s> Load<'s> {
    pub fn new(server: &'s Server, request: &'s [u8], connections: usize) -> Self {
        // Enough for some milliseconds of CPU time, whatever the length of a request.
        let answers = (6_000_000 / request.len()).clamp(16, 400).next_multiple_of(connections);
        Load { server, request, wanted: connections, connections: Vec::new(), answers }
    }

    /// What an answer costs now. All connections ask before any answer is read.
    fn cost(&mut self) -> Cost {
        let rounds = self.answers / self.wanted;
        self.renew_connections(rounds);
        let (review, process) = (self.server.review_cpu(), self.server.process_cpu());
        for _ in 0..rounds {
            self.connections.iter_mut().for_each(|connection| connection.send(self.request));
            self.connections.iter_mut().for_each(Connection::receive);
        }
        #[allow(clippy::cast_precision_loss)] // some hundred answers
        let micros = |before: f64, after: f64| (after - before) / 1000.0 / self.answers as f64;
        Cost { review: micros(review, self.server.review_cpu()), process: micros(process, self.server.process_cpu()) }
    }

    /// Replaces connections that the server would retire within these requests. What a new one costs is not part of what an
    /// answer costs, and the server does the rest of it with the first request.
    fn renew_connections(&mut self, requests: usize) {
        self.connections.retain(|connection| connection.answers + requests <= ANSWERS_PER_CONNECTION);
        while self.connections.len() < self.wanted {
            let mut connection = self.server.client.connect();
            connection.ask(self.request);
            connection.poll();
            self.connections.push(connection);
        }
    }
}

/// What an answer costs for each load: medians over the rounds. The loads take turns within a round, so that a machine whose
/// speed drifts does not favor one of them; one more round before is not counted.
pub fn medians(loads: &mut [Load<'_>], rounds: usize) -> Vec<Cost> {
    let mut samples = vec![Vec::new(); loads.len()];
    for round in 0..=rounds {
        for (load, samples) in loads.iter_mut().zip(&mut samples) {
            let cost = load.cost();
            if round > 0 {
                samples.push(cost);
            }
        }
    }
    let of = |samples: &[Cost], part: fn(&Cost) -> f64| median(samples.iter().map(part).collect());
    samples.iter().map(|s| Cost { review: of(s, |c| c.review), process: of(s, |c| c.process) }).collect()
}
