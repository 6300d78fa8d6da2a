//! What people read on stdout: without `--json`.

use crate::{Place, TRAIN};

#[test]
fn settle_prints_a_row_for_each_arm_the_verdict_and_what_it_holds_for() {
    let place = Place::new();
    let settle = "settle --data scenes --net tiny --size 32 --batch 4 --steps 6 --pairs 8 --lr 1e-3 --out study";
    let answer = &place.json(&format!("{settle} --json"))[0];
    let text = place.stdout(settle);
    let lines: Vec<&str> = text.lines().collect();
    let title = "arm            peak rate tuning IoU  pairs   mean IoU   against";
    assert_eq!(lines[..2], ["", title], "{text}");
    let arms = answer["arms"].as_array().expect("arms");
    for (line, arm) in lines[2..].iter().zip(arms) {
        let name = arm["name"].as_str().expect("a name");
        let pairs = arm["values"].as_array().expect("values").len();
        assert!(line.starts_with(name) && line.contains(&format!(" {pairs} ")), "{line}");
    }
    assert_eq!(lines[2 + arms.len()], "", "a line between the table and the verdict");
    assert!(lines[3 + arms.len()].ends_with("Of a training of 6 steps."), "{text}");
    let holds = "It holds for these 26 images, net tiny at 32 pixels, 6 steps of 4 images, adamw with weight decay 0.1.";
    assert!(lines.contains(&holds), "{text}");
    let [.., before, last] = &lines[..] else { panic!("{text}") };
    assert!(before.starts_with("train with") && before.ends_with("):"), "{before}");
    assert_eq!(*last, "  paso train --data scenes --settled study");
}

#[test]
fn train_prints_the_last_epoch_and_the_best_one_and_says_where_it_continues() {
    let place = Place::new();
    let train = TRAIN.replace("--epochs 12 --json", "--epochs 2 --out run");
    let text = place.stdout(&train);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[0].starts_with("mean IoU 0.") && lines[0].ends_with(" s"), "{text}");
    assert!(lines[1].starts_with("best: mean IoU 0.") && lines[1].contains(" after epoch "));
    let longer = train.replace("--epochs 2", "--epochs 3");
    let output = crate::output(&mut place.paso(&format!("{longer} --resume")));
    let said = crate::text(&output.stderr);
    assert!(said.contains("run: continues after epoch 2\n"), "{said}");
}

#[test]
fn predict_prints_a_line_for_each_image_and_never_draws_over_one() {
    let place = Place::new();
    place.stdout(&format!("{} --out run", TRAIN.replace("--epochs 12", "--epochs 1")));
    let mut names: Vec<String> = std::fs::read_dir(place.path("scenes/images"))
        .expect("images")
        .map(|entry| entry.expect("one").file_name().into_string().expect("a name"))
        .collect();
    names.sort();
    let (first, second) =
        (format!("scenes/images/{}", names[0]), format!("scenes/images/{}", names[1]));
    let text = place.stdout(&format!("predict run {first} {second}"));
    let starts = [format!("{first}: "), format!("{second}: ")];
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.lines().zip(&starts).all(|(line, start)| line.starts_with(start)), "{text}");
    let before = crate::bytes(&place.path(&first));
    let (code, said) = place.refused(&format!("predict run {first} --draw scenes/images"));
    assert!(code == 1 && said.contains("files in this folder that paso did not write"), "{said}");
    assert!(crate::bytes(&place.path(&first)) == before, "the image is untouched");
    let (code, said) = place.refused(&format!("predict run missing.png {second}"));
    assert!(code == 1 && said.contains("1 of 2 images could not be used"), "{said}");
}

#[test]
fn schedule_takes_one_form_and_two_schedules_to_compare() {
    let place = Place::new();
    for arguments in
        ["--csv --json", "--csv --compare", "--json --plot a.svg", "--plot a.svg --compare"]
    {
        let (code, said) = place.refused(&format!("schedule cosine {arguments}"));
        assert!(code == 2 && said.contains("cannot be used with"), "{arguments}: {said}");
    }
    let (code, said) = place.refused("schedule cosine --compare");
    assert!(code == 1 && said.contains("--compare takes two schedules, 1 are given"), "{said}");
    let (code, said) = place.refused("schedule constant(1) --lr 0.1 --csv");
    assert!(code == 1 && said.contains("--lr 0.1 has no effect"), "{said}");
    let (code, said) = place.refused("schedule cosine --steps 0 --csv");
    assert!(code == 1 && said.contains("--steps is 0; it must be 1 to 10000000"), "{said}");
    assert!(place.stdout("schedule constant(0.5) --steps 3").starts_with("constant(0.5)\n"));
    place.stdout("schedule cosine linear --plot two.svg");
    let drawn = crate::text(&crate::bytes(&place.path("two.svg")));
    assert!(drawn.starts_with("<svg") && drawn.contains("learning rate"), "a drawing");
}

#[test]
fn data_converts_a_folder_once_and_reads_back_what_it_wrote() {
    let place = Place::new();
    place.stdout("data scenes --convert coco --out coco");
    let [before, after] =
        ["scenes", "coco"].map(|dir| place.json(&format!("data {dir} --json")).remove(0));
    for key in ["usable_images", "objects", "images_per_split", "objects_per_class"] {
        assert_eq!(before[key], after[key], "{key}");
    }
    let (code, _) = place.refused("data scenes --convert coco --out coco");
    assert_eq!(code, 1, "a folder that holds something is not written into");
    let (code, said) = place.refused("data scenes --convert coco");
    assert!(code == 2 && said.contains("--out"), "{said}");
}
