//! Whether the providers let us in and know the terminals.

use jiff::SignedDuration;

use super::{Line, Verdict, fault, ok, warning};
use crate::config::Configuration;
use crate::domain::directory::Terminal;
use crate::domain::operation::ProviderName;
use crate::ports::{Enrolment, Provider, ReadError};
use crate::provider::dintero::Dintero;
use crate::provider::dojo::Dojo;

/// From here on this machine's clock is wrong enough to confuse people who read receipts and logs.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_secs(60);

pub(super) async fn check(configuration: &Configuration) -> Vec<Line> {
    let terminals = &configuration.directory.terminals;
    let mut lines = Vec::new();
    if let Some(settings) = &configuration.dintero {
        match Dintero::new(settings.clone()) {
            Ok(dintero) => lines.extend(check_provider(&dintero, terminals).await),
            Err(error) => lines.push(fault("dintero", error.to_string())),
        }
    }
    if let Some(settings) = &configuration.dojo {
        match Dojo::new(settings.clone()) {
            Ok(dojo) => lines.extend(check_provider(&dojo, terminals).await),
            Err(error) => lines.push(fault("dojo", error.to_string())),
        }
    }
    lines
}

async fn check_provider(provider: &dyn Provider, terminals: &[Terminal]) -> Vec<Line> {
    let words = Words::of(provider.name());
    let ahead = match provider.check_access().await {
        Ok(ahead) => ahead,
        Err(ReadError::Refused(cause)) => {
            return vec![fault(words.credentials, format!("refused ({cause}); {}", words.refused))];
        }
        Err(error) => return vec![fault(words.credentials, format!("{error}; {}", words.unreachable))],
    };
    let money = if provider.is_sandbox() { "; no real money moves" } else { "" };
    let mut lines = vec![ok(words.credentials, format!("{} work{money}", words.works)), check_clock(provider, ahead)];
    for terminal in terminals.iter().filter(|terminal| terminal.provider == provider.name()) {
        lines.push(check_terminal(provider, terminal).await);
    }
    // The provider is asked for none of these before the first sale.
    let text = format!("not checked: {}; a wrong one shows with the first sale", words.unchecked);
    lines.push(Line { part: "identifiers".to_owned(), verdict: Verdict::Unchecked, text });
    lines
}

/// What is told of one provider, and what to do about it.
struct Words {
    credentials: &'static str,
    works: &'static str,
    refused: &'static str,
    unreachable: &'static str,
    unchecked: &'static str,
}

impl Words {
    const fn of(provider: ProviderName) -> Self {
        match provider {
            ProviderName::Dintero => Self {
                credentials: "token",
                works: "the credentials",
                refused: "check account_id, client_id and client_secret in [dintero], and that the client has the \
                          checkout scope",
                unreachable: "check this machine's internet connection, name server and firewall, and checkout_url and \
                              api_url in [dintero]",
                unchecked: "profile_id, and the stores' id and payout_destination_id",
            },
            ProviderName::Dojo => Self {
                credentials: "key",
                works: "the key and the partners' ids",
                refused: "check api_key in [dojo] (copy it anew from Dojo), and software_house_id and \
                          reseller_id, and on which calls they go",
                unreachable: "check this machine's internet connection, name server and firewall, and api_url in [dojo]",
                unchecked: "that payment intents and terminal sessions take these ids",
            },
        }
    }
}

fn check_clock(provider: &dyn Provider, ahead: SignedDuration) -> Line {
    let seconds = ahead.as_secs().unsigned_abs();
    let direction = if ahead.is_negative() { "behind" } else { "ahead of" };
    let name = provider.name().name();
    if ahead.abs() > CLOCK_TOLERANCE {
        let text = format!(
            "this machine is {seconds} s {direction} {name}; switch on time synchronisation. Payments still work: \
             they go by the provider's clock, but the log does not"
        );
        warning("clock", text)
    } else {
        ok("clock", format!("{seconds} s {direction} that of {name}"))
    }
}

async fn check_terminal(provider: &dyn Provider, terminal: &Terminal) -> Line {
    let name = terminal.name.as_str();
    let id = &terminal.terminal_id;
    match provider.enrolment(terminal).await {
        Ok(Some(found)) => match provider.name() {
            ProviderName::Dintero => at_dintero(terminal, found),
            ProviderName::Dojo => at_dojo(terminal, &found.status),
        },
        Ok(None) => warning(name, format!("{id}: these credentials may not read terminals; look in the back office")),
        Err(error) => fault(name, format!("{id}: {error}; check terminal_id of this terminal")),
    }
}

fn at_dintero(terminal: &Terminal, found: Enrolment) -> Line {
    let (name, id) = (terminal.name.as_str(), &terminal.terminal_id);
    if found.status == "ACTIVE" {
        return ok(name, format!("{id} is active"));
    }
    let reason = found.reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
    let status = found.status;
    fault(name, format!("{id} is {status}{reason}; finish its enrolment in the provider's back office"))
}

fn at_dojo(terminal: &Terminal, status: &str) -> Line {
    let (name, id) = (terminal.name.as_str(), &terminal.terminal_id);
    match status {
        "Available" => ok(name, format!("{id} is available")),
        "InUse" => ok(name, format!("{id} is in use right now")),
        "Offline" => fault(name, format!("{id} is offline; see that it is switched on and connected")),
        other => warning(name, format!("{id} is {other:?}, which this program does not know; try a sale on it")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::identifiers::{ProviderTerminalId, StoreId, TerminalName};

    #[test]
    fn every_status_of_a_terminal_has_its_verdict() {
        let terminal = Terminal {
            name: TerminalName::new("front").unwrap(),
            provider: ProviderName::Dojo,
            store: StoreId::new("london").unwrap(),
            terminal_id: ProviderTerminalId::new("tm_1").unwrap(),
            tips: false,
            unlinked_refund: false,
        };
        let words = ["Available", "InUse", "Offline", "Teleported", ""];
        let dojo = words.map(|word| at_dojo(&terminal, word).verdict);
        assert_eq!(dojo, [Verdict::Ok, Verdict::Ok, Verdict::Fault, Verdict::Warning, Verdict::Warning]);
        let dintero = ["ACTIVE", "INITIATED", ""].map(|word| {
            at_dintero(&terminal, Enrolment { status: word.to_owned(), reason: None, available: None }).verdict
        });
        assert_eq!(dintero, [Verdict::Ok, Verdict::Fault, Verdict::Fault]);
    }
}
