//! `matrix`: one instance for each combination of values.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::names::Name;
use super::scalars::ScalarText;
use crate::base::span::Spanned;
use crate::source::read::{Field, List, Map, Merge, Read, Reader};
use crate::source::tree::NodeId;

/// One combination that is added or taken away.
pub type Combination = Map<Name, ScalarText>;

/// The axes of a matrix and what is added to or taken from their product.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matrix {
    /// Each axis with its values, in file order.
    pub axes: Vec<(Spanned<String>, Field<List<ScalarText>>)>,
    /// Combinations that are added.
    pub include: Vec<Spanned<Combination>>,
    /// Combinations that are taken away: those that agree in all the values named.
    pub exclude: Vec<Spanned<Combination>>,
}

impl Merge for Matrix {
    fn merge(mut self, over: Self) -> Self {
        for (key, values) in over.axes {
            match self.axes.iter_mut().find(|(name, _)| name.value == key.value) {
                Some(axis) => *axis = (key, values),
                None => self.axes.push((key, values)),
            }
        }
        let replace = |base: Vec<_>, over: Vec<_>| if over.is_empty() { base } else { over };
        self.include = replace(self.include, over.include);
        self.exclude = replace(self.exclude, over.exclude);
        self
    }
}

impl Read for Matrix {
    fn read(node: NodeId, reader: &mut Reader<'_>) -> Option<Self> {
        let mut matrix = Self::default();
        for entry in reader.entries(node, "a mapping from names to lists of values", Some("write `{os: [a, b]}`"))? {
            match entry.key.value.as_str() {
                "include" => matrix.include = combinations(entry.value, reader),
                "exclude" => matrix.exclude = combinations(entry.value, reader),
                key => {
                    if let Some(why) = <Name as crate::source::read::KeyRule>::refuse(key) {
                        reader.report(crate::source::read::bad_value(entry.key.span, &why, None));
                    }
                    matrix.axes.push((entry.key.clone(), Field::read_from(entry.value, reader)));
                }
            }
        }
        Some(matrix)
    }
}

fn combinations(node: NodeId, reader: &mut Reader<'_>) -> Vec<Spanned<Combination>> {
    List::<Combination>::read(node, reader).map_or_else(Vec::new, |list| list.0)
}

impl JsonSchema for Matrix {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Matrix".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let values = generator.subschema_for::<List<ScalarText>>();
        let combinations = generator.subschema_for::<List<Combination>>();
        json_schema!({
            "type": "object",
            "properties": { "include": combinations, "exclude": combinations },
            "additionalProperties": values,
            "examples": [{ "os": ["a", "b"], "py": ["3.11", "3.12"] }]
        })
    }
}
