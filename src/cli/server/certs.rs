//! `podgraft certs`: a certificate for development.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;

use crate::tls::development;
use crate::tls::development::DevelopmentCa;
use crate::tls::{CERTIFICATE_FILE, KEY_FILE};

/// The name of the file with the authority's certificate.
const AUTHORITY_FILE: &str = "ca.crt";

const EXAMPLES: &str = "\
Examples:
  # Files for a server that other machines reach as webhook.example
  podgraft certs --dir certs --dns webhook.example
  podgraft serve --cert-dir certs";

/// Make a certificate authority and a serving certificate for development
///
/// They are valid for a year, for localhost, 127.0.0.1, ::1 and podgraft.podgraft-system.svc. The authority's key is
/// not kept.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Certs {
    /// Where ca.crt, tls.crt and tls.key are written
    #[arg(long, value_name = "DIR", default_value = "certs")]
    dir: PathBuf,
    /// A further DNS name or address under which the server is reached
    #[arg(long = "dns", value_name = "NAME", value_parser = name)]
    names: Vec<String>,
    /// Replace what is there
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
    /// Writes the files, unless they are there.
    ///
    /// # Errors
    /// Where only some of them are there, a name is none, or a file cannot be written.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let files = [AUTHORITY_FILE, CERTIFICATE_FILE, KEY_FILE].map(|name| self.dir.join(name));
        let there = files.iter().filter(|file| file.exists()).count();
        let dir = self.dir.display();
        match there {
            _ if self.force => {}
            0 => {}
            3 => {
                let certificate = fs::read(&files[1]).with_context(|| format!("open {}", files[1].display()))?;
                if let Some(name) = self.names.iter().find(|name| !development::is_valid_for(&certificate, name)) {
                    bail!("{} is not valid for {name}; use --force to replace it", files[1].display());
                }
                writeln!(io::stdout(), "kept {dir}/ca.crt, {dir}/tls.crt and {dir}/tls.key; --force replaces them")?;
                return Ok(ExitCode::SUCCESS);
            }
            _ => bail!(
                "{dir} holds only some of ca.crt, tls.crt and tls.key; --force replaces them, --dir names another directory"
            ),
        }
        let names = development::NAMES.into_iter().map(String::from).chain(self.names);
        let issued =
            development::issue(names).context("cannot issue a certificate; is each --dns a DNS name or an address?")?;
        write_all(&self.dir, &files, &issued)?;
        let mut out = io::stdout().lock();
        writeln!(out, "wrote {dir}/ca.crt, {dir}/tls.crt and {dir}/tls.key, valid for a year")?;
        writeln!(out, "next: podgraft serve --cert-dir {dir} --companions examples")?;
        writeln!(out, "a webhook configuration wants the authority as its caBundle: base64 -w0 {dir}/ca.crt")?;
        Ok(ExitCode::SUCCESS)
    }
}

fn write_all(dir: &Path, [authority, certificate, key]: &[PathBuf; 3], issued: &DevelopmentCa) -> anyhow::Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("cannot make {}; see --dir", dir.display()))?;
    write(authority, &issued.authority, 0o644)?;
    write(certificate, &issued.certificate, 0o644)?;
    write(key, &issued.key, 0o600)
}

/// Writes beside the file and then over it, so that it is never half there, and a key never readable by others.
fn write(file: &Path, content: &str, mode: u32) -> anyhow::Result<()> {
    let beside = file.with_extension("new");
    let writing = || -> std::io::Result<()> {
        let _ = fs::remove_file(&beside);
        let mut new = OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
        new.write_all(content.as_bytes())?;
        fs::rename(&beside, file)
    };
    writing().with_context(|| format!("cannot write {}; see --dir", file.display()))
}
