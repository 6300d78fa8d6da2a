//! Which tile of a Winograd convolution is fastest: shapes alone decide.
//!
//! The limits are measured, not derived: below 16 channels or 64 outputs the transforms cost more
//! than the products that they save. They must not depend on the instruction set or the number of
//! images, because then results would.

/// The output tile of a Winograd convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::conv) enum WinogradTile {
    /// F(2 x 2, 3 x 3): tiles of 4 x 4 inputs, 16 products.
    F2x2,
    /// F(4 x 4, 3 x 3): tiles of 6 x 6 inputs, 36 products.
    F4x4,
}

impl WinogradTile {
    /// The fastest tile for a 3 x 3 convolution of stride 1 with these channels and
    /// `rows x columns` outputs; none where the direct sum is faster.
    pub(in crate::conv) fn choose(
        in_channels: usize,
        out_channels: usize,
        rows: usize,
        columns: usize,
    ) -> Option<Self> {
        let whole = |side| rows.is_multiple_of(side) && columns.is_multiple_of(side);
        if in_channels < 16 || out_channels < 16 {
            None
        } else if whole(4) && rows * columns >= 64 {
            Some(Self::F4x4)
        } else if whole(2) && rows * columns >= 64 {
            Some(Self::F2x2)
        } else {
            None
        }
    }
}
