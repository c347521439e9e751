//! One crash point: a script is killed at one of its calls, and perhaps once more while it recovers.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use crate::aim::{AFTERMATH, Target};
use crate::injection::{Injection, Strike};
use crate::rest;
use crate::script::Script;
use crate::world::World;

const PATIENCE: Duration = Duration::from_secs(5);
const SIGKILL: i32 = 9;

pub(super) enum End {
    Killed,
    GotThrough,
}

/// How the script ended, and how the recovery from it did.
pub(super) async fn strike(target: Target, seed: u64, number: u32, second: &Injection) -> Result<(End, End), String> {
    let mut world = target.script.open_world(seed);
    let ends = try_to_strike(target, &mut world, number, second).await;
    ends.map_err(|broken| {
        format!("{target} number {number}, then {second} ({}):\n* {}", world.keep().display(), broken.join("\n* "))
    })
}

async fn try_to_strike(
    target: Target,
    world: &mut World,
    number: u32,
    second: &Injection,
) -> Result<(End, End), Vec<String>> {
    target.script.prepare(world).await?;
    let grip = target.aim(&mut world.shop, Strike::Kill, number, false);
    target.script.perform(world).await;
    tokio::time::sleep(AFTERMATH).await;
    let first = died(world)?;
    drop(grip);
    world.shop.kill();
    world.audit_wreck().await?;
    let second = match first {
        End::Killed => strike_again(target.script, world, second).await?,
        End::GotThrough => End::GotThrough,
    };
    rest::start_in_peace(&mut world.shop).await?;
    target.script.ask_again(world).await;
    world.close_books().await?;
    Ok((first, second))
}

async fn strike_again(script: Script, world: &mut World, injection: &Injection) -> Result<End, Vec<String>> {
    world.shop.spawn_under(injection);
    if world.shop.comes_up(PATIENCE).await {
        script.ask_again(world).await;
    }
    let end = died(world)?;
    world.shop.kill();
    world.audit_wreck().await?;
    Ok(end)
}

/// A program that dies of anything but the kill is a fault of its own.
fn died(world: &mut World) -> Result<End, Vec<String>> {
    match world.shop.last_end() {
        None => Ok(End::GotThrough),
        Some(status) if status.signal() == Some(SIGKILL) => Ok(End::Killed),
        Some(status) => Err(vec![format!("the bridge ended by itself: {status}")]),
    }
}
