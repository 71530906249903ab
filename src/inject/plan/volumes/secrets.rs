//! The volumes of files that `SecretKey` parameters fill: one for each directory with at least one value.

use serde_json::{Value as Json, json};

use crate::inject::companion::SecretVolume;
use crate::inject::companion::value::Value;
use crate::inject::plan::planned::{Plan, PlannedSecret};
use crate::inject::plan::reservations::Reservations;
use crate::inject::verdict::reason::Conflict;
use crate::work::step;

/// The mode of the files: any user of the companion's containers can read them, as they belong to root.
const MODE: u16 = 0o444;

impl<'a> Plan<'a> {
    pub(super) fn fit_secrets(&mut self, reservations: &mut Reservations<'a>) -> Result<(), Conflict> {
        for volume in &self.companion.secret_volumes {
            let Some(json) = self.secret(volume) else { continue };
            let declared = self.fit_private(&volume.name, &json, &[], reservations)?;
            self.list_volume(&volume.name, declared, reservations)?;
            self.secrets.push(PlannedSecret { volume, json: (!declared).then_some(json) });
        }
        Ok(())
    }

    /// The core/v1 volume as JSON; `None` if no file of it has a value.
    fn secret(&self, volume: &SecretVolume) -> Option<String> {
        step(volume.files.len());
        let source = |secret: &str, key: &str, path: &str| json!({"secret": {"name": secret, "items": [{"key": key, "path": path}]}});
        let files = volume.files.iter().filter_map(|file| match self.value(file.parameter)? {
            Value::SecretKey { secret, key } => Some(source(secret, key, &file.path)),
            _ => None,
        });
        let sources: Vec<Json> = files.collect();
        let projected = || json!({"name": volume.name, "projected": {"sources": sources, "defaultMode": MODE}});
        (!sources.is_empty()).then(|| projected().to_string())
    }
}
