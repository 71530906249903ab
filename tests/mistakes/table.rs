//! The table of mistakes: who reports each, and whether the report is true.

use std::fmt;

use super::fate::Fate;
use super::transcript::{Mistake, Role, Row};
use crate::cluster::tree;

/// Where the cause is reported. The worst of the cases of a row counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// By the command of the mistake.
    AtOnce,
    /// By the next command.
    Next,
    /// By podgraft's own program only.
    Podgraft,
    Nowhere,
}

/// The report of a case.
#[derive(Debug, Clone, Copy)]
struct Report {
    place: Place,
    /// Whether the cause and the effect are true, and the fix is there.
    whole: bool,
}

impl Report {
    fn of(case: &Mistake) -> Self {
        let cause = case.field("cause").expect("a cause");
        let found = case.steps.iter().find(|step| step.role != Role::Preparation && step.shown.contains(cause));
        let Some(step) = found else { return Report { place: Place::Nowhere, whole: false } };
        let place = match step.role {
            Role::Next if step.is_of_podgraft() => Place::Podgraft,
            Role::Next => Place::Next,
            Role::Mistake | Role::Preparation => Place::AtOnce,
        };
        let has_fix = match case.field("page") {
            Some(page) => case.is_on(&std::fs::read_to_string(tree().join(page)).expect("a page")),
            None => case.field("fix").is_some_and(|fix| step.shown.contains(fix)),
        };
        let all: String = case.steps.iter().map(|step| &*step.shown).collect();
        Report { place, whole: has_fix && Fate::of(case).agrees(&all) }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.place {
            Place::AtOnce => "a",
            Place::Next => "b",
            Place::Podgraft => "c",
            Place::Nowhere => "d",
        };
        write!(f, "{place}{}", if self.whole { "" } else { "*" })
    }
}

/// The table, as it is printed at the end of the suite.
pub struct Table(Vec<TableRow>);

struct TableRow {
    number: String,
    name: String,
    /// The id and the report of each case.
    cases: Vec<(String, Report)>,
}

impl TableRow {
    fn of(row: &Row) -> Self {
        let cases = row.cases.iter().map(|case| (case.id().to_owned(), Report::of(case)));
        TableRow { number: row.number().to_owned(), name: row.name().to_owned(), cases: cases.collect() }
    }

    /// The worst of its cases.
    fn report(&self) -> Report {
        let places = self.cases.iter().map(|(_, report)| report.place);
        Report { place: places.max().expect("a case"), whole: self.cases.iter().all(|(_, report)| report.whole) }
    }
}

impl Table {
    pub fn of(rows: &[Row]) -> Self {
        let mut rows: Vec<TableRow> = rows.iter().map(TableRow::of).collect();
        rows.sort_by_key(|row| row.number.parse::<u32>().expect("a number"));
        Table(rows)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The cases of which the cause is not reported where the mistake is made, or not as a whole.
    pub fn failures(&self) -> Vec<String> {
        let cases = self.0.iter().flat_map(|row| &row.cases);
        let failed = cases.filter(|(_, report)| report.place > Place::Next || !report.whole);
        failed.map(|(id, report)| format!("{id}: {report}")).collect()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "    row  reported  mistake (cases)")?;
        let mut counts = [0; 2];
        for row in &self.0 {
            let report = row.report();
            if let Some(count) = counts.get_mut(report.place as usize).filter(|_| report.whole) {
                *count += 1;
            }
            let TableRow { number, name, cases } = row;
            let cases: Vec<String> = cases.iter().map(|(id, report)| format!("{id} {report}")).collect();
            writeln!(f, "    {number:>3}  {:<8}  {name} ({})", report.to_string(), cases.join(", "))?;
        }
        let [at_once, next] = counts;
        write!(
            f,
            "    {} of {} are reported at the terminal of the user who made them: {at_once} at once, {next} by the next command",
            at_once + next,
            self.len()
        )
    }
}
