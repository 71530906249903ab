//! What the Pods of the traffic request.

use serde_json::Value;

use crate::systems::shell;

/// A companion, and its parameters.
pub struct Request {
    pub companion: &'static str,
    parameters: &'static [(&'static str, &'static str)],
}

/// A companion of one container, which needs no time to start.
pub const SMALL: Request = Request { companion: "always-there", parameters: &[] };

/// The companions of `examples/`, with the parameters that are required.
pub const SYSTEMS: [Request; 7] = [
    Request { companion: "git-sync", parameters: &[("repo", "git://git.example/site.git")] },
    Request { companion: "redis-ambassador", parameters: &[("server1", "store.example:6379")] },
    Request { companion: "redis-local", parameters: &[] },
    Request { companion: "web-front", parameters: &[("upstream", "8081")] },
    Request { companion: "metrics-log", parameters: &[] },
    Request { companion: "metrics-redis", parameters: &[] },
    Request { companion: "metrics-tomcat", parameters: &[] },
];

impl Request {
    /// A Pod with a shell, which has the annotations of this request.
    pub fn template(&self) -> Value {
        let mut template = shell(self.companion);
        for (parameter, value) in self.parameters {
            template["metadata"]["annotations"][format!("podgraft.dev/{}.{parameter}", self.companion)] =
                (*value).into();
        }
        template
    }
}
