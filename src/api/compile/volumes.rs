//! Compiles volumes, under the names that they have in the Pod.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::api::derived;
use crate::api::derived::volume_names;
use crate::api::object::CompanionObject;
use crate::api::path::FieldPath;
use crate::api::slots::{index, mover_of_mount};
use crate::api::v1alpha1 as api;
use crate::inject::companion::{CompanionMount, SecretFile, SecretVolume, SharedVolume, TokenMask, Volume};
use crate::inject::keys::SAFE_TO_EVICT_VOLUMES;

/// The volumes that only the companion mounts, without the token mask: the declared ones, and that of its files.
pub(super) fn own_volumes(object: &CompanionObject) -> Vec<Map<String, Value>> {
    let own = object.raw["volumes"].as_array().into_iter().flatten().filter_map(Value::as_object);
    let own = own.map(|volume| self::volume(object, volume["name"].as_str().unwrap_or_default(), volume));
    let files = derived::file_volume(object).map(|source| volume(object, derived::FILES, &source));
    own.chain(files).collect()
}

/// The volume that masks the token: as it is injected, then as earlier versions injected it. Empty where no container
/// mounts it.
pub(super) fn token_masks(object: &CompanionObject) -> Vec<Map<String, Value>> {
    let masks_token = object.containers().any(|each| derived::masks_token(object, &each));
    let sources = [derived::token_mask(), derived::earlier_token_mask()];
    let masks = sources.iter().filter(|_| masks_token).map(|source| volume(object, derived::NO_TOKEN, source));
    masks.collect()
}

pub(super) fn token_mask(object: &CompanionObject) -> Option<TokenMask> {
    let mut masks = token_masks(object).into_iter().map(compiled);
    let (volume, earlier) = (masks.next()?, masks.map(|mask| mask.json).collect());
    Some(TokenMask { volume, earlier, mount: derived::mask_mount(object).to_string().into() })
}

/// The volumes of files that `SecretKey` parameters fill.
pub(super) fn secret_volumes(object: &CompanionObject) -> Box<[SecretVolume]> {
    let file = |(place, name): (usize, &str)| Some(SecretFile { parameter: index(Some(place))?, path: name.into() });
    let volume = |directory: &derived::SecretDirectory<'_>| SecretVolume {
        name: derived::full_name(&object.name, &directory.volume).into(),
        mount: derived::secret_mount(object, directory).to_string().into(),
        files: directory.files.iter().copied().filter_map(file).collect(),
    };
    derived::secret_directories(&object.spec).iter().map(volume).collect()
}

/// A shared volume, under the name that it has in the Pod.
pub(super) fn shared_source(object: &CompanionObject, shared: &api::SharedVolume) -> Map<String, Value> {
    volume(object, &shared.name, shared.source.as_ref().unwrap_or(&Map::new()))
}

fn volume(object: &CompanionObject, name: &str, source: &Map<String, Value>) -> Map<String, Value> {
    let mut whole = Map::new();
    whole.insert("name".to_owned(), derived::full_name(&object.name, name).into());
    whole.extend(source.iter().filter(|(key, _)| *key != "name").map(|(key, value)| (key.clone(), value.clone())));
    if whole.iter().all(|(key, value)| key == "name" || value.is_null()) {
        // Like the API server, treat a volume without a source as an emptyDir.
        whole.insert("emptyDir".to_owned(), json!({}));
    }
    whole
}

/// The names in the annotation of evictable volumes that are in `names`, each once.
pub(super) fn evictable<'n>(spec: &api::Spec, names: impl Iterator<Item = &'n str>) -> Box<[Box<str>]> {
    let mut own: BTreeSet<&str> = names.collect();
    let listed = spec.pod_annotations.get(SAFE_TO_EVICT_VOLUMES).map_or("", String::as_str);
    listed.split(',').map(str::trim).filter(|name| own.remove(name)).map(Box::from).collect()
}

pub(super) fn compiled(volume: Map<String, Value>) -> Volume {
    let name = volume.get("name").and_then(Value::as_str).unwrap_or_default().into();
    Volume { name, json: Value::Object(volume).to_string().into() }
}

pub(super) fn shared_volume(object: &CompanionObject, shared: &api::SharedVolume) -> SharedVolume {
    let has = |kind: &str| {
        shared.source.as_ref().map_or(kind == "emptyDir", |source| source.get(kind).is_some_and(|s| !s.is_null()))
    };
    let claim = shared.source.as_ref().and_then(|source| source.get("persistentVolumeClaim"));
    let moved = |side: &str| index(mover_of_mount(&object.spec, &shared.name, side == "companion"));
    let reads_only = object.spec.pattern == api::Pattern::Adapter;
    SharedVolume {
        joins: shared.source.is_none(),
        shareable: ["emptyDir", "persistentVolumeClaim", "ephemeral"].into_iter().any(has),
        empty_dir: has("emptyDir"),
        sets_variables: sets_variables(object, &shared.name),
        read_only: claim.is_some_and(|claim| claim["readOnly"] == true),
        volume: compiled(shared_source(object, shared)),
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

/// Whether a variable of the companion, or one that the app gets, is read from a file of the volume.
fn sets_variables(object: &CompanionObject, volume: &str) -> bool {
    let mut names = Vec::new();
    let (paths, at) = (volume_names::paths("env"), FieldPath::root());
    let of_containers = object.containers().filter_map(|each| each.field("env"));
    for env in of_containers.chain(object.raw["app"].get("env")) {
        volume_names::collect(env, &paths, &at, &mut names);
    }
    names.iter().any(|(_, name)| *name == volume)
}
