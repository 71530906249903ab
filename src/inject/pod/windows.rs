//! Whether a Pod runs on Windows nodes only. Nothing here is kept, and nothing is copied.

use std::borrow::Cow;

use crate::json::{JsonError, Reader, field};

type Result<T> = std::result::Result<T, JsonError>;

/// What the label of a node says about its operating system.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum NodeLabel {
    /// `kubernetes.io/os`, and its name before Kubernetes 1.14. Kubelets run on `linux` and `windows`.
    Os,
    /// `node.kubernetes.io/windows-build`, which only Windows nodes have.
    WindowsBuild,
    #[default]
    Other,
}

impl NodeLabel {
    fn of(key: &str) -> Self {
        match key {
            "kubernetes.io/os" | "beta.kubernetes.io/os" => NodeLabel::Os,
            "node.kubernetes.io/windows-build" => NodeLabel::WindowsBuild,
            _ => NodeLabel::Other,
        }
    }
}

/// Whether a pair of `nodeSelector` selects Windows nodes only.
pub(super) fn is_windows_label((key, value): &(Cow<'_, str>, Cow<'_, str>)) -> bool {
    match NodeLabel::of(key) {
        NodeLabel::Os => value == "windows",
        NodeLabel::WindowsBuild => true,
        NodeLabel::Other => false,
    }
}

/// Whether a pair of `nodeSelector` selects Linux nodes only.
pub(super) fn is_linux_label((key, value): &(Cow<'_, str>, Cow<'_, str>)) -> bool {
    NodeLabel::of(key) == NodeLabel::Os && value == "linux"
}

/// Reads `os`: its name.
pub(super) fn read_os<'a>(r: &mut Reader<'a>) -> Result<Cow<'a, str>> {
    let mut os = Cow::default();
    r.fields(&mut os, &const { [field("name", |os, r| r.string_or_empty().map(|name| *os = name))] })?;
    Ok(os)
}

/// Reads the `securityContext` of a Pod or a container: whether a field of `windowsOptions` is set.
pub(super) fn read_security_context(r: &mut Reader<'_>) -> Result<bool> {
    let mut windows = false;
    r.fields(&mut windows, &const { [field("windowsOptions", read_windows_options)] })?;
    Ok(windows)
}

fn read_windows_options(windows: &mut bool, r: &mut Reader<'_>) -> Result<()> {
    r.object(|r, _| {
        *windows |= !matches!(r.raw()?, "null" | "false" | "\"\"");
        Ok(())
    })
    .map(|_| ())
}

/// Reads `affinity`: whether the required node affinity matches Windows nodes only.
pub(super) fn read_affinity(r: &mut Reader<'_>) -> Result<bool> {
    let mut windows = false;
    r.fields(&mut windows, &const { [field("nodeAffinity", read_node_affinity)] })?;
    Ok(windows)
}

fn read_node_affinity(windows: &mut bool, r: &mut Reader<'_>) -> Result<()> {
    r.fields(windows, &const { [field("requiredDuringSchedulingIgnoredDuringExecution", read_node_selector)] })
        .map(|_| ())
}

fn read_node_selector(windows: &mut bool, r: &mut Reader<'_>) -> Result<()> {
    r.fields(windows, &const { [field("nodeSelectorTerms", read_terms)] }).map(|_| ())
}

/// A node matches if one of the terms matches. An empty term matches no node.
fn read_terms(windows: &mut bool, r: &mut Reader<'_>) -> Result<()> {
    let (mut any, mut all) = (false, true);
    r.array(|r, _| {
        let term = Term::read(r)?;
        any |= !term.is_empty;
        all &= term.is_empty || term.windows;
        Ok(())
    })?;
    *windows = any && all;
    Ok(())
}

/// A core/v1 NodeSelectorTerm: a node must meet all of its requirements.
struct Term {
    is_empty: bool,
    /// Whether one of the requirements is met by Windows nodes only.
    windows: bool,
}

impl Term {
    fn read(r: &mut Reader<'_>) -> Result<Self> {
        let mut term = Term { is_empty: true, windows: false };
        r.fields(
            &mut term,
            &const { [field("matchExpressions", Term::read_expressions), field("matchFields", Term::read_fields)] },
        )?;
        Ok(term)
    }

    fn read_expressions(&mut self, r: &mut Reader<'_>) -> Result<()> {
        r.array(|r, _| {
            self.is_empty = false;
            self.windows |= Expression::read(r)?.selects_windows();
            Ok(())
        })
        .map(|_| ())
    }

    /// The only field is `metadata.name`, which says nothing about the operating system.
    fn read_fields(&mut self, r: &mut Reader<'_>) -> Result<()> {
        r.array(|r, _| {
            self.is_empty = false;
            r.skip()
        })
        .map(|_| ())
    }
}

/// A core/v1 NodeSelectorRequirement.
#[derive(Default)]
struct Expression {
    label: NodeLabel,
    operator: Operator,
    has_values: bool,
    has_linux: bool,
    has_others_than_windows: bool,
}

#[derive(Default, Clone, Copy)]
enum Operator {
    In,
    NotIn,
    DoesNotExist,
    /// `Exists`, `Gt` and `Lt`: the node has the label.
    #[default]
    Present,
}

impl Expression {
    fn read(r: &mut Reader<'_>) -> Result<Self> {
        let mut expression = Expression::default();
        r.fields(
            &mut expression,
            &const {
                [
                    field("key", |e, r| r.string_or_empty().map(|key| e.label = NodeLabel::of(&key))),
                    field("operator", |e, r| r.string_or_empty().map(|text| e.operator = Operator::of(&text))),
                    field("values", Expression::read_values),
                ]
            },
        )?;
        Ok(expression)
    }

    fn read_values(&mut self, r: &mut Reader<'_>) -> Result<()> {
        r.array(|r, _| {
            let value = r.string_or_empty()?;
            self.has_values = true;
            self.has_linux |= value == "linux";
            self.has_others_than_windows |= value != "windows";
            Ok(())
        })
        .map(|_| ())
    }

    /// Whether only Windows nodes meet the requirement.
    fn selects_windows(&self) -> bool {
        match (self.label, self.operator) {
            (NodeLabel::Os, Operator::In) => self.has_values && !self.has_others_than_windows,
            (NodeLabel::Os, Operator::NotIn) => self.has_linux,
            (NodeLabel::WindowsBuild, Operator::In | Operator::Present) => true,
            _ => false,
        }
    }
}

impl Operator {
    fn of(text: &str) -> Self {
        match text {
            "In" => Operator::In,
            "NotIn" => Operator::NotIn,
            "DoesNotExist" => Operator::DoesNotExist,
            _ => Operator::Present,
        }
    }
}
