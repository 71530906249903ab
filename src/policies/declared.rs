//! What a compiled companion declares of its containers, as JSON again.

use serde_json::{Map, Value};

use crate::inject::companion::Container;
use crate::inject::template::Piece;

/// One container as the companion declares it.
#[derive(Debug)]
pub(super) struct Declared {
    /// All members but `env` and `volumeMounts`.
    pub(super) members: Map<String, Value>,
    /// Its own variables; `None` where it has none, and is given none.
    pub(super) env: Option<Vec<Map<String, Value>>>,
    /// Its own mounts, those of files and the mask of the token included; `None` where it has none, and is given none.
    pub(super) mounts: Option<Vec<Map<String, Value>>>,
}

/// Reads a container's template. A required companion has parameters in its environment only: there are no other gaps.
pub(super) fn read(container: &Container) -> Declared {
    let (mut text, mut env, mut mounts) = (String::new(), None, None);
    for piece in &container.template.0 {
        match piece {
            Piece::Text(part) => text.push_str(part),
            Piece::Env { own } => env = Some(items(own)),
            Piece::Mounts { own } => mounts = Some(items(own)),
            Piece::Port(_) => text.push('0'),
            Piece::Resources(_) => {}
        }
    }
    let members = match serde_json::from_str(&text) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    };
    Declared { members, env, mounts }
}

fn items(own: &str) -> Vec<Map<String, Value>> {
    serde_json::from_str(&format!("[{own}]")).unwrap_or_default()
}
