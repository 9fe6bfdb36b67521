//! What a process writes for others (`FLOWRUN_OUTPUTS`): lines `name=value`, or `name<<END` and the lines of
//! the value up to `END`, as in CI files.
//!
//! Knows nothing of who reads it. A line that is none of these is left out and told: the others still count,
//! as a stray line of a tool's output should not make a build fail that does not depend on it.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::path::Path;

use crate::io::files;
use crate::plan::Written;
use crate::source::model::names::is_name;

/// The most that one attempt may write, in bytes.
pub const MOST: usize = 1024 * 1024;

/// What was found in a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outputs {
    /// The values; of two with one name the later.
    pub values: Written,
    /// What was left out, and why, each with its line.
    pub wrong: Vec<String>,
}

/// Reads what was written. `unfinished`: the writer is alive, so that a last line without a line break may go on.
///
/// # Errors
/// The system's error, or that it is too long.
pub fn read(path: &Path, unfinished: bool) -> io::Result<Outputs> {
    let file = files::open(path, OpenOptions::new().read(true))?;
    let mut bytes = Vec::new();
    file.take(MOST as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > MOST {
        return Err(io::Error::other("they are longer than 1 MiB; hand large values on in a file, and its path as an output"));
    }
    if unfinished {
        bytes.truncate(bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1));
    }
    Ok(parse(&bytes))
}

/// The values in the text of a file.
pub fn parse(text: &[u8]) -> Outputs {
    let mut outputs = Outputs::default();
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let mut lines = (1..).zip(text.split(|byte| *byte == b'\n'));
    while let Some((number, line)) = lines.next() {
        let line = String::from_utf8_lossy(line);
        if line.trim().is_empty() {
            continue;
        }
        let value = match split(&line) {
            Ok((name, Start::Value(value))) => Ok((name, value.to_owned())),
            Ok((name, Start::Until(end))) => {
                let mut body: Vec<&[u8]> = Vec::new();
                let ended = lines.by_ref().any(|(_, line)| {
                    body.push(line);
                    line == end.as_bytes()
                });
                body.pop();
                let value = String::from_utf8_lossy(&body.join(&b'\n')).into_owned();
                ended.then_some((name, value)).ok_or_else(|| format!("its end `{end}` is missing"))
            }
            Err(why) => Err(why),
        };
        match value {
            Ok((_, value)) if value.contains(['\0', char::REPLACEMENT_CHARACTER]) => {
                outputs.wrong.push(format!("line {number}: the value is not text in UTF-8"));
            }
            Ok((name, value)) => drop(outputs.values.insert(name.to_owned(), value)),
            Err(why) => outputs.wrong.push(format!("line {number}: {why}")),
        }
    }
    outputs
}

/// How a value is given.
enum Start<'a> {
    Value(&'a str),
    Until(&'a str),
}

fn split(line: &str) -> Result<(&str, Start<'_>), String> {
    let form = "write `name=value`, or `name<<END` for several lines";
    let (name, start) = match (line.find('='), line.find("<<")) {
        (equals, Some(at)) if equals.is_none_or(|equals| at < equals) => (&line[..at], Start::Until(&line[at + 2..])),
        (Some(at), _) => (&line[..at], Start::Value(&line[at + 1..])),
        (None, _) => return Err(format!("there is no `=` in it; {form}")),
    };
    if !is_name(name) {
        return Err(format!("`{}` is not a name; {form}", name.escape_debug().take(60).collect::<String>()));
    }
    if let Start::Until("") = start {
        return Err(format!("the word that ends the value is missing; {form}"));
    }
    Ok((name, start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> (Vec<(String, String)>, Vec<String>) {
        let outputs = parse(text.as_bytes());
        (outputs.values.into_iter().collect(), outputs.wrong)
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn lines_and_blocks_are_values_and_the_later_wins() {
        assert_eq!(told(""), (vec![], vec![]));
        assert_eq!(told("a=1\nb = x=y \n\na=2\n").0, pairs(&[("a", "2")]));
        assert_eq!(told("a=\nurl=http://h/?x=1<<2").0, pairs(&[("a", ""), ("url", "http://h/?x=1<<2")]));
        assert_eq!(told("notes<<END\none\n\ntwo=2\nEND\nafter=x\n").0, pairs(&[("after", "x"), ("notes", "one\n\ntwo=2")]));
        assert_eq!(told("empty<<E\nE").0, pairs(&[("empty", "")]));
        assert_eq!(told("m.y-name=x\r\n").0, pairs(&[("m.y-name", "x\r")]));
    }

    #[test]
    fn what_is_no_value_is_told_with_its_line() {
        let (values, wrong) = told("a=1\nhello\n=x\n2b=x\nc<<\nd=ok\ne<<END\nnever ends\n");
        assert_eq!(values, pairs(&[("a", "1"), ("d", "ok")]));
        let starts =
            ["line 2: there is no `=`", "line 3: `` is not a name", "line 4: `2b` is not", "line 5: the word", "line 7: its end `END`"];
        assert_eq!(wrong.len(), starts.len(), "{wrong:?}");
        for (wrong, start) in wrong.iter().zip(starts) {
            assert!(wrong.starts_with(start), "{wrong}");
        }
        assert_eq!(parse(b"a=\xff\nb=\0\n").wrong.len(), 2);
    }

    #[test]
    fn what_is_still_being_written_and_what_is_too_long_does_not_count() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("f");
        std::fs::write(&path, "a=1\nb=2").expect("a file");
        assert_eq!(read(&path, true).expect("read").values.len(), 1);
        assert_eq!(read(&path, false).expect("read").values.len(), 2);
        std::fs::write(&path, vec![b'x'; MOST + 1]).expect("a file");
        assert!(read(&path, false).expect_err("too long").to_string().contains("1 MiB"));
    }
}
