//! How a companion was requested.

/// How a companion was requested, by falling rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Via {
    /// The companion is required.
    Required,
    /// The Pod's annotation names the companion.
    Pod,
    /// The namespace's annotation names the companion.
    NamespaceList,
    /// The companion is automatic.
    Automatic,
}

impl Via {
    /// The stable name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Via::Required => "Required",
            Via::Pod => "Pod",
            Via::NamespaceList => "NamespaceList",
            Via::Automatic => "Automatic",
        }
    }
}
