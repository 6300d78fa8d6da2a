//! Bits of the compressed data of a JPEG, and the Huffman codes in them.

/// A table of Huffman codes.
pub(super) struct Table {
    /// For every beginning of 8 bits: length (0 for longer codes) and symbol.
    short: [(u8, u8); 256],
    /// For each length: the first code behind those of this length, aligned to 16 bits, and what to
    /// add to a code to have the index of its symbol.
    long: [(u32, i32); 17],
    symbols: Vec<u8>,
}

impl Table {
    /// Reads a table as it is in the file, and returns what follows it.
    pub(super) fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (counts, rest) = bytes.split_at_checked(16)?;
        let total = counts.iter().map(|&n| usize::from(n)).sum();
        let (symbols, rest) = rest.split_at_checked(total)?;
        let mut table =
            Self { short: [(0, 0); 256], long: [(0, 0); 17], symbols: symbols.to_vec() };
        let (mut code, mut index) = (0_u32, 0_usize);
        for (length, &count) in (1_u8..).zip(counts) {
            let first = i32::try_from(index).ok()? - i32::try_from(code).ok()?;
            for _ in 0..count {
                if length <= 8 {
                    let start = (code as usize) << (8 - length);
                    let ends = table.short.get_mut(start..start + (1 << (8 - length)))?;
                    ends.fill((length, symbols[index]));
                }
                code += 1;
                index += 1;
            }
            table.long[usize::from(length)] = (code << (16 - length), first);
            // More codes than fit.
            if code > 1 << length {
                return None;
            }
            code <<= 1;
        }
        Some((table, rest))
    }

    /// Length and symbol of the code at the start of 16 bits.
    fn find(&self, bits: u32) -> Option<(u32, u8)> {
        let (length, symbol) = self.short[(bits >> 8) as usize];
        if length > 0 {
            return Some((u32::from(length), symbol));
        }
        let length = (9..=16_usize).find(|&length| bits < self.long[length].0)?;
        let code = i32::try_from(bits >> (16 - length)).ok()?;
        let index = usize::try_from(code + self.long[length].1).ok()?;
        Some((u32::try_from(length).ok()?, *self.symbols.get(index)?))
    }
}

/// The bits up to the next marker.
pub(super) struct Bits<'a> {
    data: &'a [u8],
    at: usize,
    /// Bits that were read and not consumed, from the highest on.
    window: u64,
    count: u32,
}

const TOO_SHORT: &str = "its data ends too early";

impl<'a> Bits<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0, window: 0, count: 0 }
    }

    /// Reads bytes up to a marker or the end, as far as there is room.
    fn fill(&mut self) {
        // Mostly, the next eight bytes are data: none of them is 0xFF.
        if let Some(next) = self.data.get(self.at..).and_then(|rest| rest.first_chunk()) {
            let word = u64::from_be_bytes(*next);
            let low = 0x7F7F_7F7F_7F7F_7F7F;
            if ((word & low) + (low / 0x7F)) & word & !low == 0 {
                let bytes = (64 - self.count) / 8;
                let kept = u64::MAX.checked_shr(self.count + 8 * bytes).unwrap_or(0);
                self.window |= (word.checked_shr(self.count).unwrap_or(0)) & !kept;
                self.count += 8 * bytes;
                self.at += bytes as usize;
                return;
            }
        }
        while self.count <= 56 {
            let Some(&byte) = self.data.get(self.at) else { return };
            if byte == 0xFF {
                // A zero is stuffed after every 0xFF of the data.
                if self.data.get(self.at + 1) != Some(&0) {
                    return;
                }
                self.at += 1;
            }
            self.at += 1;
            self.window |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    pub(super) fn symbol(&mut self, table: &Table) -> Result<u8, &'static str> {
        if self.count < 16 {
            self.fill();
        }
        let bits = u32::try_from(self.window >> 48).expect("16 bits");
        let (length, symbol) = match table.find(bits) {
            Some(found) => found,
            None if self.count < 16 => return Err(TOO_SHORT),
            None => return Err("there is an invalid code"),
        };
        self.consume(length)?;
        Ok(symbol)
    }

    pub(super) fn skip(&mut self, bits: u32) -> Result<(), &'static str> {
        if self.count < bits {
            self.fill();
        }
        self.consume(bits)
    }

    /// The next bits, at most 16, as a number.
    pub(super) fn take(&mut self, bits: u32) -> Result<u32, &'static str> {
        if self.count < bits {
            self.fill();
        }
        let value = u32::try_from(self.window >> 32).expect("32 bits");
        self.consume(bits)?;
        Ok(if bits == 0 { 0 } else { value >> (32 - bits) })
    }

    /// A value of this many bits: those that begin with 0 are negative.
    pub(super) fn value(&mut self, bits: u32) -> Result<i32, &'static str> {
        let value = i32::try_from(self.take(bits)?).expect("at most 16 bits");
        let positive = bits == 0 || value >> (bits - 1) == 1;
        Ok(if positive { value } else { value - (1 << bits) + 1 })
    }

    fn consume(&mut self, bits: u32) -> Result<(), &'static str> {
        if bits > self.count {
            return Err(TOO_SHORT);
        }
        self.window <<= bits;
        self.count -= bits;
        Ok(())
    }

    /// The end of the data: its position, after what fills the last byte. Some cameras pad with
    /// zeros.
    pub(super) fn end(&mut self) -> Result<usize, &'static str> {
        let mut left = self.window << (self.count % 8);
        let mut padding = self.count < 8 || left == 0;
        loop {
            (self.window, self.count) = (0, 0);
            self.fill();
            if self.count == 0 {
                break;
            }
            left = self.window;
            padding &= left == 0;
        }
        if padding { Ok(self.at) } else { Err("there is data left over") }
    }

    /// Passes the restart marker of this number, which has to be next.
    pub(super) fn restart(&mut self, number: u8) -> Result<(), &'static str> {
        self.end()?;
        // A marker may have any number of fill bytes before it.
        while self.data.get(self.at..self.at + 2) == Some(&[0xFF, 0xFF]) {
            self.at += 1;
        }
        if self.data.get(self.at..self.at + 2) != Some(&[0xFF, 0xD0 + number]) {
            return Err("a restart marker is missing");
        }
        self.at += 2;
        Ok(())
    }
}
