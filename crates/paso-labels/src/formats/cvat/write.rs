//! Writing the one file of CVAT, images of a split after each other.

use crate::Split;
use crate::write::Target;
use crate::xml::{escaped, not_in_xml};

/// All labels. The error is a sentence about a name that XML cannot hold.
pub(super) fn written(target: &Target<'_>) -> Result<String, String> {
    use std::fmt::Write;
    let text = |text: &str| escaped(text).map_err(|c| not_in_xml(text, c));
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<annotations>\n  <version>1.1</version>\n",
    );
    let mut add = |line: std::fmt::Arguments<'_>| {
        xml.write_fmt(line).expect("a string takes what is written to it");
    };
    let subsets = [(None, ""), (Some(Split::Train), "Train"), (Some(Split::Val), "Validation")];
    let mut id = 0;
    for (split, subset) in subsets.into_iter().chain([(Some(Split::Test), "Test")]) {
        for image in target.of_split(split) {
            add(format_args!("  <image id=\"{id}\" name=\"{}\"", text(&image.name)?));
            id += 1;
            if !subset.is_empty() {
                add(format_args!(" subset=\"{subset}\""));
            }
            add(format_args!(" width=\"{}\" height=\"{}\">\n", image.width, image.height));
            for object in &image.objects {
                let [x0, y0, x1, y1] = object.xyxy;
                add(format_args!(
                    "    <box label=\"{}\" source=\"manual\" occluded=\"0\" xtl=\"{x0}\" \
                     ytl=\"{y0}\" xbr=\"{x1}\" ybr=\"{y1}\" z_order=\"0\">\n    </box>\n",
                    text(target.class(object))?
                ));
            }
            add(format_args!("  </image>\n"));
        }
    }
    xml.push_str("</annotations>\n");
    Ok(xml)
}
