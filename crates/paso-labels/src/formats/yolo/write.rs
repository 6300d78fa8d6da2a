//! Writing YOLO labels, and the `data.yaml` that names classes and splits.

use rayon::prelude::*;

use crate::folder::{folder, stem};
use crate::write::Target;
use crate::{Error, LabeledImage, Object, Split};

pub(super) fn write(target: &Target<'_>) -> Result<(), Error> {
    target.labels.images.par_iter().try_for_each(|image| {
        let lines: String = image.objects.iter().map(|object| line(image, object)).collect();
        target.file(&label_of(&format!("images/{}", image.name)), lines.as_bytes())
    })?;
    let mut yaml = String::new();
    for split in [Split::Train, Split::Val, Split::Test] {
        if !target.of_split(Some(split)).is_empty() {
            yaml.push_str(&format!("{split}: {split}.txt\n"));
        }
    }
    if yaml.is_empty() {
        yaml.push_str("train: images\nval: images\n");
    }
    yaml.push_str("names:\n");
    for (number, name) in target.labels.classes.iter().enumerate() {
        yaml.push_str(&format!("  {number}: {}\n", quoted(name)));
    }
    target.file("data.yaml", yaml.as_bytes())
}

fn line(image: &LabeledImage, object: &Object) -> String {
    let (w, h) = (f64::from(image.width), f64::from(image.height));
    let [x0, y0, x1, y1] = object.xyxy;
    let (x, y) = ((x0 + x1) / 2.0 / w, (y0 + y1) / 2.0 / h);
    format!("{} {x} {y} {} {}\n", object.class, (x1 - x0) / w, (y1 - y0) / h)
}

/// Where other programs look for the label of an image: the last `images` of its path is `labels`.
fn label_of(image: &str) -> String {
    let mut parts: Vec<&str> = folder(image).split_inclusive('/').collect();
    if let Some(at) = parts.iter().rposition(|part| *part == "images/") {
        parts[at] = "labels/";
    }
    format!("{}{}.txt", parts.concat(), &stem(image)[folder(image).len()..])
}

/// A name as YAML in double quotes, with everything escaped that YAML cannot hold as it is.
fn quoted(name: &str) -> String {
    let mut text = String::from("\"");
    for c in name.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                text.push_str(&format!("\\u{:04X}", u32::from(c)));
            }
            c if c.is_control() => text.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => text.push(c),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::super::{names, yaml};
    use super::*;
    use crate::folder::Text;
    use proptest::prelude::*;

    fn read_again(classes: &[String]) -> Vec<String> {
        let lines = classes.iter().enumerate().map(|(i, n)| format!("  {i}: {}\n", quoted(n)));
        let text = format!("names:\n{}", lines.collect::<String>());
        let root = yaml::parse(&Text::new(text)).expect("YAML").expect("not empty");
        let yaml::Value::Map(pairs) = root.value else { panic!("no map") };
        names::from_yaml(&pairs[0].1).expect("names")
    }

    #[test]
    fn every_name_is_read_as_it_was_written() {
        let odd = [
            " a ", "a,b", "\"", "'", "\\", "100%", "a: b", "# no", "two\nlines", "\r", "\r\n", "\t",
            "]]>", "&amp;", "\u{0}\u{1}\u{1b}\u{7f}\u{85}\u{9f}", "\u{2028}\u{feff}", "狗🐶", "~",
            "null", "{{ x }}", "{% x %}", "- a", "*a", "&a", "!a", "@", "`", "%", "|", ">", "e\u{301}",
        ];
        let odd = odd.map(String::from);
        assert_eq!(read_again(&odd), odd);
    }

    #[test]
    fn labels_lie_where_other_programs_look_for_them() {
        assert_eq!(label_of("images/a/b.c.jpg"), "labels/a/b.c.txt");
        assert_eq!(label_of("images/x/images/b.jpg"), "images/x/labels/b.txt");
        assert_eq!(label_of("images/labels/b.jpg"), "labels/labels/b.txt");
    }

    proptest! {
        #[test]
        fn any_name_is_read_as_it_was_written(name in "\\PC{1,20}|[\\s\\S]{1,8}") {
            prop_assert_eq!(read_again(std::slice::from_ref(&name)), [name]);
        }
    }
}
