//! The versions of Kubernetes that the tests run, and what the older one lacks.

use anyhow::bail;

/// The environment variable that selects a version; without it, the tests run the newest one.
const VARIABLE: &str = "PODGRAFT_KUBERNETES";

/// A version of Kubernetes that is pinned beside this file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kubernetes {
    /// The oldest version that podgraft supports.
    Oldest,
    /// The newest one.
    Newest,
}

/// What some tests need and [`Kubernetes::Oldest`] lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code)]
pub enum Capability {
    /// API servers load policies from a folder of their own.
    PolicyFolder,
    /// The API server knows the fields of Pods that validation knows, and accepts them.
    NewestFields,
    /// The checks of Pod Security are those that validation applies.
    NewestPodSecurity,
}

impl Kubernetes {
    /// The version that the environment selects.
    ///
    /// # Errors
    /// It selects a version that is not pinned.
    pub fn selected() -> anyhow::Result<Self> {
        let Ok(value) = std::env::var(VARIABLE) else { return Ok(Kubernetes::Newest) };
        let all = [Kubernetes::Oldest, Kubernetes::Newest];
        let Some(version) = all.into_iter().find(|version| version.minor() == value) else {
            bail!("{VARIABLE}: unsupported value: {value:?}; supported: {}", all.map(Kubernetes::minor).join(", "));
        };
        Ok(version)
    }

    /// Its minor version.
    pub const fn minor(self) -> &'static str {
        match self {
            Kubernetes::Oldest => "1.30",
            Kubernetes::Newest => "1.37",
        }
    }

    /// The folder of its Go module.
    pub const fn module(self) -> &'static str {
        match self {
            Kubernetes::Oldest => "kubernetes-1.30",
            Kubernetes::Newest => "kubernetes",
        }
    }

    /// Whether this version has a capability.
    #[allow(dead_code)]
    pub fn has(self, capability: Capability) -> bool {
        match capability {
            Capability::PolicyFolder | Capability::NewestFields | Capability::NewestPodSecurity => {
                self == Kubernetes::Newest
            }
        }
    }
}

impl Capability {
    /// Why a test that needs it is left out.
    #[allow(dead_code)]
    pub fn reason(self) -> &'static str {
        match self {
            Capability::PolicyFolder => "API servers load policies from a folder since 1.37",
            Capability::NewestFields => "its API server drops or denies newer fields of Pods",
            Capability::NewestPodSecurity => "its Pod Security has fewer checks",
        }
    }
}
