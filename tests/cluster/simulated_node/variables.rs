//! Environment variables as a kubelet makes them.

use k8s_openapi::api::core::v1::{Container, Pod};
use kube::ResourceExt as _;

use super::NAME;

/// What a container finds in its environment: its namespace's Services, and what it declares.
pub fn variables(
    pod: &Pod,
    container: &Container,
    address: &str,
    links: Vec<(String, String)>,
) -> Vec<(String, String)> {
    let field = |path: &str| match path {
        "metadata.name" => pod.name_any(),
        "metadata.namespace" => pod.namespace().unwrap_or_default(),
        "spec.nodeName" => NAME.to_owned(),
        "status.podIP" => address.to_owned(),
        _ => String::new(),
    };
    let mut variables = vec![("PATH".to_owned(), "/usr/sbin:/usr/bin:/sbin:/bin".to_owned())];
    variables.extend(links);
    for variable in container.env.iter().flatten() {
        let from = variable.value_from.as_ref().and_then(|from| from.field_ref.as_ref());
        let value = match from {
            Some(from) => field(&from.field_path),
            None => expand(variable.value.as_deref().unwrap_or_default(), &variables),
        };
        variables.push((variable.name.clone(), value));
    }
    variables
}

/// `$(NAME)` as kubelets expand it.
pub fn expand(text: &str, variables: &[(String, String)]) -> String {
    variables.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("$({name})"), value))
}
