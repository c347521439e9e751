//! A person at a terminal: approve, decline, cancel, insert, sign.

use jiff::Timestamp;

use super::{Effect, Ledger, Refused};
use crate::simulator::dojo::machines::Happening;
use crate::simulator::hands::Gesture;

impl Ledger {
    /// Does to the waiting session what a person did; steps of a script that are still on their way do not follow.
    pub(crate) fn gesture(
        &mut self,
        terminal_id: &str,
        gesture: Gesture,
        now: Timestamp,
    ) -> Result<Vec<Effect>, Refused> {
        let session_id = self.machines.get(terminal_id)?.session_id.clone().ok_or(Refused::NothingPrompted)?;
        self.settle(&session_id);
        let happening = match gesture {
            Gesture::Approve => Happening::Capture,
            Gesture::Decline => Happening::Decline,
            Gesture::Cancel => Happening::Cancel,
            Gesture::Insert => Happening::Present,
            Gesture::Sign => Happening::AskSignature,
        };
        Ok(self.happen(&session_id, happening, now))
    }
}
