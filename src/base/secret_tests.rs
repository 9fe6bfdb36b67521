//! What is hidden, whole and in pieces.

use super::*;

fn secrets(values: &[&str]) -> Secrets {
    let mut secrets = Secrets::default();
    values.iter().for_each(|value| assert!(secrets.add(value.as_bytes()), "{value}"));
    secrets
}

/// Secrets, a text, and what is shown of it.
const CASES: &[(&[&str], &str, &str)] = &[
    (&["hunter2"], "the password is hunter2, hunter, hunter2", "the password is ***, hunter, ***"),
    (&["hunter2"], "hunter2hunter2", "******"),
    (&["abcd", "bcde"], "xabcdex", "x***x"),
    (&["abcdef", "bcd"], "abcd abcdef abcdx", "a*** *** a***x"),
    (&["abc", "abcdef"], "abcdex abcdef abc", "***dex *** ***"),
    (&["abcabd"], "abcabcabd", "abc***"),
    (&["aaa"], "aa aaa aaaaaaa aa", "aa *** *** aa"),
    (&["first line\nsecond line\n}\n"], "first line\r\nsecond line\n}\nfirst\n", "***\r\n***\n}\nfirst\n"),
    (&["***"], "a *** b", "a *** b"),
    (&["gr\u{fc}n\u{20ac}"], "gr\u{fc}n\u{20ac} gr\u{fc}n", "*** gr\u{fc}n"),
    (&["ghp_abc"], "T=\x1b[01;31m\x1b[Kghp\x1b[m\x1b[K_abc.", "T=\x1b[01;31m\x1b[K***\x1b[m."),
    (&["abcd", "bcde"], "a\x1b[1mb\x1b[mcd\x1b[3me", "***\x1b[1m\x1b[m\x1b[3m"),
    (&["abc", "b\x1b]c"], "a\x07b\u{9b}c b\x1b]c a\tbc a\rbc a\x1b]8;;abc\x1b\\bc", "*** *** a\tbc a\rbc ***"),
    (&["abc", "123"], "a\x1b[123mbc \x1b[123m", "*** \x1b[***m"),
    (&["abc"], "a\x1b[\nbc a\x1b]0;\nbc a\x1b[m", "a\x1b[\nbc a\x1b]0;\nbc a\x1b[m"),
    (&[], "nothing to hide", "nothing to hide"),
];

#[test]
fn values_are_hidden() {
    for (values, text, shown) in CASES {
        assert_eq!(String::from_utf8_lossy(&secrets(values).hide(text.as_bytes())), *shown, "{values:?}");
    }
}

#[test]
fn it_does_not_matter_where_the_pieces_are_cut() {
    for (values, text, shown) in CASES {
        let secrets = secrets(values);
        let longest = secrets.values.iter().map(Vec::len).max().unwrap_or(1);
        let bytes = text.as_bytes();
        for one in 0..=bytes.len() {
            for two in one..=bytes.len() {
                let mut hider = Hider::default();
                let mut all = Vec::new();
                for piece in [&bytes[..one], &bytes[one..two], &bytes[two..]] {
                    all.extend_from_slice(&hider.push(&secrets, piece));
                    assert!(hider.held.len() < longest + 16, "{values:?} {text} {one} {two}");
                }
                all.extend(hider.finish(&secrets));
                assert_eq!(String::from_utf8_lossy(&all), *shown, "{values:?} {text} {one} {two}");
            }
        }
    }
}

#[test]
fn byte_by_byte_a_line_is_out_with_its_break() {
    let secrets = secrets(&["hunter2", "break"]);
    let mut hider = Hider::default();
    let shown: Vec<u8> = b"hunter\nhunter2\nbrea\n".iter().flat_map(|byte| hider.push(&secrets, &[*byte]).into_owned()).collect();
    assert_eq!(shown, b"hunter\n***\nbrea\n");
}

/// What a program could send without end is no reason to keep it.
#[test]
fn what_stands_unseen_is_bounded() {
    let secrets = secrets(&["abc"]);
    let flood = [b"a".as_slice(), &b"\x1b[m".repeat(1000), b"bc", b"a\x1b]0;", &b"x".repeat(3000)].concat();
    let mut hider = Hider::default();
    let mut shown = Vec::new();
    for byte in &flood {
        shown.extend_from_slice(&hider.push(&secrets, &[*byte]));
        assert!(hider.held.len() <= 1 + GAP, "{}", hider.held.len());
    }
    assert_eq!(shown, flood);
    assert_eq!(secrets.hide(&[b"a".as_slice(), &b"\x1b[m".repeat(85), b"bc"].concat()).len(), 3 + 85 * 3);
}

#[test]
fn short_values_are_not_hidden_and_said_to_be_so() {
    let mut secrets = Secrets::default();
    assert!(!secrets.add(b"ab") && !secrets.add(b" x\n"));
    assert!(secrets.add(b"") && secrets.add(b" \n"));
    assert!(secrets.is_empty());
}
