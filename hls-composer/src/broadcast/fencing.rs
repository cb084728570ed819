//! Epochs fence attempts of the SFU: pure policy.

use super::BroadcastError;

/// What opening with an epoch means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// The same attempt, attached again; it keeps its inputs.
    Reattach,
    /// A newer attempt: old inputs are stopped, the picture goes on.
    TakeOver,
}

/// Judges `OpenBroadcast`.
pub fn open(current: u64, offered: u64) -> Result<Opening, BroadcastError> {
    match offered {
        offered if offered < current => Err(BroadcastError::StaleEpoch { offered, current }),
        offered if offered == current => Ok(Opening::Reattach),
        _ => Ok(Opening::TakeOver),
    }
}

/// Judges every other command.
pub fn command(current: u64, offered: u64) -> Result<(), BroadcastError> {
    match offered {
        offered if offered < current => Err(BroadcastError::StaleEpoch { offered, current }),
        offered if offered == current => Ok(()),
        offered => Err(BroadcastError::NotOpened { offered }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_newer_epoch_takes_over_and_the_same_one_reattaches() {
        assert_eq!(open(5, 6).ok(), Some(Opening::TakeOver));
        assert_eq!(open(5, 5).ok(), Some(Opening::Reattach));
        assert!(matches!(open(5, 4), Err(BroadcastError::StaleEpoch { current: 5, .. })));
    }

    proptest! {
        #[test]
        fn only_the_current_epoch_commands(
            attempts in prop::collection::vec((any::<bool>(), 1..20_u64), 1..50),
        ) {
            let mut current = 0;
            for (opens, epoch) in attempts {
                if opens {
                    if open(current, epoch).is_ok() {
                        prop_assert!(epoch >= current);
                        current = epoch;
                    }
                } else {
                    prop_assert_eq!(command(current, epoch).is_ok(), epoch == current);
                }
            }
        }
    }
}
