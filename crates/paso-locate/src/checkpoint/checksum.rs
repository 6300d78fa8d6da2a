//! The checksum of a checkpoint: CRC-32 of the whole file, kept within the file.
//!
//! It is eight hexadecimal digits in the metadata, and covers every byte: the length of the header,
//! the header, its padding and all values. Its own digits count as eight zeros, so that the sum can
//! be put into the file that it is the sum of. A digit that was changed is another sum, also when
//! it only changed from `a` to `A`: digits are compared as text.
//!
//! Why one sum and not one a tensor: what to do is the same whichever tensor is damaged, and one sum
//! also covers names, shapes and places. CRC-32 finds every damage of up to 32 bits in a row, every
//! single flipped bit, and all but one in four billion of other damages. It is no signature: it
//! guards against disks and copies, not against malice.

use std::ops::Range;

/// What the digits are while the sum is computed.
pub(super) const ZEROS: &str = "00000000";

/// How the metadata begin in the file: a JSON text in a JSON text, so that quotes have backslashes.
const BEFORE: &[u8] = br#"{"__metadata__":{"paso":"{\"crc32\":\""#;

/// The bytes of the length in front of the header.
const LENGTH: usize = size_of::<u64>();

/// Puts the sum in the place of the zeros of a file that was just made.
pub(super) fn seal(file: &mut [u8]) -> Result<(), String> {
    let place = place(file).ok_or("the metadata do not begin with the checksum")?;
    let sum = sum(file, &place);
    file[place].copy_from_slice(sum.as_bytes());
    Ok(())
}

/// Compares the sum that is in the file (`said`, as the metadata have it) with that of the file.
pub(super) fn verify(file: &[u8], said: &str) -> Result<(), String> {
    let place = place(file)
        .filter(|place| file[place.clone()] == *said.as_bytes())
        .ok_or("the checksum is not where it was written")?;
    let sum = sum(file, &place);
    if sum == said { Ok(()) } else { Err(format!("checksum {sum} instead of {said}")) }
}

/// Where the digits are.
fn place(file: &[u8]) -> Option<Range<usize>> {
    let start = LENGTH + BEFORE.len();
    let place = start..start + ZEROS.len();
    (file.get(LENGTH..start)? == BEFORE && file.len() >= place.end).then_some(place)
}

/// The sum of a file whose digits are here, in eight digits.
fn sum(file: &[u8], digits: &Range<usize>) -> String {
    let mut sum = crc32fast::Hasher::new();
    for part in [&file[..digits.start], ZEROS.as_bytes(), &file[digits.end..]] {
        sum.update(part);
    }
    format!("{:08x}", sum.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed() -> (Vec<u8>, String) {
        let mut file = [&[9; LENGTH], BEFORE, ZEROS.as_bytes(), b"the rest"].concat();
        seal(&mut file).expect("a place for the sum");
        let said = String::from_utf8(file[place(&file).expect("a place")].to_vec());
        (file, said.expect("digits"))
    }

    #[test]
    fn no_bit_of_a_sealed_file_can_change() {
        let (file, said) = sealed();
        assert_ne!(said, ZEROS);
        verify(&file, &said).expect("it is as it was");
        for bit in 0..8 * file.len() {
            let mut changed = file.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(verify(&changed, &said).is_err(), "bit {bit}");
            // The metadata are read from the file: what they say has changed with it.
            let read = place(&changed).and_then(|p| String::from_utf8(changed[p].to_vec()).ok());
            assert!(read.is_none_or(|said| verify(&changed, &said).is_err()), "bit {bit}");
        }
    }

    #[test]
    fn capital_digits_are_no_checksum_and_neither_is_a_file_without_a_place_for_one() {
        let (mut file, said) = sealed();
        let place = place(&file).expect("a place");
        let capital = said.to_uppercase();
        file[place].copy_from_slice(capital.as_bytes());
        assert_eq!(verify(&file, &capital).is_err(), capital != said);
        assert!(seal(&mut b"something else".to_vec()).is_err());
        assert!(verify(b"", ZEROS).is_err());
    }
}
