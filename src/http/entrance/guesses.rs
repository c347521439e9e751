//! Wrong keys, counted by where they come from. Whoever sends many is told to go away for longer and longer.
//!
//! A right key is taken at any time: many tills may stand behind one address, and one that is wrong must not stop the
//! others. What keeps guessers out is the key's length; this makes them slow to learn anything, and seen.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Wrong keys of one address within [`WINDOW`] that are answered as such.
const MOST: u32 = 10;
const WINDOW: Duration = Duration::from_secs(60);
/// How long the first lock holds; each further one holds twice as long as the one before.
const FIRST_LOCK: Duration = Duration::from_secs(30);
const LONGEST_LOCK: Duration = Duration::from_secs(3600);
/// After so long without a wrong key an address starts anew.
const FORGOTTEN: Duration = Duration::from_secs(3600);
/// How many addresses are remembered; then the one that was silent longest makes room.
const ADDRESSES: usize = 4096;

/// Who sent wrong keys lately.
#[derive(Debug, Clone, Default)]
pub(super) struct Guesses(Arc<Mutex<HashMap<IpAddr, Guesser>>>);

#[derive(Debug, Clone, Copy)]
struct Guesser {
    wrong: u32,
    window_began: Instant,
    locks: u32,
    locked_until: Instant,
}

impl Guesses {
    /// A wrong key came from this address.
    ///
    /// # Errors
    /// How long the address is locked, when it is.
    pub(super) fn wrong_key(&self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        let network = network(address);
        let mut guessers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if guessers.len() >= ADDRESSES && !guessers.contains_key(&network) {
            make_room(&mut guessers, now);
        }
        guessers.entry(network).or_insert_with(|| Guesser::new(now)).wrong_key(now)
    }
}

impl Guesser {
    const fn new(now: Instant) -> Self {
        Self { wrong: 0, window_began: now, locks: 0, locked_until: now }
    }

    fn wrong_key(&mut self, now: Instant) -> Result<(), Duration> {
        if now < self.locked_until {
            return Err(self.locked_until - now);
        }
        if self.is_forgotten(now) {
            *self = Self::new(now);
        }
        if now.saturating_duration_since(self.window_began) >= WINDOW {
            (self.wrong, self.window_began) = (0, now);
        }
        self.wrong += 1;
        if self.wrong <= MOST {
            return Ok(());
        }
        let lock = FIRST_LOCK.saturating_mul(1 << self.locks.min(16)).min(LONGEST_LOCK);
        *self = Self { wrong: 0, window_began: now + lock, locks: self.locks + 1, locked_until: now + lock };
        Err(lock)
    }

    fn last_seen(&self) -> Instant {
        self.window_began.max(self.locked_until)
    }

    fn is_forgotten(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.last_seen()) >= FORGOTTEN
    }
}

fn make_room(guessers: &mut HashMap<IpAddr, Guesser>, now: Instant) {
    guessers.retain(|_, guesser| !guesser.is_forgotten(now));
    if guessers.len() >= ADDRESSES
        && let Some(oldest) =
            guessers.iter().min_by_key(|(_, guesser)| guesser.last_seen()).map(|(network, _)| *network)
    {
        guessers.remove(&oldest);
    }
}

/// Who an address stands for: in IPv6 one machine has all addresses of its network of 64 bits.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_is_locked_for_longer_and_longer() {
        let (guesses, mut now) = (Guesses::default(), Instant::now());
        let guesser = address("192.168.1.66");
        for lock in [30, 60, 120, 240, 480, 960, 1920, 3600, 3600].map(Duration::from_secs) {
            for _ in 0..MOST {
                assert_eq!(guesses.wrong_key(guesser, now), Ok(()));
            }
            assert_eq!(guesses.wrong_key(guesser, now), Err(lock));
            assert_eq!(guesses.wrong_key(guesser, now + lock - SECOND), Err(SECOND), "guessing on changes nothing");
            assert_eq!(guesses.wrong_key(address("192.168.1.67"), now), Ok(()), "another address");
            now += lock;
        }
        now += FORGOTTEN;
        for _ in 0..MOST {
            assert_eq!(guesses.wrong_key(guesser, now), Ok(()));
        }
        assert_eq!(guesses.wrong_key(guesser, now), Err(FIRST_LOCK), "all is forgotten");
    }

    #[test]
    fn a_few_mistakes_now_and_then_lock_nobody_out() {
        let (guesses, start) = (Guesses::default(), Instant::now());
        for minute in 0..100 {
            for _ in 0..MOST {
                assert_eq!(guesses.wrong_key(address("10.0.0.1"), start + minute * WINDOW), Ok(()));
            }
        }
    }

    #[test]
    fn a_minute_of_mistakes_begins_where_a_lock_ends() {
        let (guesses, start) = (Guesses::default(), Instant::now());
        let guess = |now| guesses.wrong_key(address("10.0.0.1"), now);
        assert!((0..MOST).all(|_| guess(start).is_ok()));
        assert_eq!(guess(start), Err(FIRST_LOCK));
        let unlocked = start + FIRST_LOCK;
        for now in [unlocked + WINDOW - SECOND, unlocked + WINDOW] {
            assert!((0..MOST).all(|_| guess(now).is_ok()));
        }
    }

    #[test]
    fn a_network_of_ipv6_is_one_caller() {
        for (one, other, same) in [
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true),
            ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
            ("::ffff:10.0.0.1", "10.0.0.1", true),
            ("10.0.0.1", "10.0.0.2", false),
        ] {
            assert_eq!(network(address(one)) == network(address(other)), same, "{one} {other}");
        }
    }

    #[test]
    fn it_remembers_so_many_addresses_and_the_freshest_of_them() {
        let (guesses, start) = (Guesses::default(), Instant::now());
        let remembered = u32::try_from(ADDRESSES).unwrap();
        let addresses = 2 * remembered + 100;
        for number in 0..addresses {
            let from = IpAddr::from(number.to_be_bytes());
            assert_eq!(guesses.wrong_key(from, start + number * Duration::from_millis(1)), Ok(()));
        }
        let known = guesses.0.lock().unwrap();
        assert_eq!(known.len(), ADDRESSES);
        assert!(known.contains_key(&IpAddr::from((addresses - 1).to_be_bytes())));
        assert!(!known.contains_key(&IpAddr::from(0_u32.to_be_bytes())));
        drop(known);
        let oldest = IpAddr::from((addresses - remembered).to_be_bytes());
        let freshest = IpAddr::from((addresses - 1).to_be_bytes());
        assert_eq!(guesses.wrong_key(freshest, start + addresses * Duration::from_millis(1)), Ok(()));
        assert!(guesses.0.lock().unwrap().contains_key(&oldest), "nobody makes room for one that is known");
    }
}
