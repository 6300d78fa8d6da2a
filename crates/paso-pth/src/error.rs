//! What can be wrong with a file.

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It is no file that `torch.save` wrote.
    #[error("not a file of torch.save: {what}")]
    NotTorch {
        /// What it is instead, or what is missing.
        what: String,
    },
    /// It names something that is not needed to build tensors, such as `os.system`.
    #[error(
        "holds code: it calls for `{name}`, and only tensors are read; a state dictionary has none \
         (torch.save(model.state_dict(), path))"
    )]
    Code {
        /// The Python name.
        name: String,
    },
    /// It is cut, or contradicts itself.
    #[error("damaged: {what}")]
    Damaged {
        /// What does not fit.
        what: String,
    },
}

impl Error {
    pub(crate) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged { what: what.into() }
    }

    /// The name as it can be printed: it may be of any length, and of any characters.
    pub(crate) fn code(module: &str, name: &str) -> Self {
        let name = format!("{}.{}", module.escape_debug(), name.escape_debug());
        Self::Code { name: name.chars().take(100).collect() }
    }

    pub(crate) fn not_torch(what: impl Into<String>) -> Self {
        Self::NotTorch { what: what.into() }
    }
}
