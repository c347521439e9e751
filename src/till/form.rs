//! `application/x-www-form-urlencoded`: `reference=R-1&amount=39900&items[0].id=a`.

use std::borrow::Cow;

use percent_encoding::percent_decode;

use super::charset::{self, Charset};
use super::fields::{BODY, Fields, Invalid, Value, shown};

/// What is nested deeper is no request.
const DEPTH_MAX: usize = 4;

/// More than any request has: a hundred lines with all their fields.
const FIELDS_MAX: usize = 1000;

/// A name and its text.
type Pair = (String, String);

/// The fields of a form. A name such as `items[0].amount` or `metadata.shift` leads into a list or an object.
pub(super) fn decode(body: &[u8], charset: Charset) -> Result<Fields, Invalid> {
    nested(pairs(body, charset)?, DEPTH_MAX)
}

/// The fields of a form without lists and objects in it.
pub(super) fn decode_flat(body: &[u8], charset: Charset) -> Result<Fields, Invalid> {
    Fields::new(pairs(body, charset)?.into_iter().map(|(name, text)| (name, Value::Untyped(text))).collect())
}

/// A line end behind the last field is what some tills' platforms send with every body.
fn pairs(body: &[u8], charset: Charset) -> Result<Vec<Pair>, Invalid> {
    let pieces = || body.trim_ascii().split(|byte| *byte == b'&').filter(|piece| !piece.is_empty());
    if pieces().count() > FIELDS_MAX {
        return Err(Invalid::new(BODY, format!("must be at most {FIELDS_MAX} fields")));
    }
    pieces().map(|piece| pair(piece, charset)).collect()
}

fn pair(piece: &[u8], charset: Charset) -> Result<Pair, Invalid> {
    let (name, value) = match piece.iter().position(|byte| *byte == b'=') {
        Some(equals) => (&piece[..equals], &piece[equals + 1..]),
        None => (piece, &[][..]),
    };
    let wanted = || format!("must be text in {}", charset.name());
    let name = decoded(name, charset).map_err(|raw| Invalid::new(shown(&raw), wanted()))?;
    let value = decoded(value, charset).map_err(|_| Invalid::new(shown(&name), wanted()))?;
    Ok((name, value))
}

/// The text that was sent; where it is none, what can be shown of it.
fn decoded(raw: &[u8], charset: Charset) -> Result<String, String> {
    let spaced: Cow<'_, [u8]> = if raw.contains(&b'+') {
        raw.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect()
    } else {
        raw.into()
    };
    let bytes: Cow<'_, [u8]> = percent_decode(&spaced).into();
    match charset::decode(charset, &bytes) {
        Ok(text) => Ok(text.into_owned()),
        Err(_) => Err(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// Gathers what belongs to the same list or object, in the order in which they came first.
fn nested(pairs: Vec<Pair>, depth: usize) -> Result<Fields, Invalid> {
    let mut fields: Vec<(String, Value)> = Vec::with_capacity(pairs.len());
    let mut groups: Vec<Group> = Vec::new();
    for (name, text) in pairs {
        let Some((head, rest)) = split(&name) else {
            fields.push((name, Value::Untyped(text)));
            continue;
        };
        match groups.iter_mut().find(|group| group.name == head) {
            Some(group) => group.pairs.push((rest.to_owned(), text)),
            None => groups.push(Group { name: head.to_owned(), pairs: vec![(rest.to_owned(), text)] }),
        }
    }
    for group in groups {
        let name = group.name.clone();
        fields.push((name, group.into_value(depth)?));
    }
    Fields::new(fields)
}

/// `items[0].id` as `items` and `[0].id`, `metadata.shift` as `metadata` and `.shift`; nothing for a plain name.
fn split(name: &str) -> Option<(&str, &str)> {
    let at = name.find(['.', '['])?;
    let (head, rest) = name.split_at(at);
    let leads_in = !head.is_empty() && (element(rest).is_some() || member(rest).is_some());
    leads_in.then_some((head, rest))
}

fn member(rest: &str) -> Option<&str> {
    rest.strip_prefix('.').filter(|name| !name.is_empty())
}

/// `[0].id` as 0 and `.id`.
fn element(rest: &str) -> Option<(usize, &str)> {
    let (index, after) = rest.strip_prefix('[')?.split_once(']')?;
    let plain = index == "0" || index.starts_with(|first: char| matches!(first, '1'..='9'));
    let digits = plain && index.len() <= 3 && index.bytes().all(|byte| byte.is_ascii_digit());
    let index = if digits { index.parse().ok()? } else { return None };
    (after.is_empty() || member(after).is_some()).then_some((index, after))
}

/// What was sent of one list or one object: the rests of the names, and the texts.
struct Group {
    name: String,
    pairs: Vec<Pair>,
}

impl Group {
    fn into_value(self, depth: usize) -> Result<Value, Invalid> {
        let Self { name, pairs } = self;
        if depth == 0 {
            return Err(Invalid::new(shown(&name), format!("must be at most {DEPTH_MAX} names deep")));
        }
        if pairs.iter().all(|(rest, _)| rest.starts_with('[')) {
            list(&name, pairs, depth)
        } else if pairs.iter().all(|(rest, _)| rest.starts_with('.')) {
            object(&name, pairs, depth)
        } else {
            Err(Invalid::new(shown(&name), "must be a list or an object, not both"))
        }
    }
}

fn object(name: &str, pairs: Vec<Pair>, depth: usize) -> Result<Value, Invalid> {
    let members = pairs.into_iter().map(|(rest, text)| (rest[1..].to_owned(), text)).collect();
    let within = |invalid: Invalid| Invalid::new(format!("{}.{}", shown(name), invalid.field), invalid.detail);
    Ok(Value::Object(nested(members, depth - 1).map_err(within)?))
}

/// The elements may come in any order; none may be missing.
fn list(name: &str, pairs: Vec<Pair>, depth: usize) -> Result<Value, Invalid> {
    let mut elements: Vec<Vec<Pair>> = Vec::new();
    for (rest, text) in pairs {
        let Some((index, after)) = element(&rest) else { continue };
        if elements.len() <= index {
            elements.resize_with(index + 1, Vec::new);
        }
        elements[index].push((after.to_owned(), text));
    }
    let values = elements.into_iter().enumerate().map(|(index, mut pairs)| {
        let place = format!("{}[{index}]", shown(name));
        match pairs.as_mut_slice() {
            [] => Err(Invalid::new(place, "is missing; count from 0 and leave none out")),
            [(after, text)] if after.is_empty() => Ok(Value::Untyped(std::mem::take(text))),
            several if several.iter().any(|(after, _)| after.is_empty()) => {
                Err(Invalid::new(place, "must be given once"))
            }
            _ => object(&place, pairs, depth),
        }
    });
    Ok(Value::List(values.collect::<Result<_, _>>()?))
}

#[cfg(test)]
mod tests;
