//! `podgraft certs`: a CA and a serving certificate for development.

use std::fs::{self, OpenOptions};
use std::io;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;

use crate::cli::input;
use crate::cli::output::stdout;
use crate::source::files::folder::reason;
use crate::tls::development;
use crate::tls::development::DevelopmentCa;
use crate::tls::{CERTIFICATE_FILE, KEY_FILE};

/// The name of the file with the certificate of the CA.
const CA_FILE: &str = "ca.crt";

const EXAMPLES: &str = "\
Examples:
  # Files for a server that other machines reach as webhook.example
  podgraft certs --dir certs --dns webhook.example
  podgraft serve -c companions/ --cert-dir certs";

/// Create a CA and a serving certificate for development
///
/// The certificate is valid for a year, for localhost, 127.0.0.1, ::1 and podgraft.podgraft-system.svc. The key of the CA is
/// not written, so the CA cannot issue anything else.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Certs {
    /// Folder to write ca.crt, tls.crt and tls.key to
    #[arg(long, value_name = "DIR", default_value = "certs")]
    dir: PathBuf,
    /// Additional DNS name or IP address of the server; may be repeated
    #[arg(long = "dns", value_name = "NAME", value_parser = name)]
    names: Vec<String>,
    /// Replace existing files
    #[arg(long)]
    force: bool,
}

fn name(text: &str) -> Result<String, String> {
    if development::is_name(text) {
        Ok(text.to_owned())
    } else {
        Err("must be a DNS name or an IP address, without a scheme and a port".to_owned())
    }
}

impl Certs {
    /// Writes the files, unless they exist.
    ///
    /// # Errors
    /// Some of the files exist and others do not, the existing certificate lacks a name, or a file cannot be written.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let files = [CA_FILE, CERTIFICATE_FILE, KEY_FILE].map(|name| self.dir.join(name));
        if !self.force && self.keep_existing(&files)? {
            return Ok(ExitCode::SUCCESS);
        }
        let names = development::NAMES.into_iter().map(String::from).chain(self.names);
        let issued =
            development::issue(names).context("cannot issue a certificate; is each --dns a DNS name or an address?")?;
        write_all(&self.dir, &files, &issued)?;
        let dir = self.dir.display();
        stdout::write(format!(
            "wrote {dir}/ca.crt, {dir}/tls.crt and {dir}/tls.key, valid for a year\n\
             next: podgraft serve --cert-dir {dir} --companions examples\n\
             for the caBundle of a webhook configuration: base64 -w0 {dir}/ca.crt\n"
        ))?;
        Ok(ExitCode::SUCCESS)
    }

    /// Returns whether all files exist, in which case they are kept.
    fn keep_existing(&self, files: &[PathBuf; 3]) -> anyhow::Result<bool> {
        let dir = self.dir.display();
        match files.iter().filter(|file| file.exists()).count() {
            0 => return Ok(false),
            3 => {}
            _ => bail!(
                "{dir} contains only some of ca.crt, tls.crt and tls.key; use --force to replace them, or another --dir"
            ),
        }
        let certificate = input::read(&files[1])?;
        if let Some(name) = self.names.iter().find(|name| !development::is_valid_for(&certificate, name)) {
            bail!("{} is not valid for {name}; use --force to replace it", files[1].display());
        }
        stdout::write(format!("kept {dir}/ca.crt, {dir}/tls.crt and {dir}/tls.key; use --force to replace them\n"))?;
        Ok(true)
    }
}

fn write_all(dir: &Path, [ca, certificate, key]: &[PathBuf; 3], issued: &DevelopmentCa) -> anyhow::Result<()> {
    fs::create_dir_all(dir).map_err(|error| not_written(dir, "create the folder", &error))?;
    write(ca, &issued.authority, 0o644)?;
    write(certificate, &issued.certificate, 0o644)?;
    write(key, &issued.key, 0o600)
}

/// Writes a new file and renames it, so that a file is never incomplete, and a key never readable by other users.
fn write(file: &Path, content: &str, mode: u32) -> anyhow::Result<()> {
    let temporary = file.with_extension("new");
    let writing = || -> std::io::Result<()> {
        let _ = fs::remove_file(&temporary);
        let mut new = OpenOptions::new().write(true).create_new(true).mode(mode).open(&temporary)?;
        new.write_all(content.as_bytes())?;
        fs::rename(&temporary, file)
    };
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    writing().map_err(|error| not_written(file.parent().unwrap_or(file), &format!("write {name}"), &error))
}

fn not_written(dir: &Path, what: &str, error: &io::Error) -> anyhow::Error {
    let (dir, reason) = (dir.display(), reason(error));
    anyhow::anyhow!("--dir {dir}: cannot {what}: {reason}; choose a folder that you can write to")
}
