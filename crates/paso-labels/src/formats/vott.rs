//! `VoTT` JSON: the export of Microsoft's Visual Object Tagging Tool 2, or its file for each asset.
//!
//! ```json
//! {"name": "cats", "version": "2.2.0", "tags": [{"name": "cat", "color": "#5db300"}],
//!  "assets": {"0f1e": {
//!    "asset": {"name": "cat.jpg", "path": "file:/photos/cat.jpg",
//!              "size": {"width": 640, "height": 480}},
//!    "regions": [{"id": "kA3", "type": "RECTANGLE", "tags": ["cat"],
//!                 "boundingBox": {"left": 10, "top": 20, "width": 50, "height": 30},
//!                 "points": [{"x": 10, "y": 20}, {"x": 60, "y": 20},
//!                            {"x": 60, "y": 50}, {"x": 10, "y": 50}]}]}}}
//! ```
//!
//! `*-asset.json` is one such asset. Where a folder has exports, they are read and the assets' files
//! are not: the tool writes both.
//!
//! Source: `src/models/applicationState.ts` and `src/providers/export/vottJson.ts` of
//! <https://github.com/microsoft/VoTT>.
//!
//! Traps:
//!
//! - Names are percent-encoded (`my%20cat.jpg`), since the tool takes them from URLs.
//! - A region may have several tags. The tool's own exports have an object for each, and so have we;
//!   it is noted.
//! - `RECTANGLE` and `SQUARE` have the box in `boundingBox`; a `POLYGON` counts as the box around its
//!   points; `POLYLINE` and `POINT` have none and are passed over.
//! - Frames of videos (`film.mp4#t=5`) are no images; they are reported as missing.
//! - The tool's project file (`*.vott`) has no regions, and `VoTT` 1 wrote another format.

mod region;
mod write;

use super::{Finding, FormatFile, Input, examined};
use crate::folder::split_of_name;
use crate::json::{self, Fault, Findings, Node, Object, Outline};
use crate::raw::{RawImage, RawLabels, RawObject};
use crate::report::ProblemKind;
use crate::write::Target;
use crate::{Error, Format};

use region::Region;

pub(crate) struct Vott;

impl FormatFile for Vott {
    const TITLE: &'static str = "VoTT";
    const LOOKED_FOR: &'static str = "*.json with assets and regions";
    const ENDINGS: &'static [&'static str] = &["json"];
    const OBJECT: &'static str = "region";
    const NAMES_IMAGES: bool = true;

    fn examine(input: &Input<'_>, name: &str) -> Result<(), String> {
        json::examine(input, name, |outline, is_whole| {
            decide(outline, is_whole).map(|decided| decided.map(|_| ()))
        })
    }

    fn find<'a>(input: &Input<'a>) -> Finding<'a> {
        let Finding { labels, mut lacking } = examined::<Self>(input);
        let (exports, assets): (Vec<&str>, Vec<&str>) =
            labels.into_iter().partition(|name| is_export(input, name));
        if exports.is_empty() {
            return Finding { labels: assets, lacking };
        }
        let lacks = || "an export has its regions".to_owned();
        lacking.extend(assets.into_iter().map(|name| (name, lacks())));
        Finding { labels: exports, lacking }
    }

    fn read(input: &Input<'_>, labels: &[&str]) -> RawLabels {
        let mut raw = RawLabels::new(Format::Vott);
        for name in labels {
            read_file(input, name, &mut raw);
        }
        raw
    }

    fn write(target: &Target<'_>) -> Result<(), Error> {
        write::export(target)
    }
}

/// What a file of `VoTT` holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// All assets of a project.
    Export,
    /// One asset.
    Asset,
}

fn decide(outline: &Outline, is_whole: bool) -> Option<Result<Kind, String>> {
    let lacks = |what: &str| Some(Err(what.to_owned()));
    if outline.is_list || outline.has_any(&["images", "annotations", "shapes", "imagePath"]) {
        return lacks("it has no `assets`");
    }
    if outline.has_as("assets", b"{") && (outline.has_inner("asset") || outline.has_inner("regions"))
    {
        return Some(Ok(Kind::Export));
    }
    if outline.has_as("asset", b"{") && outline.has_as("regions", b"[n") {
        return Some(Ok(Kind::Asset));
    }
    if outline.has("frames") && outline.has("inputTags") {
        return lacks("it is of VoTT 1; open it in VoTT 2 and export VoTT JSON");
    }
    if !is_whole {
        return None;
    }
    if outline.has("assets") {
        return lacks("its `assets` have no `regions`; export the project as VoTT JSON");
    }
    lacks(if outline.has("asset") { "it has no `regions`" } else { "it has no `assets`" })
}

/// True for a file with all assets of a project.
fn is_export(input: &Input<'_>, name: &str) -> bool {
    let has_assets = |outline: &Outline, is_whole| match decide(outline, is_whole)? {
        Ok(Kind::Export) => Some(Ok(())),
        _ => Some(Err(String::new())),
    };
    json::examine(input, name, has_assets).is_ok()
}

fn read_file(input: &Input<'_>, name: &str, labels: &mut RawLabels) {
    json::read_file(input, name, labels, |root, labels, found| {
        assets(input, name, &root.object()?, labels, found)
    });
}

fn assets(
    input: &Input<'_>,
    name: &str,
    root: &Object<'_>,
    labels: &mut RawLabels,
    found: &mut Findings<'_>,
) -> Result<(), Fault> {
    let Some(list) = root.value("assets") else {
        return asset(input, name, root, labels, found);
    };
    if !list.is_object() {
        return Err(root.wrong("assets", "an object of assets by their ids"));
    }
    let list = list.object()?;
    if list.fields().next().is_none() {
        found.of_file(ProblemKind::Note, "has no assets".into());
    }
    for (id, node) in list.fields() {
        let read = node.object().and_then(|one| asset(input, name, &one, labels, found));
        if let Err(fault) = read {
            found.malformed(fault.of(&format!("asset {id}")));
        }
    }
    Ok(())
}

/// Adds an asset with its regions.
fn asset(
    input: &Input<'_>,
    name: &str,
    root: &Object<'_>,
    labels: &mut RawLabels,
    found: &mut Findings<'_>,
) -> Result<(), Fault> {
    let wrong = || root.wrong("asset", "an object with the image's name");
    let asset = root.value("asset").filter(|node| node.is_object()).ok_or_else(wrong)?.object()?;
    let stated = ["name", "path"].into_iter().find_map(|key| asset.value(key).and_then(Node::name));
    let stated = stated.ok_or_else(|| asset.wrong("name", "the image's name"))?;
    let fault = |message| asset.node().fault(format!("name {message}"));
    let place = input.index.find(name, &stated).map_err(fault)?;
    let shown = place.path.clone();
    let mut image = RawImage::new(place, name);
    (image.line, image.split) = (root.node().line(), split_of_name(name));
    if let Some(size) = asset.value("size") {
        let size = size.object().map_err(|fault| fault.of("size"))?;
        image.stated_size = size.side("width")?.zip(size.side("height")?);
    }
    let regions = root.value("regions");
    if regions.is_some_and(|regions| !regions.is_list()) {
        return Err(root.wrong("regions", "a list"));
    }
    let mut number = 0;
    let mut each = |node: Node<'_>| {
        number += 1;
        let parsed = node.object().and_then(|object| region::parse(&object, number));
        let (id, region) = match parsed {
            Ok(parsed) => parsed,
            Err(fault) => {
                image.incomplete = true;
                return found.malformed(fault.of(&shown));
            }
        };
        let who = format!("region {id} of {shown}");
        match region {
            Region::NoBox(kind) => {
                let message = format!("{who} is a {kind}, which has no box; it is passed over");
                found.add(ProblemKind::NoBox, node.fault(message));
            }
            Region::Tagged(tags, values) => {
                if tags.len() > 1 {
                    let message = format!("{who} has {} tags; it is an object of each", tags.len());
                    found.add(ProblemKind::Note, node.fault(message));
                }
                for tag in tags {
                    let object = values.object(labels.class(&tag));
                    let (line, id) = (node.line(), Some(id.clone()));
                    image.objects.push(RawObject { line, id, ..object });
                }
            }
        }
    };
    if let Some(regions) = regions {
        regions.each(&mut each);
    }
    labels.images.push(image);
    Ok(())
}

#[cfg(test)]
mod tests;
