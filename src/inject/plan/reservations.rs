//! Who has which names, ports, paths and variables of a Pod: the app, present companions, and those of this review.

mod join;
mod ledger;
mod leftovers;
mod mounts;
mod names;
mod pod_level;
mod port;
mod ports;
mod reserved;
mod room;

pub(in crate::inject) use join::{ExistingMount, MountsAtPath};
pub(in crate::inject) use leftovers::{LeftoverKind, Leftovers};
pub(in crate::inject) use mounts::{MountSource, ReservedMount};
pub(in crate::inject) use pod_level::{CompanionRequests, Requests, SharedAmounts};
pub(in crate::inject) use port::{PortScope, ReservedPort};
pub(in crate::inject) use reserved::Reservations;
