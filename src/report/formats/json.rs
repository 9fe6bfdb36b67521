//! The report as it is, and the schema of that.

use std::io::{self, Write};

use schemars::generate::SchemaSettings;

use crate::report::record::Report;

/// Indented, with a line break at its end.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    out.write_all(b"\n")
}

/// The JSON schema of it as text, as it stands in `schemas/report.schema.json`.
pub fn schema() -> String {
    let mut schema = SchemaSettings::draft07().for_serialize().into_generator().into_root_schema_for::<Report>();
    schema.insert("title".to_owned(), "flowrun report".into());
    serde_json::to_string_pretty(&schema).unwrap_or_default()
}
