use super::groups::without_captures;
use super::*;

fn matches(source: &str, text: &str) -> bool {
    Pattern::new(source).unwrap().matches(text, &mut Budget::default()).unwrap()
}

#[test]
fn a_pattern_matches_the_whole_value() {
    assert!(matches("a|ab", "ab"));
    assert!(!matches("a|ab", "abc"));
    assert!(!matches("a|ab", "xa"));
    assert!(!matches("(?m)a$", "a\nb"));
}

#[test]
fn an_invalid_expression_stays_invalid_inside_a_group() {
    for invalid in ["(", "a)|(b", r"\pL", "(?=a)", "(?<=a)b", "(?<1a>b)", "(?<a>b)(?<a>c)", "[", "a{2", "(?#x)"] {
        assert!(
            matches!(Pattern::new(invalid), Err(PatternFault::Syntax(_))),
            "{invalid}: {:?}",
            Pattern::new(invalid)
        );
    }
    let nested = format!("{}a{}", "(".repeat(100), ")".repeat(100));
    assert!(matches!(Pattern::new(&nested), Err(PatternFault::Syntax(_))));
    assert_eq!(Pattern::new(&"a".repeat(257)).unwrap_err(), PatternFault::TooLong);
    for verbose in ["(?x)a # [", "(?x)a", "(?ix: a)", "(?i-x)a"] {
        assert_eq!(Pattern::new(verbose).unwrap_err(), PatternFault::Verbose, "{verbose}");
    }
}

#[test]
fn common_patterns_are_small() {
    for (largest, source) in [
        (1, "[a-z]+"),
        (1, "true|false"),
        (1, "v[0-9]+(\\.[0-9]+)*"),
        (2, "(https?|ssh|git)://.+"),
        (1, "[A-Za-z0-9*._-]+"),
        (2, "[a-z0-9.-]+:[0-9]{1,5}"),
        (2, r"[0-9]{1,3}(\.[0-9]{1,3}){3}"),
        (2, "debug|info|warn|error|fatal"),
        (2, "(Mon|Tue|Wed|Thu|Fri|Sat|Sun)(,(Mon|Tue|Wed|Thu|Fri|Sat|Sun))*"),
        (8, "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"),
        (16, r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"),
        (32, r"[A-Za-z0-9._-]{1,253}"),
        (16, r"(?i)https?://[a-z0-9.-]{1,100}(:[0-9]{1,5})?(/[^\s?#]*)?(\?[^\s#]*)?(#\S*)?"),
        (4, r"[\w.+-]+@[\w-]+(\.[\w-]+)+"),
        (32, r"([a-z0-9.-]+(:[0-9]+)?/)?[a-z0-9._/-]+(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(@sha256:[a-f0-9]{64})?"),
        (4, "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
        (32, "[a-z0-9-]{1,63}(,[a-z0-9-]{1,63}){0,3}"),
        (2, "refs/(heads|tags)/[^ ~^:?*\\[]+"),
        (4, r"((\*|[0-9]+)(/[0-9]+)?[ ]?){5}"),
        (128, r"\S{1,1024}"),
    ] {
        let size = Pattern::new(source).map(|p| p.size());
        assert!(size.as_ref().is_ok_and(|size| *size <= largest), "{source}: {size:?}, more than {largest}");
    }
}

#[test]
fn repetition_cannot_exceed_the_largest_size() {
    let stars = format!("(?:{}){{1,900}}", "x*y*".repeat(60));
    for huge in [
        &*stars,
        "((((a{9}){9}){9}){9}){9}",
        "(a|b){4000000000}",
        "(((x{0}){1000}){1000}){1000}",
        "(((|){1000}){1000}){1000}",
        r"(?i)[^\W\D]{1,99999}",
        r"(\b{99999}){99999}",
    ] {
        assert_eq!(Pattern::new(huge).unwrap_err(), PatternFault::TooLarge, "{huge}");
    }
    assert_eq!(Pattern::new("a{8000}").unwrap().size(), LARGEST_SIZE);
}

#[test]
fn groups_do_not_capture() {
    for (source, expected) in [
        ("(a)(?P<n>b)(?<m>c)", "(?:a)(?:b)(?:c)"),
        (r"\(a\\(b\\\)c)", r"\(a\\(?:b\\\)c)"),
        ("[(](a)[^)(](b)", "[(](?:a)[^)(](?:b)"),
        ("[](](a)[^](](b)[-](c)[-]](d)", "[](](?:a)[^](](?:b)[-](?:c)[-]](?:d)"),
        (r"[\](](a)[[:alpha:](](b)[[:^digit:]](c)", r"[\](](?:a)[[:alpha:](](?:b)[[:^digit:]](?:c)"),
        (r"[!-[](a)[!-\]](b)[a-](c)[(-)](d)", r"[!-[](?:a)[!-\]](?:b)[a-](?:c)[(-)](?:d)"),
        (r"[\x41-[](a)[\x{41}-[](b)", r"[\x41-[](?:a)[\x{41}-[](?:b)"),
        ("(?i)(a(?i-s:b)(?s))", "(?i)(?:a(?i-s:b)(?s))"),
    ] {
        assert_eq!(without_captures(source).as_deref(), Some(expected));
        let [before, after] = [source, expected].map(|source| Regex::new(source).unwrap());
        assert_eq!(after.captures_len(), 1, "{source}");
        for text in ["abc", "(a(b", "]a]b-c]]d", "[a[b", "-a]b", "Aa(b", "za!b-c(d", "ab", "AB"] {
            assert_eq!(before.is_match(text), after.is_match(text), "{source} against {text}");
        }
    }
    assert_eq!(Pattern::new("(((a)))").unwrap().size(), Pattern::new("a").unwrap().size());
}
