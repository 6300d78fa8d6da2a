//! The parts before the head, one function each, as `crate::nets` and `crate::nets::squeezenet` record them.

use super::graph::{Graph, int};
use crate::NetName;
use crate::nets::bodies::{BLOCKS, SEPARABLE};
use paso_tape::Pool;

/// Records the body of this net on a square of this side. Returns its last map, and that map's side.
pub(crate) fn record(
    graph: &mut Graph<'_>,
    net: NetName,
    image: &str,
    side: usize,
) -> (String, usize) {
    match net {
        NetName::Tiny | NetName::Small | NetName::Medium => stages(graph, image, side),
        NetName::Mobile => mobile(graph, image, side),
        NetName::Residual => residual(graph, image, side),
        NetName::Squeezenet => {
            let (map, side) = squeezenet(graph, image, side);
            (normalized(graph, ["neck.conv", "neck.norm", "neck.relu"], &map), side)
        }
    }
}

/// Four stages, a pool after the first three, and one more convolution.
fn stages(graph: &mut Graph<'_>, image: &str, side: usize) -> (String, usize) {
    let mut map = image.to_owned();
    for number in 1..=5 {
        let names = ["conv", "norm", "relu"].map(|kind| format!("{kind}{number}"));
        map = normalized(graph, names.each_ref().map(String::as_str), &map);
        if number <= 3 {
            map = graph.max_pool(&format!("pool{number}"), &map, Pool::new(2));
        }
    }
    (map, side / 8)
}

/// Convolution, batch norm, `ReLU`, by these names.
fn normalized(graph: &mut Graph<'_>, names: [&str; 3], x: &str) -> String {
    strided(graph, names, x, 1)
}

fn strided(graph: &mut Graph<'_>, names: [&str; 3], x: &str, stride: usize) -> String {
    let x = graph.conv_strided(names[0], names[0], x, stride);
    let x = graph.batch_norm(names[1], &x);
    graph.relu(names[2], &x)
}

/// The blocks of `crate::nets::bodies::residual`. A block has a third convolution where its shortcut is a projection.
fn residual(graph: &mut Graph<'_>, image: &str, side: usize) -> (String, usize) {
    let mut map = strided(graph, ["stem.conv", "stem.norm", "stem.relu"], image, 2);
    for (i, (_, stride)) in BLOCKS.into_iter().enumerate() {
        let name = |part: &str| format!("block{}.{part}", i + 1);
        let first = [&name("conv1")[..], &name("norm1"), &name("relu1")];
        let x = strided(graph, first, &map, stride);
        let x = graph.conv(&name("conv2"), &name("conv2"), &x);
        let x = graph.batch_norm(&name("norm2"), &x);
        let shortcut = if stride == 1 {
            map
        } else {
            let y = graph.conv_strided(&name("conv3"), &name("conv3"), &map, stride);
            graph.batch_norm(&name("norm3"), &y)
        };
        let sum = graph.node("Add", &name("sum"), &[&x, &shortcut], vec![]);
        map = graph.relu(&name("relu2"), &sum);
    }
    (map, side / 8)
}

/// The depthwise-separable convolutions of `crate::nets::bodies::mobile`.
fn mobile(graph: &mut Graph<'_>, image: &str, side: usize) -> (String, usize) {
    let mut map = strided(graph, ["stem.conv", "stem.norm", "stem.relu"], image, 2);
    for (i, (_, stride)) in SEPARABLE.into_iter().enumerate() {
        let name = |part: &str| format!("separable{}.{part}", i + 1);
        let each = [&name("conv1")[..], &name("norm1"), &name("relu1")];
        let x = strided(graph, each, &map, stride);
        map = normalized(graph, [&name("conv2"), &name("norm2"), &name("relu2")], &x);
    }
    (map, side / 8)
}

/// A convolution and eight fire modules, with a pool before the first, the third and the fifth of them.
fn squeezenet(graph: &mut Graph<'_>, image: &str, side: usize) -> (String, usize) {
    // Of the convolution as of the pools: windows of 3, two pixels apart, without padding.
    let halved = |side: usize| (side - 3) / 2 + 1;
    let first = graph.conv_of("conv1", "conv1", image, 2, 0);
    let (mut map, mut side) = (graph.relu("conv1.relu", &first), halved(side));
    for number in 2..=9 {
        if [2, 4, 6].contains(&number) {
            let pool = Pool { kernel: 3, stride: 2, padding: 0 };
            map = graph.max_pool(&format!("pool{number}"), &map, pool);
            side = halved(side);
        }
        let mut layer = |part: &str, x: &str| {
            let name = format!("fire{number}/{part}");
            let x = graph.conv(&name, &name, x);
            graph.relu(&format!("{name}.relu"), &x)
        };
        let squeezed = layer("squeeze1x1", &map);
        let (one, three) = (layer("expand1x1", &squeezed), layer("expand3x3", &squeezed));
        let name = format!("fire{number}");
        map = graph.node("Concat", &name, &[&one, &three], vec![int("axis", 1)]);
    }
    (map, side)
}
