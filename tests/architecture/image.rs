//! The image is built from a part of the tree. Cargo reads the paths of all targets, also of those that it does not build.

/// The files of the targets that a manifest names; their folder where the path is left to Cargo.
fn targets(manifest: &str) -> Vec<String> {
    let sections = manifest.split("\n[[").skip(1).map(|section| section.split("\n[").next().unwrap());
    let target = |section: &str| {
        let path = section.lines().find_map(|line| line.strip_prefix("path = \"")?.strip_suffix('"'));
        let folder = match section.split("]]").next().unwrap() {
            "bench" => "benches/",
            "test" => "tests/",
            _ => "src/",
        };
        path.unwrap_or(folder).to_owned()
    };
    sections.map(target).collect()
}

/// The targets that a Dockerfile does not copy.
fn missing(dockerfile: &str, manifest: &str) -> Vec<String> {
    let copied: Vec<&str> = dockerfile.lines().filter_map(|line| line.strip_prefix("COPY ")).collect();
    let covers =
        |path: &str| copied.iter().flat_map(|line| line.split(' ')).any(|from| path.starts_with(&format!("{from}/")));
    targets(manifest).into_iter().filter(|path| !covers(path)).collect()
}

#[test]
fn the_image_is_built_from_everything_that_the_manifest_names() {
    let manifest = include_str!("../../Cargo.toml");
    assert!(targets(manifest).len() > 4, "targets were found");
    assert_eq!(missing(include_str!("../../Dockerfile"), manifest), [""; 0], "the Dockerfile does not copy them");
    let ignored = include_str!("../../.dockerignore");
    for path in targets(manifest) {
        let sent = ignored.lines().filter_map(|line| line.strip_prefix('!')).any(|from| path.starts_with(from));
        assert!(sent, ".dockerignore leaves out {path}");
    }
}

#[test]
fn a_target_that_is_not_copied_is_found_with_and_without_a_path() {
    let manifest = "[package]\n\n[[test]]\nname = \"a\"\n\n[[test]]\nname = \"b\"\npath = \"tests/b/main.rs\"\n[[bench]]\nname = \"c\"\n";
    assert_eq!(missing("COPY src src\nCOPY benches benches\n", manifest), ["tests/", "tests/b/main.rs"]);
    assert_eq!(missing("COPY tests tests\nCOPY benches benches\n", manifest), [""; 0]);
}
