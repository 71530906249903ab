//! How large the patch of a plan can be, by arithmetic: a product of two lists is multiplied here, and written only where there
//! is room for it.

use super::Plan;
use super::reservations::Reservations;
use crate::inject::companion::Container;
use crate::inject::companion::parameter::Value;
use crate::inject::companion::template::{ResourceSlots, TemplatePiece};
use crate::inject::keys;
use crate::inject::verdict::reason::Reason;
use crate::json::escaped_length;
use crate::work::step;

/// The most bytes that an operation has besides its value: `{"op":"add","path":"/spec/initContainers/4095/volumeMounts/-","value":}`
/// with a comma, and the brackets of a list that is not there.
const OPERATION: usize = 96;
/// The most bytes of a variable or mount besides its texts:
/// `{"name":"","mountPath":"","subPath":"","readOnly":true}` or `{"name":"","valueFrom":{"secretKeyRef":{"name":"","key":""}}}`.
const MEMBERS: usize = 64;
/// A port as text, with its quotes.
const PORT: usize = 7;

/// The most bytes of the patch for a status that has so many: it is a text within JSON, and each of its own escapes is escaped.
pub(in crate::inject) fn status_bound(length: usize) -> usize {
    2 * length + OPERATION + keys::STATUS.len()
}

impl<'a> Plan<'a> {
    /// Claims room for what is added, before any of it is listed or written.
    pub(super) fn fit_size(&self, claims: &mut Reservations<'a>) -> Result<(), Reason> {
        claims.has_room_for(&self.companion.name, self.least_status())?;
        claims.patch(self.most_of_app() + self.most_of_containers() + self.most_of_pod())
    }

    /// The fewest bytes of what the entry in the status says of the app containers: their names, quotes and commas left out.
    fn least_status(&self) -> usize {
        let mounts = self.shared.iter().map(|shared| shared.app.len() * (shared.app_path.len() + 3));
        let variables = self.app_variables().map(|name| name.len() + 3).sum::<usize>();
        mounts.sum::<usize>().saturating_sub(1) + (self.chosen.places.len() * variables).saturating_sub(1)
    }

    fn most_of_app(&self) -> usize {
        let companion = self.companion;
        let text = |text: &str| escaped_length(text) + MEMBERS + OPERATION;
        let endpoints = companion.endpoints.iter().flat_map(|e| e.host_env.iter().chain(&e.port_env));
        let variables = endpoints.map(|name| text(name)).sum::<usize>()
            + companion.app_env.iter().map(|variable| variable.json.len() + OPERATION).sum::<usize>();
        let sleep = companion.pre_stop_sleep.map_or(0, |_| OPERATION + MEMBERS);
        let mounts = self.shared.iter().map(|shared| {
            let names = escaped_length(shared.volume) + escaped_length(shared.sub_path);
            shared.app.len() * (names + text(&shared.app_path))
        });
        self.chosen.places.len() * (variables + sleep) + mounts.sum::<usize>()
    }

    fn most_of_containers(&self) -> usize {
        self.companion.identities().map(|(container, _)| OPERATION + self.most_of_container(container)).sum()
    }

    fn most_of_container(&self, container: &Container) -> usize {
        let pieces = container.template.0.iter().map(|piece| match piece {
            TemplatePiece::Text(text) => text.len(),
            TemplatePiece::Env { own } => OPERATION + self.most_of_env() + own.len(),
            TemplatePiece::Mounts { own } => OPERATION + self.most_of_mounts() + own.len(),
            TemplatePiece::Port(_) => PORT,
            TemplatePiece::Resources(resources) => self.most_of_resources(resources),
        });
        pieces.sum()
    }

    fn most_of_env(&self) -> usize {
        let companion = self.companion;
        let endpoints = companion.endpoints.iter().flat_map(|e| e.host_env.iter().chain(&e.port_env));
        let endpoints = endpoints.map(|name| escaped_length(name) + MEMBERS);
        let values = companion.parameters.iter().zip(&self.values).filter_map(|(parameter, filled)| {
            let (name, filled) = (parameter.env.as_deref()?, filled.as_ref()?);
            Some(escaped_length(name) + MEMBERS + most_of_value(&filled.value))
        });
        endpoints.sum::<usize>() + values.sum::<usize>()
    }

    fn most_of_mounts(&self) -> usize {
        let mounts = self.shared.iter().map(|shared| {
            let texts = [shared.volume, shared.sub_path, &shared.companion_path];
            MEMBERS + texts.into_iter().map(escaped_length).sum::<usize>()
        });
        mounts.sum()
    }

    fn most_of_resources(&self, resources: &ResourceSlots) -> usize {
        let all = resources.limits.iter().chain(&resources.requests).map(|resource| {
            let declared = resource.value.as_ref().map_or(4, |value| value.len());
            let given = resource.parameter.and_then(|p| self.value(p)).map_or(0, most_of_value);
            escaped_length(&resource.name) + MEMBERS + declared.max(given)
        });
        resources.rest.len() + MEMBERS + all.sum::<usize>()
    }

    /// What the Pod gets itself: volumes, annotations and pull secrets. The status is counted when it is written.
    fn most_of_pod(&self) -> usize {
        let companion = self.companion;
        let operation = |length: usize| OPERATION + MEMBERS + length;
        let volumes = self.volumes.iter().map(|volume| operation(volume.json.len()));
        // A key is a reference token, where `~` and `/` have two characters, or the name of a member.
        let annotation = |key: &str, value: &str| operation(2 * escaped_length(key) + escaped_length(value));
        let files = companion.files.iter().map(|file| annotation(&file.key, &file.content));
        let annotations = companion.pod_annotations.iter().map(|(key, value)| annotation(key, value));
        let scrape = self.scrape.as_ref().map_or(0, |scrape| {
            let port = annotation(keys::SCRAPE_PORT, "") + PORT;
            annotation(keys::SCRAPE, "true") + port + annotation(keys::SCRAPE_PATH, scrape.path)
        });
        let secrets = companion.image_pull_secrets.iter().map(|name| operation(escaped_length(name)));
        let written: usize = volumes.chain(files).chain(annotations).chain(secrets).sum();
        step(16);
        written + scrape
    }
}

fn most_of_value(value: &Value<'_>) -> usize {
    match value {
        // Each `$` is doubled.
        Value::Text(text) | Value::Path(text) => 2 * escaped_length(text),
        Value::Port(_) => PORT,
        Value::SecretKey { secret, key } => escaped_length(secret) + escaped_length(key),
    }
}
