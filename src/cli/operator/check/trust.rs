//! Whether API servers trust the serving certificate.
//!
//! The certificate is read from the Secret that the Deployment names, because the API server offers no way to look at the
//! one that a replica presents. The call of the check shows whether the API server accepts that one.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::finding::{CheckFinding, CheckReason, ObjectName};
use super::installation::InstallationSettings;
use super::webhooks::{each, object};
use crate::tls::{ChainFault, ServedChain};
use crate::webhook::Configuration;

/// The key of a Secret of type `kubernetes.io/tls` that has the chain.
const CERTIFICATE: &str = "tls.crt";
/// How long before the end a certificate is reported. podgraft and cert-manager have renewed theirs long before.
const SOON: Duration = Duration::from_secs(3 * 24 * 3600);

/// Compares the certificate of a Secret with the `caBundle` of each webhook of podgraft. `secret` is `None` where it does not
/// exist.
pub(super) fn trust(
    settings: &InstallationSettings,
    configurations: &[Value],
    secret: Option<&Value>,
    now: SystemTime,
) -> Vec<CheckFinding> {
    let name = settings.secret.clone().unwrap_or_default();
    let place = ObjectName::namespaced("secret", &settings.at.namespace, name);
    let pem = secret.and_then(|secret| STANDARD.decode(secret["data"][CERTIFICATE].as_str()?).ok());
    let chain = match pem.as_deref().filter(|pem| !pem.is_empty()).map(ServedChain::parse) {
        Some(Ok(chain)) => chain,
        Some(Err(fault)) => {
            let finding = CheckFinding::error(CheckReason::CertificateInvalid, place, fault.to_string());
            return vec![finding.at(format!("data[{CERTIFICATE}]")).fix(renewal(settings))];
        }
        None => {
            let message = if secret.is_none() { "not found" } else { "required value" };
            let message = format!("{message}: the serving certificate; replicas do not become ready without one");
            let finding = CheckFinding::error(CheckReason::CertificateInvalid, place, message);
            return vec![finding.at(format!("data[{CERTIFICATE}]")).fix(renewal(settings))];
        }
    };
    let mut findings: Vec<CheckFinding> = expiry(settings, &place, chain.expires(), now).into_iter().collect();
    if now < chain.expires() {
        findings.extend(bundles(settings, configurations, &chain, now));
    }
    findings
}

fn expiry(
    settings: &InstallationSettings,
    place: &ObjectName,
    expires: SystemTime,
    now: SystemTime,
) -> Option<CheckFinding> {
    let finding = match expires.duration_since(now) {
        Err(_) => {
            let message = "the serving certificate has expired: API servers reject it";
            CheckFinding::error(CheckReason::CertificateExpired, place.clone(), message)
        }
        Ok(left) if left < SOON && !is_renewed_in_time(settings) => {
            let hours = left.as_secs() / 3600;
            let message = format!("the serving certificate expires in {hours} hours");
            CheckFinding::warning(CheckReason::CertificateExpired, place.clone(), message)
        }
        Ok(_) => return None,
    };
    Some(finding.at(format!("data[{CERTIFICATE}]")).fix(renewal(settings)))
}

/// podgraft renews its own certificates after two thirds of their lifetime, which can be short.
fn is_renewed_in_time(settings: &InstallationSettings) -> bool {
    settings.self_managed
}

fn renewal(settings: &InstallationSettings) -> String {
    let InstallationSettings { at, self_managed, .. } = settings;
    if *self_managed {
        format!("podgraft issues it; find out why it does not: kubectl -n {} logs deployment/{}", at.namespace, at.name)
    } else {
        format!("renew it for {}.{}.svc; replicas read it again within a minute", at.name, at.namespace)
    }
}

fn bundles(
    settings: &InstallationSettings,
    configurations: &[Value],
    chain: &ServedChain,
    now: SystemTime,
) -> Vec<CheckFinding> {
    let server = format!("{}.{}.svc", settings.at.name, settings.at.namespace);
    let mut findings = Vec::new();
    for configuration in Configuration::ALL {
        let name = configuration.name(&settings.at.name);
        let Some(found) = configurations.iter().find(|found| found["metadata"]["name"] == *name) else { continue };
        for (index, webhook) in each(found).filter(|(_, webhook)| webhook["clientConfig"]["service"].is_object()) {
            let bundle = webhook["clientConfig"]["caBundle"].as_str().unwrap_or_default();
            let bundle = STANDARD.decode(bundle).unwrap_or_default();
            let message = match chain.verify(&bundle, &server, now) {
                Ok(()) => continue,
                Err(_) if bundle.is_empty() => "required value: the CA of the serving certificate".to_owned(),
                Err(ChainFault::NotBegun) => "the serving certificate is not valid yet".to_owned(),
                Err(_) => {
                    format!("invalid value: no CA in it issued the serving certificate for the name {server}")
                }
            };
            let message = format!("{message}: every call of the webhook fails");
            let finding =
                CheckFinding::error(CheckReason::CertificateNotTrusted, object(settings, configuration), message);
            findings.push(finding.at(format!("webhooks[{index}].clientConfig.caBundle")).fix(bundle_fix(settings)));
        }
    }
    findings
}

/// Whether each `caBundle` of podgraft has every CA of the Secret: the one that signs, and the next one.
pub(super) fn are_bundles_complete(settings: &InstallationSettings, configurations: &[Value], secret: &Value) -> bool {
    let decoded = |value: &Value| STANDARD.decode(value.as_str().unwrap_or_default()).unwrap_or_default();
    let cas = ["ca.crt", "next-ca.crt"].map(|key| decoded(&secret["data"][key]));
    let cas: Vec<String> = cas.iter().flat_map(|pem| certificates(pem)).collect();
    let webhooks = configurations.iter().flat_map(each).map(|(_, webhook)| &webhook["clientConfig"]);
    let is_ours = |client: &&Value| {
        let service = &client["service"];
        service["name"] == *settings.at.name && service["namespace"] == *settings.at.namespace
    };
    let is_complete = |client: &Value| {
        let found = certificates(&decoded(&client["caBundle"]));
        cas.iter().all(|ca| found.contains(ca))
    };
    !cas.is_empty() && webhooks.filter(is_ours).all(is_complete)
}

/// The certificates of a PEM text in base64, without line breaks.
fn certificates(pem: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(pem);
    let blocks = text.split("-----BEGIN CERTIFICATE-----").skip(1);
    let ends = blocks.filter_map(|block| Some(block.split_once("-----END CERTIFICATE-----")?.0));
    ends.map(|block| block.split_whitespace().collect()).collect()
}

fn bundle_fix(settings: &InstallationSettings) -> String {
    if settings.self_managed {
        let at = &settings.at;
        format!("podgraft writes it; find out why it does not: kubectl -n {} logs deployment/{}", at.namespace, at.name)
    } else {
        "write the CA that issued the certificate into it: cert-manager's cainjector does, or the chart's value \
         certificate.secret.caBundle"
            .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cli::operator::check::installation::InstalledAt;
    use crate::tls::development;

    fn settings(self_managed: bool) -> InstallationSettings {
        let at = InstalledAt { name: "podgraft".into(), namespace: "own".into() };
        InstallationSettings { self_managed, secret: Some("pair".into()), ..InstallationSettings::read(at, None) }
    }

    fn configuration(bundle: &str) -> Value {
        let service = json!({"name": "podgraft", "namespace": "own"});
        let client = json!({"service": service, "caBundle": STANDARD.encode(bundle)});
        json!({"metadata": {"name": "podgraft-requested"}, "webhooks": [{"clientConfig": client}]})
    }

    fn found(self_managed: bool, bundle: &str, certificate: Option<&str>, now: SystemTime) -> Vec<String> {
        let secret = certificate.map(|pem| json!({"data": {"tls.crt": STANDARD.encode(pem)}}));
        let findings = trust(&settings(self_managed), &[configuration(bundle)], secret.as_ref(), now);
        assert!(findings.iter().all(|f| !f.fix.is_empty()), "{findings:?}");
        findings.iter().map(|f| format!("{} {}", f.severity.as_str(), f.reason.as_str())).collect()
    }

    #[test]
    fn a_certificate_is_compared_with_each_ca_bundle() {
        let pair = development::issue(["podgraft.own.svc".to_owned()]).unwrap();
        let (elsewhere, now) = (development::issue(["other.own.svc".to_owned()]).unwrap(), SystemTime::now());
        let chain = Some(&*pair.certificate);
        assert_eq!(found(true, &pair.authority, chain, now), [""; 0]);
        assert_eq!(found(true, "", chain, now), ["error CertificateNotTrusted"]);
        assert_eq!(found(true, &elsewhere.authority, chain, now), ["error CertificateNotTrusted"]);
        let wrong_name = Some(&*elsewhere.certificate);
        assert_eq!(found(true, &elsewhere.authority, wrong_name, now), ["error CertificateNotTrusted"]);
        assert_eq!(found(true, &pair.authority, Some("nothing"), now), ["error CertificateInvalid"]);
        assert_eq!(found(true, &pair.authority, None, now), ["error CertificateInvalid"]);
    }

    #[test]
    fn a_bundle_is_complete_with_the_ca_that_signs_and_the_next_one() {
        let [one, next] =
            ["a.own.svc", "b.own.svc"].map(|name| development::issue([name.to_owned()]).unwrap().authority);
        let secret =
            |next: &str| json!({"data": {"ca.crt": STANDARD.encode(&one), "next-ca.crt": STANDARD.encode(next)}});
        let both = format!("{next}\n{}", one.replace('\n', "\r\n"));
        let complete = |bundle: &str, secret: &Value| {
            are_bundles_complete(&settings(true), &[configuration(&both), configuration(bundle)], secret)
        };
        assert!(complete(&one, &secret("")) && complete(&both, &secret(&next)));
        assert!(!complete(&one, &secret(&next)) && !complete("", &secret("")) && !complete(&both, &json!({})));
    }

    #[test]
    fn the_end_of_a_certificate_is_reported_early_where_podgraft_does_not_renew_it() {
        let pair = development::issue(["podgraft.own.svc".to_owned()]).unwrap();
        let expires = ServedChain::parse(pair.certificate.as_bytes()).unwrap().expires();
        let at = |self_managed, now| found(self_managed, &pair.authority, Some(&pair.certificate), now);
        assert_eq!(at(false, expires - Duration::from_secs(3600)), ["warning CertificateExpired"]);
        assert_eq!(at(true, expires - Duration::from_secs(3600)), [""; 0]);
        assert_eq!(at(true, expires + Duration::from_secs(1)), ["error CertificateExpired"]);
    }
}
