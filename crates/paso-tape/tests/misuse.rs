//! What a tape says when it is used wrongly, and that it can be used on afterwards.

use std::panic::{AssertUnwindSafe, catch_unwind};

use paso_tape::{BoxLoss, ClassLoss, Conv, Init, Kind, Params, Pool, Sequential, Tape, Var};

/// Asserts that `f` panics with a message that has all these parts.
#[track_caller]
fn refuses<T>(parts: &[&str], f: impl FnOnce() -> T) {
    let result = catch_unwind(AssertUnwindSafe(|| drop(f())));
    let panic = result.expect_err("it must panic");
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .expect("a message");
    for part in parts {
        assert!(text.contains(part), "`{text}` must contain `{part}`");
    }
}

/// A linear layer from two values to three, with a mean squared error.
struct Net {
    tape: Tape,
    params: Params,
    x: Var,
    y: Var,
    target: Var,
    loss: Var,
}

fn net() -> Net {
    let (mut tape, mut params) = (Tape::new(), Params::new(4));
    let (x, target) = (tape.input([1, 1, 2]), tape.input([1, 1, 3]));
    let y = tape.linear(&mut params, "linear", x, 3);
    let loss = tape.mse(y, target);
    tape.set_loss(loss);
    Net { tape, params, x, y, target, loss }
}

#[test]
fn inputs_that_do_not_fit_are_named_and_the_next_batch_runs() {
    let Net { mut tape, mut params, x, y, target, .. } = net();
    refuses(&["a batch needs an input"], || tape.infer(&params, &[]));
    refuses(&["input0", "3 elements", "whole number of images of 2"], || {
        tape.infer(&params, &[(x, &[0.0; 3])]);
    });
    refuses(&["input0", "0 elements"], || tape.infer(&params, &[(x, &[])]));
    refuses(&["input1 has 1 images", "before it 2"], || {
        tape.forward(&mut params, &[(x, &[0.0; 4]), (target, &[0.0; 3])]);
    });
    refuses(&["node 2 is no input"], || tape.infer(&params, &[(y, &[0.0; 3])]));
    let mut other = Tape::new();
    let foreign = (0..9).map(|_| other.input([1, 1, 2])).last().expect("nine inputs");
    refuses(&["node 8 is no input"], || tape.infer(&params, &[(foreign, &[0.0; 2])]));
    let loss = tape.forward(&mut params, &[(x, &[0.0; 4]), (target, &[0.0; 6])]);
    assert!(loss.is_finite() && tape.images() == 2);
}

#[test]
fn a_backward_pass_needs_a_loss_a_forward_pass_and_a_gradient_of_the_right_length() {
    let Net { mut tape, mut params, x, target, .. } = net();
    let mut grads = params.zero_grads();
    let both: [(Var, &[f32]); 2] = [(x, &[1.0, 2.0]), (target, &[0.0, 1.0, 2.0])];
    refuses(&["backward needs a forward pass"], || tape.backward(&params, &mut grads));
    tape.infer(&params, &both);
    refuses(&["backward needs a forward pass"], || tape.backward(&params, &mut grads));
    // Without its target, the loss is NaN and has no gradient.
    assert!(tape.forward(&mut params, &[(x, &[1.0, 2.0])]).is_nan());
    refuses(&["did not have all inputs of the loss"], || tape.backward(&params, &mut grads));
    tape.forward(&mut params, &both);
    refuses(&["length of the parameters"], || tape.backward(&params, &mut grads[1..]));
    tape.backward(&params, &mut grads);
    assert!(grads.iter().any(|g| *g != 0.0));
    refuses(&["already called"], || tape.backward(&params, &mut grads));
    tape.forward(&mut params, &both);
    let mut again = params.zero_grads();
    tape.backward(&params, &mut again);
    assert_eq!(again, grads, "a new forward pass, a new backward pass");

    let (mut tape, mut params) = (Tape::new(), Params::new(0));
    let x = tape.input([1, 1, 1]);
    let y = tape.linear(&mut params, "y", x, 1);
    assert!(tape.forward(&mut params, &[(x, &[1.0])]).is_nan(), "no loss was set");
    refuses(&["call `set_loss` first"], || tape.backward(&params, &mut [0.0; 2]));
    tape.set_loss(y);
    assert_eq!(tape.loss(), Some(y));
    refuses(&["backward needs a forward pass"], || tape.backward(&params, &mut [0.0; 2]));
}

#[test]
fn inference_between_the_two_passes_of_a_step_changes_no_gradient() {
    let Net { mut tape, mut params, x, target, .. } = net();
    let both: [(Var, &[f32]); 2] = [(x, &[1.0, 2.0]), (target, &[0.0, 1.0, 2.0])];
    let (mut grads, mut between) = (params.zero_grads(), params.zero_grads());
    tape.forward(&mut params, &both);
    tape.backward(&params, &mut grads);
    tape.forward(&mut params, &both);
    tape.infer(&params, &[(x, &[-7.0; 10])]);
    tape.backward(&params, &mut between);
    assert_eq!(grads, between);
    // What is in the slice before does not matter.
    tape.forward(&mut params, &both);
    between.fill(f32::NAN);
    tape.backward(&params, &mut between);
    assert_eq!(grads, between);
}

#[test]
fn values_can_be_read_only_where_they_exist() {
    let (mut tape, mut params) = (Tape::new(), Params::new(0));
    let (x, other) = (tape.input([4, 4, 1]), tape.input([1, 1, 1]));
    let image = tape.conv(&mut params, "conv", x, Conv::new(1, 2, 3), true);
    let mean = tape.global_avg_pool(image);
    let unrelated = tape.relu(other);
    refuses(&["no batch ran yet"], || tape.value(mean));
    tape.infer(&params, &[(x, &[1.0; 32])]);
    refuses(&["conv is an image", "call `keep`"], || tape.value(image));
    refuses(&["did not lead to"], || tape.value(unrelated));
    refuses(&["did not lead to"], || tape.mean(unrelated));
    refuses(&["more than one value per image"], || tape.mean(mean));
    refuses(&["slice of another length"], || tape.copy_value(mean, &mut [0.0; 3]));
    assert_eq!(tape.value(mean).len(), 4);
    tape.keep(image);
    refuses(&["no batch ran yet"], || tape.value(mean));
    tape.infer(&params, &[(x, &[1.0; 32])]);
    let (values, mut copy) = (tape.value(image), vec![f32::NAN; 64]);
    tape.copy_value(image, &mut copy);
    assert_eq!(values, copy);
    assert_eq!(values[..32], values[32..], "two equal images");
    let channel = |c: usize| values[..32].iter().skip(c).step_by(2).sum::<f32>() / 16.0;
    for (got, c) in tape.value(mean).iter().zip([0, 1, 0, 1]) {
        assert!((got - channel(c)).abs() < 1e-6, "the mean of the kept image");
    }
}

#[test]
fn shapes_that_do_not_fit_are_refused_while_recording() {
    let (mut tape, mut params) = (Tape::new(), Params::new(0));
    let t = &mut tape;
    let (x, y) = (t.input([4, 5, 3]), t.input([4, 5, 2]));
    let (vector, number) = (t.input([1, 1, 3]), t.input([1, 1, 1]));
    refuses(&["0x3x1", "no elements"], || t.input([0, 3, 1]));
    refuses(&["add", "[4, 5, 3]", "[4, 5, 2]"], || t.add(x, y));
    refuses(&["mul", "[4, 5, 2]"], || t.mul(y, x));
    refuses(&["weighted sum", "[1, 1, 3]"], || t.weighted_sum(&[(1.0, x), (1.0, vector)]));
    refuses(&["a weighted sum needs a term"], || t.weighted_sum(&[]));
    refuses(&["concat needs an input"], || t.concat(&[]));
    refuses(&["concat: 1x1", "4x5"], || t.concat(&[x, vector]));
    for channels in [1..1, 2..4, 3..4] {
        refuses(&["channels", "of 3"], || t.slice_channels(x, channels));
    }
    refuses(&["60 elements cannot become 3x5x3"], || t.reshape(x, [3, 5, 3]));
    refuses(&["four elements, not 3"], || t.cxcywh_to_xyxy(x));
    for probability in [1.0, -0.5, f32::NAN] {
        refuses(&["dropout of"], || t.dropout(x, probability));
    }
    refuses(&["4x5 is too small for a window of 6"], || t.max_pool(x, Pool::new(6)));
    refuses(&["too small"], || t.avg_pool(vector, Pool::new(2)));
    refuses(&["3 channels", "needs 4"], || t.conv(&mut params, "c", x, Conv::new(4, 2, 3), true));
    refuses(&["mean squared error", "shapes"], || t.mse(x, y));
    refuses(&["smooth L1"], || t.smooth_l1(x, vector, 1.0));
    refuses(&["binary cross-entropy"], || t.bce_with_logits(x, y));
    refuses(&["a class is one value"], || t.cross_entropy(vector, vector, ClassLoss::default()));
    refuses(&["2 class weights for 3 classes"], || {
        let settings = ClassLoss { weights: Some(vec![1.0; 2]), ..ClassLoss::default() };
        t.cross_entropy(vector, number, settings)
    });
    refuses(&["a box has four elements"], || t.box_loss(BoxLoss::Giou, vector, vector));
    refuses(&["a loss has one value per image"], || t.set_loss(vector));
    assert_eq!(tape.nodes().len(), 4, "what was refused left no node");
    assert!(params.values().is_empty(), "and no parameters");
}

#[test]
fn a_class_that_is_not_a_whole_number_below_the_number_of_logits_is_named() {
    let (mut tape, mut params) = (Tape::new(), Params::new(0));
    let (x, class) = (tape.input([1, 1, 2]), tape.input([1, 1, 1]));
    let logits = tape.linear(&mut params, "l", x, 3);
    let loss = tape.cross_entropy(logits, class, ClassLoss::default());
    tape.set_loss(loss);
    for wrong in [3.0, -1.0, 0.5, f32::NAN, f32::INFINITY] {
        refuses(&["whole number below 3", &format!("not {wrong}")], || {
            tape.forward(&mut params, &[(x, &[1.0, 2.0]), (class, &[wrong])]);
        });
    }
    for right in [0.0, -0.0, 1.0, 2.0] {
        let loss = tape.forward(&mut params, &[(x, &[1.0, 2.0]), (class, &[right])]);
        assert!(loss.is_finite(), "class {right}: {loss}");
    }
}

#[test]
fn a_batch_norm_refuses_to_train_on_one_value_per_channel_and_infers_it() {
    let (mut tape, mut params) = (Tape::new(), Params::new(0));
    let x = tape.input([1, 1, 2]);
    let h = tape.linear(&mut params, "h", x, 3);
    let y = tape.batch_norm(&mut params, "norm", h);
    let before = params.buffers().to_vec();
    refuses(&["norm: training needs more than one value per channel"], || {
        tape.forward(&mut params, &[(x, &[1.0, 2.0])]);
    });
    assert_eq!(params.buffers(), before, "running statistics are as they were");
    tape.infer(&params, &[(x, &[1.0, 2.0])]);
    assert!(tape.value(y).iter().all(|y| y.is_finite()));
    tape.forward(&mut params, &[(x, &[1.0, 2.0, 3.0, 4.0])]);
    assert_ne!(params.buffers(), before);
}

#[test]
fn changed_parameters_are_seen_by_the_next_pass_whichever_way_they_changed() {
    let Net { mut tape, mut params, x, y, target, loss } = net();
    let input: [(Var, &[f32]); 1] = [(x, &[1.0, -2.0])];
    let mut infer = |params: &Params| {
        tape.infer(params, &input);
        tape.value(y)
    };
    let first = infer(&params);
    let saved = params.values().to_vec();
    params.values_mut().iter_mut().for_each(|w| *w *= 2.0);
    let doubled = infer(&params);
    assert_eq!(doubled, first.iter().map(|y| 2.0 * y).collect::<Vec<_>>());
    // A copy that is changed on its own, and both used alternately.
    let mut copy = params.clone();
    assert_eq!(infer(&copy), doubled);
    copy.values_mut().fill(0.0);
    assert_eq!(infer(&copy), [0.0; 3]);
    assert_eq!(infer(&params), doubled);
    params.values_mut().copy_from_slice(&saved);
    assert_eq!(infer(&params), first, "restored");
    assert_eq!(infer(&copy), [0.0; 3]);
    // A tensor that is added later leaves the others in place.
    params.add("more", &[5], Kind::Weight, Init::Constant(1.0));
    assert_eq!(infer(&params), first);
    let mut grads = params.zero_grads();
    tape.forward(&mut params, &[(x, &[1.0, 2.0]), (target, &[0.0; 3])]);
    tape.backward(&params, &mut grads);
    assert_eq!(grads[saved.len()..], [0.0; 5], "nothing reads it");
    assert!(tape.mean(loss) > 0.0);
}

#[test]
fn changed_running_statistics_are_seen_by_inference_where_norms_are_fused_and_where_not() {
    for keep in [false, true] {
        let (mut tape, mut params) = (Tape::new(), Params::new(0));
        let x = tape.input([4, 4, 2]);
        let h = tape.conv(&mut params, "conv", x, Conv::new(2, 3, 3), true);
        if keep {
            tape.keep(h); // so that the norm has a kernel of its own
        }
        let y = tape.batch_norm(&mut params, "norm", h);
        let out = tape.global_avg_pool(y);
        let mut infer = |params: &Params| {
            tape.infer(params, &[(x, &[0.5; 32])]);
            tape.value(out)
        };
        let before = infer(&params);
        // The mean moves by one: so does every output, by 1 / sqrt(1 + eps).
        params.buffers_mut()[..3].fill(1.0);
        for (after, before) in infer(&params).iter().zip(&before) {
            assert!((before - after - 1.0).abs() < 1e-4, "keep {keep}: {before}, then {after}");
        }
        params.buffers_mut()[..3].fill(0.0);
        assert_eq!(infer(&params), before, "keep {keep}");
    }
}

#[test]
fn nodes_recorded_after_a_batch_belong_to_the_next_one() {
    let Net { mut tape, mut params, x, y, .. } = net();
    tape.infer(&params, &[(x, &[1.0, 2.0])]);
    let z = tape.relu(y);
    refuses(&["no batch ran yet"], || tape.value(z));
    tape.infer(&params, &[(x, &[1.0, 2.0])]);
    let want: Vec<f32> = tape.value(y).iter().map(|y| y.max(0.0)).collect();
    assert_eq!(tape.value(z), want);
    let more = Sequential::new().linear(2).record(&mut tape, &mut params, z);
    tape.infer(&params, &[(x, &[1.0, 2.0, 3.0, 4.0])]);
    assert_eq!(tape.value(more).len(), 4);
}
