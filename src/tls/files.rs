//! The serving certificate from two mounted files, followed by their content.
//!
//! The kubelet replaces a mounted Secret by swapping a symbolic link, so a watch on the files sees them go once and
//! nothing ever after. Reading a few kilobytes each second sees everything, on every file system.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::{Pair, PairFault, Serving};

/// The name of the file with the certificate chain, as in a Secret of type `kubernetes.io/tls`.
pub const CERTIFICATE_FILE: &str = "tls.crt";
/// The name of the file with the key.
pub const KEY_FILE: &str = "tls.key";

/// How often both files are read anew where they change while they are being read.
const ATTEMPTS: usize = 5;
/// How long before its end a certificate is complained about, and how often.
const LATE: Duration = Duration::from_secs(3600);
const COMPLAINT: Duration = Duration::from_secs(60);

/// A directory with a certificate and its key, which are being served.
#[derive(Debug)]
pub struct CertificateFiles {
    directory: PathBuf,
    serving: Arc<Serving>,
    /// What was read last, good or bad: nothing is said twice of the same files.
    seen: Result<Contents, String>,
    complained: Option<Instant>,
}

/// What came of files that changed.
#[derive(Debug)]
pub enum Reload {
    /// They are served from now on, until this point in time.
    Replaced(SystemTime),
    /// They cannot be used; what was served before is served on.
    Kept(FilesError),
}

/// Why files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// A file cannot be read.
    #[error(
        "cannot read {path}: {source}; --cert-dir must hold tls.crt and tls.key (`podgraft certs` makes a pair for development)"
    )]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// They were read, and are no pair.
    #[error("cannot use {directory}/tls.crt and {directory}/tls.key: {fault}")]
    Unusable {
        /// Where they are.
        directory: PathBuf,
        /// Why.
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
    /// Begins to serve the files `tls.crt` and `tls.key` of a directory.
    ///
    /// # Errors
    /// Names the file and what is wrong with it.
    pub fn open(directory: impl Into<PathBuf>, serving: Arc<Serving>) -> Result<Self, FilesError> {
        let directory = directory.into();
        let contents = read(&directory)?;
        serving.replace(parse(&directory, &contents)?);
        Ok(CertificateFiles { directory, serving, seen: Ok(contents), complained: None })
    }

    /// Follows the files for as long as the process lives: a pair that can be used replaces the one that is served,
    /// any other is told of once, and kept out.
    ///
    /// It has a thread of its own, so that a file system that hangs keeps nobody else waiting.
    ///
    /// # Errors
    /// Where there can be no further thread.
    pub fn follow(mut self, interval: Duration, mut tell: impl FnMut(Reload) + Send + 'static) -> io::Result<()> {
        let follow = move || {
            loop {
                thread::sleep(interval);
                if let Some(reload) = self.look() {
                    tell(reload);
                }
                self.complain(SystemTime::now());
            }
        };
        thread::Builder::new().name("certificate-files".into()).stack_size(256 << 10).spawn(follow)?;
        Ok(())
    }

    /// Looks once.
    fn look(&mut self) -> Option<Reload> {
        let (seen, pair) = match read(&self.directory) {
            Ok(contents) => {
                let pair = parse(&self.directory, &contents);
                (Ok(contents), pair)
            }
            Err(error) => (Err(error.to_string()), Err(error)),
        };
        if seen == self.seen {
            return None;
        }
        self.seen = seen;
        Some(match pair {
            Ok(pair) => self.replace(pair),
            Err(error) => {
                tracing::warn!(%error, "the new serving certificate cannot be used, serving the old one on");
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

    /// Says so where the end is near and nobody has brought anything new.
    fn complain(&mut self, now: SystemTime) {
        let Some(expires) = self.serving.expires() else { return };
        let late = expires <= now + LATE;
        if late && self.complained.is_none_or(|last| last.elapsed() >= COMPLAINT) {
            self.complained = Some(Instant::now());
            let left = expires.duration_since(now).unwrap_or_default().as_secs();
            tracing::warn!(
                seconds_left = left,
                "the serving certificate expires, and API servers will refuse it; issue a new one"
            );
        }
    }
}

fn parse(directory: &Path, contents: &Contents) -> Result<Pair, FilesError> {
    Pair::parse(&contents.certificate, &contents.key)
        .map_err(|fault| FilesError::Unusable { directory: directory.to_owned(), fault })
}

/// Reads both files until two readings agree: the link may be swapped between the one file and the other.
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
        fs::read(&path).map_err(|source| FilesError::Unreadable { path, source })
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
    fn tells_once_of_each_change() {
        let (first, second) = (development::issue(["a"]).unwrap(), development::issue(["b"]).unwrap());
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &first);
        let mut files = CertificateFiles::open(folder.path(), Arc::default()).unwrap();
        assert!(files.look().is_none());
        fs::write(folder.path().join(CERTIFICATE_FILE), &second.certificate).unwrap();
        assert!(matches!(files.look(), Some(Reload::Kept(FilesError::Unusable { .. }))));
        assert!(files.look().is_none());
        write(folder.path(), &second);
        assert!(matches!(files.look(), Some(Reload::Replaced(_))));
        fs::remove_file(folder.path().join(KEY_FILE)).unwrap();
        assert!(matches!(files.look(), Some(Reload::Kept(FilesError::Unreadable { .. }))));
        assert!(files.look().is_none());
    }

    #[test]
    fn names_the_file_that_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let error = CertificateFiles::open(folder.path(), Arc::default()).expect_err("there is nothing").to_string();
        assert!(error.contains("tls.crt") && error.contains("--cert-dir"), "{error}");
    }

    #[test]
    fn complains_once_a_minute_when_the_end_is_near() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &development::issue(["a"]).unwrap());
        let mut files = CertificateFiles::open(folder.path(), Arc::default()).unwrap();
        files.complain(SystemTime::now());
        assert!(files.complained.is_none());
        let expires = files.serving.expires().unwrap();
        files.complain(expires - Duration::from_secs(1800));
        let first = files.complained.expect("there was no complaint");
        files.complain(expires);
        assert_eq!(files.complained, Some(first));
    }
}
