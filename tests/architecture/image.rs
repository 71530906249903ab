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

/// The folders outside of `src` whose files are part of the program.
fn included() -> Vec<String> {
    let sources = crate::tree::below(&crate::tree::root().join("src"));
    let texts = sources.iter().filter(|path| path.extension().is_some_and(|e| e == "rs"));
    let texts: Vec<String> = texts.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let outside = |text: &String| -> Vec<String> {
        let files = text.split("include_str!(\"").skip(1).filter_map(|rest| rest.split('"').next());
        let above = files.map(|file| file.trim_start_matches("../")).filter(|file| file.starts_with("charts/"));
        above.map(str::to_owned).collect()
    };
    texts.iter().flat_map(outside).collect()
}

#[test]
fn the_image_is_built_with_the_files_of_the_chart_that_the_program_contains() {
    let files = included();
    assert!(files.len() >= 2, "{files:?}");
    let (dockerfile, ignored) = (include_str!("../../Dockerfile"), include_str!("../../.dockerignore"));
    let copied: Vec<&str> = dockerfile.lines().filter_map(|line| line.strip_prefix("COPY ")).collect();
    for file in files {
        let is_below = |folder: &str| file.starts_with(&format!("{folder}/"));
        assert!(copied.iter().flat_map(|line| line.split(' ')).any(is_below), "the Dockerfile does not copy {file}");
        assert!(
            ignored.lines().filter_map(|line| line.strip_prefix('!')).any(is_below),
            ".dockerignore leaves out {file}"
        );
    }
}
