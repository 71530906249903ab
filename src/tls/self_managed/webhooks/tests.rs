//! Bundles and patches, one case each.

use std::time::{Duration, SystemTime};

use k8s_openapi::ByteString;
use k8s_openapi::api::admissionregistration::v1::{MutatingWebhookConfiguration, ValidatingWebhookConfiguration};
use serde_json::json;

use super::bundles::Bundles;
use super::configuration::{Configuration, ObservedConfiguration, WebhookBundle, update_ca_bundle};
use crate::tls::ca::{Ca, TrustAnchor};

fn webhook(name: &str, bundle: Option<&str>) -> WebhookBundle {
    WebhookBundle { name: name.into(), bundle: bundle.map(|bundle| bundle.as_bytes().to_vec()) }
}

fn observed(webhooks: Vec<WebhookBundle>) -> ObservedConfiguration {
    ObservedConfiguration { version: "7".into(), webhooks }
}

fn all(webhooks: &[WebhookBundle]) -> Bundles {
    let mut bundles = Bundles::default();
    for configuration in Configuration::ALL {
        bundles.observe(configuration, Some(observed(webhooks.to_vec())));
    }
    bundles
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_900_000_000 + seconds)
}

/// Issued at that second, and valid for a hundred.
fn issued(seconds: u64) -> TrustAnchor {
    Ca::new("a CA", at(seconds), Duration::from_secs(100)).unwrap().anchor
}

#[test]
fn a_patch_tests_version_and_name_and_fills_the_bundles_that_lack_a_ca() {
    let (old, new) = (issued(0), issued(1));
    let (old_pem, new_pem, both) = (old.pem(), new.pem(), old.pem() + &new.pem());
    let object = observed(vec![
        webhook("a", Some(&new_pem)),
        webhook("b", Some(&old_pem)),
        webhook("c", None),
        webhook("d", Some("")),
        webhook("e", Some(&both)),
    ]);
    let encoded = |pem: &str| json!(ByteString(pem.as_bytes().to_vec()));
    let expected = json!([
        {"op": "test", "path": "/metadata/resourceVersion", "value": "7"},
        {"op": "test", "path": "/webhooks/1/name", "value": "b"},
        {"op": "add", "path": "/webhooks/1/clientConfig/caBundle", "value": encoded(&both)},
        {"op": "test", "path": "/webhooks/3/name", "value": "d"},
        {"op": "add", "path": "/webhooks/3/clientConfig/caBundle", "value": encoded(&new_pem)},
    ]);
    assert_eq!(object.patch(&[new], at(2)), Some(expected));
}

#[test]
fn valid_cas_stay_and_expired_or_unreadable_ones_are_removed() {
    let (old, new) = (issued(0), issued(50));
    let check = |found: String, now, expected: String| {
        assert_eq!(update_ca_bundle(found.as_bytes(), std::slice::from_ref(&new), at(now)), expected);
    };
    check(old.pem(), 60, old.pem() + &new.pem());
    check(new.pem() + &old.pem(), 60, old.pem() + &new.pem());
    check(old.pem() + &new.pem(), 100, new.pem());
    check(format!("# by hand\n{}", new.pem()), 60, new.pem());
    check("junk".into(), 60, new.pem());
}

#[test]
fn complete_bundles_get_no_patch() {
    let new = issued(0);
    for webhooks in [vec![], vec![webhook("a", Some(&new.pem()))], vec![webhook("a", None)]] {
        assert_eq!(observed(webhooks).patch(std::slice::from_ref(&new), at(1)), None);
    }
}

#[test]
fn webhooks_that_are_called_by_url_are_not_changed() {
    let object = json!({"metadata": {"resourceVersion": "9"}, "webhooks": [
        {"name": "a", "clientConfig": {"service": {"name": "podgraft", "namespace": "ns"}},
         "admissionReviewVersions": ["v1"], "sideEffects": "None"},
        {"name": "b", "clientConfig": {"url": "https://example.org", "caBundle": "b2xk"},
         "admissionReviewVersions": ["v1"], "sideEffects": "None"},
    ]});
    let expected =
        ObservedConfiguration { version: "9".into(), webhooks: vec![webhook("a", Some("")), webhook("b", None)] };
    let text = object.to_string();
    assert_eq!(
        ObservedConfiguration::from(serde_json::from_str::<MutatingWebhookConfiguration>(&text).unwrap()),
        expected
    );
    assert_eq!(
        ObservedConfiguration::from(serde_json::from_str::<ValidatingWebhookConfiguration>(&text).unwrap()),
        expected
    );
}

#[test]
fn a_ca_is_held_once_every_configuration_is_known_to_hold_it() {
    let (held, other) = (issued(0), issued(1));
    let both = held.pem() + &other.pem();
    let mut bundles = all(&[webhook("a", Some(&both)), webhook("b", None)]);
    let ours = [held.clone(), other.clone()];
    assert!(bundles.all_hold(&held) && bundles.all_hold(&other) && bundles.are_in_sync(&ours, at(2)));
    bundles.observe(Configuration::Preview, Some(observed(vec![webhook("a", Some(&held.pem()))])));
    assert!(bundles.all_hold(&held) && !bundles.all_hold(&other) && !bundles.are_in_sync(&ours, at(2)));
    bundles.observe(Configuration::Preview, None);
    assert!(bundles.all_hold(&other), "a configuration that does not exist is not waited for");
    assert!(!Bundles::default().all_hold(&held), "no configuration has been reported");
}

#[test]
fn the_pause_restarts_when_a_ca_is_removed_or_the_clock_is_set_back() {
    let next = issued(0);
    let mut bundles = all(&[webhook("a", Some(&next.pem()))]);
    let since = |bundles: &mut Bundles, anchor: &TrustAnchor, now| {
        bundles.record_held(std::slice::from_ref(anchor), at(now));
        bundles.held_since(anchor)
    };
    assert_eq!(bundles.held_since(&next), None, "nothing was recorded");
    assert_eq!(since(&mut bundles, &next, 1), Some(at(1)));
    assert_eq!(since(&mut bundles, &next, 5), Some(at(1)));
    assert_eq!(since(&mut bundles, &issued(1), 5), None);
    assert_eq!(since(&mut bundles, &next, 6), Some(at(6)));
    bundles.observe(Configuration::Preview, Some(observed(vec![webhook("a", Some(""))])));
    assert_eq!(since(&mut bundles, &next, 7), None);
    let mut bundles = all(&[webhook("a", Some(&next.pem()))]);
    assert_eq!(since(&mut bundles, &next, 9), Some(at(9)));
    assert_eq!(since(&mut bundles, &next, 2), Some(at(2)));
}
