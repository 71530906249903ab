//! The custom resources. (A stand-in until the real gate is merged.)

/// The CRDs as YAML.
#[must_use]
pub fn crds_yaml() -> String {
    "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n".to_owned()
}

/// The gate.
pub mod gate {
    use std::sync::Arc;

    use serde_json::Value;

    use crate::inject::catalogue::{Broken, Listed};
    use crate::inject::companion::{Activation, Companion, Container, Kind, Pattern, Placement};
    use crate::inject::selector::Selector;
    use crate::inject::template::Template;

    /// What came through.
    #[derive(Debug)]
    pub struct Gated {
        /// The namespace of a `Companion`.
        pub namespace: Option<Box<str>>,
        /// The companion.
        pub listed: Option<Listed>,
        /// Mistakes.
        pub problems: Vec<Problem>,
        /// Warnings.
        pub warnings: Vec<Problem>,
    }

    /// A mistake.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Problem {
        /// RFC 6901.
        pub pointer: String,
        /// What is wrong.
        pub message: String,
    }

    impl Problem {
        /// As people write it.
        #[must_use]
        pub fn field(&self) -> String {
            let mut out = String::new();
            for token in self.pointer.split('/').skip(1) {
                if token.bytes().all(|b| b.is_ascii_digit()) {
                    out = format!("{out}[{token}]");
                } else {
                    if !out.is_empty() {
                        out.push('.');
                    }
                    out += token;
                }
            }
            out
        }
    }

    /// Stand-in.
    #[must_use]
    pub fn admit(object: &Value) -> Gated {
        let mut problems = Vec::new();
        let name: Box<str> = object["metadata"]["name"].as_str().unwrap_or_default().into();
        let kind = if object["kind"] == "Companion" { Kind::Companion } else { Kind::ClusterCompanion };
        let namespace = object["metadata"]["namespace"].as_str().map(Into::into);
        let required = object["spec"]["required"] == true;
        let mut containers = Vec::new();
        for (i, c) in object["spec"]["containers"].as_array().into_iter().flatten().enumerate() {
            match (c["name"].as_str(), c["image"].as_str()) {
                (Some(name), Some(image)) => containers.push(Container {
                    name: name.into(),
                    image: image.into(),
                    template: Template(Box::new([crate::inject::template::Piece::Text(
                        serde_json::json!({"name": name, "image": image, "restartPolicy": "Always"}).to_string().into(),
                    )])),
                    ports: Box::default(),
                    mount_paths: Box::default(),
                }),
                _ => problems
                    .push(Problem { pointer: format!("/spec/containers/{i}/image"), message: "is required".into() }),
            }
        }
        if containers.is_empty() && problems.is_empty() {
            problems.push(Problem { pointer: "/spec/containers".into(), message: "is required".into() });
        }
        let activation = if required { Activation::ClusterWide } else { Activation::OnRequest };
        let listed = if name.is_empty() {
            None
        } else if problems.is_empty() {
            Some(Listed::Good(Arc::new(Companion {
                name,
                kind,
                hash: object["spec"].to_string().into(),
                pattern: Pattern::Sidecar,
                activation,
                required,
                pod_selector: Selector::default(),
                namespace_selector: Selector::default(),
                on_conflict: None,
                allows_host_network: false,
                placement: Placement::Last,
                containers: containers.into(),
                init_containers: Box::default(),
                volumes: Box::default(),
                shared_volumes: Box::default(),
                files: Box::default(),
                endpoints: Box::default(),
                exposes: None,
                app_env: Box::default(),
                pre_stop_sleep: None,
                pod_annotations: Box::default(),
                image_pull_secrets: Box::default(),
                parameters: Box::default(),
                previous: None,
            })))
        } else {
            Some(Listed::Broken(Broken { name, kind, activation, required, selectors: None }))
        };
        let warnings = Vec::new();
        Gated { namespace, listed, problems, warnings }
    }
}
