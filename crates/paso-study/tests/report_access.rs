//! The page for every reader: contrast, headings, descriptions of figures, tables.
#![cfg(feature = "html")]

mod reported;

use reported::gallery;
use std::collections::BTreeMap;

/// The colors of the page by name, on a light and on a dark screen.
fn colors(page: &str) -> [BTreeMap<String, [f64; 3]>; 2] {
    let blocks: Vec<&str> = page.split(":root{").skip(1).take(2).collect();
    [blocks[0], blocks[1]].map(|block| {
        let block = &block[..block.find('}').expect("closed")];
        let color = |declaration: &str| {
            let (name, value) = declaration.split_once(':')?;
            let part = |i: usize| u8::from_str_radix(value.get(i..i + 2)?, 16).ok().map(f64::from);
            Some((name.trim_start_matches("--").to_owned(), [part(1)?, part(3)?, part(5)?]))
        };
        block.split(';').filter_map(color).collect()
    })
}

/// Contrast ratio of two colors, 1 to 21 (WCAG 2.2, "contrast ratio").
fn contrast(a: [f64; 3], b: [f64; 3]) -> f64 {
    let luminance = |color: [f64; 3]| {
        let linear = |part: f64| {
            let share = part / 255.0;
            if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(color[0]) + 0.7152 * linear(color[1]) + 0.0722 * linear(color[2])
    };
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn text_and_figures_have_enough_contrast() {
    assert!((contrast([0.0; 3], [255.0; 3]) - 21.0).abs() < 1e-9, "black on white");
    let (_, report) = &gallery()[0];
    for (theme, colors) in ["light", "dark"].into_iter().zip(colors(&report.html())) {
        assert_eq!(colors.len(), 19, "{theme}: {colors:?}");
        let check = |name: &str, ground: &str, least: f64| {
            let found = contrast(colors[name], colors[ground]);
            assert!(found >= least, "{theme}: {name} on {ground} has {found:.2}, needs {least}");
        };
        for ground in ["paper", "card"] {
            for name in ["text", "soft", "helps", "harms", "no-difference", "undecided"] {
                check(name, ground, 4.5);
            }
        }
        for name in
            ["axis", "text"].into_iter().map(String::from).chain((0..8).map(|i| format!("arm{i}")))
        {
            check(&name, "paper", 3.0);
            check(&name, "zone", 3.0);
        }
    }
}

#[test]
fn headings_are_in_order() {
    for (name, report) in gallery() {
        let page = report.html();
        let levels: Vec<u32> = page
            .match_indices("<h")
            .filter_map(|(at, _)| page[at + 2..].chars().next()?.to_digit(10))
            .collect();
        assert_eq!(levels[0], 1, "{name}: {levels:?}");
        assert_eq!(levels.iter().filter(|level| **level == 1).count(), 1, "{name}: {levels:?}");
        assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{name}: {levels:?}");
    }
}

#[test]
fn every_figure_is_described_in_numbers() {
    for (name, report) in gallery() {
        let page = report.html();
        let mut described = 0;
        for svg in page.split("<svg").skip(1) {
            let tag = &svg[..svg.find('>').expect("closed")];
            if tag.contains("aria-hidden=\"true\"") {
                continue; // A marker next to the name that it stands for.
            }
            let label = tag.split("aria-label=\"").nth(1).and_then(|rest| rest.split('"').next());
            let label = label.unwrap_or_else(|| panic!("{name}: no description: {tag}"));
            assert!(tag.contains("role=\"img\""), "{name}: {tag}");
            assert!(label.len() > 40 && label.contains(|c: char| c.is_ascii_digit()), "{label}");
            described += 1;
        }
        assert!(described >= 8, "{name}: {described}");
        let first = page.split("aria-label=\"").nth(1).expect("a figure");
        let mean = &report.answer.decay.last().mean;
        assert!(first.starts_with("Difference of every pair."), "{name}");
        assert!(first.contains(&format!("{:.3}", mean.abs())[..4]), "{name}: the mean, {mean}");
    }
}

#[test]
fn tables_name_their_columns() {
    for (name, report) in gallery() {
        let page = report.html();
        let tables = page.matches("<table").count();
        assert!(tables >= 4, "{name}: arms, looks, tuning, runs");
        assert_eq!(page.matches("<thead>").count(), tables, "{name}");
        let headers = page.matches("<th ").count();
        assert_eq!(page.matches("scope=").count(), headers, "{name}");
    }
}
