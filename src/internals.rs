//! What integration tests, benchmarks and fuzz targets use of the rooms, under the paths of the rooms. This is no API of
//! podgraft: the rooms are private, and everything here can change.

#![allow(missing_docs)] // the modules are documented where they are declared

pub mod admission {
    pub use crate::admission::{Answer, Applied, preview, review};
}

pub mod api {
    pub use crate::api::{
        Advice, Checked, Problem, advise, check_companion, crd_yaml, crds, schema_files, too_dense, too_large,
    };
}

pub mod cli {
    pub use crate::cli::reference;
}

pub mod http {
    pub use crate::http::{
        Drain, Eviction, HandshakeFault, HealthCheck, HttpLimits, HttpMetrics, Listener, Offload, Reviewer, Route,
        Transport, admin_router, admission_router,
    };
}

pub mod inject {
    pub use crate::inject::{Request, effect, removal, review, uninject};

    pub mod companion {
        pub use crate::inject::companion::{Activation, Companion, CompanionKind, Placement};

        pub mod catalog {
            pub use crate::inject::companion::catalog::{Catalog, CatalogEntry};
        }

        pub mod pattern {
            pub use crate::inject::companion::pattern::{Budget, Pattern};
        }
    }

    pub mod pod {
        pub use crate::inject::pod::Pod;
    }

    pub mod request {
        pub mod namespace {
            pub use crate::inject::request::namespace::{Namespace, Namespaces, Unlisted};
        }
    }

    pub mod snapshot {
        pub use crate::inject::snapshot::{Settings, Snapshot, Webhook};
    }

    pub mod verdict {
        pub use crate::inject::verdict::{Decision, Effect, Via};

        pub mod examples {
            pub use crate::inject::verdict::examples::examples;
        }

        pub mod reason {
            pub use crate::inject::verdict::reason::{Conflict, Outcome, Reason, Remark, Stale};
        }
    }
}

pub mod json {
    pub use crate::json::{JsonError, Reader};
}

pub mod lookup {
    pub use crate::lookup::{Callers, LookupTime, NOT_LOOKED_UP, NamespaceLookup, Survey, SurveyQuestion};
}

pub mod manifest {
    pub use crate::manifest::{Document, json, read, yaml};
}

pub mod metrics {
    pub use crate::metrics::Metrics;
}

pub mod migrate {
    pub use crate::migrate::{SourceDocument, Strictness, Translation, translate};
}

pub mod policies {

    pub mod objects {
        pub use crate::policies::objects::{AcceptedVersions, Installation, Required, Rule, binding, policy};
    }
}

pub mod source {

    pub mod effective {
        pub use crate::source::effective::Effective;
    }

    pub mod files {
        pub use crate::source::files::{Files, Loaded, watch};

        pub mod manifests {
            pub use crate::source::files::manifests::Manifests;
        }
    }

    pub mod limits {
        pub use crate::source::limits::MemoryLimits;
    }
}

pub mod telemetry {
    pub use crate::telemetry::{Log, LogFormat, review};
}

pub mod tls {
    pub use crate::tls::{CertificateFiles, ClientCaFile, Pair, Reload, Serving, server_config, server_config_for};

    pub mod development {
        pub use crate::tls::development::{DevelopmentCa, NAMES, issue};
    }
}

pub mod webhook {
    pub use crate::webhook::{Configuration, ConfigurationSet};
}

pub mod work {
    #[cfg(debug_assertions)]
    pub use crate::work::steps;
}

pub mod workload {
    pub use crate::workload::{Workload, controller_fields, workloads};
}
