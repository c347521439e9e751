//! A provider's list, all pages at once.

use async_trait::async_trait;
use jiff::Timestamp;
use pos_bridge::domain::directory::Store;
use pos_bridge::ports::{Listing, Pages, Provider, ReadError};

struct All(Listing);

#[async_trait]
impl Pages for All {
    async fn take(&mut self, page: Listing) {
        self.0.traces.extend(page.traces);
        self.0.unreadable.extend(page.unreadable);
    }
}

pub(crate) async fn whole_list(provider: &dyn Provider, store: &Store, since: Timestamp) -> Result<Listing, ReadError> {
    let mut all = All(Listing::default());
    provider.list(store, since, &mut all).await?;
    Ok(all.0)
}
