//! `composer.v1.Composer` over the broadcasts: fields are checked, commands passed on, errors mapped. No state.

mod convert;
mod errors;
mod service;

pub use service::Service;
