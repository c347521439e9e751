//! XML both ways: elements and text, no attributes, no document type, no entities but the five.

mod reader;
mod writer;

pub(super) use reader::{declared_encoding, decode, element_before};
pub(super) use writer::{encode, escape};

/// The element that stands for one of a list.
const ELEMENT: &str = "item";
