//! Where files of features are kept, so that `--features squeezenet` finds them by name.
//!
//! The folder is `paso/features` in the user's folder of caches (Linux: `$XDG_CACHE_HOME` or
//! `~/.cache`), or the one that `PASO_FEATURES` names. What is in it can be made again by
//! `paso features`.

use anyhow::{Context, Result, bail};
use etcetera::BaseStrategy;
use paso_locate::NetName;
use paso_locate::features::{KNOWN, Known, net_of};
use std::path::{Path, PathBuf};

/// Where the features of this net are, or will be.
///
/// # Errors
/// If the user has no home folder and `PASO_FEATURES` is not set.
pub(crate) fn path(net: NetName) -> Result<PathBuf> {
    let named = std::env::var_os("PASO_FEATURES").filter(|folder| !folder.is_empty());
    let folder = match named {
        Some(folder) => folder.into(),
        None => etcetera::base_strategy::choose_native_strategy()
            .context("there is no home folder; PASO_FEATURES names a folder for features")?
            .cache_dir()
            .join("paso/features"),
    };
    Ok(folder.join(format!("{net}.safetensors")))
}

/// The value of `--features`: a file, or the name of a net whose features are kept, which need not be
/// there yet.
///
/// # Errors
/// If it is such a name, and there is no folder to keep them in.
pub(crate) fn value(text: &str) -> Result<PathBuf, String> {
    let file = PathBuf::from(text);
    let known = text.parse().ok().and_then(Known::of).filter(|_| !file.exists());
    known.map_or(Ok(file), |known| path(known.net).map_err(|e| format!("{e:#}")))
}

/// The net that begins with this value of `--features`.
pub(crate) fn net(features: &Path) -> NetName {
    let kept = |known: &&Known| path(known.net).is_ok_and(|kept| kept == features);
    let named = KNOWN.iter().find(kept).map(|known| known.net);
    // Nothing is said of a file that says nothing: reading it will name what is missing.
    named.or_else(|| net_of(features)).unwrap_or(KNOWN[0].net)
}

/// # Errors
/// If this value of `--features` is no file; where its name is known, with the commands that get it.
pub(crate) fn check(features: &Path) -> Result<()> {
    if features.is_file() {
        return Ok(());
    }
    let kept = |known: &&Known| path(known.net).is_ok_and(|kept| kept == features);
    match KNOWN.iter().find(kept) {
        Some(known) => bail!(
            "the features of {} are not on this machine yet; {}",
            known.net,
            how_to_get(known)
        ),
        None => bail!("--features: there is no file {}", features.display()),
    }
}

/// The two commands that get features.
pub(crate) fn how_to_get(known: &Known) -> String {
    let source = &known.sources[0];
    format!(
        "get them once with\n  {}\n  paso features {} --from {}",
        source.command, known.net, source.file
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_name_of_features_is_a_file() {
        for text in ["tiny", "photos/net.safetensors", "no-such-file", ""] {
            assert_eq!(value(text), Ok(PathBuf::from(text)), "{text}");
        }
    }

    #[test]
    fn each_set_of_features_says_how_it_is_got_and_under_which_license() {
        for known in KNOWN {
            let said = how_to_get(known);
            let lines: Vec<&str> = said.lines().collect();
            assert_eq!(lines.len(), 3, "{said}");
            assert!(lines[2].ends_with(known.sources[0].file), "{said}");
            assert!(known.sources.iter().all(|source| !source.license.is_empty()), "{said}");
        }
    }
}
