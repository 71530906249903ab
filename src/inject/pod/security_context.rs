//! The fields of a Pod's own security context that its containers inherit. They are read only where something depends on them.

use super::{Pod, Result};
use crate::json::{Reader, field};

/// Fields of `spec.securityContext`.
#[derive(Debug, Clone, Copy, Default)]
pub struct InheritedContext {
    /// Whether `runAsNonRoot` is true.
    pub runs_as_non_root: bool,
    /// Whether `seccompProfile` has a type.
    pub has_seccomp_profile: bool,
}

impl Pod<'_> {
    /// The fields of its security context that containers inherit. One that cannot be read counts as absent.
    #[must_use]
    pub fn security_context(&self) -> InheritedContext {
        let text = Reader::of(self.spec).raw_at(&["securityContext"]).ok().flatten();
        text.and_then(|text| InheritedContext::read(text).ok()).unwrap_or_default()
    }
}

impl InheritedContext {
    fn read(json: &str) -> Result<Self> {
        let mut context = InheritedContext::default();
        Reader::of(json).fields(
            &mut context,
            &const {
                [
                    field("runAsNonRoot", |context, r| r.boolean().map(|yes| context.runs_as_non_root = yes)),
                    field("seccompProfile", |context, r| {
                        r.raw_at(&["type"]).map(|kind| context.has_seccomp_profile = kind.is_some())
                    }),
                ]
            },
        )?;
        Ok(context)
    }
}
