#!/usr/bin/env python3
"""Converts data sets to COCO with paso, and reads them as pycocotools does.

    python check_coco.py --paso target/release/paso [--data FOLDER ...]

Needs pycocotools. Images, objects, classes and boxes must be those that paso counts and writes as CSV, every image must
be there, and COCO's own evaluation must find each box correct when it is given as a prediction. Boxes of Pascal VOC folders
are also compared with their XML, read here. Exit code 1 means that something differs.
"""

import argparse
import collections
import contextlib
import csv
import io
import json
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--paso", type=Path, default=Path("target/release/paso"))
    arguments.add_argument("--data", type=Path, nargs="+", default=[Path("../shared/data/boards")])
    given = arguments.parse_args()
    good = True
    for data in given.data:
        if not data.is_dir():
            if data.parts[:2] == ("..", "shared"):
                print("skipped: no ../shared")
                continue
            print(f"{data}: no such folder; give one of labeled images with --data")
            return 1
        with tempfile.TemporaryDirectory() as folder:
            good &= check(given.paso, data, Path(folder))
    return 0 if good else 1


def paso(program, *arguments):
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{program} {arguments[0]}: {done.stderr}")
    return done.stdout


def check(program, data, folder):
    counted = json.loads(paso(program, "data", data, "--json"))
    for form in ("coco", "csv"):
        paso(program, "data", data, "--convert", form, "--out", folder / form)
    images, found, good = 0, collections.Counter(), True
    for path in sorted((folder / "coco" / "annotations").glob("*.json")):
        with contextlib.redirect_stdout(io.StringIO()):
            more, boxes, right = read(path, folder / "coco" / "images")
        images += more
        found += boxes
        good &= right
    good &= images == counted["usable_images"] and found.total() == counted["objects"]
    classes = collections.Counter()
    for (_, name, _), number in found.items():
        classes[name] += number
    good &= classes == collections.Counter(counted["objects_per_class"])
    good &= found == table(folder / "csv" / "labels.csv")
    apart = against_xml(data, found)
    good &= apart is None or apart <= 1.0
    distance = "" if apart is None else f", at most {apart:.2f} pixels from the XML"
    print(f"{data.name}: {images} images, {found.total()} boxes of {len(classes)} classes{distance} {'' if good else 'DIFFERS'}")
    return good


def read(path, images):
    """A split: its number of images, its boxes as (image, class, corners), and whether all is well."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    coco = COCO(str(path))
    good, boxes, answers = True, collections.Counter(), []
    for about in coco.loadImgs(coco.getImgIds()):
        good &= (images / about["file_name"]).is_file()
    for annotation in coco.loadAnns(coco.getAnnIds()):
        x, y, width, height = annotation["bbox"]
        (about,) = coco.loadImgs([annotation["image_id"]])
        (category,) = coco.loadCats([annotation["category_id"]])
        good &= abs(annotation["area"] - width * height) < 1e-6 and annotation["iscrowd"] == 0
        good &= min(x, y) >= 0 and x + width <= about["width"] + 1e-6 and y + height <= about["height"] + 1e-6
        boxes[about["file_name"], category["name"], rounded((x, y, x + width, y + height))] += 1
        answers.append({key: annotation[key] for key in ("image_id", "category_id", "bbox")} | {"score": 1.0})
    evaluation = COCOeval(coco, coco.loadRes(answers), "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return len(coco.getImgIds()), boxes, good and evaluation.stats[0] > 0.999


def rounded(corners):
    # A width and an edge make an edge again but for its last bits.
    return tuple(round(corner, 4) for corner in corners)


def table(path):
    """The boxes of paso's CSV."""
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["class"]]
    corners = ("xmin", "ymin", "xmax", "ymax")
    return collections.Counter(
        (row["filename"], row["class"], rounded(float(row[c]) for c in corners)) for row in rows
    )


def against_xml(data, found):
    """The largest distance, in pixels, of any box from one of its class in the image's XML; None without XML."""
    stated = collections.defaultdict(list)
    for path in data.rglob("*.xml"):
        for thing in ElementTree.parse(path).getroot().iter("object"):
            box = thing.find("bndbox")
            corners = [float(box.find(c).text) for c in ("xmin", "ymin", "xmax", "ymax")]
            stated[path.stem, thing.find("name").text.strip()].append(corners)
    if not stated:
        return None
    largest = 0.0
    for name, class_name, corners in found:
        apart = (max(abs(a - b) for a, b in zip(corners, other)) for other in stated[Path(name).stem, class_name])
        largest = max(largest, min(apart, default=float("inf")))
    return largest


if __name__ == "__main__":
    sys.exit(main())
