//! Structs read from mappings with fixed keys: one declaration makes fields, keys, reading, merging and schema.

use super::Reader;
use crate::source::hints;
use crate::source::tree::{Entry, NodeId};

/// A struct read from a mapping with fixed keys.
pub trait Mapping: Default {
    /// Its keys, in the order of their documentation.
    const KEYS: &'static [&'static str];
    /// What it is called in messages.
    const WHAT: &'static str;
    /// Whether keys that begin with `x-` are ignored.
    const EXTENSIBLE: bool;
    /// Reads the value of one key; false when the key is unknown.
    fn set(&mut self, key: &str, value: NodeId, reader: &mut Reader<'_>) -> bool;
    /// Whether a known key was there.
    fn has(&self, key: &str) -> bool;

    /// Reads all entries.
    fn read_entries<'e>(entries: impl IntoIterator<Item = &'e Entry>, reader: &mut Reader<'_>) -> Self {
        let mut read = Self::default();
        for entry in entries {
            let key = &entry.key;
            if Self::EXTENSIBLE && key.value.starts_with("x-") {
                continue;
            }
            let (found, meant) = match hints::instead(key, entry.value, Self::WHAT, Self::KEYS, reader.document) {
                Some(instead) => instead,
                None if read.set(&key.value, entry.value, reader) || !reader.has_room() => continue,
                None => hints::unknown_key(entry, Self::WHAT, Self::KEYS, reader.document),
            };
            reader.report(found);
            // What was meant is read: its own mistakes are found in the same run, and nothing is called
            // missing or unknown because of this slip.
            if let Some(meant) = meant.filter(|meant| !read.has(meant)) {
                read.set(meant, entry.value, reader);
            }
        }
        read
    }
}

/// Makes a struct from one declaration: fields, keys, reading, merging, schema.
///
/// `mapping! { /// doc pub struct Stop as "`stop`" { /// doc grace: Tmpl<Span>, } }`; a field named
/// with `= "key"` has that key instead of its own name. `extensible` after the name ignores `x-` keys.
#[macro_export]
macro_rules! mapping {
    ($(#[$meta:meta])* pub struct $name:ident as $what:literal $(, $extensible:ident)? {
        $($(#[$field_meta:meta])* $field:ident $(= $key:literal)? : $ty:ty,)*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, schemars::JsonSchema)]
        #[schemars(default, deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_meta])* $(#[schemars(rename = $key)])? pub $field: $crate::source::read::Field<$ty>,)*
        }

        impl $crate::source::read::Mapping for $name {
            const KEYS: &'static [&'static str] = &[$($crate::mapping!(@key $field $($key)?)),*];
            const WHAT: &'static str = $what;
            const EXTENSIBLE: bool = false $(|| $crate::mapping!(@flag $extensible))?;

            fn set(
                &mut self,
                key: &str,
                value: $crate::source::tree::NodeId,
                reader: &mut $crate::source::read::Reader<'_>,
            ) -> bool {
                $(if key == $crate::mapping!(@key $field $($key)?) {
                    self.$field = $crate::source::read::Field::read_from(value, reader);
                    return true;
                })*
                let _ = (key, value, reader);
                false
            }

            fn has(&self, key: &str) -> bool {
                $(if key == $crate::mapping!(@key $field $($key)?) {
                    return self.$field.is_given();
                })*
                let _ = key;
                false
            }
        }

        impl $crate::source::read::Read for $name {
            const CALLED: &'static str = $what;

            fn read(
                node: $crate::source::tree::NodeId,
                reader: &mut $crate::source::read::Reader<'_>,
            ) -> Option<Self> {
                use $crate::source::read::Mapping as _;
                let help = $crate::source::hints::form($what, node, reader.document);
                let entries = reader.entries(node, concat!("a mapping for ", $what), help.as_deref())?;
                Some(Self::read_entries(entries, reader))
            }
        }

        impl $crate::source::read::Merge for $name {
            fn merge(self, over: Self) -> Self {
                let _ = &over;
                Self { $($field: $crate::source::read::Merge::merge(self.$field, over.$field),)* }
            }
        }
    };
    (@key $field:ident) => { stringify!($field) };
    (@key $field:ident $key:literal) => { $key };
    (@flag extensible) => { true };
}
