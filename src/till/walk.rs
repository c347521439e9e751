//! Goes through an answer, field by field in the order of its type, for dialects that serde has no encoder for.

use std::fmt::Display;

use serde::ser::{self, Impossible, Serialize};

/// The one member of `serde_json`'s raw values.
const RAW_JSON: &str = "$serde_json::private::RawValue";

/// Where a value stands in what holds it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step<'a> {
    /// A member of an object.
    Member(&'a str),
    /// An element of a list, counted from 0.
    Element(usize),
}

/// Writes down what the walk comes by.
pub(super) trait Visit {
    /// Goes into a member or an element.
    fn enter(&mut self, step: Step<'_>);
    /// Comes out of it.
    fn leave(&mut self, step: Step<'_>);
    /// A text, a number, `true` or `false`, at the place that was entered last.
    fn value(&mut self, text: &str);
}

/// Something in an answer has no place in this dialect: a defect.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unwritable(pub(super) String);

impl ser::Error for Unwritable {
    fn custom<T: Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// Walks through a value.
pub(super) fn walk(value: &impl Serialize, visit: &mut impl Visit) -> Result<(), Unwritable> {
    value.serialize(Walk(visit))
}

struct Walk<'a, V>(&'a mut V);

/// The members of an object, or the elements of a list.
struct Inside<'a, V> {
    visit: &'a mut V,
    position: usize,
    key: String,
}

impl<V: Visit> Walk<'_, V> {
    #[allow(clippy::unnecessary_wraps, reason = "the shape that serde calls")]
    fn written(self, value: impl Display) -> Result<(), Unwritable> {
        self.0.value(&value.to_string());
        Ok(())
    }
}

impl<'a, V> From<Walk<'a, V>> for Inside<'a, V> {
    fn from(walk: Walk<'a, V>) -> Self {
        Inside { visit: walk.0, position: 0, key: String::new() }
    }
}

fn unwritable<T>(what: &str) -> Result<T, Unwritable> {
    Err(Unwritable(format!("an answer holds {what}")))
}

impl<'a, V: Visit> ser::Serializer for Walk<'a, V> {
    type Ok = ();
    type Error = Unwritable;
    type SerializeSeq = Inside<'a, V>;
    type SerializeTuple = Inside<'a, V>;
    type SerializeTupleStruct = Impossible<(), Unwritable>;
    type SerializeTupleVariant = Impossible<(), Unwritable>;
    type SerializeMap = Inside<'a, V>;
    type SerializeStruct = Inside<'a, V>;
    type SerializeStructVariant = Impossible<(), Unwritable>;

    fn serialize_str(self, value: &str) -> Result<(), Unwritable> {
        self.0.value(value);
        Ok(())
    }

    fn serialize_bool(self, value: bool) -> Result<(), Unwritable> {
        self.serialize_str(if value { "true" } else { "false" })
    }

    fn serialize_i8(self, value: i8) -> Result<(), Unwritable> {
        self.written(value)
    }

    fn serialize_i16(self, value: i16) -> Result<(), Unwritable> {
        self.written(value)
    }

    fn serialize_i32(self, value: i32) -> Result<(), Unwritable> {
        self.written(value)
    }

    fn serialize_i64(self, value: i64) -> Result<(), Unwritable> {
        self.written(value)
    }

    fn serialize_u8(self, value: u8) -> Result<(), Unwritable> {
        self.written(value)
    }

    fn serialize_u16(self, value: u16) -> Result<(), Unwritable> {
        self.written(value)
    }

    fn serialize_u32(self, value: u32) -> Result<(), Unwritable> {
        self.written(value)
    }

    fn serialize_u64(self, value: u64) -> Result<(), Unwritable> {
        self.written(value)
    }

    fn serialize_char(self, value: char) -> Result<(), Unwritable> {
        self.written(value)
    }

    fn serialize_f32(self, _: f32) -> Result<(), Unwritable> {
        unwritable("a float")
    }

    fn serialize_f64(self, _: f64) -> Result<(), Unwritable> {
        unwritable("a float")
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), Unwritable> {
        unwritable("bytes")
    }

    /// Nothing is an empty text: the dialects without types have no other word for it.
    fn serialize_none(self) -> Result<(), Unwritable> {
        self.serialize_str("")
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unwritable> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Unwritable> {
        self.serialize_str("")
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Unwritable> {
        self.serialize_str("")
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Unwritable> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Unwritable> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Unwritable> {
        ser::SerializeStruct::serialize_field(&mut Inside::from(self), variant, value)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Inside<'a, V>, Unwritable> {
        Ok(self.into())
    }

    fn serialize_tuple(self, _: usize) -> Result<Inside<'a, V>, Unwritable> {
        Ok(self.into())
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Inside<'a, V>, Unwritable> {
        Ok(self.into())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Inside<'a, V>, Unwritable> {
        Ok(self.into())
    }

    fn serialize_tuple_struct(self, name: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, Unwritable> {
        unwritable(name)
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Unwritable> {
        unwritable(name)
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Unwritable> {
        unwritable(name)
    }
}

impl<V: Visit> Inside<'_, V> {
    fn go_in<T: Serialize + ?Sized>(&mut self, step: Step<'_>, value: &T) -> Result<(), Unwritable> {
        self.visit.enter(step);
        value.serialize(Walk(&mut *self.visit))?;
        self.visit.leave(step);
        Ok(())
    }

    fn next_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        let step = Step::Element(self.position);
        self.position += 1;
        self.go_in(step, value)
    }
}

impl<V: Visit> ser::SerializeStruct for Inside<'_, V> {
    type Ok = ();
    type Error = Unwritable;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Unwritable> {
        // Raw JSON stays the text that it is.
        if name == RAW_JSON { value.serialize(Walk(&mut *self.visit)) } else { self.go_in(Step::Member(name), value) }
    }

    fn end(self) -> Result<(), Unwritable> {
        Ok(())
    }
}

impl<V: Visit> ser::SerializeSeq for Inside<'_, V> {
    type Ok = ();
    type Error = Unwritable;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        self.next_element(value)
    }

    fn end(self) -> Result<(), Unwritable> {
        Ok(())
    }
}

impl<V: Visit> ser::SerializeTuple for Inside<'_, V> {
    type Ok = ();
    type Error = Unwritable;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        self.next_element(value)
    }

    fn end(self) -> Result<(), Unwritable> {
        Ok(())
    }
}

impl<V: Visit> ser::SerializeMap for Inside<'_, V> {
    type Ok = ();
    type Error = Unwritable;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unwritable> {
        let mut name = Name::default();
        key.serialize(Walk(&mut name))?;
        self.key = name.0;
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        let key = std::mem::take(&mut self.key);
        self.go_in(Step::Member(&key), value)
    }

    fn end(self) -> Result<(), Unwritable> {
        Ok(())
    }
}

/// The text of a map's key.
#[derive(Default)]
struct Name(String);

impl Visit for Name {
    fn enter(&mut self, _: Step<'_>) {}

    fn leave(&mut self, _: Step<'_>) {}

    fn value(&mut self, text: &str) {
        text.clone_into(&mut self.0);
    }
}

#[cfg(test)]
mod tests;
