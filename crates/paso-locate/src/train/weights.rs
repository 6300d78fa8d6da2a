//! A second copy of a net's weights and running statistics.

use paso_tape::Params;

/// Weights and running statistics, in the layout of the net that they are a copy of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Weights {
    pub(crate) values: Vec<f32>,
    pub(crate) buffers: Vec<f32>,
}

impl Weights {
    /// Those of the net as it is now.
    pub(crate) fn of(params: &Params) -> Self {
        Self { values: params.values().to_vec(), buffers: params.buffers().to_vec() }
    }

    /// Exchanges this copy and the net.
    pub(crate) fn swap(&mut self, params: &mut Params) {
        self.values.swap_with_slice(params.values_mut());
        self.buffers.swap_with_slice(params.buffers_mut());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use paso_tape::{Init, Kind};

    #[test]
    fn two_exchanges_leave_everything_as_it_was() {
        let mut params = Params::new(0);
        params.add("w", &[4], Kind::Weight, Init::Constant(1.0));
        params.add_buffer("n.var", &[2], 0.5);
        let mut copy = Weights::of(&params);
        params.values_mut().fill(3.0);
        params.buffers_mut().fill(2.0);
        let (trained, kept) = (Weights::of(&params), copy.clone());
        copy.swap(&mut params);
        assert_eq!((Weights::of(&params), &copy), (kept.clone(), &trained));
        copy.swap(&mut params);
        assert_eq!((Weights::of(&params), copy), (trained, kept));
    }
}
