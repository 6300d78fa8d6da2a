//! The folder trees of docs/your-data.md, made and read: a reader who lays out a folder like one of
//! them has nothing to do but to name it.

use crate::Place;
use serde_json::json;
use std::path::Path;

const SIDES: [u32; 2] = [40, 30];

/// One tree: the name in bold above it, and every file with its path.
struct Tree {
    name: String,
    files: Vec<String>,
}

/// The trees of the page: blocks whose first line is `photos/`.
fn trees(page: &str) -> Vec<Tree> {
    let (mut trees, mut name) = (Vec::new(), "");
    for part in page.split("```text\nphotos/\n").collect::<Vec<_>>().windows(2) {
        name = part[0].rsplit("**").nth(1).unwrap_or(name);
        let block = part[1].split("```").next().unwrap_or_default();
        let lines = block.lines().map(|line| line.split('#').next().unwrap_or_default());
        let files = lines.flat_map(|line| {
            let mut words: Vec<&str> = line.split_whitespace().collect();
            let folder = match words.first() {
                Some(first) if first.ends_with('/') => words.remove(0),
                _ => "",
            };
            words.into_iter().map(move |word| format!("{folder}{word}")).collect::<Vec<_>>()
        });
        trees.push(Tree { name: name.to_owned(), files: files.collect() });
    }
    trees
}

fn class_of(stem: &str) -> &str {
    stem.split('-').next().expect("a class in front of the number")
}

/// What a file of a tree has in it: labels of one box per image, from (4, 3) to (24, 18).
fn content(tree: &Tree, path: &str, table: &str) -> String {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let (stem, ending) = name.rsplit_once('.').expect("an ending");
    match (stem, ending) {
        ("labels", "csv") => table.to_owned(),
        ("train", "txt") => "cat-1\ndog-1\n".into(),
        ("val", "txt") => "cat-2\n".into(),
        ("data", "yaml") => "names: [cat, dog]\ntrain: images/train\nval: images/val\n".into(),
        (_, "txt") => format!("{} 0.35 0.35 0.5 0.5\n", u8::from(class_of(stem) == "dog")),
        (_, "xml") => format!(
            "<annotation><filename>{stem}.jpg</filename><object><name>{}</name><bndbox><xmin>4</xmin>\
             <ymin>3</ymin><xmax>24</xmax><ymax>18</ymax></bndbox></object></annotation>",
            class_of(stem)
        ),
        (_, "json") if folder == "annotations" => {
            let split = stem.trim_start_matches("instances_");
            let of_split = tree.files.iter().filter_map(|file| file.strip_prefix(split)?.strip_prefix('/'));
            let images: Vec<&str> = of_split.collect();
            let image = |(i, name): (usize, &&str)| {
                json!({"id": i, "file_name": name, "width": SIDES[0], "height": SIDES[1]})
            };
            let label = |(i, name): (usize, &&str)| {
                let class = u8::from(class_of(name) == "dog");
                json!({"id": i, "image_id": i, "category_id": class, "bbox": [4, 3, 20, 15]})
            };
            json!({
                "images": images.iter().enumerate().map(image).collect::<Vec<_>>(),
                "annotations": images.iter().enumerate().map(label).collect::<Vec<_>>(),
                "categories": [{"id": 0, "name": "cat"}, {"id": 1, "name": "dog"}],
            })
            .to_string()
        }
        (_, "json") => json!({
            "imagePath": format!("{stem}.jpg"),
            "imageWidth": SIDES[0],
            "imageHeight": SIDES[1],
            "shapes": [{"label": class_of(stem), "shape_type": "rectangle", "points": [[4, 3], [24, 18]]}],
        })
        .to_string(),
        _ => panic!("{path}: the test does not know what is in it"),
    }
}

/// Writes a tree, and says how many images it has.
fn write(tree: &Tree, folder: &Path, table: &str) -> usize {
    let mut images = 0;
    for (i, file) in tree.files.iter().enumerate() {
        let path = folder.join(file);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        if file.ends_with(".jpg") {
            // Pixels of its own: equal images would be reported.
            let shade = u8::try_from(40 * (i + 1) % 256).expect("below 256");
            image(&path, shade);
            images += 1;
        } else {
            std::fs::write(path, content(tree, file, table)).expect("written");
        }
    }
    images
}

/// A bitmap: images are known by their first bytes, whatever their ending.
fn image(path: &Path, shade: u8) {
    let [width, height] = SIDES;
    let mut bytes = Vec::from(*b"BM");
    let row = (width * 3).next_multiple_of(4);
    for value in
        [54 + row * height, 0, 54, 40, width, height, 1 | 24 << 16, 0, row * height, 0, 0, 0, 0]
    {
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend((0..row * height).map(|i| shade ^ u8::try_from(i % 7).expect("below 7")));
    std::fs::write(path, bytes).expect("written");
}

#[test]
fn folders_like_the_trees_of_the_page_are_read_whole() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/your-data.md");
    let Ok(page) = std::fs::read_to_string(page) else {
        eprintln!("skipped: no docs/ of the workspace");
        return;
    };
    let table = page.split("```text\nfilename,").nth(1).and_then(|rest| rest.split("```").next());
    // The page's own rows, and boxes that fit the images of this test.
    let header = table.and_then(|table| table.lines().next()).expect("a header");
    let rows =
        ["cat-1.jpg,cat", "cat-2.jpg,cat", "dog-1.jpg,dog"].map(|row| format!("{row},4,3,24,18\n"));
    let table = format!("filename,{header}\n{}", rows.concat());
    let trees = trees(&page);
    let names: Vec<&str> = trees.iter().map(|tree| &tree.name[..]).collect();
    assert_eq!(names, ["Pascal VOC", "YOLO", "COCO", "A table", "LabelMe"]);
    for (tree, format) in trees.iter().zip(["voc", "yolo", "coco", "csv", "labelme"]) {
        let place = Place::new();
        let images = write(tree, &place.path("photos"), &table);
        let found = &place.json("data photos --json")[0];
        assert_eq!(found["report"]["format"], format, "{}", tree.name);
        assert_eq!(found["usable_images"], images, "{}: {found}", tree.name);
        let has_val = tree.files.iter().any(|file| file.contains("val"));
        assert_eq!(found["images_per_split"].get("val").is_some(), has_val, "{}", tree.name);
        assert_eq!(found["objects_per_class"]["dog"], 1, "{}: {found}", tree.name);
    }
}
