//! The admission port as its peers see it: real TLS on the loopback interface.

mod client;
mod drain;
mod hostile;
mod process;
mod protocol;
mod rotation;
mod server;
