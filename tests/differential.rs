//! Two readers of YAML, one tree: wherever this crate and serde_yaml both accept a text, they must agree
//! on keys, order, nesting and scalars.
//!
//! serde_yaml is the oracle only. It types plain scalars while reading and this crate keeps their text,
//! so a plain scalar agrees when its text has that type. Known differences, each with its reason:
//!
//! - This crate refuses duplicate keys, tags, several documents, keys that are lists or mappings, and
//!   merge keys without a mapping; serde_yaml accepts some of them, so such texts are not compared.
//! - `010` is the number 10 in YAML 1.2's core schema and a text for serde_yaml; here its text is kept.
//! - `0b11` is a number for serde_yaml and a text in YAML 1.2.
//! - Numbers beyond 64 bits: serde_yaml makes floats or texts of them.
//! - A block text at the very end of a file without a line break there ends with one here, and not for serde_yaml.
//! - U+0085, U+2028 and U+2029 are line breaks in YAML 1.1 and text in 1.2; texts with them are not compared.
//! - Merging `<<` moves entries within a serde_yaml mapping, so mappings with merge keys are compared
//!   without regard to order; it also merges before the inner merge keys of an alias are merged.

mod generate;

use flowrun::source::tree::{Document, Kind, NodeId, Style, is_null};
use flowrun::source::{self, Parsed};
use generate::{Rng, mutated, soup, workflow};
use serde_yaml::{Mapping, Value};

/// What this crate refuses in YAML itself.
const REFUSED: &[&str] = &["syntax", "duplicate-key", "tag", "several-documents", "key-not-text", "merge-key", "alias-ring", "too-large"];

/// A plain text as YAML 1.2's core schema types it.
#[derive(Debug, PartialEq)]
enum Core {
    Null,
    Bool(bool),
    Number,
    Text,
}

fn core(text: &str) -> Core {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let all = |text: &str, good: fn(&u8) -> bool| !text.is_empty() && text.bytes().all(|byte| good(&byte));
    let digits = |text: &str| all(text, u8::is_ascii_digit);
    let float = || {
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).map_or((unsigned, None), |(a, b)| (a, Some(b)));
        let (whole, part) = mantissa.split_once('.').map_or((mantissa, None), |(a, b)| (a, Some(b)));
        let mantissa = match part {
            Some(part) => (digits(whole) && (part.is_empty() || digits(part))) || (whole.is_empty() && digits(part)),
            None => digits(whole),
        };
        mantissa && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
    };
    match text {
        _ if is_null(text) => Core::Null,
        "true" | "True" | "TRUE" => Core::Bool(true),
        "false" | "False" | "FALSE" => Core::Bool(false),
        ".nan" | ".NaN" | ".NAN" => Core::Number,
        _ if matches!(unsigned, ".inf" | ".Inf" | ".INF") => Core::Number,
        _ if text.strip_prefix("0x").is_some_and(|rest| all(rest, u8::is_ascii_hexdigit)) => Core::Number,
        _ if text.strip_prefix("0o").is_some_and(|rest| all(rest, |byte| (b'0'..=b'7').contains(byte))) => Core::Number,
        _ if float() => Core::Number,
        _ => Core::Text,
    }
}

/// Whether a text is one of the numbers that only one of the two takes for a number.
fn differs_by_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let leading_zero = unsigned.len() > 1 && unsigned.starts_with('0') && unsigned.bytes().all(|byte| byte.is_ascii_digit());
    let other_base = ["0b", "0x", "0o"].iter().any(|prefix| unsigned.starts_with(prefix));
    leading_zero || other_base || unsigned.len() > 18
}

fn plain_agrees(text: &str, value: &Value) -> bool {
    match value {
        Value::Null => core(text) == Core::Null,
        Value::Bool(flag) => core(text) == Core::Bool(*flag),
        Value::Number(number) => {
            let same = text.parse::<f64>().ok().is_some_and(|parsed| number.as_f64() == Some(parsed));
            differs_by_number(text) || core(text) == Core::Number && (same || text.to_lowercase().contains(['i', 'n']))
        }
        Value::String(other) => other == text && (core(text) == Core::Text || differs_by_number(text)),
        _ => false,
    }
}

fn compare(document: &Document, node: NodeId, value: &Value, ordered: bool) -> Result<(), String> {
    let at = || format!("at {:?}: {:?} and {value:?}", document.span(node), document.node(node).kind);
    match (&document.node(node).kind, value) {
        (Kind::Scalar { text, style: Style::Plain }, value) => plain_agrees(text, value).then_some(()).ok_or_else(at),
        (Kind::Scalar { text, .. }, Value::String(other)) if text == other => Ok(()),
        (Kind::Scalar { text, style: Style::Block }, Value::String(other))
            if !document.text.ends_with('\n') && text.strip_suffix('\n') == Some(other) =>
        {
            Ok(())
        }
        (Kind::List(items), Value::Sequence(others)) if items.len() == others.len() => {
            items.iter().zip(others).try_for_each(|(item, other)| compare(document, *item, other, ordered))
        }
        (Kind::Map(entries), Value::Mapping(others)) if entries.len() == others.len() => {
            for (index, entry) in entries.iter().enumerate() {
                let key = entry.key.value.as_str();
                // The style of a key is not kept: quoted or plain, its text is what counts.
                let agrees = |other: &Value| matches!(other, Value::String(text) if text == key) || plain_agrees(key, other);
                let other = if ordered {
                    others.iter().nth(index).filter(|(other, _)| agrees(other))
                } else {
                    others.iter().find(|(other, _)| agrees(other))
                };
                let (_, other) = other.ok_or_else(|| format!("key {key:?} {}", at()))?;
                compare(document, entry.value, other, ordered)?;
            }
            Ok(())
        }
        _ => Err(at()),
    }
}

/// Whether both accept a text; panics when they read it differently.
fn agree(text: &str) -> bool {
    let Parsed { document, diagnostics, .. } = source::parse(text);
    let (Some(root), false) = (document.root(), diagnostics.iter().any(|found| REFUSED.contains(&found.code))) else { return false };
    if text.contains(['\u{85}', '\u{2028}', '\u{2029}']) {
        return false;
    }
    let Ok(mut value) = serde_yaml::from_str::<Value>(text) else { return false };
    if value.apply_merge().is_err() {
        return false;
    }
    // Keys that are equal after typing are one key for serde_yaml's mappings, which then are shorter.
    if has_keys_of_one_type(&value) {
        return false;
    }
    if let Err(difference) = compare(&document, root, &value, !text.contains("<<")) {
        panic!("the readers differ {difference} in this text:\n{text}\n────");
    }
    true
}

/// `<<` that stayed: a quoted key for one reader, an inner merge for the other.
fn has_keys_of_one_type(value: &Value) -> bool {
    let of_map = |map: &Mapping| map.iter().any(|(key, value)| key.as_str() == Some("<<") || has_keys_of_one_type(value));
    match value {
        Value::Mapping(map) => of_map(map),
        Value::Sequence(items) => items.iter().any(has_keys_of_one_type),
        _ => false,
    }
}

fn runs(usual: u64, least: f64, one: impl Fn(&mut Rng) -> String) {
    let runs = std::env::var("FUZZ_RUNS").ok().and_then(|text| text.parse().ok()).unwrap_or(usual);
    let mut accepted = 0_u32;
    for seed in 0..runs {
        let text = one(&mut Rng::new(seed));
        let agreed = std::panic::catch_unwind(|| agree(&text)).unwrap_or_else(|cause| {
            eprintln!("seed {seed}");
            std::panic::resume_unwind(cause)
        });
        accepted += u32::from(agreed);
    }
    // A comparison of nothing would prove nothing.
    let share = f64::from(accepted) / runs as f64;
    assert!(share >= least, "only {share:.2} of the texts were compared");
}

#[test]
fn workflows_are_read_alike() {
    runs(1500, 0.4, workflow);
}

#[test]
fn mutated_workflows_are_read_alike() {
    runs(4000, 0.2, |rng| {
        let text = workflow(rng);
        mutated(&text, rng)
    });
}

#[test]
fn soups_are_read_alike() {
    runs(4000, 0.01, soup);
}

#[test]
fn odd_forms_are_read_alike() {
    for text in [
        "a: |\n  x\n   y\n\n  z\n\n",
        "a: |-\n  x\n",
        "a: |+\n  x\n\n",
        "a: >\n  x\n  y\n\n  z\n    more\n  w\n",
        "a: >-\n  x\n  y\n",
        "a: |2\n    x\n",
        "a: 'it''s\n  folded\n\n  twice'\n",
        "a: \"x\\\n  y\\n\\tz \\x41 \\u00e9 \\U0001F389\"\n",
        "a: plain\n  over lines\n  of text\n",
        "? a\n: b\n? c\n",
        "a: [1, [2, {b: c}], {d: [e]}]\n",
        "a: {b, c: , d: e}\n",
        "[a: b, c]\n",
        "a: &x [1, 2]\nb: *x\nc: &y {d: *x}\ne: *y\n",
        "a: &x 1\n*x : 2\n",
        "# comment\na: b # comment\n# comment\n",
        "%YAML 1.2\n---\na: b\n...\n",
        "\u{feff}a: b\n",
        "a: b\r\nc: |\r\n  d\r\n  e\r\n",
        "a: no\nno: a\nNULL: b\n\"\": c\n",
        "a: 1.20\nb: 010\nc: 0x1F\nd: 1e3\ne: .5\nf: -.inf\ng: 12:30\nh: 0o17\ni: +5\nj: 1_000\n",
        "a: http://x/y#z\nb: a:b\nc: -x\nd: ?x\ne: a , b\n",
        "a: 'x'\nb: \"y\"\nc:\n- d\n-   - e\n    - f\n",
        "base: &b {x: 1, y: 2}\nuse: {<<: *b, y: 3}\nboth: {<<: [*b, {z: 4}]}\n",
    ] {
        assert!(agree(text), "not compared: {text:?}");
    }
}
