//! Which receipt a till wants to print.

use super::wait;
use crate::till::fields::{Fields, Invalid};
use crate::till::reader::Reader;
use crate::till::receipt::Recipient;

/// Whose receipt a query asks for (the customer's when it does not say), and how long the till waits for the result.
///
/// # Errors
/// [`Invalid`] with the first field that is not as it must be.
pub fn receipt_wanted(query: &str) -> Result<(Recipient, Option<u32>), Invalid> {
    let fields = Fields::from_query(query)?.only(&["copy", "wait"])?;
    let reader = Reader::new(&fields);
    let recipient = reader.parsed("copy", recipient)?.unwrap_or_default();
    Ok((recipient, wait::in_fields(reader)?))
}

fn recipient(text: &str) -> Result<Recipient, &'static str> {
    let found = Recipient::ALL.into_iter().find(|recipient| recipient.name() == text);
    found.ok_or("must be customer or merchant")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_customers_receipt_is_meant_unless_the_till_says_the_merchants() {
        assert_eq!(receipt_wanted(""), Ok((Recipient::Customer, None)));
        assert_eq!(receipt_wanted("copy=customer&wait=10"), Ok((Recipient::Customer, Some(10))));
        assert_eq!(receipt_wanted("copy=merchant"), Ok((Recipient::Merchant, None)));
        for (query, field) in [("copy=Customer", "copy"), ("copy=", "copy"), ("wait=301", "wait"), ("color=1", "color")]
        {
            assert_eq!(receipt_wanted(query).unwrap_err().field, field, "{query}");
        }
    }
}
