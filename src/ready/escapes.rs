//! Takes the escape sequences of terminals (colours above all) out of output that comes in pieces.
//!
//! A sequence may be torn anywhere; what is known of it is kept in one state, never its bytes, so that a
//! sequence without an end takes no memory.

const ESCAPE: u8 = 0x1b;
const BELL: u8 = 0x07;

/// Where in a sequence the output is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// In none.
    #[default]
    Text,
    /// After the escape.
    Escape,
    /// In `ESC [ … letter`.
    Control,
    /// In `ESC ] … BEL`, or another sequence that is ended by `ESC \`.
    Words,
    /// After an escape in such a sequence.
    WordsEscape,
    /// In `ESC ( B` and the like: one more byte.
    OneMore,
}

/// Takes the sequences of one stream out.
#[derive(Clone, Debug, Default)]
pub struct Escapes {
    state: State,
}

impl Escapes {
    /// Appends what is text of a piece to `text`. A line break ends any sequence: the next line is not lost.
    pub fn strip(&mut self, piece: &[u8], text: &mut Vec<u8>) {
        for byte in piece {
            if *byte == b'\n' {
                self.state = State::Text;
            }
            self.state = match (self.state, *byte) {
                (State::Text, ESCAPE) => State::Escape,
                (State::Text, byte) => {
                    text.push(byte);
                    State::Text
                }
                (State::Escape, b'[') => State::Control,
                (State::Escape, b']' | b'P' | b'X' | b'^' | b'_') => State::Words,
                (State::Escape, b' '..=b'/') => State::OneMore,
                (State::Escape, ESCAPE) => State::Escape,
                (State::Escape | State::OneMore, _) => State::Text,
                (State::Control, 0x40..=0x7e) => State::Text,
                (State::Control, _) => State::Control,
                (State::Words, BELL) => State::Text,
                (State::Words, ESCAPE) => State::WordsEscape,
                (State::Words, _) => State::Words,
                (State::WordsEscape, b'\\') => State::Text,
                (State::WordsEscape, _) => State::Words,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_go_however_the_pieces_fall() {
        let output = b"\x1b[1;32mready\x1b[0m \x1b]8;;http://a\x1b\\link\x1b]8;;\x07 \x1b(Bend\x1bM.\xff";
        for size in 1..output.len() {
            let mut escapes = Escapes::default();
            let mut text = Vec::new();
            output.chunks(size).for_each(|piece| escapes.strip(piece, &mut text));
            assert_eq!(text, b"ready link end.\xff", "{size}");
        }
    }

    #[test]
    fn a_sequence_without_an_end_takes_its_own_line_only() {
        let mut text = Vec::new();
        Escapes::default().strip(b"a\x1b]0;title\nb\x1b[\nc", &mut text);
        assert_eq!(text, b"a\nb\nc");
    }
}
