//! A file that only this server's key has written: damage that leaves it readable must not say something else.

use std::io;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use ring::hmac;

use super::Key;

/// `text`, and in a line of its own what proves it.
pub(super) fn seal(key: &Key, mut text: Vec<u8>) -> Vec<u8> {
    let proof = hmac::sign(&of(key), &text);
    text.push(b'\n');
    text.extend(BASE64_URL_SAFE_NO_PAD.encode(proof).into_bytes());
    text
}

/// What was sealed with `key`.
///
/// # Errors
/// It was not: the file is damaged, cut off, or another server's.
pub(super) fn open<'a>(key: &Key, file: &'a [u8]) -> io::Result<&'a [u8]> {
    let damaged = || io::Error::new(io::ErrorKind::InvalidData, "it is not as it was written");
    let end = file.iter().rposition(|byte| *byte == b'\n').ok_or_else(damaged)?;
    let (text, proof) = (&file[..end], &file[end + 1..]);
    let proof = BASE64_URL_SAFE_NO_PAD.decode(proof).map_err(|_| damaged())?;
    hmac::verify(&of(key), text, &proof).map_err(|_| damaged())?;
    Ok(text)
}

/// A key for each purpose.
fn of(key: &Key) -> hmac::Key {
    let root = hmac::Key::new(hmac::HMAC_SHA256, key.bytes());
    let derived = hmac::sign(&root, b"the list of ended rooms");
    hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_bit_of_it_may_change_and_nobody_else_writes_it() {
        let key = Key::random();
        let sealed = seal(&key, b"{\"entries\":[]}\n".to_vec());
        assert_eq!(open(&key, &sealed).expect("as written"), b"{\"entries\":[]}\n");
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&key, &flipped).is_err(), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert!(open(&key, &sealed[..length]).is_err(), "{length} bytes");
        }
        assert!(open(&Key::random(), &sealed).is_err());
    }
}
