use super::*;

fn check(kind: &ParameterType, text: &str, expect: Result<&str, &str>) {
    let seen = match kind.parse(text.into(), &mut Budget::default()) {
        Ok(Value::Text(t) | Value::Path(t)) => Ok(t.into_owned()),
        Ok(Value::Port(p)) => Ok(p.to_string()),
        Ok(Value::SecretKey { secret, key }) => Ok(format!("{secret} {key}")),
        Err(fault) => Err(format!("{fault:?}")),
    };
    match (&seen, expect) {
        (Ok(seen), Ok(expect)) => assert_eq!(seen, expect, "{kind:?} of {text:?}"),
        (Err(seen), Err(expect)) => assert!(seen.starts_with(expect), "{seen} for {kind:?} of {text:?}"),
        _ => panic!("{seen:?}, not {expect:?}, for {kind:?} of {text:?}"),
    }
}

fn of_strings(pattern: Option<&str>, allowed: &[&str]) -> ParameterType {
    let pattern = pattern.map(|source| Pattern::new(source).unwrap());
    let words = allowed.iter().map(|word| Box::from(*word)).collect();
    ParameterType::String { longest: LONGEST_VALUE, pattern, words }
}

#[test]
fn a_string_is_bounded_by_length_characters_pattern_and_enum() {
    let free = of_strings(None, &[]);
    check(&free, "", Ok(""));
    check(&free, "${x} $(y) \u{1F980}", Ok("${x} $(y) \u{1F980}"));
    check(&free, &"é".repeat(1024), Ok(&"é".repeat(1024)));
    check(&free, &"é".repeat(1025), Err("TooLong"));
    for control in ["a\nb", "a\0", "\u{7f}", "\u{85}"] {
        check(&free, control, Err("ControlCharacter"));
    }
    let whole = of_strings(Some("a|ab"), &[]);
    check(&whole, "ab", Ok("ab"));
    check(&whole, "abc", Err("Pattern"));
    check(&whole, "xa", Err("Pattern"));
    let listed = of_strings(None, &["on", "off"]);
    check(&listed, "off", Ok("off"));
    check(&listed, "OFF", Err("NotOneOf"));
}

#[test]
fn a_number_has_one_spelling_and_bounds() {
    let kind = ParameterType::Integer { minimum: Some(-3), maximum: Some(10) };
    check(&kind, "-3", Ok("-3"));
    check(&kind, "10", Ok("10"));
    check(&kind, "-4", Err("BelowMinimum"));
    check(&kind, "11", Err("AboveMaximum"));
    for invalid in ["", "+1", "01", "1.0", "1e1", "0x1", "99999999999999999999", " 1", "--1"] {
        check(&kind, invalid, Err("Syntax"));
    }
    check(&ParameterType::Boolean, "true", Ok("true"));
    check(&ParameterType::Boolean, "True", Err("Syntax"));
}

#[test]
fn a_duration_is_one_number_and_one_unit_in_the_declared_form() {
    check(&ParameterType::Duration(DurationForm::Text), "90m", Ok("90m"));
    check(&ParameterType::Duration(DurationForm::Seconds), "2m", Ok("120"));
    check(&ParameterType::Duration(DurationForm::Seconds), "3000ms", Ok("3"));
    check(&ParameterType::Duration(DurationForm::Seconds), "1500ms", Err("NotWhole"));
    check(&ParameterType::Duration(DurationForm::Milliseconds), "2h", Ok("7200000"));
    for invalid in ["10", "s", "1m30s", "1.5s", "-1s", "1 s", "99999999999999999h"] {
        check(&ParameterType::Duration(DurationForm::Text), invalid, Err("Syntax"));
    }
}

#[test]
fn a_quantity_is_compared_by_its_amount() {
    let bound = |text| Quantity::parse(text);
    let kind = ParameterType::Quantity { minimum: bound("64Mi"), maximum: bound("1Gi") };
    check(&kind, "1024Mi", Ok("1024Mi"));
    check(&kind, "63Mi", Err("BelowMinimum"));
    check(&kind, "1.1Gi", Err("AboveMaximum"));
    check(&kind, "much", Err("Syntax"));
}

#[test]
fn a_port_is_from_1_to_65535() {
    check(&ParameterType::Port, "65535", Ok("65535"));
    for invalid in ["0", "65536", "http", "080", "-1"] {
        check(&ParameterType::Port, invalid, Err("Syntax"));
    }
}

#[test]
fn a_path_is_absolute_normalized_and_below_its_parent() {
    let free = ParameterType::Path { below: None };
    check(&free, "/var/www", Ok("/var/www"));
    for invalid in ["", "/", "www", "/a/", "/a//b", "/a/../b", "/a/./b", "/a:b", "/.."] {
        check(&free, invalid, Err("Syntax"));
    }
    check(&free, "/a/..b", Ok("/a/..b"));
    let below = ParameterType::Path { below: Some("/git".into()) };
    check(&below, "/git/x", Ok("/git/x"));
    check(&below, "/git", Err("NotBelow"));
    check(&below, "/gitx/y", Err("NotBelow"));
}

#[test]
fn a_secret_key_names_a_secret_and_a_key() {
    check(&ParameterType::SecretKey, "repo.creds/token_1", Ok("repo.creds token_1"));
    for invalid in ["", "a", "/k", "a/", "A/k", "a/k/x", "a/..", "a/k k", "-a/k"] {
        check(&ParameterType::SecretKey, invalid, Err("Syntax"));
    }
}

#[test]
fn minus_zero_is_not_an_integer() {
    let kind = ParameterType::Integer { minimum: None, maximum: None };
    check(&kind, "-0", Err("Syntax"));
    check(&kind, "0", Ok("0"));
    check(&kind, "-10", Ok("-10"));
}

#[test]
fn a_duration_fits_64_bits_in_the_form_that_is_written() {
    for (form, largest, too_large) in [
        (DurationForm::Text, "9223372036854ms", "9223372036855ms"),
        (DurationForm::Text, "2562047h", "2562048h"),
        (DurationForm::Milliseconds, "9223372036854775807ms", "9223372036854775808ms"),
        (DurationForm::Milliseconds, "9223372036854775s", "3000000000000h"),
        (DurationForm::Seconds, "9223372036854775807s", "9223372036854775808s"),
    ] {
        let kind = ParameterType::Duration(form);
        assert!(kind.parse(largest.into(), &mut Budget::default()).is_ok(), "{form:?} {largest}");
        check(&kind, too_large, Err("Syntax"));
    }
}

#[test]
fn a_value_has_no_line_separators() {
    let free = of_strings(None, &[]);
    check(&free, "first\u{2028}second", Err("ControlCharacter"));
    check(&free, "first\u{2029}second", Err("ControlCharacter"));
    // Not everybody writes from left to right: marks and overrides are values.
    check(&free, "\u{202e}txt\u{feff}", Ok("\u{202e}txt\u{feff}"));
}

#[test]
fn a_string_has_at_most_max_length_characters() {
    let short = ParameterType::String { longest: 3, pattern: None, words: Box::default() };
    check(&short, "äöü", Ok("äöü"));
    check(&short, "äöüß", Err("TooLong(3)"));
}

#[test]
fn a_value_that_is_too_long_to_be_matched_within_the_budget_is_denied() {
    let costly = of_strings(Some("[a-z]{0,900}"), &[]);
    let ParameterType::String { pattern: Some(pattern), .. } = &costly else { panic!("it has a pattern") };
    let longest = usize::try_from(crate::inject::companion::pattern::MAX_WORK / pattern.size()).unwrap();
    assert!(longest < 1024, "{longest}");
    let mut budget = Budget::default();
    let mut parse = |length: usize| costly.parse("a".repeat(length).into(), &mut budget);
    assert_eq!(parse(longest + 1), Err(ValueFault::TooCostly));
    assert!(parse(longest - 2).is_ok(), "what is denied is not paid for");
    assert!(parse(2).is_ok());
    assert_eq!(parse(1), Err(ValueFault::TooCostly), "the budget is that of the whole review");
}
