//! A COCO file's categories, and which of them are used.
//!
//! What nothing uses does not matter: Roboflow lists its project as a category, often with the name
//! of a real one, and some tools list a category without a name.

use std::collections::{BTreeMap, HashMap};

use crate::json::{Fault, Findings, Node, Object};
use crate::raw::RawLabels;
use crate::report::ProblemKind;

/// The categories of a file.
pub(super) struct Categories {
    /// Ids to indices of `all`.
    by_id: HashMap<String, usize>,
    all: Vec<Category>,
    /// True if the file has no category, so that ids are names.
    ids_are_names: bool,
}

struct Category {
    id: String,
    name: String,
    /// The class's index, or why there is none.
    class: Result<usize, Fault>,
    is_used: bool,
}

impl Categories {
    /// Reads the list. Every name becomes a class, in the order of the list.
    pub(super) fn read(
        list: Option<Node<'_>>,
        labels: &mut RawLabels,
        found: &mut Findings<'_>,
    ) -> Self {
        let (by_id, all) = (HashMap::new(), Vec::new());
        let mut categories = Self { by_id, all, ids_are_names: false };
        let mut number = 0;
        let mut each = |node: Node<'_>| {
            number += 1;
            if let Err(fault) = categories.add(node, labels) {
                found.malformed(fault.of(&format!("category {number} of the list")));
            }
        };
        if let Some(list) = list {
            list.each(&mut each);
        }
        // A list of which nothing could be read is wrong, and not missing.
        categories.ids_are_names = number == 0;
        categories
    }

    fn add(&mut self, node: Node<'_>, labels: &mut RawLabels) -> Result<(), Fault> {
        let category = node.object()?;
        let id = category.value("id").and_then(Node::id);
        let id = id.ok_or_else(|| category.wrong("id", "a number or a text"))?;
        let name = category.value("name").and_then(Node::name).map(String::from);
        if let Some(&other) = self.by_id.get(&id) {
            let other = &self.all[other].name;
            let name = name.unwrap_or_default();
            if *other == name {
                return Ok(());
            }
            return Err(node.fault(format!(
                "two categories have the id {id} ({other:?} and {name:?}); each needs its own"
            )));
        }
        let class = match &name {
            Some(name) => Ok(labels.class(name)),
            // It matters only if an annotation uses it.
            None => {
                Err(category.wrong("name", "the class's name").of(&format!("category id {id}")))
            }
        };
        self.insert(id, name.unwrap_or_default(), class);
        Ok(())
    }

    fn insert(&mut self, id: String, name: String, class: Result<usize, Fault>) {
        self.by_id.insert(id.clone(), self.all.len());
        self.all.push(Category { id, name, class, is_used: false });
    }

    /// The class of an annotation.
    pub(super) fn class(
        &mut self,
        annotation: &Object<'_>,
        labels: &mut RawLabels,
    ) -> Result<usize, Fault> {
        let wrong = || annotation.wrong("category_id", "a category's id");
        let value = annotation.value("category_id").ok_or_else(wrong)?;
        let id = value.id().ok_or_else(wrong)?;
        if self.ids_are_names && !self.by_id.contains_key(&id) {
            let class = Ok(labels.class(&id));
            self.insert(id.clone(), id.clone(), class);
        }
        let index = *self.by_id.get(&id).ok_or_else(|| {
            value.fault(format!("category_id {} is no category's id", value.shown()))
        })?;
        self.all[index].is_used = true;
        self.all[index].class.clone()
    }

    /// Says what was understood in one of two ways.
    pub(super) fn report(&self, found: &mut Findings<'_>) {
        if self.ids_are_names && !self.all.is_empty() {
            let message = "has no categories; classes are called by their category_id".into();
            found.of_file(ProblemKind::Note, message);
        }
        let mut by_name: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for category in self.all.iter().filter(|category| category.is_used) {
            by_name.entry(&category.name).or_default().push(&category.id);
        }
        for (name, ids) in by_name.into_iter().filter(|(_, ids)| ids.len() > 1) {
            let message = format!(
                "categories {} are used and have the same name {name:?}; they count as one class",
                ids.join(" and ")
            );
            found.of_file(ProblemKind::Warning, message);
        }
    }
}
