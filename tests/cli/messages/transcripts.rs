//! Rules of the transcripts in `tests/mistakes/cases` that need no cluster.

use std::fs;
use std::path::Path;

use regex_lite::Regex;

#[allow(dead_code)] // most of it is for the tests on a cluster
#[path = "../../mistakes/transcript.rs"]
mod transcript;

use transcript::{Mistake, OUT_OF_TIME, Row};

/// The files with the reports of previews that ran out of time.
const REPORTS: [&str; 3] =
    ["src/server/reviewer/preview.rs", "src/lookup/namespace.rs", "src/lookup/survey/findings.rs"];

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The code of the reports, with each text on one line.
fn reports() -> String {
    let code = REPORTS.map(read).concat();
    Regex::new(r"\\\n *").unwrap().replace_all(&code, "").into_owned()
}

#[test]
fn a_page_in_place_of_a_fix_has_it_on_the_line_of_the_cause() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes/cases");
    let rows = fs::read_dir(cases).unwrap().map(|file| Row::read(&read(file.unwrap().path())));
    let cases: Vec<Mistake> = rows.flat_map(|row| row.cases).collect();
    let with_page = cases.iter().filter_map(|case| Some((case, case.field("page")?)));
    let missing: Vec<_> = with_page.clone().filter(|(case, page)| !case.is_on(&read(page))).collect();
    assert!(with_page.count() > 5, "the cases were found");
    assert!(missing.is_empty(), "{:?}", missing.iter().map(|(case, page)| (case.id(), *page)).collect::<Vec<_>>());
}

#[test]
fn a_page_needs_cause_and_fix_on_one_line() {
    let row = Row::read("# 1. A row\n\n## 1a. A case\ncause: no route\nfix: add a route\npage: a.md\n");
    let case = &row.cases[0];
    assert!(case.is_on("| no route | add a route |"));
    for page in ["| no route | wait |", "| no host | add a route |", "no route\nadd a route", ""] {
        assert!(!case.is_on(page), "{page}");
    }
}

#[test]
fn each_report_of_a_preview_that_ran_out_of_time_is_recognized() {
    let reports = reports();
    let text = Regex::new(r#"const (?:NOT|UNKNOWN)_[A-Z_]+: &str =\s*"podgraft: ([^"]+)""#).unwrap();
    let texts: Vec<String> = text.captures_iter(&reports).map(|found| found[1].to_owned()).collect();
    assert!(texts.len() >= 4, "the reports were found: {texts:?}");
    for text in texts {
        assert!(OUT_OF_TIME.iter().any(|words| text.contains(words)), "not in OUT_OF_TIME: {text}");
    }
    for words in OUT_OF_TIME {
        let reported = Regex::new(&format!(r#""[^"\n]*podgraft: [^"\n]*{words}[^"\n]*""#)).unwrap();
        assert!(reported.is_match(&reports), "podgraft does not report {words:?}");
    }
    let shown = |line: &str| {
        let row = format!("# 1. A row\n\n## 1a. A case\n$ kubectl apply -f -\n  {line}\n");
        let mut row = Row::read(&row);
        row.cases[0].steps[0].shown = line.to_owned();
        row.cases[0].ran_out_of_time()
    };
    for words in OUT_OF_TIME {
        assert!(shown(&format!("Warning: podgraft: {words}: busy")) && !shown(&format!("Error: {words}")), "{words}");
    }
}
