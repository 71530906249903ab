//! The serving certificate from two files, which are read again at an interval.
//!
//! The kubelet updates a mounted Secret by swapping a symbolic link, after which a watch on the files themselves reports
//! nothing more. Reading a few kilobytes each second notices every change, on every file system.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::pair::{Pair, PairFault};
use super::serving::Serving;

/// The name of the file with the certificate chain, as in a Secret of type `kubernetes.io/tls`.
pub const CERTIFICATE_FILE: &str = "tls.crt";
/// The name of the file with the key.
pub const KEY_FILE: &str = "tls.key";

/// How often both files are read again where they change while they are being read.
const ATTEMPTS: usize = 5;
/// How long before its expiry a certificate is warned about, and how often.
const WARNING_PERIOD: Duration = Duration::from_secs(3600);
const WARNING_INTERVAL: Duration = Duration::from_secs(60);

/// A directory with a served certificate and its key.
#[derive(Debug)]
pub struct CertificateFiles {
    directory: PathBuf,
    serving: Arc<Serving>,
    /// The outcome of the last read, so that the same files, valid or not, are reported once.
    last_read: Result<Contents, String>,
    last_warning: Option<Instant>,
}

/// The outcome of a change of the files.
#[derive(Debug)]
pub enum Reload {
    /// The new pair is served. It expires at this time.
    Replaced(SystemTime),
    /// The files cannot be used; the previous pair is still served.
    Kept(FilesError),
}

/// Why the files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// A file cannot be read.
    #[error(
        "cannot read {path}: {cause}; --cert-dir must be a directory with tls.crt and tls.key (`podgraft certs` creates a pair for development)"
    )]
    Unreadable {
        /// The path of the file.
        path: PathBuf,
        /// The error of the file system.
        cause: io::Error,
    },
    /// The files are not a pair.
    #[error("cannot use {directory}/tls.crt and {directory}/tls.key: {fault}")]
    Unusable {
        /// The directory of the files.
        directory: PathBuf,
        /// Why they are not a pair.
        fault: PairFault,
    },
}

/// The bytes of both files.
#[derive(Debug, PartialEq, Eq)]
struct Contents {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl CertificateFiles {
    /// Reads `tls.crt` and `tls.key` of a directory and serves them.
    ///
    /// # Errors
    /// A file cannot be read, or they are not a pair.
    pub fn open(directory: impl Into<PathBuf>, serving: Arc<Serving>) -> Result<Self, FilesError> {
        let directory = directory.into();
        let contents = read(&directory)?;
        serving.replace(parse(&directory, &contents)?);
        Ok(CertificateFiles { directory, serving, last_read: Ok(contents), last_warning: None })
    }

    /// Reads the files at an interval, until the process ends. A valid pair replaces the served one; anything else is
    /// reported once and not served.
    ///
    /// It runs on a thread of its own, so that a file system that hangs blocks nothing else.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn follow(mut self, interval: Duration, mut on_reload: impl FnMut(Reload) + Send + 'static) -> io::Result<()> {
        let follow = move || {
            loop {
                thread::sleep(interval);
                if let Some(reload) = self.poll() {
                    on_reload(reload);
                }
                self.warn_before_expiry(SystemTime::now());
            }
        };
        thread::Builder::new().name("certificate-files".into()).stack_size(256 << 10).spawn(follow)?;
        Ok(())
    }

    /// Reads the files; `None` where they have not changed.
    fn poll(&mut self) -> Option<Reload> {
        let (outcome, pair) = match read(&self.directory) {
            Ok(contents) => {
                let pair = parse(&self.directory, &contents);
                (Ok(contents), pair)
            }
            Err(error) => (Err(error.to_string()), Err(error)),
        };
        if outcome == self.last_read {
            return None;
        }
        self.last_read = outcome;
        Some(match pair {
            Ok(pair) => self.replace(pair),
            Err(error) => {
                tracing::warn!(%error, "cannot use the new serving certificate; the previous one stays");
                Reload::Kept(error)
            }
        })
    }

    fn replace(&self, pair: Pair) -> Reload {
        let expires = pair.expires();
        self.serving.replace(pair);
        tracing::info!(directory = %self.directory.display(), "serving a new certificate");
        Reload::Replaced(expires)
    }

    /// Warns once a minute while the served certificate is about to expire or has expired.
    fn warn_before_expiry(&mut self, now: SystemTime) {
        let Some(expires) = self.serving.expires() else { return };
        let is_late = expires <= now + WARNING_PERIOD;
        if is_late && self.last_warning.is_none_or(|last| last.elapsed() >= WARNING_INTERVAL) {
            self.last_warning = Some(Instant::now());
            let left = expires.duration_since(now).unwrap_or_default().as_secs();
            tracing::warn!(
                seconds_left = left,
                "the serving certificate expires within an hour or has expired; API servers reject an expired certificate; renew the files in --cert-dir"
            );
        }
    }
}

fn parse(directory: &Path, contents: &Contents) -> Result<Pair, FilesError> {
    Pair::parse(&contents.certificate, &contents.key)
        .map_err(|fault| FilesError::Unusable { directory: directory.to_owned(), fault })
}

/// Reads both files until two reads agree, because the link may be swapped between the first file and the second.
fn read(directory: &Path) -> Result<Contents, FilesError> {
    let mut contents = read_once(directory)?;
    for _ in 0..ATTEMPTS {
        let again = read_once(directory)?;
        if again == contents {
            break;
        }
        contents = again;
    }
    Ok(contents)
}

fn read_once(directory: &Path) -> Result<Contents, FilesError> {
    let read = |name| {
        let path = directory.join(name);
        fs::read(&path).map_err(|cause| FilesError::Unreadable { path, cause })
    };
    Ok(Contents { certificate: read(CERTIFICATE_FILE)?, key: read(KEY_FILE)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::development;
    use crate::tls::development::DevelopmentCa;

    fn write(directory: &Path, issued: &DevelopmentCa) {
        fs::write(directory.join(CERTIFICATE_FILE), &issued.certificate).unwrap();
        fs::write(directory.join(KEY_FILE), &issued.key).unwrap();
    }

    #[test]
    fn each_change_is_reported_once() {
        let (first, second) = (development::issue(["a"]).unwrap(), development::issue(["b"]).unwrap());
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &first);
        let mut files = CertificateFiles::open(folder.path(), Arc::default()).unwrap();
        assert!(files.poll().is_none());
        fs::write(folder.path().join(CERTIFICATE_FILE), &second.certificate).unwrap();
        assert!(matches!(files.poll(), Some(Reload::Kept(FilesError::Unusable { .. }))));
        assert!(files.poll().is_none());
        write(folder.path(), &second);
        assert!(matches!(files.poll(), Some(Reload::Replaced(_))));
        fs::remove_file(folder.path().join(KEY_FILE)).unwrap();
        assert!(matches!(files.poll(), Some(Reload::Kept(FilesError::Unreadable { .. }))));
        assert!(files.poll().is_none());
    }

    #[test]
    fn the_error_names_the_missing_file() {
        let folder = tempfile::tempdir().unwrap();
        let error =
            CertificateFiles::open(folder.path(), Arc::default()).expect_err("the directory is empty").to_string();
        assert!(error.contains("tls.crt") && error.contains("--cert-dir"), "{error}");
    }

    #[test]
    fn warns_once_a_minute_in_the_last_hour() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &development::issue(["a"]).unwrap());
        let mut files = CertificateFiles::open(folder.path(), Arc::default()).unwrap();
        files.warn_before_expiry(SystemTime::now());
        assert!(files.last_warning.is_none());
        let expires = files.serving.expires().unwrap();
        files.warn_before_expiry(expires - Duration::from_secs(1800));
        let first = files.last_warning.expect("a warning");
        files.warn_before_expiry(expires);
        assert_eq!(files.last_warning, Some(first));
    }
}
