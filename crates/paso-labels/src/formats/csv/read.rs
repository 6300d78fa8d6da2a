//! Reading the rows of a table: each for itself, and each wrong one by its line.

use std::collections::{HashMap, HashSet};

use super::columns::{Bounds, Columns};
use super::rows::Row;
use super::{Input, Table, orders};
use crate::folder::lookup::Place;
use crate::folder::{Text, base_name, split_of_name, stem};
use crate::number::{finite, not_finite, pixels, shown};
use crate::raw::{RawImage, RawLabels, RawObject};
use crate::report::{Problem, ProblemKind};

/// Wrong rows that are named, at most; a table of something else may have millions.
const MAX_WRONG: usize = 10_000;

/// What one table is read with.
pub(super) struct Reading<'a> {
    input: &'a Input<'a>,
    name: &'a str,
    text: &'a Text,
    table: &'a Table<'a>,
    /// True if numbers have decimal commas.
    comma: bool,
    /// Images of this table, by the name that it gives them and by their path.
    by_name: HashMap<String, usize>,
    by_path: HashMap<String, usize>,
}

/// Why a row is not read.
struct Refused(ProblemKind, String);

impl From<String> for Refused {
    fn from(message: String) -> Self {
        Self(ProblemKind::Malformed, message)
    }
}

impl<'a> Reading<'a> {
    pub(super) fn new(
        input: &'a Input<'a>,
        name: &'a str,
        text: &'a Text,
        table: &'a Table<'a>,
    ) -> Self {
        let (by_name, by_path) = (HashMap::new(), HashMap::new());
        let comma = has_decimal_commas(table);
        Self { input, name, text, table, comma, by_name, by_path }
    }

    pub(super) fn read(mut self, labels: &mut RawLabels) {
        if self.comma {
            let message = "its numbers have decimal commas: 12,5 is read as 12.5".to_owned();
            self.problem(labels, ProblemKind::Note, None, message);
        }
        let (mut wrong, mut last) = (0, 0);
        // Images of rows that are malformed, as the rows call them.
        let mut refused = HashSet::new();
        for row in self.table.rows.clone() {
            if row.is_empty() || row.is_comment() && !self.is_row_of_an_image(&row) {
                continue;
            }
            let line = self.text.line_at(row.byte);
            if let Err(Refused(kind, message)) = self.row(&row, line, labels) {
                if kind == ProblemKind::Malformed {
                    refused.insert(row.get(self.table.columns.file).to_owned());
                }
                wrong += 1;
                last = line;
                if wrong <= MAX_WRONG {
                    self.problem(labels, kind, Some(line), message);
                }
            }
        }
        // A row of an image may be refused before or after its good ones.
        for image in refused.iter().filter_map(|file| self.by_name.get(file)) {
            labels.images[*image].incomplete = true;
        }
        if wrong > MAX_WRONG {
            let message = format!("{} more rows are wrong, up to this one", wrong - MAX_WRONG);
            self.problem(labels, ProblemKind::Malformed, Some(last), message);
        }
    }

    fn problem(
        &self,
        labels: &mut RawLabels,
        kind: ProblemKind,
        line: Option<usize>,
        message: String,
    ) {
        let file = self.input.files.shown(self.name);
        labels.problems.push(Problem::new(kind, file, line, message));
    }

    /// True if a row that begins with `#` is one of an image whose name does so.
    fn is_row_of_an_image(&self, row: &Row<'_>) -> bool {
        let columns = &self.table.columns;
        let found = self.input.index.find(self.name, row.get(columns.file));
        row.count == columns.fields && found.is_ok_and(|place| place.exists)
    }

    fn row(&mut self, row: &Row<'_>, line: usize, labels: &mut RawLabels) -> Result<(), Refused> {
        if let Some(fault) = row.fault {
            return Err(fault.to_owned().into());
        }
        let columns = &self.table.columns;
        if row.count < columns.fields || row.filled() > columns.fields {
            let first = if columns.header { "the header" } else { "the first row" };
            return Err(format!(
                "has {} fields; {first} has {}",
                row.count, columns.fields
            )
            .into());
        }
        let image = self.image(row, line, labels)?;
        let class = row.get(columns.class);
        if boxes_of(columns).iter().all(|&at| row.get(at).is_empty()) {
            if class.is_empty() {
                return Ok(());
            }
            let message = format!("has the class {} and no box; it is passed over", shown(class));
            return Err(Refused(ProblemKind::NoBox, message));
        }
        if class.is_empty() {
            return Err("has no class; give it one, or remove the row".to_owned().into());
        }
        let values = self.values(row)?;
        let class = labels.class(class);
        let object = RawObject::stated(class, values, columns.format, columns.units);
        labels.images[image].objects.push(RawObject { line: Some(line), ..object });
        Ok(())
    }

    /// The image of a row, which is added if it is new.
    fn image(
        &mut self,
        row: &Row<'_>,
        line: usize,
        labels: &mut RawLabels,
    ) -> Result<usize, String> {
        let file = row.get(self.table.columns.file);
        if file.is_empty() {
            return Err("names no file".into());
        }
        let stated = self.stated_size(row)?;
        let split = self.table.columns.split.and_then(|at| split_of_name(row.get(at)));
        let known = match self.by_name.get(file) {
            Some(&known) => Some(known),
            None => {
                let place = self.place(file).map_err(|message| format!("file {message}"))?;
                // Another spelling of an image that was there before?
                let known = self.by_path.get(&place.path).copied();
                let index = known.unwrap_or(labels.images.len());
                self.by_name.insert(file.to_owned(), index);
                if known.is_none() {
                    self.by_path.insert(place.path.clone(), index);
                    labels.images.push(RawImage {
                        line: Some(line),
                        stated_size: stated,
                        split: split.or_else(|| split_of_name(self.name)),
                        ..RawImage::new(place, self.name)
                    });
                }
                known
            }
        };
        let Some(known) = known else { return Ok(labels.images.len() - 1) };
        let image = &mut labels.images[known];
        if let (Some(now), Some(before)) = (stated, image.stated_size)
            && now != before
        {
            return Err(format!(
                "gives {} another size ({}x{}) than a line before it ({}x{})",
                shown(file),
                now.0,
                now.1,
                before.0,
                before.1
            ));
        }
        image.stated_size = image.stated_size.or(stated);
        if let (Some(now), Some(before)) = (split, image.split)
            && now != before
        {
            let file = shown(file);
            return Err(format!("puts {file} into {now}, and a line before it into {before}"));
        }
        Ok(known)
    }

    fn place(&self, file: &str) -> Result<Place, String> {
        let found = self.input.index.find(self.name, file);
        if found.as_ref().is_ok_and(|place| place.exists) {
            return found;
        }
        // Some keep a folder and a table a class: classes/cat.csv for images/cat/*.jpg.
        let own = stem(base_name(self.name));
        match self.input.index.find(self.name, &format!("{own}/{file}")) {
            Ok(inside) if inside.exists => Ok(inside),
            _ => found,
        }
    }

    fn stated_size(&self, row: &Row<'_>) -> Result<Option<(u32, u32)>, String> {
        let Some(columns) = self.table.columns.size else { return Ok(None) };
        let mut sides = [0; 2];
        for ((side, at), name) in sides.iter_mut().zip(columns).zip(["width", "height"]) {
            let text = row.get(at);
            if !text.is_empty() {
                let plain = if self.comma { text.replace(',', ".") } else { text.to_owned() };
                *side = pixels(&plain)
                    .ok_or_else(|| format!("{name} is {}, not a whole number of pixels", shown(text)))?;
            }
        }
        Ok((sides[0] > 0 && sides[1] > 0).then_some((sides[0], sides[1])))
    }

    /// The numbers of the box.
    fn values(&self, row: &Row<'_>) -> Result<[f64; 4], String> {
        let number = |text: &str, name: &str| {
            let value = if self.comma { finite(&text.replace(',', ".")) } else { finite(text) };
            value.ok_or_else(|| format!("{name} is {}", not_finite(text)))
        };
        let mut values = [0.0; 4];
        match &self.table.columns.bounds {
            Bounds::Four(four, names) => {
                for ((value, at), name) in values.iter_mut().zip(four).zip(names) {
                    *value = number(row.get(*at), name)?;
                }
            }
            Bounds::List(at) => {
                let text = row.get(*at);
                let inner = text.trim_matches(|c: char| c.is_whitespace() || "[]()".contains(c));
                let parts: Vec<&str> = inner
                    .split(|c: char| c.is_whitespace() || c == ',' || c == ';')
                    .filter(|part| !part.is_empty())
                    .take(5)
                    .collect();
                let parts: [&str; 4] = parts.try_into().map_err(|_| {
                    format!("the box is {}; it must be [x, y, width, height]", shown(text))
                })?;
                for (value, part) in values.iter_mut().zip(parts) {
                    *value = finite(part).ok_or_else(|| format!("the box is {}; {}", shown(text), not_finite(part)))?;
                }
            }
        }
        Ok(values)
    }
}

/// The columns of the box.
fn boxes_of(columns: &Columns) -> &[usize] {
    match &columns.bounds {
        Bounds::Four(four, _) => four,
        Bounds::List(one) => std::slice::from_ref(one),
    }
}

/// True if commas in the numbers of a table can only be decimal commas: they divide no fields, no
/// number has a point, and not all of them could be thousands.
fn has_decimal_commas(table: &Table<'_>) -> bool {
    let Bounds::Four(four, _) = &table.columns.bounds else { return false };
    if table.delimiter == b',' {
        return false;
    }
    let mut decimal = false;
    for row in table.rows.clone() {
        for text in four.iter().map(|&at| row.get(at)) {
            if orders::number(text, table.delimiter).is_none() {
                continue;
            }
            if text.contains('.') {
                return false;
            }
            decimal |= text.split_once(',').is_some_and(|(whole, rest)| {
                let whole = whole.trim_start_matches(['-', '+']);
                rest.len() != 3 || whole.len() > 3 || whole.starts_with('0')
            });
        }
    }
    decimal
}
