//! What podgraft survives.

pub mod api_server;
pub mod bombs;
