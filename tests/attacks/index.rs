//! Where each numbered attempt, and each group of attempts that held, is shown.

use std::path::Path;

/// The numbers of all attempts that succeeded once, by kind: memory, work, clients, private volumes, policies,
/// validation, values and names.
const NUMBERS: [(char, usize); 7] = [('M', 6), ('T', 5), ('C', 4), ('V', 6), ('P', 10), ('F', 9), ('N', 7)];

/// Number or group, file, and the test in it.
const SHOWN: &[(&str, &str, &str)] = &[
    ("M1", "tests/attacks/memory.rs", "m1_patterns_of_a_companion_in_the_preview_need_memory_in_proportion"),
    ("M1", "tests/attacks/memory.rs", "m1_and_m2_patterns_that_are_too_large_are_an_error_that_names_their_size"),
    ("M2", "tests/attacks/memory.rs", "m2_a_costly_companion_needs_memory_in_proportion_on_every_path"),
    ("M3", "tests/attacks/memory.rs", "m3_misplaced_annotations_of_a_kind_with_a_long_name_need_memory_in_proportion"),
    ("M4", "tests/attacks/memory.rs", "m4_a_patch_has_at_most_4_mib_however_many_containers_there_are"),
    ("memory", "tests/attacks/bounds.rs", "a_review_needs_memory_in_proportion"),
    ("memory", "tests/regressions.rs", "whatever_fills_a_pod_the_answer_is_short_and_the_memory_in_proportion"),
    ("all at once", "tests/attacks/storm_in_short.rs", "all_attacks_at_once_end_no_process_and_keep_nobody_out"),
    // What was tried and held.
    ("values", "tests/attacks/values.rs", "every_dollar_of_a_value_is_doubled"),
    ("values", "tests/attacks/values.rs", "a_pattern_cannot_leave_its_group"),
    ("values", "tests/properties.rs", "p9_no_value_of_a_parameter_changes_the_shape_of_what_is_injected"),
    ("JSON", "tests/attacks/json.rs", "a_key_that_is_there_twice_is_no_review_also_where_it_is_escaped"),
    ("JSON", "tests/attacks/json.rs", "what_is_no_json_text_in_utf_8_is_no_review"),
    ("JSON", "tests/faults.rs", "f27_depth_costs_nothing_where_it_is_skipped_and_is_refused_where_it_is_read"),
    ("JSON", "tests/regressions.rs", "a_pod_of_four_thousand_containers_is_still_a_pod"),
    ("JSON", "tests/router.rs", "f28_bodies_have_a_limit"),
    ("HTTP", "tests/socket/hostile.rs", "nothing_is_smuggled_behind_two_lengths"),
    ("HTTP", "tests/socket/hostile.rs", "heads_have_a_limit"),
    ("HTTP", "tests/socket/hostile.rs", "a_slow_head_is_closed_and_a_resting_connection_is_not"),
    ("HTTP", "tests/socket/hostile.rs", "a_slow_body_is_answered_with_408"),
    ("HTTP", "tests/socket/refused.rs", "a_head_that_is_not_well_formed_is_refused"),
    ("HTTP", "tests/socket/refused.rs", "chunks_that_are_not_well_formed_are_refused"),
    ("HTTP", "tests/socket/refused.rs", "no_spelling_of_a_path_reaches_another_one"),
    ("HTTP", "tests/socket/protocol.rs", "http_2_without_asking_is_refused"),
    ("HTTP", "tests/socket/protocol.rs", "a_hundred_pipelined_requests_are_answered_in_order"),
    ("TLS", "tests/socket/refused.rs", "old_versions_and_weak_suites_are_refused"),
    ("TLS", "tests/socket/refused.rs", "no_session_is_resumed_so_that_none_has_early_data"),
    ("TLS", "tests/socket/protocol.rs", "http_1_1_is_the_only_protocol"),
    ("load", "tests/socket/hostile.rs", "hundreds_of_silent_connections_do_not_keep_an_honest_one_out"),
    ("load", "tests/router.rs", "what_does_not_fit_into_the_budget_is_shed_and_comes_in_later"),
    ("load", "tests/attacks/companions.rs", "three_thousand_automatic_companions_of_a_namespace_are_reviewed"),
    ("Pods", "tests/attacks/pods.rs", "a_private_volume_that_is_declared_in_another_way_is_a_conflict"),
    ("Pods", "tests/attacks/pods.rs", "what_cannot_be_shared_is_not_joined"),
    ("Pods", "tests/attacks/pods.rs", "nothing_that_a_pod_says_keeps_a_required_companion_out"),
    ("Pods", "tests/faults.rs", "f34_to_f36_what_is_not_the_creation_of_a_pod_is_admitted_as_it_is"),
    ("Pods", "tests/faults.rs", "f54_a_mirror_pod_is_left_alone_and_a_forged_one_is_not"),
    ("RBAC and precedence", "tests/attacks/companions.rs", "a_companion_of_a_namespace_stays_in_its_namespace"),
    (
        "RBAC and precedence",
        "tests/attacks/companions.rs",
        "under_the_name_of_a_required_companion_another_one_is_not_used",
    ),
    ("RBAC and precedence", "tests/cluster/role.rs", "every_verb_of_the_roles_is_used_and_without_it_something_breaks"),
    ("secrets", "tests/attacks/secrets.rs", "no_value_is_in_logs_metrics_or_denials"),
    ("secrets", "tests/attacks/secrets.rs", "names_from_outside_make_no_series_of_their_own"),
    ("secrets", "src/telemetry.rs", "a_review_is_one_line_whatever_its_names_hold"),
    ("validation", "tests/attacks/companions.rs", "a_reference_in_a_script_is_an_error_however_the_shell_is_called"),
    ("validation", "src/manifest/tests.rs", "bombs_are_refused"),
    ("policies", "tests/cluster/required.rs", "each_way_around_a_required_companion_is_refused"),
];

/// The code of a file: its lines without comments.
fn code(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
    let lines = text.lines().map(str::trim_start).filter(|line| !line.starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_test_that_the_index_names_exists() {
    for (of, file, name) in SHOWN {
        let words = [format!("\nfn {name}("), format!("\nasync fn {name}(")];
        assert!(words.iter().any(|words| code(file).contains(words)), "{of}: {file} has no test {name}");
    }
}

#[test]
fn every_numbered_attempt_has_a_test() {
    let numbers = NUMBERS.iter().flat_map(|(kind, last)| (1..=*last).map(move |number| format!("{kind}{number}")));
    let missing: Vec<String> = numbers.filter(|number| !SHOWN.iter().any(|(of, ..)| of == number)).collect();
    assert!(missing.is_empty(), "no test is named for {missing:?}");
}
