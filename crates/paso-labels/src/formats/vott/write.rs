//! Writing an export of `VoTT`.
//!
//! Names are not percent-encoded, as the tool's are: where `a b.png` and `a%20b.png` are both there,
//! only the plain name means one of them.

use serde_json::{Map, Value, json};

use crate::write::Target;
use crate::{Error, LabeledImage};

/// One export next to the images. Splits are in the split files.
pub(super) fn export(target: &Target<'_>) -> Result<(), Error> {
    let tags = target.labels.classes.iter().map(|name| json!({"name": name, "color": "#5db300"}));
    // Ids are hexadecimal in the tool, and 32 digits long.
    let assets: Map<String, Value> = (1..)
        .zip(&target.labels.images)
        .map(|(number, image)| {
            let id = format!("{number:032x}");
            let asset = written(target, image, &id);
            (id, asset)
        })
        .collect();
    let export = json!({
        "name": "paso", "version": "2.2.0", "tags": tags.collect::<Vec<_>>(), "assets": assets,
    });
    let json = serde_json::to_vec_pretty(&export).expect("numbers and names are JSON");
    target.file("images/vott-export.json", &json)
}

fn written(target: &Target<'_>, image: &LabeledImage, id: &str) -> Value {
    let regions = (1..).zip(&image.objects).map(|(number, object)| {
        let [x0, y0, x1, y1] = object.xyxy;
        let points = [[x0, y0], [x1, y0], [x1, y1], [x0, y1]].map(|[x, y]| json!({"x": x, "y": y}));
        json!({
            "id": format!("r{number}"),
            "type": "RECTANGLE",
            "tags": [target.class(object)],
            "boundingBox": {"left": x0, "top": y0, "width": x1 - x0, "height": y1 - y0},
            "points": points,
        })
    });
    json!({
        "asset": {
            "id": id,
            "name": image.name,
            "size": {"width": image.width, "height": image.height},
            "state": 2,
            "type": 1,
        },
        "regions": regions.collect::<Vec<_>>(),
        "version": "2.2.0",
    })
}
