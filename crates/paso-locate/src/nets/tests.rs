//! Every net of the table is known by name, trains, and is exported.

use super::NetName;
use crate::augment::Augment;
use crate::data::{PrepareOptions, Prepared, Split};
use crate::demo::{self, DemoOptions};
use crate::{TrainConfig, Trainer, onnx};
use std::sync::Arc;

#[test]
fn the_table_has_these_nets() {
    let names = NetName::ALL.map(NetName::name);
    assert_eq!(
        names,
        ["inverted", "mobile", "tiny", "small", "residual", "medium", "squeezenet", "lite0"]
    );
}

#[test]
fn a_name_is_read_and_written_alike_everywhere() {
    for net in NetName::ALL {
        assert_eq!(net.name().parse::<NetName>().expect("a name"), net);
        assert_eq!(net.to_string(), net.name());
        let json = serde_json::to_string(&net).expect("JSON");
        assert_eq!(json, format!("\"{net}\""));
        assert_eq!(serde_json::from_str::<NetName>(&json).expect("a name"), net);
    }
    let message = "Tiny".parse::<NetName>().expect_err("names are lowercase").to_string();
    let wanted = "net is Tiny; it must be inverted, mobile, tiny, small, residual, medium, squeezenet or lite0";
    assert_eq!(message, wanted);
}

#[test]
fn the_crate_s_readme_lists_every_net() {
    let readme = include_str!("../../README.md");
    for net in NetName::ALL {
        assert!(readme.contains(&format!("`{net}`")), "README.md does not name {net}");
    }
}

/// The table says how many parameters a net has, to two percent, with the head for four classes.
#[test]
fn the_numbers_of_parameters_in_the_crate_s_readme_are_true() {
    let readme = include_str!("../../README.md");
    for net in NetName::ALL {
        let (_, params) = super::Net::new(&TrainConfig { net, ..TrainConfig::default() }, 4);
        let count = params.values().len() as f64;
        let row = readme.lines().find(|line| line.starts_with(&format!("| `{net}` |")));
        let cell = row.and_then(|row| row.rsplit('|').nth(1)).expect("a row with a number").trim();
        let stated: f64 = cell.replace(',', "").parse().expect("a number");
        assert!((stated / count - 1.0).abs() < 0.02, "{net} has {count} parameters, not {cell}");
    }
}

#[test]
fn every_net_of_the_table_trains_a_step_and_is_exported() {
    let dataset = demo::dataset(&DemoOptions { train: 4, val: 1, seed: 2 }).expect("scenes");
    let options = PrepareOptions { size: 64, ..PrepareOptions::default() };
    let images = Prepared::new(&dataset, &dataset.indices(Split::Train), &options);
    let images = Arc::new(images.expect("images").0);
    for net in NetName::ALL {
        let augment = Augment::none();
        let config = TrainConfig { net, size: 64, batch: 4, augment, ..TrainConfig::default() };
        let run = Trainer::new(&config, dataset.classes.clone(), Arc::clone(&images));
        let mut run = run.unwrap_or_else(|e| panic!("{net}: {e}"));
        let before = run.model().params.values().to_vec();
        let report = run.step().unwrap_or_else(|e| panic!("{net}: {e}"));
        assert!(report.loss.is_finite() && report.gradient_norm > 0.0, "{net}: {report:?}");
        assert!(before != run.model().params.values(), "{net}: no weight changed");
        let file = onnx::encode(run.model()).unwrap_or_else(|e| panic!("{net}: {e}"));
        assert!(onnx::is_export(&file), "{net}");
    }
}

#[test]
fn two_nets_have_a_body_from_elsewhere() {
    for net in NetName::ALL {
        let config = TrainConfig { net, size: 64, ..TrainConfig::default() };
        let (recorded, params) = super::Net::new(&config, 2);
        let own = recorded.body.map(|body| body.params);
        let wanted = match net {
            NetName::Squeezenet => Some(722_496),
            NetName::Lite0 => Some(692_694),
            _ => None,
        };
        assert_eq!(own, wanted, "{net}");
        let end = params.tensors().iter().find(|t| t.name == "neck.conv.weight");
        assert_eq!(end.map(|t| t.range.start), own, "{net}: the neck follows the body");
    }
}
