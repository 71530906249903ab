//! Companions in files: an invalid one keeps its last valid version, and all files make one snapshot.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use podgraft::internals::inject::companion::Companion;
use podgraft::internals::inject::companion::catalog::CatalogEntry;
use podgraft::internals::inject::snapshot::{Settings, Snapshot};
use podgraft::internals::source::effective::Effective;
use podgraft::internals::source::files::{Files, Loaded, watch};
use podgraft::internals::source::limits::MemoryLimits;
use tempfile::TempDir;

fn cluster(name: &str, image: &str) -> String {
    format!(
        "apiVersion: podgraft.dev/v1alpha1\nkind: ClusterCompanion\nmetadata:\n  name: {name}\nspec:\n  pattern: Sidecar\n  \
         containers:\n  - name: {name}\n    image: {image}\n"
    )
}

fn required(name: &str, image: &str) -> String {
    format!("{}  activation: ClusterWide\n  required: true\n", cluster(name, image))
}

fn files(path: &Path) -> Files {
    Files { paths: vec![path.to_path_buf()], limits: MemoryLimits::default() }
}

fn snapshot(loaded: &Loaded) -> Snapshot {
    Effective::new(Arc::clone(&loaded.declarations), None).snapshot(Settings::default())
}

fn valid(loaded: &Loaded, namespace: &str, name: &str) -> Option<Arc<Companion>> {
    match snapshot(loaded).companions.resolve(namespace, name) {
        Some(CatalogEntry::Valid(companion)) => Some(Arc::clone(companion)),
        _ => None,
    }
}

fn image(loaded: &Loaded, name: &str) -> Option<String> {
    valid(loaded, "default", name).map(|c| c.containers[0].image.to_string())
}

fn errors(loaded: &Loaded) -> Vec<String> {
    loaded.report.errors().map(ToString::to_string).collect()
}

#[test]
fn a_folder_is_searched_for_manifests_of_all_kinds_that_are_loaded() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("deep")).unwrap();
    fs::write(
        folder.path().join("deep/a.yml"),
        format!("{}---\nkind: ConfigMap\napiVersion: v1\n", cluster("one", "i:1")),
    )
    .unwrap();
    let list = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"podgraft.dev/inject": "enabled"}}},
        {"apiVersion": "podgraft.dev/v1alpha1", "kind": "Companion", "metadata": {"name": "two", "namespace": "shop"},
         "spec": {"pattern": "Sidecar", "containers": [{"name": "two", "image": "i:2"}]}},
        {"apiVersion": "podgraft.dev/v1alpha1", "kind": "Companion", "metadata": {"name": "three"},
         "spec": {"pattern": "Sidecar", "containers": [{"name": "three", "image": "i:3"}]}},
    ]});
    fs::write(folder.path().join("list.json"), list.to_string()).unwrap();
    fs::write(folder.path().join("README.md"), "x: [").unwrap();
    fs::write(folder.path().join(".hidden.yaml"), "x: [").unwrap();

    let loaded = files(folder.path()).load(&Loaded::default());
    assert_eq!(errors(&loaded), Vec::<String>::new());
    assert!(valid(&loaded, "anywhere", "one").is_some());
    assert!(valid(&loaded, "shop", "two").is_some() && valid(&loaded, "default", "two").is_none());
    assert!(valid(&loaded, "default", "three").is_some());
    assert_eq!(snapshot(&loaded).namespaces.listed("shop").unwrap().label("podgraft.dev/inject"), Some("enabled"));
    assert_eq!((loaded.report.valid, loaded.report.invalid, loaded.report.namespaces), (3, 0, 1));
}

#[test]
fn unchanged_files_give_the_same_declarations() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("a.yaml"), cluster("one", "i:1")).unwrap();
    let first = files(folder.path()).load(&Loaded::default());
    let second = files(folder.path()).load(&first);
    assert!(Arc::ptr_eq(&first.declarations, &second.declarations));
    fs::write(folder.path().join("a.yaml"), cluster("one", "i:2")).unwrap();
    let third = files(folder.path()).load(&second);
    assert!(!Arc::ptr_eq(&first.declarations, &third.declarations));
    assert_eq!(image(&third, "one").as_deref(), Some("i:2"));
}

#[test]
fn an_invalid_companion_keeps_its_last_valid_version() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("a.yaml");
    fs::write(&file, format!("{}---\n{}", cluster("one", "i:1"), cluster("two", "i:1"))).unwrap();
    let first = files(folder.path()).load(&Loaded::default());

    // An invalid object: the other one is used in its new version.
    let broken = cluster("one", "i:2").replace("    image: i:2\n", "");
    fs::write(&file, format!("{broken}---\n{}", cluster("two", "i:2"))).unwrap();
    let second = files(folder.path()).load(&first);
    assert_eq!(image(&second, "one").as_deref(), Some("i:1"));
    assert_eq!(image(&second, "two").as_deref(), Some("i:2"));
    let reported = errors(&second);
    assert_eq!(reported.len(), 1, "{reported:?}");
    assert!(
        reported[0].starts_with(&format!("{}:", file.display())) && reported[0].contains("spec.containers[0]"),
        "{reported:?}"
    );

    // A file that is no YAML: all objects that it had stay.
    fs::write(&file, format!("{}---\na: [\n", cluster("two", "i:3"))).unwrap();
    let third = files(folder.path()).load(&second);
    assert_eq!(image(&third, "one").as_deref(), Some("i:1"));
    assert_eq!(image(&third, "two").as_deref(), Some("i:3"));
    assert_eq!(errors(&third).len(), 1);

    // The file is YAML again.
    fs::write(&file, cluster("two", "i:3")).unwrap();
    let fourth = files(folder.path()).load(&third);
    assert_eq!(image(&fourth, "one"), None);
    assert!(errors(&fourth).is_empty());
}

#[test]
fn a_companion_that_was_never_valid_is_listed_as_invalid() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("a.yaml"), cluster("one", "i:1").replace("    image: i:1\n", "")).unwrap();
    let loaded = files(folder.path()).load(&Loaded::default());
    assert!(matches!(snapshot(&loaded).companions.resolve("default", "one"), Some(CatalogEntry::Invalid(_))));
    assert_eq!((loaded.report.valid, loaded.report.invalid), (0, 1));
    assert!(loaded.report.first_error().is_some());
}

#[test]
fn the_companions_of_a_deleted_file_are_forgotten_and_those_of_a_missing_folder_stay() {
    let folder = TempDir::new().unwrap();
    let inner = folder.path().join("inner");
    fs::create_dir(&inner).unwrap();
    fs::write(inner.join("a.yaml"), cluster("one", "i:1")).unwrap();
    fs::write(inner.join("b.yaml"), cluster("two", "i:1")).unwrap();
    let first = files(&inner).load(&Loaded::default());
    fs::remove_file(inner.join("a.yaml")).unwrap();
    let second = files(&inner).load(&first);
    assert_eq!((image(&second, "one"), image(&second, "two").as_deref()), (None, Some("i:1")));

    fs::rename(&inner, folder.path().join("elsewhere")).unwrap();
    let third = files(&inner).load(&second);
    assert_eq!(image(&third, "two").as_deref(), Some("i:1"));
    assert!(
        errors(&third)[0].starts_with(&format!("{}: error: cannot read: ", inner.display())),
        "{:?}",
        errors(&third)
    );
    // The same error is not reported at each load.
    assert!(Arc::ptr_eq(&third.declarations, &files(&inner).load(&third).declarations));
}

#[test]
fn a_mounted_configmap_is_read_through_its_swapped_link() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    for (version, image) in [("..1", "i:1"), ("..2", "i:2")] {
        fs::create_dir(at(version)).unwrap();
        fs::write(at(version).join("a.yaml"), cluster("one", image)).unwrap();
        fs::write(at(version).join("b.yaml"), cluster("two", image)).unwrap();
    }
    symlink("..1", at("..data")).unwrap();
    symlink("..data/a.yaml", at("a.yaml")).unwrap();
    symlink("..data/b.yaml", at("b.yaml")).unwrap();
    let first = files(folder.path()).load(&Loaded::default());
    assert!(errors(&first).is_empty(), "{:?}", errors(&first));
    assert_eq!((image(&first, "one").as_deref(), image(&first, "two").as_deref()), (Some("i:1"), Some("i:1")));

    symlink("..2", at("..data_tmp")).unwrap();
    fs::rename(at("..data_tmp"), at("..data")).unwrap();
    let second = files(folder.path()).load(&first);
    assert_eq!((image(&second, "one").as_deref(), image(&second, "two").as_deref()), (Some("i:2"), Some("i:2")));
}

#[test]
fn a_duplicate_is_an_error_that_names_both_places() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("a.yaml"), cluster("one", "i:1")).unwrap();
    fs::write(folder.path().join("b.yaml"), format!("# two\n---\n{}", cluster("one", "i:2"))).unwrap();
    let loaded = files(folder.path()).load(&Loaded::default());
    assert_eq!(image(&loaded, "one").as_deref(), Some("i:1"));
    let reported = errors(&loaded);
    assert_eq!(reported.len(), 1, "{reported:?}");
    assert!(reported[0].contains("b.yaml:3:1: error: ") && reported[0].contains("a.yaml:1:1"), "{reported:?}");
}

#[test]
fn a_required_companion_accepts_its_previous_version() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("a.yaml");
    let mut loaded = Loaded::default();
    let mut previous = Vec::new();
    for image in ["i:1", "i:2", "i:2 # a comment is no new version", "i:3"] {
        fs::write(&file, required("one", image)).unwrap();
        loaded = files(folder.path()).load(&loaded);
        let companion = valid(&loaded, "default", "one").unwrap();
        previous.push(companion.also_accepted.first().map(|version| version[0].image.to_string()));
    }
    assert_eq!(previous, [None, Some("i:1".into()), Some("i:1".into()), Some("i:2".into())]);
}

#[test]
fn labels_that_are_no_strings_are_reported_and_the_namespace_keeps_its_last_ones() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("a.yaml");
    let namespace = |value| {
        format!(
            "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n  labels:\n    podgraft.dev/inject: {value}\n"
        )
    };
    fs::write(&file, namespace("enabled")).unwrap();
    let first = files(folder.path()).load(&Loaded::default());
    fs::write(&file, namespace("on")).unwrap();
    let second = files(folder.path()).load(&first);
    assert_eq!(snapshot(&second).namespaces.listed("shop").unwrap().label("podgraft.dev/inject"), Some("enabled"));
    assert!(errors(&second)[0].contains("a.yaml:6:26: error: metadata.labels"), "{:?}", errors(&second));
}

#[test]
fn watching_reports_a_load_only_when_something_has_changed() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("a.yaml");
    fs::write(&file, cluster("one", "i:1")).unwrap();
    let files = files(folder.path());
    let first = files.load(&Loaded::default());
    let seen = Arc::new(ArcSwap::from_pointee(first.clone()));
    let changes = Arc::new(AtomicUsize::new(0));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let (newest, counted) = (Arc::clone(&seen), Arc::clone(&changes));
        let before = first.declarations.companions.len();
        let watching = tokio::spawn(watch(files, first, Duration::from_millis(5), move |loaded| {
            assert_eq!(loaded.report.valid, 2);
            newest.store(Arc::new(loaded.clone()));
            counted.fetch_add(1, Ordering::SeqCst);
        }));
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!((changes.load(Ordering::SeqCst), seen.load().declarations.companions.len()), (0, before));
        fs::write(folder.path().join("b.yaml.new"), cluster("two", "i:1")).unwrap();
        fs::rename(folder.path().join("b.yaml.new"), folder.path().join("b.yaml")).unwrap();
        for _ in 0..400 {
            tokio::time::sleep(Duration::from_millis(5)).await;
            if seen.load().declarations.companions.len() == 2 {
                break;
            }
        }
        assert_eq!((changes.load(Ordering::SeqCst), seen.load().declarations.companions.len()), (1, 2));
        watching.abort();
    });
}

#[test]
fn whatever_a_file_declares_other_files_are_used_and_too_many_companions_are_reported() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("a.yaml"), cluster("good", "i:1")).unwrap();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    fs::write(folder.path().join("b.yaml"), cluster("deep", "i:1") + "  description: " + &deep).unwrap();
    fs::write(folder.path().join("c.json"), r#"{"kind":"ClusterCompanion","x":{"$serde_json::private::Number":"x"}}"#)
        .unwrap();
    let large = cluster("large", "i:1") + "    args: [" + &"x".repeat(600 << 10) + "]\n";
    fs::write(folder.path().join("d.yaml"), large).unwrap();
    let many: Vec<_> = (0..6)
        .map(|i| {
            let one = cluster(&format!("many-{i}"), "i:1").replace("kind: ClusterCompanion", "kind: Companion");
            one + "    args: [" + &"x".repeat(400 << 10) + "]\n"
        })
        .collect();
    fs::write(folder.path().join("e.yaml"), many.join("---\n")).unwrap();
    let loaded = files(folder.path()).load(&Loaded::default());
    assert_eq!(image(&loaded, "good").as_deref(), Some("i:1"));
    let reported = errors(&loaded).join("\n");
    assert!(reported.contains("d.yaml") && reported.contains("must have at most 524288 bytes of JSON"), "{reported}");
    assert_eq!(reported.matches("TooManyCompanions").count(), 3, "of 4 MiB each takes 1.2: {reported}");
    assert!(image(&loaded, "many-2").is_some() && image(&loaded, "many-3").is_none());
}

#[test]
fn the_memory_limits_of_the_server_apply_to_files() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("a.yaml"), [cluster("one", "i:1"), cluster("two", "i:1")].join("---\n")).unwrap();
    let limits = MemoryLimits { total: 4 << 10, ..MemoryLimits::default() };
    let loaded = Files { limits, ..files(folder.path()) }.load(&Loaded::default());
    assert!(image(&loaded, "one").is_some() && image(&loaded, "two").is_none());
    assert!(errors(&loaded).join("\n").contains("exceeds the memory limit of its namespace or of all companions"));
}
