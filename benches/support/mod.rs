//! What the benchmarks share besides `tests/support`: servers in processes of their own, clients of them, CPU time, and the
//! lines of figures. A benchmark names this module `bench`, and `tests/support` as the tests do, `support`.

#![allow(dead_code, unreachable_pub, missing_docs)]

pub mod client;
pub mod composed;
pub mod cpu;
pub mod figures;
pub mod load;
pub mod product;
pub mod server;
