//! A network and a provider that mean no good: slow senders by the thousand, requests that are none, and answers that lie.
//! Honest tills sell meanwhile, nothing of it moves money, and nothing grows without bound.

mod crowd;
mod lies;
mod requests;
mod sender;
mod wire;

use crate::Verdict;
use crate::arguments::Form;
use crate::rest;
use crate::world::World;

pub(crate) async fn run(form: &Form) -> Result<Verdict, String> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    // The bridge inherits it, as its service has it.
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
    lies::run(form).await?;
    let mut world = World::open_with_dojo(40, form.seed).await;
    let broken = on_the_network(&mut world, form).await;
    broken.map_err(|broken| format!("({}):\n* {}", world.keep().display(), broken.join("\n* ")))?;
    Ok(Verdict::Held)
}

/// One bridge lives through both.
async fn on_the_network(world: &mut World, form: &Form) -> Result<(), Vec<String>> {
    world.shop.calm = false;
    if form.from == 0 {
        crowd::hold_out(world, form).await?;
    } else {
        world.shop.spawn(true);
        rest::start_in_peace(&mut world.shop).await?;
    }
    requests::refuse_all(world, form).await?;
    world.close_books().await
}
