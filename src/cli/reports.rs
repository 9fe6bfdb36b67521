//! `--report KIND=FILE`: which reports are wanted, and writing them when the run is over.
//!
//! A file is replaced as a whole or stays as it was: what is written first has another name in the same folder. What
//! is no regular file (a pipe, a device) is written to as it is. Knows nothing of what stands in a report.

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};

use super::Failure;
use crate::base::suggest;
use crate::io::machine::reason;
use crate::report::formats::Kind;
use crate::report::record::Report;

/// Reports that are wanted, as one flag or the environment names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted(Vec<(Kind, PathBuf)>);

impl Wanted {
    /// Reads `KIND=FILE`, or several with commas between them; a comma belongs to the file unless a word and `=` follow.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut rest = text;
        let mut all = Vec::new();
        while !rest.is_empty() {
            let begins = |at: &usize| begins_another(&rest[at + 1..]);
            let end = rest.match_indices(',').map(|(at, _)| at).find(begins).unwrap_or(rest.len());
            all.push(one(&rest[..end])?);
            rest = rest.get(end + 1..).unwrap_or("");
        }
        if all.is_empty() { Err(FORM.to_owned()) } else { Ok(Self(all)) }
    }
}

const FORM: &str = "write KIND=FILE, as in junit=report.xml; a kind is one of json, junit, trace, markdown, html";

fn begins_another(text: &str) -> bool {
    text.split_once('=').is_some_and(|(word, _)| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphabetic()))
}

fn one(text: &str) -> Result<(Kind, PathBuf), String> {
    let (word, file) = text.split_once('=').ok_or(FORM)?;
    let Some((_, kind)) = Kind::ALL.iter().find(|(known, _)| *known == word) else {
        let meant =
            suggest::did_you_mean(word, Kind::ALL.iter().map(|(word, _)| *word)).map_or_else(String::new, |meant| format!("{meant}; "));
        return Err(format!("`{word}` is no kind of report; {meant}{FORM}"));
    };
    if file.is_empty() { Err(format!("a file is missing after `{word}=`; `-` is standard output")) } else { Ok((*kind, file.into())) }
}

/// All reports of a run: what goes into files, and what goes to standard output.
#[derive(Debug, Default)]
pub struct Reports {
    files: Vec<(Kind, PathBuf)>,
    printed: Vec<Kind>,
}

impl Reports {
    /// Checks what the command line wants.
    ///
    /// # Errors
    /// Two reports would be written into one file.
    pub fn new(wanted: &[Wanted]) -> Result<Self, Failure> {
        let mut reports = Self::default();
        for (kind, file) in wanted.iter().flat_map(|wanted| &wanted.0) {
            if file == Path::new("-") {
                reports.printed.push(*kind);
            } else if reports.files.iter().any(|(_, other)| resolved(other) == resolved(file)) {
                return Err(Failure::usage(format!("--report: two reports would be written into {}; give each a file", file.display())));
            } else {
                reports.files.push((*kind, file.clone()));
            }
        }
        if reports.printed.len() > 1 {
            return Err(Failure::usage("--report: two reports would be written to standard output; give each but one a file"));
        }
        Ok(reports)
    }

    /// Whether none is wanted.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.printed.is_empty()
    }

    /// Writes the files; what could not be written is told.
    pub fn write(&self, report: &Report) -> Vec<String> {
        let one = |(kind, path): &(Kind, PathBuf)| {
            let done = replace(path, &|out| kind.write(report, out));
            done.err().map(|error| format!("cannot write the {} report to {}: {}", kind.word(), path.display(), reason(&error)))
        };
        self.files.iter().filter_map(one).collect()
    }

    /// Prints what goes to standard output; what could not be written is told, unless nobody reads it any more.
    pub fn print(&self, report: &Report) -> Vec<String> {
        let one = |kind: &Kind| {
            let done = buffered(io::stdout().lock(), &|out| kind.write(report, out));
            let error = done.err().filter(|error| error.kind() != io::ErrorKind::BrokenPipe)?;
            Some(format!("cannot write the {} report to standard output: {}", kind.word(), reason(&error)))
        };
        self.printed.iter().filter_map(one).collect()
    }
}

/// An absolute path without `.`, `..` and links, as far as its folders are there.
fn resolved(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut all = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(all.pop()),
            Component::CurDir => {}
            part => all.push(part),
        }
        // Folders that are still to be made have no links.
        all = fs::canonicalize(&all).unwrap_or(all);
    }
    all
}

/// Writes what is to be written.
type Content<'c> = &'c dyn Fn(&mut dyn Write) -> io::Result<()>;

fn buffered(out: impl Write, content: Content<'_>) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    content(&mut out)?;
    out.flush()
}

/// Writes a file as a whole; folders that lead to it are made.
fn replace(path: &Path, content: Content<'_>) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|there| !there.is_file() && !there.is_dir()) {
        return buffered(File::options().write(true).open(path)?, content);
    }
    // A link stays, and what it leads to is replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new().prefix(".flowrun-report-").permissions(Permissions::from_mode(0o666)).tempfile_in(folder)?;
    buffered(file.as_file_mut(), content)?;
    file.persist(&path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Vec<(Kind, String)>, String> {
        Wanted::parse(text).map(|wanted| wanted.0.into_iter().map(|(kind, file)| (kind, file.display().to_string())).collect())
    }

    #[test]
    fn several_stand_in_one_text() {
        for (text, wanted) in [
            ("json=a.json", vec![(Kind::Json, "a.json")]),
            ("junit=a.xml,trace=b,c.json", vec![(Kind::Junit, "a.xml"), (Kind::Trace, "b,c.json")]),
            ("markdown=-", vec![(Kind::Markdown, "-")]),
            ("json=a=b,1=2", vec![(Kind::Json, "a=b,1=2")]),
        ] {
            let wanted: Vec<_> = wanted.into_iter().map(|(kind, file)| (kind, file.to_owned())).collect();
            assert_eq!(parsed(text), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_the_right_form() {
        for (text, says) in [
            ("", "write KIND=FILE"),
            ("report.xml", "write KIND=FILE"),
            ("junti=a", "did you mean `junit`?"),
            (
                "xml=a",
                "`xml` is no kind of report; write KIND=FILE, as in junit=report.xml; a kind is one of json, junit, trace, markdown, html",
            ),
            ("json=a,pdf=b", "`pdf` is no kind of report"),
            ("json=", "a file is missing after `json=`"),
        ] {
            let error = parsed(text).expect_err(text);
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn each_report_has_a_place_of_its_own() {
        let wanted = |text: &str| Wanted::parse(text).expect("it is right");
        assert!(Reports::new(&[wanted("json=a"), wanted("junit=a")]).is_err());
        assert!(Reports::new(&[wanted("json=-,junit=-")]).is_err());
        let folder = tempfile::tempdir().expect("a folder");
        let path = |text: &str| format!("{}/{text}", folder.path().display());
        fs::create_dir(path("real")).expect("a folder");
        std::os::unix::fs::symlink(path("real"), path("link")).expect("a link");
        for (one, other, fits) in [
            ("r1".to_owned(), "./r1".to_owned(), false),
            ("r1".to_owned(), "new/../r1".to_owned(), false),
            ("r1".to_owned(), std::env::current_dir().expect("a folder").join("r1").display().to_string(), false),
            (path("real/r1"), path("link/r1"), false),
            (path("real/r1"), path("real/r2"), true),
            ("/dev/null".to_owned(), "/dev/../dev/null".to_owned(), false),
        ] {
            let both = [wanted(&format!("json={one}")), wanted(&format!("junit={other}"))];
            assert_eq!(Reports::new(&both).is_ok(), fits, "{one} {other}");
        }
        assert!(Reports::new(&[]).expect("none").is_empty());
    }

    #[test]
    fn a_file_is_replaced_as_a_whole_and_a_link_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        replace(&path("new/one"), &|out| out.write_all(b"1")).expect("it is written");
        std::os::unix::fs::symlink(path("new/one"), path("link")).expect("a link");
        replace(&path("link"), &|out| out.write_all(b"2")).expect("it is written");
        assert_eq!(fs::read(path("new/one")).expect("a file"), b"2");
        assert!(path("link").is_symlink());
        assert_eq!(fs::read_dir(path("new")).expect("a folder").count(), 1);
        replace(Path::new("/dev/null"), &|out| out.write_all(b"3")).expect("it takes everything");
        assert!(replace(&path("new"), &|out| out.write_all(b"4")).is_err());
    }
}
