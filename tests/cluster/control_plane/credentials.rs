//! The cluster's own CA, and the users that it certifies.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};

use crate::control_plane::apart::ADDRESS;

/// Issues certificates and kubeconfigs into one folder.
pub struct Credentials {
    folder: PathBuf,
    authority: Issuer<'static, KeyPair>,
}

impl Credentials {
    /// A new CA, whose certificate is `ca.crt`, and the key pair that signs tokens: `sa.key` and `sa.pub`.
    pub fn new(folder: &Path) -> anyhow::Result<Self> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new([])?;
        params.distinguished_name.push(DnType::CommonName, "test cluster");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        fs::write(folder.join("ca.crt"), params.self_signed(&key)?.pem())?;
        let tokens = KeyPair::generate()?;
        fs::write(folder.join("sa.key"), tokens.serialize_pem())?;
        fs::write(folder.join("sa.pub"), tokens.public_key_pem())?;
        Ok(Credentials { folder: folder.to_owned(), authority: Issuer::new(params, key) })
    }

    /// `NAME.crt` and `NAME.key` for a user, who is in a group where one is given.
    pub fn user(&self, name: &str, user: &str, group: Option<&str>) -> anyhow::Result<()> {
        self.issue(name, user, group, &[])
    }

    /// `NAME.crt` and `NAME.key` for a server under names and addresses.
    pub fn server(&self, name: &str, names: &[&str]) -> anyhow::Result<()> {
        self.issue(name, name, None, names)
    }

    /// `NAME.kubeconfig` for a user whose certificate was issued under this name.
    pub fn kubeconfig(&self, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.folder.display();
        let user = format!("{{client-certificate: {folder}/{name}.crt, client-key: {folder}/{name}.key}}");
        write_kubeconfig(&self.folder, name, &user)
    }

    fn issue(&self, name: &str, user: &str, group: Option<&str>, names: &[&str]) -> anyhow::Result<()> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        params.distinguished_name.push(DnType::CommonName, user);
        if let Some(group) = group {
            params.distinguished_name.push(DnType::OrganizationName, group);
        }
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(&key, &self.authority)?;
        fs::write(self.folder.join(format!("{name}.crt")), certificate.pem())?;
        fs::write(self.folder.join(format!("{name}.key")), key.serialize_pem())?;
        Ok(())
    }
}

/// `NAME.kubeconfig` for a client with a token.
pub fn kubeconfig_with_token(folder: &Path, name: &str, token: &str) -> anyhow::Result<PathBuf> {
    write_kubeconfig(folder, name, &format!("{{token: {token}}}"))
}

fn write_kubeconfig(folder: &Path, name: &str, user: &str) -> anyhow::Result<PathBuf> {
    let path = folder.join(format!("{name}.kubeconfig"));
    let authority = folder.ancestors().map(|f| f.join("ca.crt")).find(|ca| ca.exists()).unwrap_or_default();
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: test\n\
         clusters: [{{name: test, cluster: {{server: \"https://{ADDRESS}:6443\", certificate-authority: {}}}}}]\n\
         users: [{{name: test, user: {user}}}]\n\
         contexts: [{{name: test, context: {{cluster: test, user: test}}}}]\n",
        authority.display()
    );
    // Written aside and renamed: a program may be reading it.
    let fresh = path.with_extension("fresh");
    fs::write(&fresh, text)?;
    fs::rename(&fresh, &path)?;
    Ok(path)
}
