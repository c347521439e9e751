//! A disk with room for so many pages and no more, and one that takes no change.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::FIRST_ROOM;
use crate::arguments::Form;
use crate::progress::Progress;
use crate::rest;
use crate::world::{Side, World, sound};

const PAGE: u64 = 4096;
/// SQLite folds its log back after 32 MB; on less, a program that is killed each time fills the disk by itself.
const DISK: &str = "size=48m,mode=700";
/// None, and enough.
const SHORT_STEP: usize = 50;
/// With one page less of room a sale and everything behind it fit.
const AT_ONE_SIDE: u32 = 61;
const FIRST_AT_DOJO: u32 = FIRST_ROOM + AT_ONE_SIDE;
const PATIENCE: Duration = Duration::from_secs(5);

/// `false` where nobody may mount a disk.
pub(super) async fn run(form: &Form) -> Result<bool, String> {
    for (side, first) in Side::BOTH.into_iter().zip([FIRST_ROOM, FIRST_AT_DOJO]) {
        // What a run that was stopped has behind it.
        if form.from >= first + AT_ONE_SIDE {
            continue;
        }
        let mut world = side.open(form.seed);
        let Some(disk) = SmallDisk::mount(&world.shop.data()) else { return Ok(false) };
        println!("at {side:?}'s terminals");
        let outcome = fill(form, &mut world, first, &disk).await;
        world.shop.kill();
        // The folder cannot be kept for looking into: it is gone with the disk.
        outcome.map_err(|broken| format!("on a full disk, at {side:?}:\n* {}", broken.join("\n* ")))?;
    }
    Ok(true)
}

async fn fill(form: &Form, world: &mut World, first: u32, disk: &SmallDisk) -> Result<(), Vec<String>> {
    rest::start_in_peace(&mut world.shop).await?;
    let step = if form.is_long { 1 } else { SHORT_STEP };
    let (mut taken, mut refused, mut stopped) = (0, 0, 0);
    let mut progress = Progress::default();
    let begun = form.from.saturating_sub(first);
    for room in (begun..AT_ONE_SIDE).step_by(step) {
        if form.is_over() {
            break;
        }
        progress.tell("nearly full disk", first + room, first + AT_ONE_SIDE);
        let reference = format!("S-{room}");
        disk.leave(u64::from(room) * PAGE);
        let reply = world.first.pay(&reference, 39_900, 1).await;
        let (status, word) = reply.map_or((0, String::new()), |(status, reply)| {
            (status, reply["code"].as_str().or(reply["status"].as_str()).unwrap_or_default().to_owned())
        });
        match (status, word.as_str()) {
            (200 | 202, _) => taken += 1,
            (503, "storage_unavailable") => refused += 1,
            other => return Err(vec![format!("with {room} pages of room a sale is answered with {other:?}")]),
        }
        world.shop.kill();
        // A start finds the same little room.
        world.shop.spawn(false);
        world.shop.comes_up(PATIENCE).await;
        if let Some(status) = world.shop.last_end() {
            stopped += 1;
            let said = world.shop.last_words();
            if status.code() != Some(1) || !said.contains("pos-bridge.db") {
                return Err(vec![format!("a start on a full disk ended with {status} and said: {said}")]);
            }
        }
        disk.free();
        rest::start_in_peace(&mut world.shop).await?;
        world.first.pay(&reference, 39_900, 2).await;
        // One of which nothing is known holds its terminal until nothing can come of it any more.
        rest::decide_everything(&world.shop, &mut world.provider).await?;
    }
    println!("full disk: {taken} sales taken, {refused} refused; {stopped} starts refused");
    read_only(world, disk).await?;
    world.close_books().await?;
    let is_vacuous = !(form.is_over() || begun > 0 || taken > 0 && refused > 0);
    sound(if !is_vacuous { Vec::new() } else { vec!["vacuous: the disk was never nearly full".to_owned()] })
}

async fn read_only(world: &mut World, disk: &SmallDisk) -> Result<(), Vec<String>> {
    world.shop.kill();
    disk.remount("ro");
    world.shop.spawn(false);
    world.shop.comes_up(PATIENCE).await;
    let (end, said) = (world.shop.last_end(), world.shop.last_words());
    disk.remount("rw");
    if end.and_then(|status| status.code()) != Some(1) || !said.contains("Read-only") {
        return Err(vec![format!("a start on a read-only disk ended with {end:?} and said: {said}")]);
    }
    Ok(())
}

struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(folder: &Path) -> Option<Self> {
        std::fs::create_dir_all(folder).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", DISK, "tmpfs"]).arg(folder);
        mount.output().is_ok_and(|output| output.status.success()).then(|| Self(folder.to_owned()))
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }

    /// Fills the disk but for so much.
    fn leave(&self, room: u64) {
        let mut file = File::create(self.ballast()).unwrap();
        while file.write_all(&[0; PAGE as usize]).is_ok() {}
        let length = file.metadata().unwrap().len();
        file.set_len(length.saturating_sub(room)).unwrap();
    }

    fn free(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }

    fn remount(&self, how: &str) {
        let done = Command::new("mount").args(["-o", &format!("remount,{how}")]).arg(&self.0).status().unwrap();
        assert!(done.success(), "remounted {how}");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}
