//! The framing of event files: `TFRecord`, a length and the bytes, each with a masked CRC-32C.
//!
//! A record is `length: u64, masked CRC of the length: u32, bytes, masked CRC of the bytes: u32`,
//! all little-endian (`tensorflow/core/lib/io/record_writer.h`). The checksum of the length comes
//! first, so that a damaged length is not followed to a wrong place.

use crc::{CRC_32_ISCSI, Crc};

/// CRC-32C, which the catalogue of checksums lists by its use in iSCSI.
const CRC32C: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

/// The bytes of a record's length.
const LENGTH: usize = size_of::<u64>();
/// The bytes of a checksum.
const SUM: usize = size_of::<u32>();

/// Puts one record at the end.
pub(crate) fn push(file: &mut Vec<u8>, data: &[u8]) {
    let length = (data.len() as u64).to_le_bytes();
    file.extend(length);
    file.extend(masked_crc(&length).to_le_bytes());
    file.extend(data);
    file.extend(masked_crc(data).to_le_bytes());
}

/// The records up to the first that is cut off or damaged: a kill can leave a part of one at the
/// end.
pub(crate) fn read(file: &[u8]) -> Vec<&[u8]> {
    let mut left = file;
    std::iter::from_fn(|| {
        let (record, rest) = first(left)?;
        left = rest;
        Some(record)
    })
    .collect()
}

/// The first record and what follows it.
fn first(file: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = file.split_first_chunk::<LENGTH>()?;
    let (sum, rest) = rest.split_first_chunk::<SUM>()?;
    let sound = u32::from_le_bytes(*sum) == masked_crc(length);
    let count = usize::try_from(u64::from_le_bytes(*length)).ok().filter(|_| sound)?;
    let (data, rest) = rest.split_at_checked(count)?;
    let (sum, rest) = rest.split_first_chunk::<SUM>()?;
    (u32::from_le_bytes(*sum) == masked_crc(data)).then_some((data, rest))
}

/// The checksum, turned and shifted: that of bytes which hold checksums themselves would be weak
/// otherwise.
fn masked_crc(bytes: &[u8]) -> u32 {
    CRC32C.checksum(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_castagnoli_one() {
        // RFC 3720, B.4: 32 bytes of zeros, of ones, and counting up.
        assert_eq!(CRC32C.checksum(&[0; 32]), 0x8a91_36aa);
        assert_eq!(CRC32C.checksum(&[0xff; 32]), 0x62a8_ab43);
        let counting: Vec<u8> = (0..32).collect();
        assert_eq!(CRC32C.checksum(&counting), 0x46dd_794e);
    }

    #[test]
    fn records_come_back_up_to_the_first_broken_one() {
        let mut file = Vec::new();
        let records: [&[u8]; 3] = [b"one", b"", b"three and more"];
        records.iter().for_each(|r| push(&mut file, r));
        assert_eq!(read(&file), records);
        for cut in 0..file.len() {
            assert!(read(&file[..cut]).len() < 3, "cut at {cut}");
        }
        for i in 0..file.len() {
            let mut damaged = file.clone();
            damaged[i] ^= 4;
            let found = read(&damaged);
            assert!(found.len() < 3 && records.starts_with(&found), "byte {i}");
        }
    }
}
