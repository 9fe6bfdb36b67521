//! Breaks up what a host would take for a command, so that it is read as text.
//!
//! A space without width goes behind the first character of each mark: people see the same text, machines do not.
//! The documented way of GitHub, to stop commands with a token and start them again, was not taken: it holds for one
//! stream in order, and a log is read from two, at once.

/// What goes in between: U+200B, which no host trims as a blank.
const BREAK: &[u8] = "\u{200b}".as_bytes();

/// What a host reads as the beginning of a command.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marks {
    /// Anywhere in a line.
    pub anywhere: &'static [&'static str],
    /// At the beginning of a line, after blanks and escape sequences.
    pub leading: &'static [&'static str],
}

/// The text with every mark broken up; none when there is none in it. A line also begins after a carriage return.
pub(super) fn break_up(text: &[u8], marks: Marks) -> Option<Vec<u8>> {
    let mut places: Vec<usize> = Vec::new();
    for mark in marks.anywhere {
        places.extend(text.windows(mark.len()).enumerate().filter(|(_, window)| *window == mark.as_bytes()).map(|(at, _)| at));
    }
    let mut start = 0;
    for line in text.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
        let at = start + indent(line);
        if marks.leading.iter().any(|mark| text[at..].starts_with(mark.as_bytes())) {
            places.push(at);
        }
        start += line.len();
    }
    if places.is_empty() {
        return None;
    }
    places.sort_unstable();
    places.dedup();
    let mut broken = Vec::with_capacity(text.len() + places.len() * BREAK.len());
    let mut from = 0;
    for place in places {
        broken.extend_from_slice(&text[from..=place]);
        broken.extend_from_slice(BREAK);
        from = place + 1;
    }
    broken.extend_from_slice(&text[from..]);
    Some(broken)
}

/// How many bytes of a line are blanks, also those beyond ASCII, and escape sequences.
fn indent(line: &[u8]) -> usize {
    let mut at = 0;
    loop {
        let rest = &line[at..];
        if rest.first() == Some(&0x1b) {
            at += super::super::clean::escape_length(rest);
            continue;
        }
        let size = rest.len().min(4);
        let blank = (1..=size).find_map(|size| std::str::from_utf8(&rest[..size]).ok()).and_then(|text| text.chars().next());
        match blank.filter(|c| c.is_whitespace() || c.is_control()) {
            Some(c) => at += c.len_utf8(),
            None => return at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Host;

    fn shown(host: Host, text: &str) -> String {
        let harmless = host.harmless(text.as_bytes());
        harmless.map_or_else(|| text.to_owned(), |text| String::from_utf8(text).expect("UTF-8")).replace('\u{200b}', "~")
    }

    #[test]
    fn what_a_host_would_obey_is_broken_up() {
        for (host, text, harmless) in [
            (Host::GitHub, "::error::x\n  ::set-env name=A::b\na ::error::", ":~:error::x\n  :~:set-env name=A::b\na ::error::"),
            (Host::GitHub, "50 %\r::error::x\r\n::stop\n", "50 %\r:~:error::x\r\n:~:stop\n"),
            (Host::GitHub, "\u{a0}\u{3000}\x0b::error::x", "\u{a0}\u{3000}\x0b:~:error::x"),
            (Host::GitHub, "so ##[error]x ##[group]y", "so #~#[error]x #~#[group]y"),
            (Host::GitHub, "\x1b[31m::error::x", "\x1b[31m:~:error::x"),
            (Host::GitHub, "std::vec and a::b\n", "std::vec and a::b\n"),
            (Host::GitLab, "\rsection_end:1:a\r\x1b[0K", "\rs~ection_end:1:a\r\x1b[0K"),
            (Host::GitLab, "x section_start:1:a", "x s~ection_start:1:a"),
            (
                Host::Buildkite,
                "--- a/file\n+++ b/file\n-- x\n\x1b[1m~~~ y\n^^^ +++\n",
                "-~-- a/file\n+~++ b/file\n-- x\n\x1b[1m~~~~ y\n^~^^ +++\n",
            ),
            (Host::TeamCity, "x ##teamcity[buildStop]", "x #~#teamcity[buildStop]"),
            (Host::Azure, "##vso[task.complete] ##[error]", "#~#vso[task.complete] #~#[error]"),
        ] {
            assert_eq!(shown(host, text), harmless, "{host:?}");
        }
    }

    #[test]
    fn what_is_harmless_stays_byte_by_byte() {
        for host in [Host::GitHub, Host::GitLab, Host::Buildkite, Host::TeamCity, Host::Azure] {
            for text in [&b""[..], b"\n", b"\xff\xfe plain\n\n: : # #[\n", b"\x1b[", b"\x1b", b"  \r\r"] {
                assert_eq!(host.harmless(text), None, "{host:?} {text:?}");
            }
        }
        assert_eq!(Host::GitHub.harmless(b"\xff\n::x\xff").as_deref(), Some(&b"\xff\n:\xe2\x80\x8b:x\xff"[..]));
    }
}
