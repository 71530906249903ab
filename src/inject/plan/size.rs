//! How large the patch of a plan can be, by arithmetic. A product of two lists is multiplied here, and listed only where
//! there is room for it.

use super::planned::Plan;
use super::reservations::Reservations;
use crate::inject::companion::Endpoint;
use crate::inject::companion::template::{ResourceSlots, Template, TemplatePiece};
use crate::inject::companion::value::Value;
use crate::inject::patch::bounds::{MEMBERS, OPERATION, PORT, label_bound};
use crate::inject::verdict::reason::Conflict;
use crate::json::escaped_length;
use crate::work::step;

/// The most bytes that each container of a companion gets besides what its template has of its own.
#[derive(Debug, Clone, Copy, Default)]
struct EachContainer {
    /// The variables of endpoints and parameters.
    env: usize,
    /// The mounts of shared volumes and of the token mask.
    mounts: usize,
}

impl<'a> Plan<'a> {
    /// Reserves room for all additions, before any of them is listed or written.
    pub(super) fn fit_size(&self, reservations: &mut Reservations<'a>) -> Result<(), Conflict> {
        reservations.has_room_for(&self.companion.name, self.least_status())?;
        reservations.patch(self.most_of_app() + self.most_of_containers() + self.most_of_pod())
    }

    /// The fewest bytes of the status entry about the app containers. Names of containers, their quotes and commas are left
    /// out.
    fn least_status(&self) -> usize {
        let mounts = self.shared.iter().map(|shared| shared.containers.len() * (shared.app.path.len() + 3));
        let variables = self.app_variables().map(|name| name.len() + 3).sum::<usize>();
        mounts.sum::<usize>().saturating_sub(1) + (self.chosen.places.len() * variables).saturating_sub(1)
    }

    fn most_of_app(&self) -> usize {
        let companion = self.companion;
        let text = |text: &str| escaped_length(text) + MEMBERS + OPERATION;
        let endpoints = companion.endpoints.iter().flat_map(Endpoint::variables);
        let variables = endpoints.map(&text).sum::<usize>()
            + companion
                .app_env
                .iter()
                .map(|v| self.most_of(&v.template, EachContainer::default()) + OPERATION)
                .sum::<usize>();
        let sleep = companion.pre_stop_sleep.map_or(0, |_| OPERATION + MEMBERS);
        let mounts = self.shared.iter().map(|shared| {
            let names = escaped_length(shared.volume) + escaped_length(shared.sub_path);
            shared.containers.len() * (names + text(&shared.app.path))
        });
        self.chosen.places.len() * (variables + sleep) + mounts.sum::<usize>()
    }

    fn most_of_containers(&self) -> usize {
        let each = EachContainer { env: self.most_of_env(), mounts: self.most_of_mounts() };
        let containers = self.companion.identities();
        containers.map(|(container, _)| OPERATION + self.most_of(&container.template, each)).sum()
    }

    fn most_of(&self, template: &Template, each: EachContainer) -> usize {
        let pieces = template.0.iter().map(|piece| match piece {
            TemplatePiece::Text(text) => text.len(),
            TemplatePiece::Env { own } => OPERATION + each.env + self.most_of(own, each),
            TemplatePiece::Mounts { own, .. } => OPERATION + each.mounts + own.len(),
            TemplatePiece::VolumeName(shared) => escaped_length(self.volume_name(*shared)) + 2,
            TemplatePiece::Port(_) => PORT,
            TemplatePiece::Resources(resources) => self.most_of_resources(resources),
        });
        pieces.sum()
    }

    fn most_of_env(&self) -> usize {
        let companion = self.companion;
        let endpoints = companion.endpoints.iter().flat_map(Endpoint::variables);
        let endpoints = endpoints.map(|name| escaped_length(name) + MEMBERS);
        let values = companion.parameters.iter().zip(&self.values).filter_map(|(parameter, argument)| {
            let (name, argument) = (parameter.env.as_deref()?, argument.as_ref()?);
            let path = parameter.file.as_deref().map(|path| 2 * escaped_length(path));
            Some(escaped_length(name) + MEMBERS + path.unwrap_or_else(|| most_of_value(&argument.value)))
        });
        endpoints.sum::<usize>() + values.sum::<usize>()
    }

    fn most_of_mounts(&self) -> usize {
        let mounts = self.shared.iter().map(|shared| {
            let texts = [shared.volume, shared.sub_path, &shared.companion.path];
            MEMBERS + texts.into_iter().map(escaped_length).sum::<usize>()
        });
        let mask = self.companion.token_mask.as_ref().filter(|_| self.masks_token);
        let secrets = self.secrets.iter().map(|secret| secret.volume.mount.len() + 1);
        mounts.sum::<usize>() + secrets.sum::<usize>() + mask.map_or(0, |mask| mask.mount.len() + 1)
    }

    fn most_of_resources(&self, resources: &ResourceSlots) -> usize {
        let all = resources.limits.iter().chain(&resources.requests).map(|resource| {
            let declared = resource.value.as_ref().map_or(4, |value| value.len());
            let given = resource.parameter.and_then(|p| self.value(p)).map_or(0, most_of_value);
            escaped_length(&resource.name) + MEMBERS + declared.max(given)
        });
        resources.rest.len() + MEMBERS + all.sum::<usize>()
    }

    /// The Pod's own additions: volumes, annotations, the label and pull secrets. The status is counted when it is complete.
    fn most_of_pod(&self) -> usize {
        let companion = self.companion;
        let operation = |length: usize| OPERATION + MEMBERS + length;
        let secrets = self.secrets.iter().filter_map(|secret| secret.json.as_deref());
        let volumes = self.volumes.iter().map(|volume| &*volume.json).chain(secrets);
        let volumes = volumes.map(|json| operation(json.len()));
        // A key is a reference token of a JSON pointer, where `~` and `/` have two characters, or the name of a member.
        let annotation = |key: &str, value: &str| operation(2 * escaped_length(key) + escaped_length(value));
        let files = companion.files.iter().map(|file| annotation(&file.key, &file.content));
        let annotations = companion.pod_annotations.iter().map(|(key, value)| annotation(key, value));
        let mut scrape = 0;
        if let Some(annotations) = self.scrape {
            annotations.each(|key, value| scrape += annotation(key, value));
        }
        let secrets = companion.image_pull_secrets.iter().map(|name| operation(escaped_length(name)));
        let written: usize = volumes.chain(files).chain(annotations).chain(secrets).sum();
        step(16);
        written + scrape + label_bound(&companion.label)
    }
}

fn most_of_value(value: &Value<'_>) -> usize {
    match value {
        // Each `$` is written twice.
        Value::Text(text) | Value::Path(text) => 2 * escaped_length(text),
        Value::Port(_) => PORT,
        Value::SecretKey { secret, key } => escaped_length(secret) + escaped_length(key),
    }
}
