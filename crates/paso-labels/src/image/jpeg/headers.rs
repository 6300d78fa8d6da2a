//! Segments of a JPEG: markers, the frame with its components, and what a scan holds.

/// A color component.
pub(super) struct Component {
    pub(super) id: u8,
    /// Blocks in an MCU, across and down.
    pub(super) h: usize,
    pub(super) v: usize,
    /// Blocks that hold pixels, across and down.
    pub(super) blocks: (usize, usize),
    /// Blocks in a row, with those that fill the last MCU.
    pub(super) stride: usize,
    /// Its quantization table.
    pub(super) quantization: usize,
    /// The last DC coefficient, to which the next one adds a difference.
    pub(super) dc: i32,
    /// For each block, a bit for each coefficient that is not zero. Only for progressive files.
    pub(super) nonzero: Vec<u64>,
}

pub(super) struct Frame {
    pub(super) progressive: bool,
    /// Samples of 8 bits, which bound the coefficients.
    pub(super) bounded: bool,
    pub(super) mcus: (usize, usize),
    pub(super) components: Vec<Component>,
}

/// What a scan says of itself: components with their tables, first and last coefficient, and
/// whether it refines.
pub(super) struct Scan {
    /// Index of the component, DC table, AC table.
    pub(super) components: Vec<(usize, usize, usize)>,
    pub(super) first: usize,
    pub(super) last: usize,
    pub(super) refines: bool,
}

/// The marker at or after a position, its segment's content, and what follows it.
pub(super) fn segment(bytes: &[u8], mut at: usize) -> Option<(u8, &[u8], usize)> {
    while *bytes.get(at)? != 0xFF || matches!(*bytes.get(at + 1)?, 0 | 0xFF) {
        at += 1;
    }
    let marker = bytes[at + 1];
    if matches!(marker, 0x01 | 0xD0..=0xD9) {
        return Some((marker, &[], at + 2));
    }
    let length = usize::from(u16::from_be_bytes([*bytes.get(at + 2)?, *bytes.get(at + 3)?]));
    let body = bytes.get(at + 4..at + 2 + length.max(2))?;
    Some((marker, body, at + 2 + length.max(2)))
}

pub(super) fn frame(progressive: bool, body: &[u8]) -> Option<Frame> {
    let &[precision, h1, h0, w1, w0, count, ref rest @ ..] = body else { return None };
    let (height, width) = (u16::from_be_bytes([h1, h0]), u16::from_be_bytes([w1, w0]));
    let (height, width) = (usize::from(height), usize::from(width));
    let parts: Vec<(u8, usize, usize, usize)> = rest
        .chunks_exact(3)
        .take(usize::from(count))
        .map(|c| (c[0], usize::from(c[1] >> 4), usize::from(c[1] & 15), usize::from(c[2] & 3)))
        .collect();
    let possible =
        |(_, h, v, _): &(u8, usize, usize, usize)| (1..=4).contains(h) && (1..=4).contains(v);
    if width == 0 || height == 0 || parts.len() != usize::from(count) || !parts.iter().all(possible)
    {
        return None;
    }
    let h_max = parts.iter().map(|p| p.1).max()?;
    let v_max = parts.iter().map(|p| p.2).max()?;
    let mcus = (width.div_ceil(8 * h_max), height.div_ceil(8 * v_max));
    let component = |(id, h, v, quantization): (u8, usize, usize, usize)| {
        let across = (width * h).div_ceil(h_max).div_ceil(8);
        let down = (height * v).div_ceil(v_max).div_ceil(8);
        let stride = mcus.0 * h;
        let kept = if progressive { stride * mcus.1 * v } else { 0 };
        let nonzero = vec![0; kept];
        Component { id, h, v, blocks: (across, down), stride, quantization, dc: 0, nonzero }
    };
    let components = parts.into_iter().map(component).collect();
    Some(Frame { progressive, bounded: precision == 8, mcus, components })
}

pub(super) fn scan(frame: &Frame, body: &[u8]) -> Option<Scan> {
    let (&count, rest) = body.split_first()?;
    let count = usize::from(count);
    let mut components = Vec::new();
    for part in rest.chunks_exact(2).take(count) {
        let index = frame.components.iter().position(|c| c.id == part[0])?;
        components.push((index, usize::from(part[1] >> 4) & 3, usize::from(part[1]) & 3));
    }
    let &[first, last, bits] = rest.get(2 * count..2 * count + 3)? else { return None };
    let (first, last) = (usize::from(first), usize::from(last));
    let (first, last) = if frame.progressive { (first, last) } else { (0, 63) };
    let possible = !components.is_empty() && first <= last && last < 64;
    let scan = Scan { components, first, last, refines: frame.progressive && bits >> 4 > 0 };
    possible.then_some(scan)
}
