//! The user who applies a companion.

use serde_json::Value;

use super::findings::SurveyEnd;

/// The most bytes of a user with all groups, which each question about a right repeats.
const MOST_BYTES: usize = 16 << 10;

/// A user with a name: `authentication.k8s.io/v1` UserInfo as JSON.
pub(super) struct Requester(pub(super) Value);

impl Requester {
    /// Reads a user.
    ///
    /// # Errors
    /// API servers cannot be asked what the user may list.
    pub(super) fn read(json: &str) -> Result<Self, SurveyEnd> {
        if json.len() > MOST_BYTES {
            return Err(SurveyEnd::UserTooLong);
        }
        let user: Value = serde_json::from_str(json).unwrap_or_default();
        let has_name = user["username"].as_str().is_some_and(|name| !name.is_empty());
        if has_name { Ok(Requester(user)) } else { Err(SurveyEnd::UnknownUser) }
    }
}
