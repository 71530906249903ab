//! `-o` of the commands that print results rather than manifests.

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde_json::Value;

use crate::manifest;

/// The format of a result. The help of each command describes what `name` and `wide` print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ResultFormat {
    Json,
    Yaml,
    Name,
    Wide,
}

/// The parser for the formats that a command has.
pub(in crate::cli) fn formats(supported: &'static [ResultFormat]) -> impl TypedValueParser<Value = ResultFormat> {
    let names = supported.iter().filter_map(ValueEnum::to_possible_value);
    PossibleValuesParser::new(names).try_map(|name| ResultFormat::from_str(&name, false))
}

impl ResultFormat {
    /// A result for programs: YAML for `Yaml`, otherwise JSON.
    pub(in crate::cli) fn data(self, result: &Value) -> String {
        match self {
            ResultFormat::Yaml => manifest::yaml(result),
            ResultFormat::Json | ResultFormat::Name | ResultFormat::Wide => manifest::json(result) + "\n",
        }
    }
}
