//! Each rule of the definitions that is written in CEL can fail, and validation rejects what it rejects. That the API server
//! agrees is shown by the cluster's tests.

use podgraft::internals::api::check_companion;

use crate::case::{cases, rules, smallest};

#[test]
fn every_rule_has_a_case_and_every_case_a_rule() {
    let (rules, cases) = (rules(), cases());
    let missing: Vec<_> = rules.iter().filter(|rule| !cases.iter().any(|case| case.is_of(rule))).collect();
    assert!(missing.is_empty(), "tests/api/cases/rules.yaml has no case of {missing:#?}");
    let stale: Vec<_> = cases.iter().filter(|case| !rules.iter().any(|rule| case.is_of(rule))).collect();
    assert!(stale.is_empty(), "no definition has the rules of {stale:#?}");
}

#[test]
fn validation_rejects_every_case() {
    for kind in ["ClusterCompanion", "Companion"] {
        assert_eq!(check_companion(&smallest(kind)).problems, [], "the smallest {kind} is valid");
    }
    let accepted = cases().into_iter().filter(|case| check_companion(&case.companion()).problems.is_empty());
    let accepted: Vec<String> = accepted.map(|case| case.name()).collect();
    assert!(accepted.is_empty(), "validation accepts what a definition rejects:\n{}", accepted.join("\n"));
}
