//! Does the compressed data of a JPEG make sense to its last bit? The decoder does not say: after an
//! invalid code, it goes on with whatever comes, or fills the rest with gray.
//!
//! The Huffman codes of every scan are read (ITU-T T.81, annexes F and G) and their values passed
//! over: no coefficient is kept, except which are not zero, since refinement scans depend on it. A
//! changed or missing byte leads to an invalid code, too many coefficients in a block, too little
//! data, unread data at the end, or a restart marker out of order. Huffman codes synchronize again
//! after a damage, so the values of sequential files are also compared with the largest that pixels
//! can lead to: after damage, brightness has drifted, or a coefficient is far too large. (A change
//! within one value can go unnoticed; then only some blocks are wrong.)
//!
//! No decoder that was tried does this: the strict mode of `zune-jpeg` 0.5.15 accepts a photograph
//! with 64 bytes of its data overwritten.
//!
//! Files that the decoder will refuse by itself, and the rare kinds (arithmetic coding, lossless), are
//! passed here.

use super::bits::{Bits, Table};
use super::headers::{Frame, Scan, frame, scan, segment};

/// Tables and the frame, as they are when a scan begins.
#[derive(Default)]
struct State {
    frame: Option<Frame>,
    dc: [Option<Table>; 4],
    ac: [Option<Table>; 4],
    /// In the order of the file, as coefficients are.
    quantization: [Option<[i32; 64]>; 4],
    restart: usize,
}

/// Checks all scans up to the end marker.
///
/// # Errors
///
/// What is wrong, in a few words.
pub(super) fn check(bytes: &[u8]) -> Result<(), &'static str> {
    let mut state = State::default();
    let mut at = 2;
    // Segments that make no sense are the decoder's to refuse.
    while let Some((marker, body, next)) = segment(bytes, at) {
        at = next;
        match marker {
            0xC0..=0xC2 => match frame(marker == 0xC2, body) {
                Some(frame) => state.frame = Some(frame),
                None => return Ok(()),
            },
            0xC4 if state.tables(body).is_none() => return Ok(()),
            0xDB if state.quantizations(body).is_none() => return Ok(()),
            // Arithmetic coding, lossless, hierarchical.
            0xC3 | 0xC5..=0xC7 | 0xC9..=0xCF => return Ok(()),
            0xDD if body.len() >= 2 => {
                state.restart = usize::from(u16::from_be_bytes([body[0], body[1]]));
            }
            0xDA => {
                let Some(scan) = state.frame.as_ref().and_then(|frame| scan(frame, body)) else {
                    return Ok(());
                };
                match state.run(&scan, &bytes[at..])? {
                    Some(length) => at += length,
                    None => return Ok(()),
                }
            }
            0xD9 => return Ok(()),
            _ => {}
        }
    }
    Ok(())
}

impl State {
    fn tables(&mut self, mut body: &[u8]) -> Option<()> {
        while let Some((&head, rest)) = body.split_first() {
            let (table, rest) = Table::read(rest)?;
            let tables = if head >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            tables[usize::from(head & 3)] = Some(table);
            body = rest;
        }
        Some(())
    }

    fn quantizations(&mut self, mut body: &[u8]) -> Option<()> {
        while let Some((&head, rest)) = body.split_first() {
            let size = if head >> 4 == 0 { 1 } else { 2 };
            let (values, rest) = rest.split_at_checked(64 * size)?;
            let mut table = [0; 64];
            for (value, bytes) in table.iter_mut().zip(values.chunks_exact(size)) {
                *value = bytes.iter().fold(0, |value, byte| 256 * value + i32::from(*byte));
            }
            self.quantization[usize::from(head & 3)] = Some(table);
            body = rest;
        }
        Some(())
    }

    /// Reads a scan's data and returns its length; `None` if a table is missing.
    fn run(&mut self, scan: &Scan, data: &[u8]) -> Result<Option<usize>, &'static str> {
        let Some(frame) = &mut self.frame else { return Ok(None) };
        let mut blocks = Vec::new();
        for &(index, dc, ac) in &scan.components {
            blocks.push((index, self.dc[dc].as_ref(), self.ac[ac].as_ref()));
        }
        let missing = |(_, dc, ac): &(usize, Option<&Table>, Option<&Table>)| {
            scan.first == 0 && !scan.refines && dc.is_none() || scan.last > 0 && ac.is_none()
        };
        if blocks.iter().any(missing) {
            return Ok(None);
        }
        let mut bits = Bits::new(data);
        // The blocks of a single component follow each other; those of several are interleaved.
        let alone = scan.components.len() == 1;
        let first = &frame.components[scan.components[0].0];
        let mcus = if alone { first.blocks } else { frame.mcus };
        let (mut end_run, mut restarts) = (0_u32, 0_u8);
        frame.components.iter_mut().for_each(|component| component.dc = 0);
        for mcu in 0..mcus.0 * mcus.1 {
            if self.restart > 0 && mcu > 0 && mcu % self.restart == 0 {
                bits.restart(restarts)?;
                restarts = (restarts + 1) % 8;
                end_run = 0;
                frame.components.iter_mut().for_each(|component| component.dc = 0);
            }
            let (x, y) = (mcu % mcus.0, mcu / mcus.0);
            for &(index, dc, ac) in &blocks {
                let component = &mut frame.components[index];
                let (h, v) = if alone { (1, 1) } else { (component.h, component.v) };
                for block in 0..h * v {
                    let at = (y * v + block / h) * component.stride + x * h + block % h;
                    if frame.progressive {
                        let nonzero = &mut component.nonzero[at];
                        progressive(&mut bits, scan, (dc, ac), nonzero, &mut end_run)?;
                    } else if let (Some(dc), Some(ac)) = (dc, ac) {
                        let table = self.quantization[component.quantization].as_ref();
                        let table = table.filter(|_| frame.bounded);
                        sequential(&mut bits, (dc, ac), table, &mut component.dc)?;
                    }
                }
            }
        }
        bits.end().map(Some)
    }
}

const TOO_MANY: &str = "a block has more than 64 coefficients";
const INVALID: &str = "there is an invalid value";

/// The largest coefficients that blocks of 8-bit samples can have: 1024 for the mean, about 1310 for
/// the others. Encoders that sharpen edges go beyond by some percent, and rounding adds half a step.
const MAX_DC: i32 = 1536;
const MAX_AC: i32 = 2048;

/// A block of a sequential scan. With a quantization table, its coefficients are compared with what
/// is possible.
fn sequential(
    bits: &mut Bits<'_>,
    (dc, ac): (&Table, &Table),
    table: Option<&[i32; 64]>,
    last_dc: &mut i32,
) -> Result<(), &'static str> {
    let beyond = |value: i32, k: usize, most: i32| {
        table.is_some_and(|table| value.saturating_mul(table[k]).abs() > most + table[k])
    };
    let size = u32::from(bits.symbol(dc)?);
    if size > 15 {
        return Err(INVALID);
    }
    *last_dc = last_dc.saturating_add(bits.value(size)?);
    if beyond(*last_dc, 0, MAX_DC) {
        return Err("its brightness is impossible");
    }
    let mut k = 1;
    while k < 64 {
        let symbol = bits.symbol(ac)?;
        let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
        match (run, size) {
            (15, 0) => k += 16,
            (_, 0) => break,
            _ => {
                let value = bits.value(size)?;
                k += run + 1;
                if k <= 64 && beyond(value, k - 1, MAX_AC) {
                    return Err("its contrast is impossible");
                }
            }
        }
        if k > 64 {
            return Err(TOO_MANY);
        }
    }
    Ok(())
}

/// A block of a progressive scan: figures G.3 to G.7 of the standard.
fn progressive(
    bits: &mut Bits<'_>,
    scan: &Scan,
    (dc, ac): (Option<&Table>, Option<&Table>),
    nonzero: &mut u64,
    end_run: &mut u32,
) -> Result<(), &'static str> {
    if scan.first == 0 {
        return match dc {
            Some(dc) if !scan.refines => {
                let size = bits.symbol(dc)?;
                if size > 15 { Err(INVALID) } else { bits.skip(u32::from(size)) }
            }
            _ => bits.skip(1),
        };
    }
    let Some(ac) = ac else { return Ok(()) };
    let mut k = scan.first;
    while *end_run == 0 && k <= scan.last {
        let symbol = bits.symbol(ac)?;
        let (mut run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        if size == 0 && run < 15 {
            *end_run = (1 << run) + bits.take(run)?;
            break;
        }
        if scan.refines && size > 1 {
            return Err(INVALID);
        }
        bits.skip(size)?;
        // Coefficients that are not zero yet are counted; the others have a bit each.
        while k <= scan.last {
            if scan.refines && *nonzero >> k & 1 == 1 {
                bits.skip(1)?;
            } else if run == 0 {
                break;
            } else {
                run -= 1;
            }
            k += 1;
        }
        if size > 0 {
            if k > scan.last {
                return Err(TOO_MANY);
            }
            *nonzero |= 1 << k;
        }
        k += 1;
    }
    if *end_run > 0 {
        *end_run -= 1;
        if scan.refines && k <= scan.last {
            let rest = *nonzero >> k << k & (u64::MAX >> (63 - scan.last));
            for _ in 0..rest.count_ones() {
                bits.skip(1)?;
            }
        }
    }
    Ok(())
}
