//! Compiles volumes, under the names that they have in the Pod.

use serde_json::{Map, Value, json};

use crate::api::derived;
use crate::api::object::CompanionObject;
use crate::api::slots::{index, mover_of_mount};
use crate::api::v1alpha1 as api;
use crate::inject::companion::{CompanionMount, SharedVolume, Volume};

pub(super) fn volumes(object: &CompanionObject) -> Box<[Volume]> {
    let own = object.raw["volumes"].as_array().into_iter().flatten().filter_map(Value::as_object);
    let own = own.map(|volume| self::volume(object, volume["name"].as_str().unwrap_or_default(), volume));
    let files = derived::file_volume(object).map(|source| volume(object, derived::FILES, &source));
    let masks_token = object.containers().any(|each| derived::masks_token(object, &each));
    let mask = masks_token.then(|| volume(object, derived::NO_TOKEN, &derived::empty_dir()));
    own.chain(files).chain(mask).collect()
}

fn volume(object: &CompanionObject, name: &str, source: &Map<String, Value>) -> Volume {
    let name = derived::full_name(&object.name, name);
    let mut whole = Map::new();
    whole.insert("name".to_owned(), name.clone().into());
    whole.extend(source.iter().filter(|(key, _)| *key != "name").map(|(key, value)| (key.clone(), value.clone())));
    if whole.iter().all(|(key, value)| key == "name" || value.is_null()) {
        // Like the API server, treat a volume without a source as an emptyDir.
        whole.insert("emptyDir".to_owned(), json!({}));
    }
    Volume { name: name.into(), json: Value::Object(whole).to_string().into() }
}

pub(super) fn shared_volume(object: &CompanionObject, shared: &api::SharedVolume) -> SharedVolume {
    let source = shared.source.clone().unwrap_or_else(derived::empty_dir);
    let moved = |side: &str| index(mover_of_mount(&object.spec, &shared.name, side == "companion"));
    let reads_only = object.spec.pattern == api::Pattern::Adapter;
    SharedVolume {
        joins: shared.source.is_none(),
        shareable: ["emptyDir", "persistentVolumeClaim", "ephemeral"].iter().any(|kind| source.contains_key(*kind)),
        read_only: source.get("persistentVolumeClaim").is_some_and(|claim| claim["readOnly"] == true),
        volume: volume(object, &shared.name, &source),
        companion: CompanionMount {
            path: shared.companion.mount_path.as_str().into(),
            read_only: shared.companion.read_only.unwrap_or(reads_only),
            parameter: moved("companion"),
        },
        app: CompanionMount {
            path: shared.app.mount_path.as_str().into(),
            read_only: shared.app.read_only,
            parameter: moved("app"),
        },
    }
}
