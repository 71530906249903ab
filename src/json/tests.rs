use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// A whole value, read by the methods of the reader.
fn value(r: &mut Reader<'_>) -> Result<Value, JsonError> {
    if r.object_is_next() {
        let mut members = serde_json::Map::new();
        r.object(|r, name| value(r).map(|value| drop(members.insert(name.to_owned(), value))))?;
        return Ok(members.into());
    }
    if r.array_is_next() {
        let mut items = Vec::new();
        r.array(|r, _| value(r).map(|value| items.push(value)))?;
        return Ok(items.into());
    }
    let text = r.raw()?;
    if !text.starts_with('"') {
        return Ok(serde_json::from_str(text).unwrap());
    }
    Reader::of(text).string().map(|text| text.unwrap_or_default().into_owned().into())
}

#[test]
fn names_of_all_lengths_are_read_whatever_follows_them() {
    for (first, second) in (0..40).flat_map(|first| (0..40).map(move |second| (first, second))) {
        let (name, content) = ("k".repeat(first), "v".repeat(second));
        let text = format!(r#"{{"{name}":"{content}","":[],"last":{{"{name}":0}}}}"#);
        assert_eq!(value(&mut Reader::of(&text)), Ok(serde_json::from_str(&text).unwrap()), "{text}");
    }
}

fn skips(text: &str) -> std::result::Result<(), String> {
    let mut reader = Reader::of(text);
    reader.skip().and_then(|()| reader.end()).map_err(|e| e.to_string())
}

#[test]
fn skipping_accepts_json_and_rejects_truncated_or_mismatched_text_as_serde_json_does() {
    for text in [
        "{}",
        "[]",
        "null",
        "true",
        "-0.5e+10",
        r#""""#,
        r#" [ 1 , { "a" : [ ] } ] "#,
        r#"{"a":{"b":[1,2,{}]},"c":"\u00e9\n"}"#,
        r#"["12345678\""]"#,
        "\"\u{7f}é🦀\"",
        "",
        "{",
        "[[[[",
        r#"{"a":"#,
        r#"""#,
        r#"{"a":1]"#,
        "[}",
        "[}]",
        "{]}",
        "1 2",
        "{} {}",
        "01",
        "-",
        "1.",
        "1e",
        "+1",
        ".5",
        "nul",
        "tru",
        r#""\x""#,
        "[\"a\nb\"]",
        "\u{feff}{}",
    ] {
        let theirs = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
        assert_eq!(skips(text).is_ok(), theirs, "{text:?}: {:?}", skips(text));
    }
}

#[test]
fn tokens_inside_of_a_skipped_value_are_not_parsed() {
    for invalid in ["[1,]", r#"{"a"}"#, "{a:1}", "[1 2]", "[nul]", "[{]]", r#"["\u12"]"#, "[é]", "[NaN]"] {
        assert!(skips(invalid).is_ok(), "{invalid}");
    }
}

#[test]
fn three_million_nested_arrays_are_skipped_without_recursion() {
    let deep = "[".repeat(3_000_000) + &"]".repeat(3_000_000);
    assert_eq!(skips(&deep), Ok(()));
    let mixed = "[{\"a\":".repeat(1000) + "1" + &"}]".repeat(1000);
    assert_eq!(skips(&mixed), Ok(()));
    assert!(skips(&mixed[..mixed.len() - 1]).is_err());
}

/// JSON values as text, with strings and white space of all lengths around the 64 bytes that are skipped at once.
fn json_text() -> impl Strategy<Value = String> {
    let string =
        prop_oneof!["[a-z{}\\[\\],: ]{0,70}".prop_map(|text| text), "[\"\\\\a\n\u{1}é🦀]{0,40}".prop_map(|text| text),];
    let string = string.prop_map(|text| serde_json::to_string(&text).unwrap());
    let leaf = prop_oneof![string.clone(), Just("-1.5e3".to_owned()), Just("null".to_owned()), Just("{}".to_owned())];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        let member =
            (string.clone(), " {0,40}", inner.clone()).prop_map(|(key, space, value)| format!("{key}:{space}{value}"));
        prop_oneof![
            proptest::collection::vec(inner, 0..6).prop_map(|items| format!("[{}]", items.join(","))),
            proptest::collection::vec(member, 0..6).prop_map(|members| format!("{{{}}}", members.join(" ,"))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_serde_json_accepts_is_skipped_to_its_end(text in json_text(), rest in "[ \"\\[{}a]{0,70}") {
        let mut reader = Reader::of(&text);
        prop_assert_eq!(reader.skip(), Ok(()));
        prop_assert_eq!(reader.end(), Ok(()));
        // What follows in the same block changes nothing.
        let longer = format!("{text},{rest}");
        prop_assert_eq!(Reader::of(&longer).raw(), Ok(&*text));
    }

    #[test]
    fn whatever_is_rejected_is_rejected_by_serde_json(text in json_text(), at: prop::sample::Index, byte in "[\"\\\\{}\\[\\],\n0]") {
        let at = at.get(&text.char_indices().collect::<Vec<_>>()).0;
        let damaged = format!("{}{byte}{}", &text[..at], &text[at..]);
        if skips(&damaged).is_err() {
            prop_assert!(serde_json::from_str::<serde::de::IgnoredAny>(&damaged).is_err(), "{}", damaged);
        }
    }

    #[test]
    fn what_is_read_is_what_serde_json_reads(text in json_text()) {
        let mut reader = Reader::of(&text);
        let read = value(&mut reader);
        prop_assert_eq!(reader.end(), Ok(()));
        prop_assert_eq!(read, Ok(serde_json::from_str::<Value>(&text).unwrap()), "{}", text);
    }

    #[test]
    fn the_names_of_pairs_are_those_that_serde_json_reads(
        pairs in proptest::collection::vec(("[\"\\\\A-Zé]{0,40}", "[\"\\\\a-z{}é]{0,70}", " {0,1}", "[A-Z]{0,40}"), 0..5),
    ) {
        let quoted = |text: &str| serde_json::to_string(text).unwrap();
        let items = pairs.iter().map(|(name, value, space, rest)| {
            let more = if rest.is_empty() { String::new() } else { format!(",\"rest\":\"{rest}\"") };
            format!("{{\"name\":{}{space},\"value\":{}{more}}}", quoted(name), quoted(value))
        });
        let text = format!("[{}]", items.collect::<Vec<_>>().join(","));
        let mut names = Vec::new();
        let mut reader = Reader::of(&text);
        let mut name_of_item = |names: &mut Vec<String>, r: &mut Reader<'_>| {
            value(r).map(|item| names.push(item["name"].as_str().unwrap_or_default().to_owned()))
        };
        let read = reader.pairs(
            &mut names,
            |names, name| {
                names.push(name.as_str().to_owned());
                Ok(())
            },
            &mut name_of_item,
        );
        prop_assert_eq!((read, reader.end()), (Ok(true), Ok(())), "{}", text);
        let expected: Vec<_> = pairs.into_iter().map(|(name, ..)| name).collect();
        prop_assert_eq!(names, expected, "{}", text);
    }
}

#[test]
fn an_error_in_a_list_of_pairs_has_the_index_of_its_item() {
    let pairs = r#"{"name":"A","value":"http://service.team.svc:8080/with/a/path"},"#.repeat(3);
    let text = format!("[{pairs}0,{pairs}0]");
    let mut pairs_before = 0;
    let count = |count: &mut usize, _| {
        *count += 1;
        Ok(())
    };
    let read = Reader::of(&text).pairs(&mut pairs_before, count, |_, r| r.object(|r, _| r.skip()).map(|_| ()));
    assert_eq!(read.map_err(|e| e.pointer()), Err("/3".to_owned()));
    assert_eq!(pairs_before, 3, "the pairs before the error were found as such");
}

#[test]
fn strings_are_read_and_written_as_by_serde_json() {
    for text in [
        "",
        "plain",
        "with \"quotes\" and \\ and / and \u{8}\u{c}\n\r\t\u{1}\u{1f}",
        "é🦀 beyond eight bytes",
        "\u{2028}",
    ] {
        let json = serde_json::to_string(text).unwrap();
        assert_eq!(Reader::of(&json).string().unwrap().unwrap(), text);
        let (mut out, mut length) = (String::new(), Length::default());
        out.string(text);
        length.string(text);
        assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        assert_eq!((escaped_length(text) + 2, length.0), (out.len(), out.len()));
    }
    assert_eq!(Reader::of("\"\\ud83e\\udd80\\/\"").string().unwrap().unwrap(), "🦀/");
    for lone in ["\"\\ud83e\"", "\"\\udd80\"", "\"\\ud83ex\"", "\"\\ud83e\\u0041\""] {
        assert!(Reader::of(lone).string().is_err(), "{lone}");
        assert!(Reader::of(lone).skip().is_ok(), "{lone} is skipped unread");
    }
}

#[test]
fn an_error_has_the_path_and_the_offset() {
    let mut reader = Reader::of("{\"spec\":{\"containers\":[{},{\"name\":5}]}}");
    let error = reader
        .object(|r, _| {
            r.object(|r, _| r.array(|r, _| r.object(|r, _| r.string().map(|_| ())).map(|_| ())).map(|_| ())).map(|_| ())
        })
        .unwrap_err();
    assert_eq!(error.to_string(), "spec.containers[1].name: invalid value: must be a string, at byte 34");
}

#[test]
fn listed_fields_are_read_others_are_skipped_and_a_listed_field_must_not_repeat() {
    fn read(text: &str) -> std::result::Result<(bool, Vec<String>), String> {
        let mut seen = Vec::new();
        let fields: [Field<'_, Vec<String>>; 2] = [
            field("a", |seen, r| r.string().map(|text| seen.push(format!("a={text:?}")))),
            field("b/c", |seen, r| r.boolean().map(|value| seen.push(format!("b/c={value}")))),
        ];
        let is_object = Reader::of(text).fields(&mut seen, &fields).map_err(|e| e.to_string())?;
        Ok((is_object, seen))
    }
    let read_all = Ok((true, vec!["b/c=true".to_owned(), "a=Some(\"x\")".to_owned()]));
    assert_eq!(read(r#"{"z":[1],"b\/c":true,"z":{},"a":"x"}"#), read_all);
    assert_eq!(read("null"), Ok((false, Vec::new())));
    assert_eq!(read(r#"{"a":"x","\u0061":null}"#), Err("a: duplicate field".to_owned()));
    assert_eq!(read("[]"), Err("invalid value: must be an object, at byte 0".to_owned()));
}

#[test]
fn a_field_is_found_by_its_whole_name_whatever_its_length() {
    const ALPHABET: &str = "abcdefghijklmnopqrstuvwxyz";
    const KNOWN: [usize; 8] = [1, 7, 8, 9, 12, 16, 17, 26];
    for length in 0..=26 {
        // The same start and the same length with another end is another name.
        let other = format!("{}_", &ALPHABET[..usize::saturating_sub(length, 1)]);
        let text = format!(r#"{{"{other}":1,"{}":2}}"#, &ALPHABET[..length]);
        let fields = KNOWN.map(|known| {
            field(&ALPHABET[..known], |found: &mut Vec<i64>, r: &mut Reader<'_>| r.integer().map(|n| found.extend(n)))
        });
        let mut found = Vec::new();
        assert_eq!(Reader::of(&text).fields(&mut found, &fields), Ok(true), "{text}");
        assert_eq!(found, if KNOWN.contains(&length) { vec![2] } else { vec![] }, "{text}");
    }
}

#[test]
fn the_writer_puts_commas_and_leaves_out_what_is_empty_where_it_is_asked_to() {
    let mut out = String::new();
    write_object(&mut out, |object| {
        object.array_unless_empty("none", |_| {});
        object.object_unless_empty("nothing", |inner| inner.array_unless_empty("none", |_| {}));
        write_array(object.member("empty"), |_| {});
        object.object_unless_empty("a", |inner| {
            inner.array_unless_empty("none", |_| {});
            inner.display("n", 5);
            inner.raw("t", "true");
        });
        object.array_unless_empty("items", |items| {
            items.item().text("1,2");
            items.string("x");
            write_object(items.item(), |item| item.raw_members(r#""k":null,"l":0"#));
        });
        object.named("quo\"te").text("0");
        object.object("last", |_| {});
    });
    let expected = r#"{"empty":[],"a":{"n":5,"t":true},"items":[1,2,"x",{"k":null,"l":0}],"quo\"te":0,"last":{}}"#;
    assert_eq!(out, expected);
}

#[test]
fn a_resumed_object_continues_after_the_members_that_are_there() {
    let mut out = String::from(r#"{"a":1"#);
    let mut object = ObjectWriter::resumed(&mut out);
    object.array_unless_empty("none", |_| {});
    object.string("b", "c");
    out.push('}');
    assert_eq!(out, r#"{"a":1,"b":"c"}"#);
}
