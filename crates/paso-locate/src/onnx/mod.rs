//! A trained net as an ONNX file, for runtimes other than paso's own.
//!
//! The graph takes `image`, float `[N, size, size, 3]`: RGB in 0..255 of the upright image, resized
//! to the net's square. It gives `box`, float `[N, 4]`: `x_min, y_min, x_max, y_max` as fractions,
//! clamped to the image; `logits` and `scores`, float `[N, classes]`. Normalization, the soft
//! argmax and the box's corners are all inside.
//!
//! The exporter walks the operations that the tape recorded (`walk.rs`), so that a network needs no
//! code here. What training alone needs (losses, dropout, batch statistics) is left out; batch
//! norms use their running statistics. The same model is the same file, byte for byte.
//!
//! Values agree with paso's own to rounding: sums are in another order in other runtimes. The tests
//! compute the graph with an interpreter of their own and compare.

mod answers;
mod attend;
mod graph;
mod layers;
mod proto;
mod shape_ops;
mod state;
#[cfg(test)]
mod tests;
mod walk;

pub use answers::answers;

use crate::data::{MEAN, STD};
use crate::{Error, Model};
use graph::{Graph, int, integer};
use prost::Message;
use proto::{
    DimensionProto, FLOAT, IR_VERSION, ModelProto, OPSET, OperatorSetIdProto,
    StringStringEntryProto, TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto,
};

/// The bytes of an ONNX file that computes what [`Model::locate`] does after resizing.
///
/// The metadata have `classes` (a JSON list of names, in the order of the scores), `net`, `size`
/// and `paso` (the version that wrote the file).
///
/// ```
/// use paso_locate::{Model, TrainConfig, onnx};
///
/// let model = Model::new(&TrainConfig::default(), vec!["cat".into(), "dog".into()])?;
/// let file = onnx::encode(&model)?;
/// assert!(onnx::is_export(&file));
/// # Ok::<(), paso_locate::Error>(())
/// ```
///
/// # Errors
/// [`Error::Onnx`] when an operation of the net has no form in ONNX. All nets of
/// [`NetName`](crate::NetName) have one.
pub fn encode(model: &Model) -> Result<Vec<u8>, Error> {
    let (side, classes) = (model.config().size as usize, model.classes().len());
    let mut graph = net(model)?.finish("paso");
    graph.input = vec![value(
        "image",
        &[side, side, 3],
        "RGB, 0 to 255, of the upright image resized to the square, each axis on its own",
    )];
    graph.output = vec![
        value("box", &[4], "x_min, y_min, x_max, y_max as fractions of the upright image"),
        value("logits", &[classes], "one number a class"),
        value("scores", &[classes], "the softmax of the logits"),
    ];
    let version = env!("CARGO_PKG_VERSION");
    let metadata = [
        ("classes", serde_json::Value::from(model.classes()).to_string()),
        ("net", model.config().net.to_string()),
        ("paso", version.to_owned()),
        ("size", side.to_string()),
    ];
    let entry = |(key, value): (&str, String)| StringStringEntryProto { key: key.into(), value };
    let file = ModelProto {
        ir_version: IR_VERSION,
        producer_name: PRODUCER.into(),
        producer_version: version.into(),
        graph: Some(graph),
        opset_import: vec![OperatorSetIdProto { domain: Some(String::new()), version: OPSET }],
        metadata_props: metadata.into_iter().map(entry).collect(),
    };
    Ok(file.encode_to_vec())
}

/// The nodes from `image` to `box`, `logits` and `scores`.
fn net(model: &Model) -> Result<Graph, Error> {
    let (net, params) = (&model.net, &model.params);
    let tensors = params.tensors().iter().chain(params.statistics()).map(|t| t.name.as_str());
    let mut graph = Graph::new(["image", "box", "logits", "scores"].into_iter().chain(tensors));
    let image = normalized(&mut graph, "image");
    let outputs = [net.xyxy, net.logits];
    let [xyxy, logits] =
        walk::export(&mut graph, (&net.tape, params), (net.image, image), outputs)?;
    let (low, high) = (graph.floats("low", &[], &[0.0]), graph.floats("high", &[], &[1.0]));
    graph.output("Clip", "box", &[&xyxy, &low, &high], vec![]);
    graph.output("Identity", "logits", &[&logits], vec![]);
    graph.output("Softmax", "scores", &[&logits], vec![int("axis", -1)]);
    Ok(graph)
}

/// As `crate::augment::normalize_into`, operation by operation, then channels first.
fn normalized(graph: &mut Graph, image: &str) -> String {
    let full = graph.floats("full", &[1], &[255.0]);
    let mean = graph.floats("mean", &[3], &MEAN);
    let std = graph.floats("std", &[3], &STD);
    let fraction = graph.node("Div", "fraction", &[image, &full], vec![]);
    let centered = graph.node("Sub", "centered", &[&fraction, &mean], vec![]);
    let divided = graph.node("Div", "normalized", &[&centered, &std], vec![]);
    graph.transpose("channels_first", &divided, &[0, 3, 1, 2])
}

/// Whether these bytes are an ONNX file that paso wrote.
#[must_use]
pub fn is_export(bytes: &[u8]) -> bool {
    ModelProto::decode(bytes).is_ok_and(|file| file.producer_name == PRODUCER)
}

const PRODUCER: &str = "paso";

/// A float tensor of any number of images.
fn value(name: &str, shape: &[usize], doc: &str) -> ValueInfoProto {
    let batch = DimensionProto { dim_param: Some("N".into()), dim_value: None };
    let fixed = |&n: &usize| DimensionProto { dim_value: Some(integer(n)), dim_param: None };
    let dim = std::iter::once(batch).chain(shape.iter().map(fixed)).collect();
    let shape = Some(TensorShapeProto { dim });
    let tensor_type = Some(TensorTypeProto { elem_type: FLOAT, shape });
    ValueInfoProto {
        name: name.into(),
        r#type: Some(TypeProto { tensor_type }),
        doc_string: doc.into(),
    }
}
