//! Every word that a cashier reads, as data: short, calm, and what to do next.
//!
//! One file per occasion, each a table: `outcome` (where an operation stands), `prompt` (what its terminal asks),
//! `decline` (why it was refused),
//! `refusal` (why a request is not done) and `slip` (what stands on a receipt). Texts have no full stop at
//! the end, at most two sentences, and only letters that every code page of tills has; `tests.rs` holds them to that.

/// Declares texts by name, and `ALL` of them, so that no test overlooks one.
macro_rules! texts {
    ($($name:ident { en: $en:literal, nb: $nb:literal, sv: $sv:literal, da: $da:literal, })*) => {
        $(pub(in crate::till) const $name: Text = Text { en: $en, nb: $nb, sv: $sv, da: $da };)*

        /// Every text that is declared here.
        #[cfg(test)]
        pub(super) const ALL: &[Text] = &[$($name),*];
    };
}

mod decline;
mod language;
mod outcome;
mod prompt;
mod refusal;
pub(super) mod slip;

pub use language::asked_for;
pub(super) use outcome::message;
pub(super) use prompt::message as message_at_terminal;
pub(super) use refusal::message as refusal_message;

use crate::domain::directory::Language;
use crate::domain::money::Money;

/// An amount as people of this language write it.
pub(super) fn amount(money: Money, language: Language) -> String {
    let shown = money.to_string();
    match language {
        Language::English => shown,
        Language::Norwegian | Language::Swedish | Language::Danish => shown.replace('.', ","),
    }
}

/// One text in every language. A language that is missing does not compile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Text {
    en: &'static str,
    nb: &'static str,
    sv: &'static str,
    da: &'static str,
}

impl Text {
    /// The text in this language.
    pub(super) const fn to(self, language: Language) -> &'static str {
        match language {
            Language::English => self.en,
            Language::Norwegian => self.nb,
            Language::Swedish => self.sv,
            Language::Danish => self.da,
        }
    }
}

#[cfg(test)]
mod tests;
