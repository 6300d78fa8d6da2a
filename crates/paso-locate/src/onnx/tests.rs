//! What was encoded is decoded again, looked at, and computed.

#[expect(clippy::cast_possible_truncation, reason = "lengths and indices of small graphs")]
mod interpreter;
mod values;

use super::proto::{FLOAT, GraphProto, INT64, ModelProto, NodeProto, OPSET};
use super::*;
use crate::{NetName, TrainConfig};
use std::collections::BTreeSet;

fn model(net: NetName) -> Model {
    let config = TrainConfig { net, size: 64, ..TrainConfig::default() };
    Model::new(&config, vec!["nut".into(), "bolt \"M3\"".into(), "ü".into()]).expect("settings")
}

fn decoded(net: NetName) -> (Model, ModelProto) {
    let model = model(net);
    let file = ModelProto::decode(bytes(&model).as_slice()).expect("it is decoded");
    (model, file)
}

fn bytes(model: &Model) -> Vec<u8> {
    encode(model).expect("every operation has a form")
}

fn graph(file: &ModelProto) -> &GraphProto {
    file.graph.as_ref().expect("a graph")
}

#[test]
fn the_nodes_are_those_of_the_net() {
    let (_, file) = decoded(NetName::Tiny);
    let kinds: Vec<&str> = graph(&file).node.iter().map(|n| n.op_type.as_str()).collect();
    let stage = ["Conv", "BatchNormalization", "Relu"];
    let pooled = ["Conv", "BatchNormalization", "Relu", "MaxPool"];
    let wanted = [
        &["Div", "Sub", "Div", "Transpose"][..],
        &pooled,
        &pooled,
        &pooled,
        &stage,
        &stage,
        &["Conv", "Reshape", "Softmax", "MatMul", "Reshape"],
        &["Gather", "Reshape", "Transpose", "MatMul", "Reshape", "Concat"],
        &["Gemm", "Slice", "Sigmoid", "MatMul", "Slice", "Clip", "Identity", "Softmax"],
    ];
    assert_eq!(kinds, wanted.concat());
}

#[test]
fn squeezenet_has_its_eight_fire_modules() {
    let (_, file) = decoded(NetName::Squeezenet);
    let count = |kind| graph(&file).node.iter().filter(|n| n.op_type == kind).count();
    // One convolution before, three each, one to narrow the map, and the scores; the last
    // concatenation is the neck's.
    assert_eq!(["Conv", "Relu", "MaxPool", "Concat"].map(count), [27, 26, 3, 9]);
    let coordinates = graph(&file).initializer.iter().find(|t| t.name.ends_with(".coordinates"));
    assert_eq!(coordinates.expect("they are there").dims, [9, 2], "64 pixels become 3 x 3");
}

#[test]
fn blocks_are_added_and_depthwise_filters_have_their_group() {
    let (_, file) = decoded(NetName::Residual);
    let count = |kind| graph(&file).node.iter().filter(|n| n.op_type == kind).count();
    // The stem, two a block, two projections, and the scores.
    assert_eq!(["Conv", "Add", "MaxPool"].map(count), [12, 4, 0]);
    let (_, file) = decoded(NetName::Mobile);
    let group = |n: &NodeProto| n.attribute.iter().find(|a| a.name == "group").and_then(|a| a.i);
    let groups: Vec<i64> = graph(&file).node.iter().filter_map(group).collect();
    assert_eq!(groups, [16, 32, 64, 64, 128, 128]);
}

#[test]
fn every_input_was_written_before_and_every_name_once() {
    for net in NetName::ALL {
        let (_, file) = decoded(net);
        let graph = graph(&file);
        let mut known = BTreeSet::from(["image"]);
        for tensor in &graph.initializer {
            assert!(known.insert(&tensor.name), "{net}: {} twice", tensor.name);
        }
        for node in &graph.node {
            for input in &node.input {
                assert!(known.contains(input.as_str()), "{net}: {} reads {input}", node.name);
            }
            for output in &node.output {
                assert!(known.insert(output), "{net}: {output} twice");
            }
        }
        let outputs: Vec<&str> = graph.output.iter().map(|o| o.name.as_str()).collect();
        assert_eq!(outputs, ["box", "logits", "scores"]);
        assert!(outputs.iter().all(|o| known.contains(o)), "{net}: an output that nobody writes");
    }
}

#[test]
fn every_tensor_of_a_net_is_there_with_its_numbers() {
    for net in NetName::ALL {
        let (model, file) = decoded(net);
        let there = &graph(&file).initializer;
        let params = &model.params;
        for wanted in params.tensors().iter().chain(params.statistics()) {
            let found = there.iter().find(|t| t.name == wanted.name);
            let found = found.unwrap_or_else(|| panic!("{net}: {} is not exported", wanted.name));
            let dims: Vec<i64> = match wanted.shape[..] {
                [h, w, i, o] => [o, i, h, w].map(integer).to_vec(),
                _ => wanted.shape.iter().map(|&n| integer(n)).collect(),
            };
            assert_eq!(found.dims, dims, "{net}: {}", wanted.name);
        }
        for tensor in there {
            let width = if tensor.data_type == INT64 { 8 } else { 4 };
            assert!([FLOAT, INT64].contains(&tensor.data_type), "{}", tensor.name);
            let numbers: i64 = tensor.dims.iter().product();
            assert_eq!(integer(tensor.raw_data.len()), width * numbers, "{net}: {}", tensor.name);
        }
    }
}

#[test]
fn the_shapes_and_the_names_are_as_promised() {
    let (model, file) = decoded(NetName::Small);
    let shape = |v: &ValueInfoProto| {
        let tensor = v.r#type.as_ref().and_then(|t| t.tensor_type.as_ref()).expect("a tensor");
        assert_eq!(tensor.elem_type, FLOAT, "{}", v.name);
        let dims = &tensor.shape.as_ref().expect("a shape").dim;
        assert_eq!(dims[0].dim_param.as_deref(), Some("N"), "any number of images");
        dims[1..].iter().map(|d| d.dim_value.expect("a length")).collect::<Vec<_>>()
    };
    assert_eq!(shape(&graph(&file).input[0]), [64, 64, 3]);
    let outputs: Vec<_> = graph(&file).output.iter().map(shape).collect();
    assert_eq!(outputs, [vec![4], vec![3], vec![3]]);
    assert_eq!((file.ir_version, file.opset_import[0].version), (IR_VERSION, OPSET));

    let found = |key: &str| {
        let entry = file.metadata_props.iter().find(|e| e.key == key);
        entry.unwrap_or_else(|| panic!("no {key}")).value.as_str()
    };
    let classes: Vec<String> = serde_json::from_str(found("classes")).expect("a list");
    assert_eq!(classes, model.classes());
    assert_eq!((found("net"), found("size")), ("small", "64"));
    assert_eq!(found("paso"), env!("CARGO_PKG_VERSION"));
}

#[test]
fn the_same_net_is_the_same_file() {
    let file = bytes(&model(NetName::Tiny));
    assert_eq!(bytes(&model(NetName::Tiny)), file);
    assert!(is_export(&file) && !is_export(b"") && !is_export(b"something else"));
}
