//! The callback URL: the options a merchant put on it, and the URL that is called.

use url::Url;

use crate::simulator::dintero::ledger::{CallbackSubject, Occasion};

/// Dintero waits at most this long, whatever `delay_callback` says.
const LONGEST_DELAY_SECONDS: u64 = 60;

/// The options in a callback URL's own query.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CallbackOptions {
    pub(crate) post: bool,
    pub(crate) includes_session: bool,
    pub(crate) delay_seconds: u64,
    report_error: bool,
    report_events: Vec<String>,
    session_parameter: &'static str,
}

impl CallbackOptions {
    pub(crate) fn of(url: &Url) -> Self {
        let all = |name: &str| -> Vec<String> {
            let pairs = url.query_pairs().filter(|(key, _)| key == name);
            pairs.map(|(_, value)| value.into_owned()).collect()
        };
        let is = |name: &str, value: &str| all(name).first().is_some_and(|first| first == value);
        let delay = all("delay_callback").first().and_then(|seconds| seconds.parse().ok());
        Self {
            post: is("method", "POST"),
            includes_session: all("includes").iter().any(|what| what == "session"),
            delay_seconds: delay.unwrap_or(0).min(LONGEST_DELAY_SECONDS),
            report_error: is("report_error", "true"),
            report_events: all("report_event"),
            session_parameter: if is("sid_parameter_name", "sid") { "sid" } else { "session_id" },
        }
    }

    /// Without `report_error` a decline or a cancel makes no callback at all.
    pub(crate) fn wants(&self, occasion: &Occasion) -> bool {
        match occasion {
            Occasion::Completed { .. } => true,
            Occasion::Error(_) => self.report_error,
            Occasion::Event { name, .. } => self.report_events.iter().any(|wanted| wanted == name),
        }
    }

    /// The URL that is called: the merchant's own query, and what Dintero adds.
    pub(crate) fn called(
        &self,
        url: &Url,
        subject: &CallbackSubject,
        session_id: &str,
        occasion: &Occasion,
        time: &str,
    ) -> Url {
        let mut called = url.clone();
        let mut query = called.query_pairs_mut();
        if let Some(id) = &subject.transaction_id {
            query.append_pair("transaction_id", id);
        }
        query.append_pair(self.session_parameter, session_id);
        query.append_pair("merchant_reference", &subject.merchant_reference);
        query.append_pair("time", time);
        match occasion {
            Occasion::Completed { .. } => {}
            Occasion::Error(error) => {
                query.append_pair("error", error);
            }
            Occasion::Event { name, event_id } => {
                query.append_pair("event", name).append_pair("event_id", event_id);
            }
        }
        drop(query);
        called
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_from_the_url() {
        let url = "https://pos.example.com/hook?method=POST&report_error=true\
                   &report_event=REFUND&report_event=VOID&delay_callback=120&sid_parameter_name=sid";
        let options = CallbackOptions::of(&Url::parse(url).unwrap());
        assert!(options.post && options.wants(&Occasion::Error("cancelled")));
        assert!(options.wants(&Occasion::Event { name: "VOID", event_id: String::new() }));
        assert!(!options.wants(&Occasion::Event { name: "CAPTURE", event_id: String::new() }));
        assert_eq!(options.delay_seconds, 60);
        assert_eq!(options.session_parameter, "sid");
    }

    #[test]
    fn without_options_only_success_is_told() {
        let options = CallbackOptions::of(&Url::parse("https://pos.example.com/hook").unwrap());
        assert!(options.wants(&Occasion::Completed { event_id: String::new() }));
        assert!(!options.wants(&Occasion::Error("failed")));
    }
}
