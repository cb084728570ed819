//! The one place where a refusal becomes a gRPC status with its `google.rpc.ErrorInfo`.

use std::collections::HashMap;

use proto::{ERROR_DOMAIN, v1::ErrorReason};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::{broadcast::BroadcastError, ingest::StartError};

/// A field that is wrong: its path and what it takes.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct FieldError {
    /// As `tracks[1].codec`.
    pub field: String,
    /// What is wrong.
    pub reason: String,
}

impl From<FieldError> for Status {
    fn from(error: FieldError) -> Self {
        let metadata = HashMap::from([("field".into(), error.field.clone())]);
        status(Code::InvalidArgument, ErrorReason::InvalidField, error.to_string(), metadata)
    }
}

/// The status of a refusal.
pub fn refused(error: &BroadcastError) -> Status {
    use BroadcastError as E;
    use ErrorReason as R;
    let (code, reason) = match error {
        E::StaleEpoch { .. } => (Code::FailedPrecondition, R::StaleEpoch),
        E::NotOpened { .. } | E::InputExists(_) | E::OtherTracks(_) => {
            (Code::FailedPrecondition, R::WrongState)
        }
        E::NoClaim(_) => (Code::FailedPrecondition, R::NoClaim),
        E::UnknownBroadcast(_) => (Code::NotFound, R::UnknownBroadcast),
        E::UnknownInput(_) => (Code::NotFound, R::UnknownInput),
        E::Ports(_) => (Code::ResourceExhausted, R::PortsExhausted),
        E::Start(StartError::PortTaken { .. }) => (Code::Aborted, R::PortTaken),
        E::Start(StartError::Ffmpeg { .. }) | E::NotReady(_) => {
            (Code::Unavailable, R::FfmpegFailed)
        }
        E::Start(StartError::WrongState(_)) => (Code::FailedPrecondition, R::WrongState),
        E::Busy(_) => (Code::ResourceExhausted, R::CpuExhausted),
        E::TooManyBroadcasts(_) | E::TooManyInputs { .. } => {
            (Code::ResourceExhausted, R::LimitReached)
        }
        E::Packager(_) => (Code::InvalidArgument, R::InvalidField),
        E::StartingAgain(_) | E::ShuttingDown => (Code::Unavailable, R::ShuttingDown),
    };
    let metadata = match error {
        E::StaleEpoch { current, .. } => {
            HashMap::from([("current_epoch".into(), current.to_string())])
        }
        _ => HashMap::new(),
    };
    status(code, reason, error.to_string(), metadata)
}

fn status(
    code: Code,
    reason: ErrorReason,
    message: String,
    metadata: HashMap<String, String>,
) -> Status {
    let details = ErrorDetails::with_error_info(reason.as_str_name(), ERROR_DOMAIN, metadata);
    Status::with_error_details(code, message, details)
}
