//! A repository on a Git server of the cluster, with one page that has a number.

use serde_json::json;

use crate::cluster::{Cluster, printed};

const SERVER: &str = include_str!("../git-server.yaml");

/// So many lines of a page are the same: one that is a mixture of two pages has different lines.
pub const LINES: usize = 1000;

/// The number of a page, if it is whole.
pub fn number(page: &str) -> Option<usize> {
    let first = page.lines().next()?;
    let is_whole = page.ends_with('\n') && page.lines().count() == LINES && page.lines().all(|line| line == first);
    first.strip_prefix("page ").filter(|_| is_whole)?.parse().ok()
}

/// How a page is pushed.
#[derive(Clone, Copy)]
pub enum Push {
    Normal,
    /// The commit takes the place of the last one.
    Forced,
}

/// A Git server in a namespace of its own, and an author who pushes pages with the numbers 1, 2, 3 and so on.
pub struct Repository<'c> {
    pub cluster: &'c Cluster,
    pub namespace: String,
    pub pages: usize,
}

impl<'c> Repository<'c> {
    /// Starts the server, with the first page.
    pub async fn start(cluster: &'c Cluster) -> Self {
        let namespace = cluster.namespace(json!({})).await;
        cluster.apply_manifests(&namespace, SERVER, &[]);
        let mut repository = Repository { cluster, namespace, pages: 0 };
        repository.until_served().await;
        cluster.ready_pods(&repository.namespace, "app=author", 1).await;
        repository.push(Push::Normal).await;
        repository
    }

    /// The URL of the repository, for Pods of any namespace.
    pub fn url(&self, scheme: &str) -> String {
        format!("{scheme}://git.{}/site.git", self.namespace)
    }

    async fn until_served(&self) {
        self.cluster.ready_pods(&self.namespace, "app=git", 1).await;
    }

    /// Commits and pushes the next page, and returns its number.
    pub async fn push(&mut self, how: Push) -> usize {
        self.pages += 1;
        let (amend, force) = match how {
            Push::Normal => ("", ""),
            Push::Forced => ("--amend", "--force"),
        };
        self.as_author(&format!("yes 'page {}' | head -n {LINES} >index.html", self.pages));
        self.as_author(&format!("git add --all && git commit --quiet {amend} --message page"));
        let push = format!("git push --quiet {force} origin HEAD");
        let within = ["--namespace", &self.namespace, "exec", "author", "--", "sh", "-c", &push];
        // The address of a Service works a moment after its Pod is Ready.
        self.cluster.eventually("a push", async || self.cluster.kubectl(within).status.success().then_some(())).await;
        self.pages
    }

    fn as_author(&self, script: &str) {
        self.cluster.exec(&self.namespace, "author", "author", &["sh", "-c", script]);
    }

    fn at_server(&self, script: &str) {
        self.cluster.exec(&self.namespace, "deployment/git", "git", &["sh", "-c", script]);
    }

    /// Makes the server wait before it sends objects.
    pub fn delay(&self, seconds: u64) {
        self.at_server(&format!("echo {seconds} >/srv/delay"));
    }

    /// Makes the server send objects at once, also those for which clients wait.
    pub fn end_delay(&self) {
        self.at_server("rm /srv/delay");
    }

    /// Makes the server require a user and a password for `http`.
    pub fn require(&self, user: &str, password: &str) {
        let users = ["sh", "-c", "printf '%s' \"$1\" >/srv/users", "sh", &format!("{user}:{{PLAIN}}{password}")];
        self.cluster.exec(&self.namespace, "deployment/git", "git", &users);
    }

    /// Takes the content of all objects of the repository.
    pub fn damage(&self) {
        self.at_server("find /srv/git/site.git/objects -type f -exec truncate --size 0 {} +");
    }

    /// Makes the repository as new, with nothing in it.
    pub fn empty(&self) {
        self.at_server("rm -r /srv/git/site.git && git init --quiet --bare /srv/git/site.git");
    }

    /// Deletes the server's Pod, and with it the repository.
    pub async fn stop(&self) {
        self.scale(0);
        self.cluster.ready_pods(&self.namespace, "app=git", 0).await;
    }

    /// Starts another server, with an empty repository.
    pub async fn restart(&self) {
        self.scale(1);
        self.until_served().await;
    }

    fn scale(&self, replicas: usize) {
        let replicas = format!("--replicas={replicas}");
        printed(self.cluster.kubectl(["--namespace", &self.namespace, "scale", "deployment/git", &replicas]));
    }
}
