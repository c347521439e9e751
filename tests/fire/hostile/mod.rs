//! A network and a provider that mean no good: slow senders by the thousand, requests that are none, and answers that lie.
//! Honest tills sell meanwhile, nothing of it moves money, and nothing grows without bound.

mod crowd;
mod lies;
mod requests;
mod sender;
mod wire;

use crate::Verdict;
use crate::arguments::Form;
use crate::world::World;

pub(crate) async fn run(form: &Form) -> Result<Verdict, String> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    // The bridge inherits it, as its service has it.
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
    let mut world = World::open_with_dojo(40, form.seed).await;
    let broken = on_the_network(&mut world, form).await;
    broken.map_err(|broken| format!("({}):\n* {}", world.keep().display(), broken.join("\n* ")))?;
    drop(world);
    lies::run(form).await?;
    Ok(Verdict::Held)
}

/// One bridge lives through both.
async fn on_the_network(world: &mut World, form: &Form) -> Result<(), Vec<String>> {
    world.shop.calm = false;
    crowd::hold_out(world, form).await?;
    requests::refuse_all(world, form).await?;
    world.close_books().await
}
