//! Command lines as shells send them, made into words as a program gets them, and what is offered made fit to be typed.
//!
//! Most shells send words as they stand in the line, with their quotes; bash besides breaks them at `=`, and nushell
//! sends the line as one text. Quotes that are still open stay as they are: somebody is within them.

use std::ffi::OsString;

/// The words so far; the last is the one that is completed.
#[derive(Debug, PartialEq, Eq)]
pub struct Typed {
    /// The words, the program's name first.
    pub words: Vec<OsString>,
    /// What the shell takes for a word of its own before the last, as `--file=`: offers must not repeat it.
    pub before: String,
}

/// Words from this shell; those behind `index` do not matter.
pub fn read(shell: &str, mut words: Vec<OsString>, index: Option<usize>) -> Typed {
    if shell == "nushell" {
        return Typed { words: split(&words.pop().unwrap_or_default().to_string_lossy()), before: String::new() };
    }
    // Not every script sends the empty word that is about to be typed.
    words.resize(index.map_or_else(|| words.len().max(1), |index| index + 1), OsString::new());
    let mut before = String::new();
    if shell == "bash" {
        (words, before) = whole(words);
    }
    if matches!(shell, "bash" | "zsh" | "fish") {
        words = words.into_iter().map(unquoted).collect();
    }
    Typed { words, before }
}

/// An offer as bash inserts it: without what stands there already, and with blanks kept together, unless within quotes.
pub fn for_bash(offer: &str, before: &str, quoted: bool) -> String {
    let offer = offer.strip_prefix(before).unwrap_or(offer);
    if quoted {
        return offer.to_owned();
    }
    let special = |letter: char| letter.is_ascii_whitespace() || "\\'\"`$&|;<>()*?!#".contains(letter);
    offer.chars().flat_map(|letter| special(letter).then_some('\\').into_iter().chain([letter])).collect()
}

/// Puts together what bash breaks at `=`, and tells the part of the last word that bash takes for words before it.
fn whole(words: Vec<OsString>) -> (Vec<OsString>, String) {
    let mut all: Vec<OsString> = Vec::new();
    let mut before = String::new();
    let mut open = false;
    for word in words {
        let sign = word == "=" && !open;
        match all.last_mut().filter(|_| sign || open) {
            Some(last) => {
                before = last.to_string_lossy().into_owned() + if sign { "=" } else { "" };
                last.push(word);
            }
            None => {
                before.clear();
                all.push(word);
            }
        }
        open = sign;
    }
    (all, before)
}

fn unquoted(word: OsString) -> OsString {
    let split = word.to_str().and_then(|text| shell_words::split(text).ok());
    match split.as_deref() {
        Some([one]) => OsString::from(one),
        _ => word,
    }
}

/// A line of nushell, in which `` ` `` quotes too; the last quote may still be open.
fn split(line: &str) -> Vec<OsString> {
    let line = line.replace('`', "'");
    let closed = ["", "'", "\""].into_iter().find_map(|end| shell_words::split(&format!("{line}{end}")).ok().map(|words| (words, end)));
    let (mut words, end) = closed.unwrap_or_default();
    if words.is_empty() || end.is_empty() && line.ends_with(char::is_whitespace) {
        words.push(String::new());
    }
    words.into_iter().map(OsString::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(shell: &str, words: &[&str]) -> (Vec<String>, String) {
        let typed = read(shell, words.iter().map(OsString::from).collect(), Some(words.len() - 1));
        (typed.words.into_iter().map(|word| word.into_string().expect("text")).collect(), typed.before)
    }

    #[test]
    fn words_lose_their_quotes() {
        for shell in ["bash", "zsh", "fish"] {
            assert_eq!(typed(shell, &["flowrun", "my\\ a.yaml", "'b'", ""]).0, ["flowrun", "my a.yaml", "b", ""]);
            assert_eq!(typed(shell, &["flowrun", "'my a"]).0, ["flowrun", "'my a"]);
        }
        assert_eq!(typed("elvish", &["flowrun", "it's"]).0, ["flowrun", "it's"]);
        assert_eq!(typed("nushell", &["flowrun run `my a.yaml` "]).0, ["flowrun", "run", "my a.yaml", ""]);
        assert_eq!(typed("nushell", &["flowrun run `my "]).0, ["flowrun", "run", "my "]);
        assert_eq!(typed("nushell", &["flowrun ru"]).0, ["flowrun", "ru"]);
    }

    #[test]
    fn bash_breaks_words_at_equals_signs() {
        for (words, expected, before) in [
            (&["flowrun", "--file", "=", "a.yaml", "b"][..], &["flowrun", "--file=a.yaml", "b"][..], ""),
            (&["flowrun", "--file", "=", "a"], &["flowrun", "--file=a"], "--file="),
            (&["flowrun", "--file", "="], &["flowrun", "--file="], "--file="),
            (&["flowrun", "--report", "json", "=", "a"], &["flowrun", "--report", "json=a"], "json="),
            (&["flowrun", "--file", "a"], &["flowrun", "--file", "a"], ""),
        ] {
            let (words, rest) = typed("bash", words);
            assert_eq!((words.iter().map(String::as_str).collect::<Vec<_>>().as_slice(), rest.as_str()), (expected, before));
        }
    }

    #[test]
    fn bash_inserts_offers_as_they_are() {
        assert_eq!(for_bash("--file=my a.yaml", "--file=", false), "my\\ a.yaml");
        assert_eq!(for_bash("oven[0]", "", false), "oven[0]");
        assert_eq!(for_bash("my a.yaml", "", true), "my a.yaml");
    }
}
