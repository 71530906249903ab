//! Parameters: a typed value, checked once, that fills one typed slot as a whole.

use std::borrow::Cow;

use super::quantity::Quantity;

/// A declared parameter.
#[derive(Debug)]
pub struct Parameter {
    /// `[a-z][a-z0-9-]*`, at most 20 characters.
    pub name: Box<str>,
    /// What values it takes.
    pub kind: ParameterType,
    /// Whether it must be given.
    pub required: bool,
    /// The value where none is given; checked by the gate.
    pub default: Option<Box<str>>,
    /// The environment variable of the companion's containers that it fills.
    pub env: Option<Box<str>>,
}

/// What values a parameter takes.
#[derive(Debug)]
pub enum ParameterType {
    /// At most 1024 characters, none of them a control character.
    String {
        /// Must match the whole value.
        pattern: Option<Pattern>,
        /// The only values allowed; empty allows all.
        words: Box<[Box<str>]>,
    },
    /// A whole number of 64 bits.
    Integer {
        /// The smallest allowed.
        minimum: Option<i64>,
        /// The largest allowed.
        maximum: Option<i64>,
    },
    /// `true` or `false`.
    Boolean,
    /// One number and one unit: `ms`, `s`, `m` or `h`.
    Duration(DurationForm),
    /// A Kubernetes quantity.
    Quantity {
        /// The smallest allowed.
        minimum: Option<Quantity>,
        /// The largest allowed.
        maximum: Option<Quantity>,
    },
    /// 1 to 65535.
    Port,
    /// Absolute and normalised.
    Path {
        /// On the companion's side: the declared parent that it must stay below.
        below: Option<Box<str>>,
    },
    /// `<secret>/<key>` of the Pod's namespace.
    SecretKey,
}

/// How a duration is written into its slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DurationForm {
    /// As it was given.
    Text,
    /// A bare number of seconds.
    Seconds,
    /// A bare number of milliseconds.
    Milliseconds,
}

/// A regular expression that must match a whole value.
#[derive(Debug)]
pub struct Pattern {
    source: Box<str>,
    whole: regex_lite::Regex,
}

/// A checked value. Whatever it says, it cannot change the shape of what is injected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// The text of an environment variable.
    Text(Cow<'a, str>),
    /// A port.
    Port(u16),
    /// A path.
    Path(Cow<'a, str>),
    /// A key of a Secret; what stands there is never seen.
    SecretKey {
        /// The Secret's name.
        secret: Cow<'a, str>,
        /// The key in it.
        key: Cow<'a, str>,
    },
}

/// What is wrong with a value. The value itself is never repeated: it may be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueFault {
    /// Longer than 1024 characters.
    TooLong,
    /// It has a control character.
    ControlCharacter,
    /// It does not match the pattern.
    Pattern(Box<str>),
    /// It is not one of the words.
    NotOneOf(Box<[Box<str>]>),
    /// It is not written as its type is.
    Syntax(&'static str),
    /// It is smaller than allowed.
    BelowMinimum(Box<str>),
    /// It is larger than allowed.
    AboveMaximum(Box<str>),
    /// A duration that is not a whole number of the unit that is written.
    NotWhole(&'static str),
    /// A path that does not stay below its declared parent.
    NotBelow(Box<str>),
    /// A path that meets another mount of the companion.
    MeetsMount(Box<str>),
    /// A port that the companion itself listens on besides.
    MeetsPort(u16),
}

/// The longest value, in characters.
pub const LONGEST_VALUE: usize = 1024;

impl Pattern {
    /// Compiles an expression in the syntax that RE2 and Rust have in common.
    ///
    /// # Errors
    /// What the expression's compiler says.
    pub fn new(source: &str) -> Result<Self, String> {
        regex_lite::Regex::new(source).map_err(|e| e.to_string())?;
        let whole = regex_lite::Regex::new(&format!(r"\A(?:{source})\z")).map_err(|e| e.to_string())?;
        Ok(Pattern { source: source.into(), whole })
    }

    /// The expression as it was declared.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it matches the whole text.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.whole.is_match(text)
    }
}

impl ParameterType {
    /// Reads a value as a user wrote it.
    ///
    /// # Errors
    /// What is wrong with it, without repeating it.
    pub fn parse<'a>(&self, text: Cow<'a, str>) -> Result<Value<'a>, ValueFault> {
        if text.chars().nth(LONGEST_VALUE).is_some() {
            return Err(ValueFault::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(ValueFault::ControlCharacter);
        }
        match self {
            ParameterType::String { pattern, words } => string(text, pattern.as_ref(), words),
            ParameterType::Integer { minimum, maximum } => integer(text, *minimum, *maximum),
            ParameterType::Boolean => match &*text {
                "true" | "false" => Ok(Value::Text(text)),
                _ => Err(ValueFault::Syntax("true or false")),
            },
            ParameterType::Duration(form) => duration(text, *form),
            ParameterType::Quantity { minimum, maximum } => quantity(text, minimum.as_ref(), maximum.as_ref()),
            ParameterType::Port => port(&text).map(Value::Port),
            ParameterType::Path { below } => path(text, below.as_deref()),
            ParameterType::SecretKey => secret_key(&text),
        }
    }
}

fn string<'a>(text: Cow<'a, str>, pattern: Option<&Pattern>, words: &[Box<str>]) -> Result<Value<'a>, ValueFault> {
    if let Some(pattern) = pattern.filter(|p| !p.matches(&text)) {
        return Err(ValueFault::Pattern(pattern.source.clone()));
    }
    if !words.is_empty() && !words.iter().any(|w| **w == *text) {
        return Err(ValueFault::NotOneOf(words.into()));
    }
    Ok(Value::Text(text))
}

fn integer(text: Cow<'_, str>, minimum: Option<i64>, maximum: Option<i64>) -> Result<Value<'_>, ValueFault> {
    let syntax = ValueFault::Syntax("a whole number");
    if !is_plain_number(text.strip_prefix('-').unwrap_or(&text)) {
        return Err(syntax);
    }
    let number: i64 = text.parse().map_err(|_| syntax)?;
    if let Some(minimum) = minimum.filter(|m| number < *m) {
        return Err(ValueFault::BelowMinimum(minimum.to_string().into()));
    }
    if let Some(maximum) = maximum.filter(|m| number > *m) {
        return Err(ValueFault::AboveMaximum(maximum.to_string().into()));
    }
    Ok(Value::Text(text))
}

/// Digits only, and no zero in front: what every reader takes for the same number.
fn is_plain_number(digits: &str) -> bool {
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'))
}

fn duration(text: Cow<'_, str>, form: DurationForm) -> Result<Value<'_>, ValueFault> {
    let syntax = ValueFault::Syntax("a number and one unit of ms, s, m, h, such as 10s");
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(unit_at);
    let milliseconds: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(syntax),
    };
    if !is_plain_number(digits) {
        return Err(syntax);
    }
    let total = digits.parse::<u64>().ok().and_then(|n| n.checked_mul(milliseconds)).ok_or(syntax)?;
    match form {
        DurationForm::Text => Ok(Value::Text(text)),
        DurationForm::Milliseconds => Ok(Value::Text(total.to_string().into())),
        DurationForm::Seconds if total % 1_000 == 0 => Ok(Value::Text((total / 1_000).to_string().into())),
        DurationForm::Seconds => Err(ValueFault::NotWhole("seconds")),
    }
}

fn quantity<'a>(
    text: Cow<'a, str>,
    minimum: Option<&Quantity>,
    maximum: Option<&Quantity>,
) -> Result<Value<'a>, ValueFault> {
    let amount = Quantity::parse(&text).ok_or(ValueFault::Syntax("a quantity, such as 64Mi or 250m"))?;
    if let Some(minimum) = minimum.filter(|m| amount < **m) {
        return Err(ValueFault::BelowMinimum(minimum.as_str().into()));
    }
    if let Some(maximum) = maximum.filter(|m| amount > **m) {
        return Err(ValueFault::AboveMaximum(maximum.as_str().into()));
    }
    Ok(Value::Text(text))
}

fn port(text: &str) -> Result<u16, ValueFault> {
    let syntax = ValueFault::Syntax("a port from 1 to 65535");
    if !is_plain_number(text) {
        return Err(syntax);
    }
    text.parse().ok().filter(|p| *p > 0).ok_or(syntax)
}

fn path<'a>(text: Cow<'a, str>, below: Option<&str>) -> Result<Value<'a>, ValueFault> {
    if !is_normal_path(&text) {
        return Err(ValueFault::Syntax("an absolute path without `..`, `:`, doubled or trailing slashes"));
    }
    if let Some(parent) = below.filter(|parent| !lies_below(&text, parent)) {
        return Err(ValueFault::NotBelow(parent.into()));
    }
    Ok(Value::Path(text))
}

/// Whether a path is absolute, normalised, not the root, and safe as a `mountPath`.
#[must_use]
pub fn is_normal_path(text: &str) -> bool {
    text.len() > 1
        && text.starts_with('/')
        && !text.contains(':')
        && text[1..].split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// Whether a normalised path lies strictly below another.
#[must_use]
pub fn lies_below(path: &str, parent: &str) -> bool {
    parent == "/" || path.strip_prefix(parent).is_some_and(|rest| rest.starts_with('/'))
}

fn secret_key<'a>(text: &str) -> Result<Value<'a>, ValueFault> {
    let (secret, key) = text
        .split_once('/')
        .filter(|(secret, key)| is_subdomain(secret) && is_secret_key(key))
        .ok_or(ValueFault::Syntax("<secret>/<key>, the name of a Secret in the Pod's namespace and a key in it"))?;
    Ok(Value::SecretKey { secret: secret.to_owned().into(), key: key.to_owned().into() })
}

/// Whether a text is a DNS subdomain (RFC 1123), as names of Secrets are.
#[must_use]
pub fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(|label| is_label(label, 253))
}

/// Whether a text is a DNS label (RFC 1123) of at most `longest` bytes.
#[must_use]
pub fn is_label(text: &str, longest: usize) -> bool {
    let bytes = text.as_bytes();
    let inner = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-';
    (1..=longest).contains(&bytes.len())
        && bytes.iter().all(inner)
        && bytes[0] != b'-'
        && bytes[bytes.len() - 1] != b'-'
}

fn is_secret_key(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    (1..=253).contains(&text.len()) && text.bytes().all(allowed) && text != "." && !text.starts_with("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: &ParameterType, text: &str, expect: Result<&str, &str>) {
        let seen = match kind.parse(text.into()) {
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

    #[test]
    fn a_string_is_bounded_by_length_characters_pattern_and_words() {
        let free = ParameterType::String { pattern: None, words: Box::default() };
        check(&free, "", Ok(""));
        check(&free, "${x} $(y) \u{1F980}", Ok("${x} $(y) \u{1F980}"));
        check(&free, &"é".repeat(1024), Ok(&"é".repeat(1024)));
        check(&free, &"é".repeat(1025), Err("TooLong"));
        for control in ["a\nb", "a\0", "\u{7f}", "\u{85}"] {
            check(&free, control, Err("ControlCharacter"));
        }
        let pattern = Some(Pattern::new("a|ab").unwrap());
        let whole = ParameterType::String { pattern, words: Box::default() };
        check(&whole, "ab", Ok("ab"));
        check(&whole, "abc", Err("Pattern"));
        check(&whole, "xa", Err("Pattern"));
        let words = ParameterType::String { pattern: None, words: Box::new(["on".into(), "off".into()]) };
        check(&words, "off", Ok("off"));
        check(&words, "OFF", Err("NotOneOf"));
    }

    #[test]
    fn a_number_has_one_spelling_and_bounds() {
        let kind = ParameterType::Integer { minimum: Some(-3), maximum: Some(10) };
        check(&kind, "-3", Ok("-3"));
        check(&kind, "10", Ok("10"));
        check(&kind, "-4", Err("BelowMinimum"));
        check(&kind, "11", Err("AboveMaximum"));
        for odd in ["", "+1", "01", "1.0", "1e1", "0x1", "99999999999999999999", " 1", "--1"] {
            check(&kind, odd, Err("Syntax"));
        }
        check(&ParameterType::Boolean, "true", Ok("true"));
        check(&ParameterType::Boolean, "True", Err("Syntax"));
    }

    #[test]
    fn a_duration_is_one_number_and_one_unit_in_the_form_asked_for() {
        check(&ParameterType::Duration(DurationForm::Text), "90m", Ok("90m"));
        check(&ParameterType::Duration(DurationForm::Seconds), "2m", Ok("120"));
        check(&ParameterType::Duration(DurationForm::Seconds), "3000ms", Ok("3"));
        check(&ParameterType::Duration(DurationForm::Seconds), "1500ms", Err("NotWhole"));
        check(&ParameterType::Duration(DurationForm::Milliseconds), "2h", Ok("7200000"));
        for odd in ["10", "s", "1m30s", "1.5s", "-1s", "1 s", "99999999999999999h"] {
            check(&ParameterType::Duration(DurationForm::Text), odd, Err("Syntax"));
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
        for odd in ["0", "65536", "http", "080", "-1"] {
            check(&ParameterType::Port, odd, Err("Syntax"));
        }
    }

    #[test]
    fn a_path_is_absolute_normalised_and_below_its_parent() {
        let free = ParameterType::Path { below: None };
        check(&free, "/var/www", Ok("/var/www"));
        for odd in ["", "/", "www", "/a/", "/a//b", "/a/../b", "/a/./b", "/a:b", "/.."] {
            check(&free, odd, Err("Syntax"));
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
        for odd in ["", "a", "/k", "a/", "A/k", "a/k/x", "a/..", "a/k k", "-a/k"] {
            check(&ParameterType::SecretKey, odd, Err("Syntax"));
        }
    }
}
