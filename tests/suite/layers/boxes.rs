//! Overlap losses on boxes.

use super::*;
use paso_ops::{BoxLoss, box_loss};

#[test]
fn box_losses_agree() {
    let Some(folder) = shared("vectors") else { return };
    let file = json(&folder.join("boxes/boxes.json"));
    let mut checked = 0;
    for case in file["cases"].as_array().unwrap() {
        let corners = |name: &str| -> [f32; 4] {
            numbers(&case[name]).iter().map(|&x| x as f32).collect::<Vec<_>>().try_into().unwrap()
        };
        let (pred, target) = (corners("pred"), corners("target"));
        // Boxes so thin that rounding their corners to f32 changes them.
        let side = |b: [f32; 4]| (b[2] - b[0]).min(b[3] - b[1]);
        if side(pred).min(side(target)) < 1e-3 {
            continue;
        }
        let kinds = [
            (BoxLoss::Giou, "generalized_box_iou_loss"),
            (BoxLoss::Diou, "distance_box_iou_loss"),
            (BoxLoss::Ciou, "complete_box_iou_loss"),
        ];
        for (kind, name) in kinds {
            let want = &case[name];
            let (loss, slope) = box_loss(kind, pred, target);
            let id = serde_json::json!(format!("{} {} {name}", case["id"], case["kind"]));
            close(&id, "loss", Isa::best(), &[loss], &[number(&want["value"])], 64.0);
            // A slope is as large as one over the side, and so are its errors.
            let bound = 64.0 / f64::from(side(pred).min(side(target)));
            close(&id, "gradient", Isa::best(), &slope, &numbers(&want["grad"]), bound);
            checked += 1;
        }
    }
    assert!(checked > 400, "{checked} cases");
}
