//! The files of `tests/mistakes/cases`: one row of the table each, as a transcript of what users type and see.
//!
//! ```text
//! # 2. A misspelled key                  the row
//! alone: yes                             no other case runs meanwhile
//! replicas: differ                       nothing waits until all replicas know the same
//!
//! ## 2a. The annotation is singular      a case; its namespace is `mistake-2a`
//! by: developer                          or `admin`
//! labels: team=web                       labels of its namespace
//! certificate: 60                        the folder has a certificate of podgraft for so many seconds, with its CA
//! cause: unknown annotation              the cause of the trouble, as it must be shown
//! fix: did you mean                      the fix, which the same command must show
//! page: docs/requesting.md               the page that has the fix in place of the command, on a line with the cause
//! then: denied                           what happens to the Pods: `denied`, `with NAME`, `without NAME`, `none`
//! + kubectl label …                      a preparation by the administrator; its output is not compared
//! $ kubectl apply -f -                   the mistake
//! | more of the command
//!   deployment.apps/web created          what the terminal showed
//! ~ FailedCreate                         the next command is repeated until it shows this text
//! > kubectl get events                   what users type next
//! ```

use std::fmt::Write as _;

/// What podgraft reports where a preview ran out of time, in place of what a transcript has.
pub const OUT_OF_TIME: [&str; 6] = [
    "was not validated",
    "were not checked",
    "not all ResourceQuotas",
    "not everything of namespace",
    "were not reviewed",
    "others may exist",
];

/// A row of the table.
#[derive(Debug)]
pub struct Row {
    /// Before the first case.
    lines: Vec<String>,
    pub cases: Vec<Mistake>,
}

/// A mistake as one user makes it.
#[derive(Debug)]
pub struct Mistake {
    /// The title and the fields.
    lines: Vec<String>,
    pub steps: Vec<Step>,
}

/// One command.
#[derive(Debug)]
pub struct Step {
    pub role: Role,
    /// As they are in the file, without output.
    lines: Vec<String>,
    /// The text until which the command is repeated.
    pub until: Option<String>,
    /// What the terminal showed.
    pub shown: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Preparation,
    Mistake,
    /// What users type next.
    Next,
}

impl Row {
    /// Reads a file; what the terminal showed is left out.
    pub fn read(text: &str) -> Self {
        let mut row = Row { lines: Vec::new(), cases: Vec::new() };
        let mut until = None;
        for line in text.lines().filter(|line| !line.starts_with("  ")) {
            let role = match line.get(..2) {
                Some("+ ") => Some(Role::Preparation),
                Some("$ ") => Some(Role::Mistake),
                Some("> ") => Some(Role::Next),
                _ => None,
            };
            match (row.cases.last_mut(), role) {
                _ if line.starts_with("## ") => {
                    row.cases.push(Mistake { lines: vec![line.to_owned()], steps: Vec::new() });
                }
                (None, _) => row.lines.push(line.to_owned()),
                (Some(case), Some(role)) => {
                    case.steps.push(Step {
                        role,
                        lines: vec![line.to_owned()],
                        until: until.take(),
                        shown: String::new(),
                    });
                }
                (Some(_), None) if line.starts_with("~ ") => until = Some(line[2..].to_owned()),
                (Some(case), None) => case.last_lines().push(line.to_owned()),
            }
        }
        row
    }

    /// The file, with what the terminal showed.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut line = |line: &str| writeln!(text, "{line}").expect("a String");
        self.lines.iter().for_each(|own| line(own));
        for case in &self.cases {
            case.lines.iter().for_each(|own| line(own));
            for step in &case.steps {
                step.until.iter().for_each(|until| line(&format!("~ {until}")));
                // A blank line ends a case, and follows the output of its last step.
                let blank = |own: &&String| own.is_empty();
                step.lines.iter().filter(|own| !blank(own)).for_each(|own| line(own));
                step.shown.lines().filter(|shown| !shown.is_empty()).for_each(|shown| line(&format!("  {shown}")));
                step.lines.iter().filter(blank).for_each(|own| line(own));
            }
        }
        text
    }

    pub fn number(&self) -> &str {
        self.title().split_once(". ").expect("a number and a title").0
    }

    /// What the mistake is.
    pub fn name(&self) -> &str {
        self.title().split_once(". ").expect("a number and a title").1
    }

    /// Whether no other case may run meanwhile.
    pub fn is_alone(&self) -> bool {
        field(&self.lines, "alone").is_some()
    }

    /// Whether its replicas do not know the same.
    pub fn has_different_replicas(&self) -> bool {
        field(&self.lines, "replicas").is_some()
    }

    fn title(&self) -> &str {
        self.lines[0].trim_start_matches("# ")
    }
}

impl Mistake {
    pub fn id(&self) -> &str {
        self.lines[0].trim_start_matches("## ").split_once(". ").expect("an id and a title").0
    }

    /// The name of its namespace.
    pub fn namespace(&self) -> String {
        format!("mistake-{}", self.id())
    }

    /// Whether a terminal showed a line with all of these words.
    pub fn shows(&self, words: &[&str]) -> bool {
        let mut lines = self.steps.iter().flat_map(|step| step.shown.lines());
        lines.any(|line| words.iter().all(|word| line.contains(word)))
    }

    /// Whether podgraft reported that a preview ran out of time.
    pub fn ran_out_of_time(&self) -> bool {
        OUT_OF_TIME.iter().any(|words| self.shows(&["Warning: podgraft: ", words]))
    }

    /// Whether a line of a page has the cause, and the fix.
    pub fn is_on(&self, page: &str) -> bool {
        let (Some(cause), Some(fix)) = (self.field("cause"), self.field("fix")) else { return false };
        page.lines().any(|line| line.contains(cause) && line.contains(fix))
    }

    pub fn field(&self, name: &str) -> Option<&str> {
        field(&self.lines, name)
    }

    fn last_lines(&mut self) -> &mut Vec<String> {
        self.steps.last_mut().map_or(&mut self.lines, |step| &mut step.lines)
    }
}

impl Step {
    /// The command for a shell.
    pub fn command(&self) -> String {
        let lines = self.lines.iter().filter(|line| !line.is_empty());
        lines.map(|line| line.get(2..).unwrap_or_default()).collect::<Vec<_>>().join("\n")
    }

    /// Whether it runs podgraft's own program, and not only those that every user has.
    pub fn is_of_podgraft(&self) -> bool {
        let command = self.command();
        command.starts_with("podgraft ") || ["| podgraft ", "; podgraft "].iter().any(|call| command.contains(call))
    }
}

fn field<'l>(lines: &'l [String], name: &str) -> Option<&'l str> {
    lines.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}
