//! A person at a terminal: approve, decline, cancel, insert.

use jiff::Timestamp;

use super::{Effect, Ledger, Prompt, Refused};
use crate::simulator::dintero::outcomes::{Accepted, DO_NOT_HONOUR, Happening};
use crate::simulator::hands::Gesture;

impl Ledger {
    /// Does to the waiting sale or refund what a person did.
    pub(crate) fn gesture(
        &mut self,
        terminal_id: &str,
        gesture: Gesture,
        now: Timestamp,
    ) -> Result<Vec<Effect>, Refused> {
        let prompt = self.premises.get(terminal_id)?.prompt.clone();
        if gesture == Gesture::Sign || !self.is_busy(prompt.as_ref(), now) {
            return Err(Refused::NothingPrompted(terminal_id.to_owned()));
        }
        match prompt {
            None => Err(Refused::NothingPrompted(terminal_id.to_owned())),
            Some(Prompt::Sale { session_id }) => Ok(self.pay_by_hand(&session_id, gesture, now)),
            Some(Prompt::Refund { ref transaction_id, ref request_id }) => {
                let decision = match gesture {
                    Gesture::Insert | Gesture::Sign => return Ok(Vec::new()),
                    Gesture::Approve => Accepted::Succeeds,
                    Gesture::Decline | Gesture::Cancel => Accepted::Fails,
                };
                self.premises.get_mut(terminal_id)?.prompt = None;
                Ok(self.end_refund_as(transaction_id, request_id, Some(decision), now))
            }
        }
    }

    fn pay_by_hand(&mut self, session_id: &str, gesture: Gesture, now: Timestamp) -> Vec<Effect> {
        let happening = match gesture {
            Gesture::Approve => Happening::Approve,
            Gesture::Decline => Happening::Decline(&DO_NOT_HONOUR),
            Gesture::Cancel => Happening::CustomerStops,
            Gesture::Insert | Gesture::Sign => Happening::Initiate,
        };
        // Steps of an automatic script that are still on their way must not follow a person's decision.
        if let Some(session) = self.sessions.get_mut(session_id) {
            session.next_step = session.script.steps.len();
        }
        self.happen(session_id, happening, now)
    }
}
