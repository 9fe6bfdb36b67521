//! Secret values, and texts without them.
//!
//! Knows bytes only. A value of several lines is hidden line by line, because that is how it is shown. Every byte that
//! belongs to a value is hidden, also where values overlap, and also where escape sequences of terminals or control
//! characters stand between them: whoever takes these out would put the value together again. What a program prints in
//! another form (encoded, in pieces) is not found. The search is plain and needs no automaton that could be too
//! large to build: each byte costs one look into a table, and the values that begin with it are compared.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Bound::{Included, Unbounded};

use super::escape;

/// What stands for a secret.
pub const MASK: &[u8] = b"***";
/// Shorter values are not hidden, in bytes: they are everywhere, and to hide them would make all output unreadable
/// and show where they stand.
pub const SHORTEST: usize = 3;
/// The most that may stand unseen between two bytes of a value, in bytes: it bounds what is kept.
const GAP: usize = 256;
const ESCAPE: u8 = 0x1b;

/// Values that must not be shown.
#[derive(Clone)]
pub struct Secrets {
    values: BTreeSet<Vec<u8>>,
    /// Whether a value begins with this byte.
    first: [bool; 256],
}

impl Default for Secrets {
    fn default() -> Self {
        Self { values: BTreeSet::new(), first: [false; 256] }
    }
}

/// How a value compares with what stands at a place.
enum Compared {
    Other,
    /// The same, so many bytes long with what stands unseen in it.
    Same(usize),
    /// The same as far as it is known.
    SoFar,
}

/// What stands at a place.
enum Found {
    Nothing,
    /// A value of so many bytes.
    Value(usize),
    /// What may become a value, or a longer one.
    Beginning,
}

impl Secrets {
    /// One more; false when it is too short to be hidden.
    pub fn add(&mut self, value: &[u8]) -> bool {
        for line in value.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| line.len() >= SHORTEST) {
            self.first[usize::from(line[0])] = true;
            self.values.insert(line.to_vec());
        }
        let size = value.trim_ascii().len();
        size == 0 || size >= SHORTEST
    }

    /// Whether there is nothing to hide.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// These bytes without the values.
    pub fn hide<'t>(&self, bytes: &'t [u8]) -> Cow<'t, [u8]> {
        if !self.may_be_in(bytes) {
            return Cow::Borrowed(bytes);
        }
        let mut hider = Hider::default();
        let mut hidden = hider.push(self, bytes).into_owned();
        hidden.extend(hider.finish(self));
        Cow::Owned(hidden)
    }

    /// The same for a text.
    pub fn hide_text(&self, text: &mut String) {
        if let Cow::Owned(hidden) = self.hide(text.as_bytes()) {
            *text = String::from_utf8_lossy(&hidden).into_owned();
        }
    }

    fn may_be_in(&self, bytes: &[u8]) -> bool {
        !self.is_empty() && bytes.iter().any(|byte| self.first[usize::from(*byte)])
    }

    /// What `rest` begins with; at the `end` nothing follows.
    fn look(&self, rest: &[u8], end: bool) -> Found {
        let mut found = Found::Nothing;
        for value in self.values.range::<[u8], _>((Included(&rest[..1]), Unbounded)).take_while(|value| value[0] == rest[0]) {
            match compare(value, rest) {
                Compared::Same(size) => {
                    let longest = if let Found::Value(other) = found { other } else { 0 };
                    found = Found::Value(size.max(longest));
                }
                Compared::SoFar if !end => return Found::Beginning,
                Compared::SoFar | Compared::Other => {}
            }
        }
        found
    }

    /// The colours that are set within a value, so that they do not last for what follows it.
    fn colors(&self, mut part: &[u8], shown: &mut Vec<u8>) {
        while let Some(at) = part.iter().position(|byte| *byte == ESCAPE) {
            let length = escape::sequence(&part[at..]).unwrap_or(1);
            let (sequence, rest) = part[at..].split_at(length);
            let safe = (0..length).all(|from| !matches!(self.look(&sequence[from..], true), Found::Value(_)));
            if escape::is_color(sequence) && safe {
                shown.extend_from_slice(sequence);
            }
            part = rest;
        }
    }
}

fn compare(value: &[u8], rest: &[u8]) -> Compared {
    let mut at = 0;
    for byte in value {
        let gap = at;
        while rest.get(at) != Some(byte) {
            let window = &rest[at..rest.len().min(gap + GAP)];
            match unseen(window) {
                Some(0) => return Compared::Other,
                Some(length) => at += length,
                // Where the window ends although there is more, too much is unseen.
                None if gap + GAP <= rest.len() => return Compared::Other,
                None => return Compared::SoFar,
            }
        }
        at += 1;
    }
    Compared::Same(at)
}

/// How many bytes at the beginning nobody sees; none as long as that is not known. No sequence goes beyond a line break.
fn unseen(rest: &[u8]) -> Option<usize> {
    match rest {
        [] | [0xc2] => None,
        [ESCAPE, ..] => match rest.iter().position(|byte| *byte == b'\n') {
            Some(line) => Some(escape::sequence(&rest[..line]).unwrap_or(0)),
            None => escape::sequence(rest),
        },
        [0xc2, 0x80..0xa0, ..] => Some(2),
        [b'\t' | b'\n' | b'\r', ..] => Some(0),
        [0x00..0x20 | 0x7f, ..] => Some(1),
        _ => Some(0),
    }
}

/// Hides values in bytes that come in pieces: the outcome does not depend on where they were cut. Keeps less than the
/// longest value and what stands unseen in it, and nothing beyond a line break.
#[derive(Clone, Debug, Default)]
pub struct Hider {
    /// The end of what came, which may be the beginning of a value.
    held: Vec<u8>,
    /// So many bytes of it belong to a value that is hidden already.
    covered: usize,
}

impl Hider {
    /// Takes a piece; what is certain to be no part of a value that is not whole yet comes out.
    pub fn push<'p>(&mut self, secrets: &Secrets, piece: &'p [u8]) -> Cow<'p, [u8]> {
        if self.held.is_empty() && !secrets.may_be_in(piece) {
            return Cow::Borrowed(piece);
        }
        let mut all = std::mem::take(&mut self.held);
        all.extend_from_slice(piece);
        Cow::Owned(self.scan(secrets, &all, false))
    }

    /// Nothing follows: what was kept comes out.
    pub fn finish(&mut self, secrets: &Secrets) -> Vec<u8> {
        let all = std::mem::take(&mut self.held);
        self.scan(secrets, &all, true)
    }

    fn scan(&mut self, secrets: &Secrets, all: &[u8], end: bool) -> Vec<u8> {
        let mut shown = Vec::with_capacity(all.len());
        let mut covered = std::mem::take(&mut self.covered);
        let mut at = 0;
        while at < all.len() {
            let next = all[at..].iter().position(|byte| secrets.first[usize::from(*byte)]).map_or(all.len(), |next| at + next);
            shown.extend_from_slice(&all[at.max(covered).min(next)..next]);
            at = next;
            if at == all.len() {
                break;
            }
            match secrets.look(&all[at..], end) {
                Found::Beginning => {
                    self.held = all[at..].to_vec();
                    break;
                }
                Found::Value(size) => {
                    if at >= covered {
                        shown.extend_from_slice(MASK);
                    }
                    let end = at + size;
                    secrets.colors(&all[at.max(covered).min(end)..end], &mut shown);
                    covered = covered.max(end);
                }
                Found::Nothing if at >= covered => shown.push(all[at]),
                Found::Nothing => {}
            }
            at += 1;
        }
        self.covered = covered.saturating_sub(at);
        shown
    }
}

#[cfg(test)]
#[path = "secret_tests.rs"]
mod tests;
