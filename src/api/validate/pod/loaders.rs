//! Warnings about parameters that set a variable which makes programs run code or connect elsewhere, and about tokens
//! in shared volumes.

use std::collections::HashSet;

use super::shell::{are_plain, references};
use crate::api::message::{Code, Message};
use crate::api::object::CompanionObject;
use crate::api::path::FieldPath;
use crate::api::report::Report;
use crate::api::v1alpha1::Parameter;

/// Variables that make loaders, interpreters, shells and tools run the code that they name.
const CODE: &[&str] = &[
    "BASHOPTS",
    "BASH_ENV",
    "BROWSER",
    "BUNDLE_GEMFILE",
    "CATALINA_OPTS",
    "CDPATH",
    "CLASSPATH",
    "CORECLR_PROFILER_PATH",
    "CURL_HOME",
    "DOTNET_ADDITIONAL_DEPS",
    "DOTNET_STARTUP_HOOKS",
    "EDITOR",
    "ENV",
    "FPATH",
    "GCONV_PATH",
    "GEM_HOME",
    "GEM_PATH",
    "GIT_ASKPASS",
    "GIT_EDITOR",
    "GIT_EXEC_PATH",
    "GIT_EXTERNAL_DIFF",
    "GIT_PAGER",
    "GIT_PROXY_COMMAND",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_TEMPLATE_DIR",
    "IFS",
    "JAVA_OPTS",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "LESSOPEN",
    "LOCPATH",
    "LUA_CPATH",
    "LUA_INIT",
    "LUA_PATH",
    "MAVEN_OPTS",
    "NODE_OPTIONS",
    "NODE_PATH",
    "OPENSSL_CONF",
    "OPENSSL_ENGINES",
    "OPENSSL_MODULES",
    "PAGER",
    "PATH",
    "PERL5DB",
    "PERL5LIB",
    "PERL5OPT",
    "PERLLIB",
    "PHPRC",
    "PHP_INI_SCAN_DIR",
    "PROMPT_COMMAND",
    "PS4",
    "PYTHONBREAKPOINT",
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "PYTHONUSERBASE",
    "RUBYLIB",
    "RUBYOPT",
    "RUBYSHELL",
    "SHELL",
    "SHELLOPTS",
    "SSH_ASKPASS",
    "VISUAL",
    "WGETRC",
    "ZDOTDIR",
    "_JAVA_OPTIONS",
];
/// Prefixes of further such variables.
const CODE_PREFIXES: &[&str] = &["BASH_FUNC_", "DYLD_", "GIT_CONFIG", "LD_", "LUA_INIT_", "NPM_CONFIG_"];

/// Variables that decide which servers the companion connects to, and which it trusts. Proxies are matched in any
/// case.
const REDIRECTS: &[&str] = &[
    "ALL_PROXY",
    "CURL_CA_BUNDLE",
    "FTP_PROXY",
    "GIT_SSL_CAINFO",
    "HOSTALIASES",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "KUBECONFIG",
    "KUBERNETES_SERVICE_HOST",
    "KUBERNETES_SERVICE_PORT",
    "KUBERNETES_SERVICE_PORT_HTTPS",
    "LOCALDOMAIN",
    "NODE_EXTRA_CA_CERTS",
    "NODE_TLS_REJECT_UNAUTHORIZED",
    "REQUESTS_CA_BUNDLE",
    "RES_OPTIONS",
    "SOCKS_PROXY",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
];

pub(in crate::api) fn check(object: &CompanionObject, report: &mut Report) {
    for (i, parameter) in object.spec.parameters.iter().enumerate() {
        // The author of an enum has decided which values are harmless.
        if let Some(message) = parameter.env.as_deref().filter(|_| parameter.words.is_empty()).and_then(danger) {
            report.warn(&FieldPath::spec("parameters").item(i).member("env"), message);
        }
    }
    own_variables(object, report);
    for (i, endpoint) in object.spec.listens.iter().enumerate() {
        let moves = |p: &Parameter| p.listens.as_ref() == Some(&endpoint.name);
        let port = endpoint.env.as_ref().and_then(|env| env.port.as_deref());
        let port = port.filter(|_| object.spec.parameters.iter().any(moves));
        if let Some(message) = port.and_then(danger) {
            report.warn(&FieldPath::spec("listens").item(i).member("env").member("port"), message);
        }
    }
    for (i, volume) in object.spec.shared_volumes.iter().enumerate() {
        let sources = volume.source.as_ref().and_then(|source| source.get("projected")?["sources"].as_array());
        for (j, _) in sources.into_iter().flatten().enumerate().filter(|(_, s)| !s["serviceAccountToken"].is_null()) {
            let at =
                FieldPath::spec("sharedVolumes").item(i).member("source").member("projected").member("sources").item(j);
            let message = "the app gets the companion's token as well; move this source to a volume of spec.volumes";
            report.warn(&at.member("serviceAccountToken"), Code::Insecure.because(message));
        }
    }
}

/// Warns about variables of containers that pass on the value of a parameter, directly or through another variable.
fn own_variables(object: &CompanionObject, report: &mut Report) {
    let parameters = object.spec.parameters.iter().filter(|parameter| !are_plain(parameter));
    let from_users: HashSet<_> = parameters.filter_map(|parameter| parameter.env.as_deref()).collect();
    for each in object.containers() {
        let mut from_users = from_users.clone();
        for (j, variable) in each.container.env.iter().enumerate() {
            let value = variable.value.as_deref().unwrap_or_default();
            if !references(value).any(|name| from_users.contains(name)) {
                continue;
            }
            from_users.insert(&variable.name);
            if let Some(message) = danger(&variable.name) {
                report.warn(&each.at.member("env").item(j).member("value"), message);
            }
        }
    }
}

/// The warning about a variable of this name that users can set.
fn danger(name: &str) -> Option<Message> {
    let upper = name.to_ascii_uppercase();
    let proxy = upper.ends_with("_PROXY") && REDIRECTS.contains(&upper.as_str());
    let does = if CODE.contains(&name) || CODE_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
        "lets users run code in the companion"
    } else if proxy || REDIRECTS.contains(&name) {
        "lets users choose which servers the companion connects to or trusts"
    } else {
        return None;
    };
    let message = format_args!("{name} {does}; choose another variable or restrict the parameter with enum");
    Some(Code::Insecure.because(message))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::api::testing::{companion, silent, warns, with};

    fn parameter(env: &str) -> Value {
        companion("/spec/parameters/4", json!({"name": "a", "type": "String", "env": env}))
    }

    #[test]
    fn a_parameter_that_runs_code_or_redirects_is_warned_about() {
        for name in [
            "LD_PRELOAD",
            "LD_AUDIT",
            "PATH",
            "BASH_ENV",
            "NODE_OPTIONS",
            "JAVA_TOOL_OPTIONS",
            "GIT_SSH_COMMAND",
            "GIT_CONFIG_KEY_0",
        ] {
            warns(
                parameter(name),
                &format!("spec.parameters[4].env: insecure: {name} lets users run code in the companion"),
            );
        }
        for name in ["HTTPS_PROXY", "https_proxy", "All_Proxy", "KUBERNETES_SERVICE_HOST", "SSL_CERT_FILE"] {
            warns(
                parameter(name),
                &format!(
                    "spec.parameters[4].env: insecure: {name} lets users choose which servers the companion connects to"
                ),
            );
        }
        silent(parameter("GITSYNC_PATH"));
        let fixed = json!({"name": "a", "type": "String", "env": "NODE_OPTIONS", "enum": ["--trace-gc"]});
        silent(companion("/spec/parameters/4", fixed));
    }

    #[test]
    fn a_variable_of_a_container_that_passes_on_a_value_is_warned_about() {
        let passed = |kind: Value, env: Value| with(&[("/spec/parameters/4", kind), ("/spec/containers/0/env", env)]);
        let open = json!({"name": "a", "type": "String", "env": "A"});
        let expected = "lets users run code in the companion";
        let path = json!([{"name": "PATH", "value": "/bin:$(A)"}]);
        warns(
            passed(open.clone(), path.clone()),
            &format!("spec.containers[0].env[0].value: insecure: PATH {expected}"),
        );
        let by_another = json!([{"name": "B", "value": "-$(A)"}, {"name": "NODE_OPTIONS", "value": "$(B)"}]);
        warns(
            passed(open.clone(), by_another),
            &format!("spec.containers[0].env[1].value: insecure: NODE_OPTIONS {expected}"),
        );
        silent(passed(open, json!([{"name": "PATH", "value": "/bin:$$(A)"}])));
        silent(passed(json!({"name": "a", "type": "String", "env": "A", "pattern": "[a-z/]+"}), path));
    }

    #[test]
    fn a_moved_endpoint_that_sets_the_port_of_the_api_server_is_warned_about() {
        let object = with(&[
            ("/spec/listens", json!([{"name": "api", "port": 6443, "env": {"port": "KUBERNETES_SERVICE_PORT"}}])),
            ("/spec/parameters/4", json!({"name": "port", "type": "Port", "listens": "api"})),
        ]);
        warns(object, "spec.listens[0].env.port: insecure: KUBERNETES_SERVICE_PORT lets users choose which servers");
    }

    #[test]
    fn a_token_in_a_shared_volume_is_warned_about() {
        let source = json!({"projected": {"sources": [{"serviceAccountToken": {"path": "id"}}]}});
        let expected = "spec.sharedVolumes[0].source.projected.sources[0].serviceAccountToken: insecure: the app gets the companion's token";
        warns(companion("/spec/sharedVolumes/0/source", source), expected);
    }
}
