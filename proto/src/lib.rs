//! `composer.v1`: the contract between `sfu-server` (client) and `hls-composer` (server).
//!
//! The types are generated from `composer/v1/composer.proto`, whose comments are the documentation.
#![forbid(unsafe_code)]

/// The generated messages, client and server of `composer.v1`.
pub mod v1 {
    tonic::include_proto!("composer.v1");
}

/// The encoded `FileDescriptorSet` of `composer.v1`, for gRPC reflection.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/composer.v1.bin"));

/// The `domain` of every `google.rpc.ErrorInfo` the composer sends.
pub const ERROR_DOMAIN: &str = "composer.v1";

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use prost::Message as _;
    use prost_types::{FileDescriptorSet, field_descriptor_proto::Type};

    /// One line per thing on the wire, so that a change of the contract is a visible diff.
    fn describe(set: &FileDescriptorSet) -> String {
        let mut text = String::new();
        let mut messages = Vec::new();
        for file in &set.file {
            for service in &file.service {
                for method in &service.method {
                    let _ = writeln!(
                        text,
                        "rpc {}.{}({}) -> {}{}",
                        service.name(),
                        method.name(),
                        method.input_type(),
                        if method.server_streaming() { "stream " } else { "" },
                        method.output_type()
                    );
                }
            }
            for item in &file.enum_type {
                for value in &item.value {
                    let _ = writeln!(
                        text,
                        "enum {}.{} = {}",
                        item.name(),
                        value.name(),
                        value.number()
                    );
                }
            }
            messages.extend(file.message_type.iter().map(|m| (m.name().to_owned(), m)));
        }
        while let Some((path, message)) = messages.pop() {
            for field in &message.field {
                let kind = match field.r#type() {
                    Type::Message | Type::Enum => field.type_name().to_owned(),
                    scalar => scalar.as_str_name().to_owned(),
                };
                let _ = writeln!(
                    text,
                    "{path}.{} = {} {:?} {kind}",
                    field.name(),
                    field.number(),
                    field.label()
                );
            }
            for item in &message.enum_type {
                for value in &item.value {
                    let _ = writeln!(
                        text,
                        "enum {path}.{}.{} = {}",
                        item.name(),
                        value.name(),
                        value.number()
                    );
                }
            }
            let nested = message.nested_type.iter();
            messages.extend(nested.map(|inner| (format!("{path}.{}", inner.name()), inner)));
        }
        text
    }

    #[test]
    fn the_wire_contract_changes_only_in_sight() {
        let set = FileDescriptorSet::decode(super::DESCRIPTOR_SET).expect("a descriptor set");
        insta::assert_snapshot!(describe(&set));
    }
}
