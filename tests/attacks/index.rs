//! Where each numbered attempt, and each group of attempts that held, is shown.

use std::path::Path;

/// The numbers of all attempts that succeeded once, by kind: memory, work, clients, private volumes, policies,
/// validation, values and names.
const NUMBERS: [(char, usize); 7] = [('M', 6), ('T', 5), ('C', 4), ('V', 6), ('P', 10), ('F', 9), ('N', 7)];

/// Number or group, file, and the test in it. In a golden and in a document it is the words that must be there; in the
/// attempts at required companions it is what one of them holds.
const SHOWN: &[(&str, &str, &str)] = &[
    ("M1", "tests/attacks/memory.rs", "m1_patterns_of_a_companion_in_the_preview_need_memory_in_proportion"),
    ("M1", "tests/attacks/memory.rs", "m1_and_m2_patterns_that_are_too_large_are_an_error_that_names_their_size"),
    ("M2", "tests/attacks/memory.rs", "m2_a_costly_companion_needs_memory_in_proportion_on_every_path"),
    (
        "M2",
        "src/source/cluster/state/memory.rs",
        "above_the_limits_the_newest_companions_are_not_used_until_there_is_room",
    ),
    ("M2", "src/source/limits.rs", "the_newest_companions_of_a_namespace_that_has_too_many_are_dropped_and_no_others"),
    ("M3", "tests/attacks/memory.rs", "m3_misplaced_annotations_of_a_kind_with_a_long_name_need_memory_in_proportion"),
    ("M4", "tests/attacks/memory.rs", "m4_a_patch_has_at_most_4_mib_however_many_containers_there_are"),
    ("M5", "src/http/body/budget.rs", "m5_an_answer_counts_until_the_last_of_its_bytes_is_dropped"),
    ("M5", "tests/socket/memory.rs", "m5_answers_that_nobody_reads_count_until_they_are_gone"),
    ("M5", "tests/socket/memory.rs", "m5_whoever_does_not_read_is_closed_when_others_need_the_memory"),
    ("M5", "tests/socket/memory.rs", "m5_an_answer_that_is_not_read_in_time_ends_its_connection"),
    ("M6", "tests/socket/memory.rs", "m6_the_kernel_holds_little_of_an_answer_that_nobody_reads"),
    (
        "T1",
        "src/inject/companion/parameter/tests.rs",
        "a_value_that_is_too_long_to_be_matched_within_the_budget_is_denied",
    ),
    (
        "T1",
        "tests/golden/parameters/string-too-long-for-its-pattern.out.yaml",
        "too long to be checked against its pattern",
    ),
    ("T2", "tests/bounds/main.rs", "a_list_of_too_many_containers_is_not_searched"),
    ("T2", "tests/allocations.rs", "long_lists_and_long_names_are_reported_within_the_memory_of_a_call"),
    ("T3", "tests/bounds/main.rs", "the_limit_of_annotations_is_noticed_before_variables_are_listed"),
    ("T3", "tests/bounds/main.rs", "work_is_in_proportion_to_request_and_answer"),
    (
        "T4",
        "src/api/validate/pod/shell/commands.rs",
        "each_word_is_looked_at_a_bounded_number_of_times_however_many_shells_there_are",
    ),
    ("T4", "src/api/check/linear.rs", "twice_of_anything_is_at_most_two_and_a_half_times_the_work"),
    ("T4", "src/api/size.rs", "a_companion_of_more_than_512_kib_is_invalid_without_being_read"),
    ("T5", "src/text/suggest.rs", "names_that_may_not_be_named_and_overlong_names_are_not_suggested"),
    ("T5", "src/api/check/linear.rs", "twice_of_anything_is_at_most_two_and_a_half_times_the_work"),
    ("T5", "src/api/report.rs", "the_number_of_suggestions_is_bounded"),
    ("C1", "tests/socket/probes.rs", "c1_probes_are_answered_while_more_clients_ask_than_there_are_connections"),
    ("C1", "tests/socket/probes.rs", "connections_of_the_admin_port_are_not_kept_and_its_heads_are_bounded"),
    ("C2", "tests/socket/pressure.rs", "c2_clients_that_are_refused_do_not_keep_an_api_server_out"),
    ("C2", "tests/socket/pressure.rs", "each_refusal_closes_its_connection_and_shedding_does_not"),
    (
        "C3",
        "tests/socket/pressure.rs",
        "c3_clients_of_one_address_that_send_valid_reviews_do_not_keep_an_api_server_out",
    ),
    (
        "C3",
        "src/http/connections/eviction_order/tests.rs",
        "the_first_connections_of_an_address_are_never_evicted_and_idle_ones_go_first",
    ),
    ("C3", "tests/socket/client_ca.rs", "only_clients_with_a_certificate_of_the_ca_and_one_of_the_names_are_answered"),
    ("C4", "tests/admission/router.rs", "c4_a_duplicate_header_is_refused"),
    ("V1", "tests/golden/private/a-volume-by-name.out.yaml", "PrivateVolumeConflict"),
    ("V1", "tests/golden/private/a-volume-by-name-in-an-init-container.out.yaml", "PrivateVolumeConflict"),
    ("V1", "tests/golden/private/a-volume-as-a-device.out.yaml", "PrivateVolumeConflict"),
    ("V2", "tests/golden/private/the-mask-of-the-token-by-name.out.yaml", "PrivateVolumeConflict"),
    ("V3", "tests/golden/private/the-files-by-name.out.yaml", "PrivateVolumeConflict"),
    ("V4", "tests/golden/private/a-volume-declared-alike.out.yaml", "PrivateVolumeConflict"),
    ("V4", "tests/golden/private/a-volume-that-the-status-lists-and-the-app-mounts.out.yaml", "PrivateVolumeConflict"),
    ("V5", "tests/golden/private/a-volume-at-the-shared-path.out.yaml", "PrivateVolumeConflict"),
    ("V6", "tests/golden/reuse/an-app-that-can-write-what-it-should-read.out.yaml", "remarks: AppCanWrite"),
    ("V6", "tests/golden/required/a-writable-share-is-a-conflict.out.yaml", "decision: denied"),
    ("P1", "src/policies/rules/parameter/tests.rs", "injection_writes_every_value_that_a_policy_accepts"),
    ("P1", "src/policies/rules/parameter/tests.rs", "a_string_is_accepted_by_policies_and_by_injection_alike"),
    ("P1", "src/policies/rules/parameter/tests.rs", "a_string_has_at_most_1024_characters"),
    ("P1", "tests/cluster/required/attempts.yaml", "a String of 1025 characters"),
    ("P1", "tests/cluster/required/attempts.yaml", "a line separator"),
    ("P1", "tests/cluster/required/attempts.yaml", r#"Path \"/books/a/../../etc\""#),
    ("P1", "tests/cluster/required/attempts.yaml", "Port 65536"),
    ("P1", "tests/cluster/required/attempts.yaml", "Quantity 1e300"),
    ("P1", "tests/cluster/required/attempts.yaml", "Integer -0 outside of its bounds or spelling"),
    ("P1", "tests/cluster/required/attempts.yaml", "Duration 99999999999999999999h"),
    ("P2", "tests/cluster/required/attempts.yaml", "a key of a Secret that need not be there"),
    ("P3", "tests/cluster/required/attempts.yaml", "an image that is never pulled, of a plain container"),
    ("P3", "tests/cluster/required/attempts.yaml", "the declared pull secret taken away"),
    ("P4", "tests/cluster/required/attempts.yaml", "a Secret over the token"),
    ("P4", "tests/cluster/required/attempts.yaml", "the CA out of another ConfigMap"),
    ("P4", "tests/cluster/required/attempts.yaml", "the token's mount with propagation"),
    ("P5", "tests/cluster/required/attempts.yaml", "a private claim under a second name in the app"),
    ("P6", "tests/cluster/required/attempts.yaml", "Pod-level limits that are smaller than the companion's"),
    ("P6", "tests/cluster/required/attempts.yaml", "a claim of a device"),
    ("P6", "tests/cluster/required/attempts.yaml", "an undeclared extended resource"),
    ("P7", "docs/required.md", "`terminationGracePeriodSeconds`, `shareProcessNamespace`, `hostPID`, `hostIPC`"),
    (
        "P7",
        "tests/cluster/required/attempts.yaml",
        "the grace period, host namespaces and Pod annotations are the author's",
    ),
    ("P7", "tests/cluster/required/attempts.yaml", "an Ambassador after the init containers"),
    ("P8", "tests/cluster/required/attempts.yaml", "the companion's label on a Pod without it"),
    ("P9", "tests/cluster/required/attempts.yaml", "a source in the claim of an ephemeral volume"),
    ("P10", "docs/required.md", "`enableServiceLinks`"),
    ("P10", "src/api/validate/required.rs", "an_optional_variable_that_a_service_would_set_is_warned_about"),
    (
        "F1",
        "src/api/validate/storage/reach/tests.rs",
        "nothing_of_the_companions_is_below_a_shared_volume_that_the_app_can_write",
    ),
    (
        "F2",
        "src/api/validate/storage/reach/tests.rs",
        "a_shared_volume_is_not_at_above_or_below_the_token_of_the_companion",
    ),
    ("F2", "src/api/validate/storage/reach/tests.rs", "a_shared_volume_over_programs_is_warned_about"),
    ("F3", "src/api/validate/pod/shell/tests.rs", "the_options_that_give_a_shell_a_script_are_understood"),
    ("F4", "src/api/validate/pod/shell/tests.rs", "the_options_that_give_a_shell_a_script_are_understood"),
    (
        "F4",
        "src/api/validate/pod/shell/commands.rs",
        "a_build_of_a_shell_is_one_and_a_program_that_begins_alike_is_not",
    ),
    (
        "F5",
        "src/api/validate/pod/shell/tests.rs",
        "where_a_configmap_sets_variables_every_reference_in_a_script_counts",
    ),
    ("F6", "src/api/validate/pod/shell/tests.rs", "a_reference_inside_the_text_of_another_program_is_warned_about"),
    ("F7", "src/api/validate/pod/loaders.rs", "a_parameter_that_runs_code_or_redirects_is_warned_about"),
    ("F8", "src/api/validate/pod/loaders.rs", "a_token_in_a_shared_volume_is_warned_about"),
    ("F8", "docs/security.md", "A Path on the companion's side needs `below`"),
    ("F9", "src/api/validate/pod/shell/tests.rs", "an_unlimited_string_that_is_an_operand_can_be_an_option"),
    ("N1", "src/inject/companion/parameter/tests.rs", "minus_zero_is_not_an_integer"),
    ("N2", "src/inject/companion/parameter/tests.rs", "a_duration_fits_64_bits_in_the_form_that_is_written"),
    ("N3", "src/inject/companion/parameter/tests.rs", "a_value_has_no_line_separators"),
    ("N4", "src/telemetry/tests.rs", "invisible_characters_are_escaped_in_both_formats"),
    ("N5", "tests/admission/hidden.rs", "a_companion_that_is_not_offered_answers_as_one_that_does_not_exist"),
    ("N5", "tests/admission/hidden.rs", "a_name_of_a_companion_that_is_not_offered_is_never_suggested"),
    (
        "N6",
        "tests/admission/hidden.rs",
        "an_invalid_required_companion_denies_the_pods_that_its_readable_selectors_select",
    ),
    ("N7", "tests/golden/already-injected/parts-are-missing.out.yaml", "remarks: Outdated,PartsMissing"),
    ("memory", "tests/attacks/bounds.rs", "a_review_needs_memory_in_proportion"),
    ("memory", "tests/admission/sizes.rs", "answers_are_short_and_memory_is_proportional_to_the_body"),
    ("all at once", "tests/attacks/storm_in_short.rs", "all_attacks_at_once_end_no_process_and_block_no_client"),
    // What was tried and held.
    ("values", "tests/attacks/values.rs", "every_dollar_of_a_value_is_doubled"),
    ("values", "tests/attacks/values.rs", "a_pattern_cannot_leave_its_group"),
    ("values", "tests/properties/laws.rs", "p9_no_value_of_a_parameter_changes_the_shape_of_what_is_injected"),
    ("JSON", "tests/attacks/json.rs", "a_duplicate_key_is_rejected_also_where_it_is_escaped"),
    ("JSON", "tests/attacks/json.rs", "a_body_that_is_not_json_in_utf_8_is_rejected"),
    ("JSON", "tests/admission/reading.rs", "nesting_is_rejected_where_it_is_read_and_free_where_it_is_skipped"),
    ("JSON", "tests/admission/sizes.rs", "a_pod_of_4096_containers_is_reviewed_and_one_of_4097_is_rejected"),
    ("JSON", "tests/admission/router.rs", "bodies_have_a_limit"),
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
    ("load", "tests/admission/router.rs", "requests_over_the_budget_are_shed_and_accepted_later"),
    ("load", "tests/attacks/companions.rs", "three_thousand_automatic_companions_of_a_namespace_are_reviewed"),
    ("Pods", "tests/attacks/pods.rs", "a_private_volume_that_is_declared_in_another_way_is_a_conflict"),
    ("Pods", "tests/attacks/pods.rs", "a_volume_that_cannot_be_shared_is_not_reused"),
    ("Pods", "tests/attacks/pods.rs", "no_annotation_or_label_prevents_a_required_companion"),
    ("Pods", "tests/admission/reading.rs", "requests_that_do_not_create_a_pod_are_admitted_unchanged"),
    ("Pods", "tests/admission/pods.rs", "a_mirror_pod_of_a_node_is_skipped_and_a_forged_one_is_not"),
    ("RBAC and precedence", "tests/attacks/companions.rs", "a_companion_of_a_namespace_stays_in_its_namespace"),
    ("RBAC and precedence", "tests/attacks/companions.rs", "a_companion_with_the_name_of_a_required_one_is_not_used"),
    ("RBAC and precedence", "tests/cluster/installation/role.rs", "every_verb_of_the_roles_is_needed"),
    ("secrets", "tests/attacks/secrets.rs", "no_value_is_in_logs_metrics_or_denials"),
    ("secrets", "tests/attacks/secrets.rs", "names_of_users_add_no_series_to_the_metrics"),
    ("secrets", "src/telemetry/tests.rs", "a_review_is_one_line_whatever_its_names_hold"),
    ("validation", "tests/attacks/companions.rs", "a_reference_in_a_script_is_an_error_however_the_shell_is_called"),
    ("validation", "src/manifest/tests.rs", "alias_bombs_are_rejected"),
    ("policies", "tests/cluster/required.rs", "each_way_around_a_required_companion_is_denied"),
];

/// The code of a file: its lines without comments.
fn code(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
    let lines = text.lines().map(str::trim_start).filter(|line| !line.starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Whether a file has what the index names.
fn has(file: &str, name: &str) -> bool {
    let code = code(file);
    match Path::new(file).extension().and_then(|extension| extension.to_str()) {
        Some("rs") => [format!("\nfn {name}("), format!("\nasync fn {name}(")].iter().any(|words| code.contains(words)),
        Some("yaml") if file.ends_with("attempts.yaml") => code.contains(&format!(r#"{{"holds": "{name}", "#)),
        _ => code.contains(name),
    }
}

#[test]
fn every_test_that_the_index_names_exists() {
    for (of, file, name) in SHOWN {
        assert!(has(file, name), "{of}: {file} has no test {name}");
    }
}

#[test]
fn every_numbered_attempt_has_a_test() {
    let numbers = NUMBERS.iter().flat_map(|(kind, last)| (1..=*last).map(move |number| format!("{kind}{number}")));
    let missing: Vec<String> = numbers.filter(|number| !SHOWN.iter().any(|(of, ..)| of == number)).collect();
    assert!(missing.is_empty(), "no test is named for {missing:?}");
}
