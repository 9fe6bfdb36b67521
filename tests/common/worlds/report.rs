//! Failing worlds: made smaller, and printed so that they can be run again.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::stage::replay;
use super::{Broken, Lived, Log, Met, World};

/// The most worlds tried to make one smaller.
const MAX_TRIES: usize = 3_000;

/// Runs a world, some of them twice: what it met. Panics with a report when a rule is broken.
pub fn run<W: World>(world: &W, again: &str) -> Met {
    match attempt(world) {
        Ok(Lived { log, met }) => {
            let twice = world.settings().seed.is_multiple_of(16);
            assert!(!twice || replay(world, &log) == replay(world, &log), "{again}: the same inputs gave different outputs");
            met
        }
        Err(broken) => {
            let small = smallest(world.clone(), &W::kind(&broken.rule));
            let Broken { rule, log } = attempt(&small).err().unwrap_or(broken);
            panic!("{again}: {rule}\n\nmade smaller:\n{}\n{}", small.text(), replay(&small, &log));
        }
    }
}

/// A panic of the core is a broken rule too.
fn attempt<W: World>(world: &W) -> Result<Lived, Broken> {
    catch_unwind(AssertUnwindSafe(|| world.run()))
        .unwrap_or_else(|_| Err(Broken { rule: "the core panicked, see above".to_owned(), log: Log::new() }))
}

fn smallest<W: World>(mut world: W, broken: &str) -> W {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let mut tries = 0;
    loop {
        let found = world.smaller().into_iter().find(|candidate| {
            tries += 1;
            tries < MAX_TRIES && attempt(candidate).is_err_and(|other| W::kind(&other.rule) == broken)
        });
        match found {
            Some(candidate) => world = candidate,
            None => break,
        }
    }
    std::panic::set_hook(hook);
    world
}
