//! Required means required: the admission policies that keep each required companion in its Pods, also while podgraft is
//! down, and also where somebody writes the companion's containers by hand.
//!
//! | file | what it does |
//! |---|---|
//! | `literal`, `fit` | values and declared objects as expressions |
//! | `declared`, `create` | what is asked of a Pod that is made: one version as a whole |
//! | `update` | what is asked of a Pod that is changed |
//! | `object` | the four objects of a companion |

mod create;
mod declared;
mod fit;
mod literal;
pub mod object;
mod parameter;
mod update;
