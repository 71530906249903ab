//! Whether a Pod runs on Windows nodes only, or on Linux nodes only. Nothing here is kept, and nothing is copied.

use std::borrow::Cow;

use crate::json::{JsonError, Reader, field};

type Result<T> = std::result::Result<T, JsonError>;

/// The operating system of nodes. Kubelets run on `linux` and `windows`.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum NodeOs {
    #[default]
    Any,
    Linux,
    Windows,
}

impl NodeOs {
    pub(super) fn named(name: &str) -> Self {
        match name {
            "linux" => NodeOs::Linux,
            "windows" => NodeOs::Windows,
            _ => NodeOs::Any,
        }
    }

    /// What two selections select together. If they contradict each other, no node is selected, and Windows is the answer
    /// with which nothing is injected.
    pub(super) fn and(self, other: NodeOs) -> Self {
        match (self, other) {
            (NodeOs::Any, os) | (os, NodeOs::Any) => os,
            (one, other) if one == other => one,
            _ => NodeOs::Windows,
        }
    }

    /// What a choice of two selections selects.
    fn either(self, other: NodeOs) -> Self {
        if self == other { self } else { NodeOs::Any }
    }
}

/// What the label of a node says about its operating system.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum NodeLabel {
    /// `kubernetes.io/os`, and its name before Kubernetes 1.14.
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

/// The nodes that a pair of `nodeSelector` selects.
pub(super) fn os_of_label((key, value): &(Cow<'_, str>, Cow<'_, str>)) -> NodeOs {
    match NodeLabel::of(key) {
        NodeLabel::Os => NodeOs::named(value),
        NodeLabel::WindowsBuild => NodeOs::Windows,
        NodeLabel::Other => NodeOs::Any,
    }
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

/// Reads `affinity`: the nodes that match the required node affinity.
pub(super) fn read_affinity(r: &mut Reader<'_>) -> Result<NodeOs> {
    let mut os = NodeOs::Any;
    r.fields(&mut os, &const { [field("nodeAffinity", read_node_affinity)] })?;
    Ok(os)
}

fn read_node_affinity(os: &mut NodeOs, r: &mut Reader<'_>) -> Result<()> {
    r.fields(os, &const { [field("requiredDuringSchedulingIgnoredDuringExecution", read_node_selector)] }).map(|_| ())
}

fn read_node_selector(os: &mut NodeOs, r: &mut Reader<'_>) -> Result<()> {
    r.fields(os, &const { [field("nodeSelectorTerms", read_terms)] }).map(|_| ())
}

/// A node matches if one of the terms matches. An empty term matches no node.
fn read_terms(os: &mut NodeOs, r: &mut Reader<'_>) -> Result<()> {
    let mut all: Option<NodeOs> = None;
    r.array(|r, _| {
        let term = Term::read(r)?;
        if !term.is_empty {
            all = Some(all.map_or(term.os, |others| others.either(term.os)));
        }
        Ok(())
    })?;
    *os = all.unwrap_or_default();
    Ok(())
}

/// A core/v1 NodeSelectorTerm: a node must meet all of its requirements.
struct Term {
    is_empty: bool,
    /// The nodes that can meet the requirements.
    os: NodeOs,
}

impl Term {
    fn read(r: &mut Reader<'_>) -> Result<Self> {
        let mut term = Term { is_empty: true, os: NodeOs::Any };
        r.fields(
            &mut term,
            &const { [field("matchExpressions", Term::read_expressions), field("matchFields", Term::read_fields)] },
        )?;
        Ok(term)
    }

    fn read_expressions(&mut self, r: &mut Reader<'_>) -> Result<()> {
        r.array(|r, _| {
            self.is_empty = false;
            self.os = self.os.and(Expression::read(r)?.os());
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
    has_linux: bool,
    has_windows: bool,
    has_others: bool,
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
            match NodeOs::named(&value) {
                NodeOs::Linux => self.has_linux = true,
                NodeOs::Windows => self.has_windows = true,
                NodeOs::Any => self.has_others = true,
            }
            Ok(())
        })
        .map(|_| ())
    }

    /// The nodes that meet the requirement.
    fn os(&self) -> NodeOs {
        match (self.label, self.operator, self.has_linux, self.has_windows) {
            (NodeLabel::Os, Operator::In, false, true) if !self.has_others => NodeOs::Windows,
            (NodeLabel::Os, Operator::In, true, false) if !self.has_others => NodeOs::Linux,
            (NodeLabel::Os, Operator::NotIn, true, _)
            | (NodeLabel::WindowsBuild, Operator::In | Operator::Present, ..) => NodeOs::Windows,
            (NodeLabel::Os, Operator::NotIn, false, true) => NodeOs::Linux,
            _ => NodeOs::Any,
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
