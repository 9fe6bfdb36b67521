//! Fenced blocks of a page and what is done with each.
//!
//! The words behind the fence say it: the first is the language, for those who read the page in colour, the rest
//! is for the tests. A word that is not known here fails the test, so nothing is left out in silence.

/// What is done with a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Use {
    /// A whole workflow. It begins a new folder, as `flowrun.yaml`, and must end with this exit status; console
    /// blocks that follow run it in place of that.
    Workflow(i32),
    /// Another file in that folder.
    File(String),
    /// Lines that begin with `$ ` are run there, by a shell; what follows each is all that it says.
    Console {
        /// In the root of the repository.
        in_repository: bool,
        /// What several processes say at once has no order.
        unordered: bool,
    },
    /// Commands that succeed there.
    Commands,
    /// Commands that are only shown: they are words a shell can read, with flags that exist.
    Shown,
    /// A file of another tool, or a part of a workflow, in this language: well-formed.
    Foreign(String),
    /// Nothing.
    Text,
}

/// A fenced block.
#[derive(Debug)]
pub struct Block {
    /// What is done with it.
    pub what: Use,
    /// What stands in it.
    pub text: String,
    /// The number of its first line.
    pub line: usize,
}

fn what(info: &str) -> Result<Use, String> {
    if let Some((_, name)) = info.split_once(" file=") {
        return Ok(Use::File(name.to_owned()));
    }
    Ok(match info {
        "yaml" => Use::Workflow(0),
        "yaml fails" => Use::Workflow(1),
        "yaml refused" => Use::Workflow(2),
        "console" => Use::Console { in_repository: false, unordered: false },
        "console unordered" => Use::Console { in_repository: false, unordered: true },
        "console repository" => Use::Console { in_repository: true, unordered: false },
        "sh" => Use::Commands,
        "sh shown" | "console shown" => Use::Shown,
        "python" | "makefile" | "procfile" | "json" => Use::Foreign(info.to_owned()),
        "yaml other" | "yaml part" => Use::Foreign("yaml".to_owned()),
        // The last two are settings of editors, which have tests of their own.
        "text" | "lua" | "toml" => Use::Text,
        _ => return Err(format!("what is `{info}`? tests/docs/blocks.rs says what there is")),
    })
}

/// The blocks of a page.
///
/// # Panics
/// A fence is never closed, or says something that is not known.
pub fn blocks(page: &str, markdown: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in (1..).zip(markdown.lines()) {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => {
                let what = what(info.trim()).unwrap_or_else(|why| panic!("{page}:{number}: {why}"));
                open = Some(Block { what, text: String::new(), line: number + 1 });
            }
            (Some(_), Some("")) => blocks.extend(open.take()),
            (Some(block), _) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "{page}: a fence is never closed");
    blocks
}
