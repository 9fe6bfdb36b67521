//! How a client proves that it belongs to a run: by an HMAC over the run's challenge.
//!
//! The key never crosses the socket, and an answer is good for one connection only.

use std::fmt::Write as _;

/// Bytes of a key and of a challenge.
pub const LEN: usize = 32;

/// A run's key, or a challenge.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Secret([u8; LEN]);

impl std::fmt::Debug for Secret {
    /// Never shows what it is.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// A new one.
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub fn random() -> std::io::Result<Self> {
        let mut bytes = [0; LEN];
        getrandom::fill(&mut bytes).map_err(|error| std::io::Error::other(error.to_string()))?;
        Ok(Self(bytes))
    }

    /// As 64 hexadecimal digits.
    pub fn hex(&self) -> String {
        hex(&self.0)
    }

    /// From 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() != LEN * 2 || !text.is_ascii() {
            return None;
        }
        let mut bytes = [0; LEN];
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// The answer to a challenge, as 64 hexadecimal digits: HMAC-SHA256 of the challenge's 32 bytes under
    /// the key's 32 bytes.
    pub fn answer(&self, challenge: &Self) -> String {
        hex(&hmac_sha256::HMAC::mac(challenge.0, self.0))
    }

    /// Whether an answer to a challenge is right. Takes as long for a wrong one.
    pub fn accepts(&self, challenge: &Self, answer: &str) -> bool {
        Self::parse(answer).is_some_and(|answer| hmac_sha256::HMAC::verify(challenge.0, self.0, &answer.0))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(byte: u8) -> Secret {
        Secret([byte; LEN])
    }

    #[test]
    fn only_the_key_answers_and_only_its_challenge() {
        let (key, challenge) = (secret(1), secret(2));
        let answer = key.answer(&challenge);
        assert!(key.accepts(&challenge, &answer));
        assert!(!key.accepts(&secret(3), &answer));
        assert!(!secret(4).accepts(&challenge, &answer));
        for wrong in ["", "00", &answer[1..], &answer.replace(|c: char| c.is_ascii_digit(), "z"), &"é".repeat(32)] {
            assert!(!key.accepts(&challenge, wrong), "{wrong}");
        }
    }

    #[test]
    fn the_answer_is_the_standard_one() {
        // As Python's `hmac.digest(bytes([1] * 32), bytes([2] * 32), "sha256").hex()` has it.
        assert_eq!(secret(1).answer(&secret(2)), "7321406e0c880fd92597898beb393af2aebed51ab5cdf1d52e5991f9afadd2de");
    }

    #[test]
    fn keys_are_written_and_read_and_never_shown() {
        let key = Secret::random().expect("random bytes");
        assert_eq!(Secret::parse(&format!("{}\n", key.hex())), Some(key));
        assert_ne!(Secret::random().expect("random bytes"), key);
        assert_eq!(format!("{key:?}"), "Secret(…)");
    }
}
