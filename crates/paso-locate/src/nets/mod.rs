//! The nets: one line each in the table below, and the function that records it.
//!
//! All nets see `[n, size, size, 3]` and share one head ([`attend`]), so that they differ in one
//! thing only. Their last map is an eighth of the image's sides (a sixteenth for `squeezenet` and
//! `lite0`, whose forms are given): twice the sides would cost four times the work, half of them would lose
//! the place.

pub(crate) mod attend;
mod bodies;
mod inverted;
pub(crate) mod lite0;
mod net;
pub(crate) mod squeezenet;
mod stages;

use std::sync::LazyLock;

use crate::Error;
use paso_tape::{ParamInfo, Params, Tape, Var};
use serde::{Deserialize, Serialize};

pub(crate) use net::{Body, Net};

/// What a net's function returns: the last map before the head, and what of it is trained
/// elsewhere.
type Recorded = (Var, Option<Body>);

/// Makes [`NetName`] of the table of nets: the documentation, the variant, the name that users
/// write, and the function that records everything before the head on
/// `(&mut Tape, &mut Params, image)`.
macro_rules! nets {
    ($($(#[$doc:meta])* $net:ident $name:literal $record:path;)*) => {
        /// The nets by name.
        ///
        /// All have one head. It looks at eight places of the last map: their coordinates say
        /// *where* things are, and the features at the first of them *what* is there.
        ///
        /// ```
        /// use paso_locate::NetName;
        /// assert_eq!("tiny".parse::<NetName>()?, NetName::Tiny);
        /// assert_eq!(NetName::ALL.len(), 8);
        /// # Ok::<(), paso_locate::Error>(())
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub enum NetName {
            $($(#[$doc])* #[serde(rename = $name)] $net,)*
        }

        impl NetName {
            /// Every net, smallest first, and at the end those that begin with features from a
            /// file.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$net),*];

            /// The name that users write, such as `small`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$net => $name,)* }
            }

            /// Records the part before the head.
            fn record(self, tape: &mut Tape, params: &mut Params, image: Var) -> Recorded {
                match self { $(Self::$net => $record(tape, params, image),)* }
            }
        }
    };
}

nets! {
    /// Inverted residual blocks of 16 to 48 channels (`MobileNetV2`); about 51,000 parameters:
    /// the fewest.
    Inverted "inverted" inverted::record;
    /// Depthwise-separable convolutions, 16 to 128 channels; about 56,000 parameters.
    Mobile "mobile" bodies::mobile;
    /// Five 3x3 convolutions of 8-16-32-64-64 channels, each with batch norm and `ReLU`, and a 2x2
    /// max pool after the first three; about 63,000 parameters. A pixel of the last map is an
    /// eighth of the image's sides.
    Tiny "tiny" stages::tiny;
    /// As `tiny`, with 16-32-64-128-128 channels; about 250,000 parameters.
    Small "small" stages::small;
    /// Four residual blocks of 48-48-96-96 channels; about 376,000 parameters.
    Residual "residual" bodies::residual;
    /// As `tiny`, with 32-64-128-256-256 channels; about 980,000 parameters.
    Medium "medium" stages::medium;
    /// The features of `SqueezeNet` 1.1, to be read from a file of weights that were trained on
    /// other images, under the same head; about 790,000 parameters. For images of 160 pixels or so.
    Squeezenet "squeezenet" squeezenet::record;
    /// The features of `EfficientNet-Lite0` up to a sixteenth of the image's sides, to be read from
    /// a file, under the same head; about 709,000 parameters. For images of 160 pixels or so.
    Lite0 "lite0" lite0::record;
}

impl NetName {
    /// The tensors of the layers that begin with features from a file; none where a net has no such
    /// layers.
    pub(crate) fn body_tensors(self) -> Vec<ParamInfo> {
        let (mut tape, mut params) = (Tape::new(), Params::new(0));
        let image = tape.input([96, 96, 3]);
        let (_, body) = self.record(&mut tape, &mut params, image);
        let length = body.map_or(0, |body| body.params);
        params.tensors().iter().filter(|t| t.range.end <= length).cloned().collect()
    }
}

impl std::fmt::Display for NetName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for NetName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        /// `mobile, tiny, ... or squeezenet`.
        static NAMES: LazyLock<String> =
            LazyLock::new(|| crate::error::one_of(&NetName::ALL.map(NetName::name)));
        let found = Self::ALL.into_iter().find(|net| net.name() == text);
        found.ok_or_else(|| Error::invalid_value("net", text, &NAMES))
    }
}

#[cfg(test)]
mod tests;
