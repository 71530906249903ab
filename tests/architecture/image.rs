//! The image is built from a part of the tree.

#[test]
fn the_image_is_built_from_everything_that_the_manifest_names() {
    let dockerfile = include_str!("../../Dockerfile");
    let manifest = include_str!("../../Cargo.toml");
    let paths = manifest.lines().filter_map(|line| line.strip_prefix("path = \"")?.strip_suffix("\""));
    let benches = manifest.contains("[[bench]]").then_some("benches/");
    let mut seen = 0;
    for path in paths.chain(benches) {
        seen += 1;
        let copied = dockerfile.lines().filter_map(|line| line.strip_prefix("COPY "));
        let covers = |line: &str| line.split(' ').any(|from| path.starts_with(&format!("{from}/")));
        assert!(copied.into_iter().any(covers), "the Dockerfile does not copy {path}, so that cargo cannot build");
    }
    assert!(seen > 2, "targets were found");
}
