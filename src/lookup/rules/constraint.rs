//! The constraints of LimitRanges, as the plugin LimitRanger checks them (`plugin/pkg/admission/limitranger/admission.go`).

use super::amounts::AmountKind;
use super::defaults::Held;
use crate::inject::companion::quantity::Amount;

/// A constraint of a LimitRange on a resource. It has the name of its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Constraint {
    Max,
    Min,
    MaxLimitRequestRatio,
}

/// How a container, or a Pod, breaks a constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Breach {
    /// It lacks the request or the limit, which the constraint requires, or has it with the amount 0.
    Missing(AmountKind),
    /// Its request or limit is too large, or too small.
    Amount(AmountKind, Amount),
    /// Its limit is too large, compared with its request.
    Ratio { limit: Amount, request: Amount },
}

impl Constraint {
    pub(super) const ALL: [Constraint; 3] = [Constraint::Max, Constraint::Min, Constraint::MaxLimitRequestRatio];

    pub(super) fn field(self) -> &'static str {
        match self {
            Constraint::Max => "max",
            Constraint::Min => "min",
            Constraint::MaxLimitRequestRatio => "maxLimitRequestRatio",
        }
    }

    /// Whether an amount alone breaks it; a ratio is never broken by one amount.
    pub(super) fn is_broken_by(self, bound: Amount, held: Held) -> bool {
        match self {
            Constraint::Max => held.at_least() > bound,
            Constraint::Min => held.exact().is_some_and(|amount| amount < bound),
            Constraint::MaxLimitRequestRatio => false,
        }
    }

    /// How amounts break it; `None` where they do not, or where that is not certain.
    pub(super) fn breach(self, bound: Amount, request: Held, limit: Held) -> Option<Breach> {
        match self {
            Constraint::Max => self.first_breach(bound, [(AmountKind::Limit, limit), (AmountKind::Request, request)]),
            Constraint::Min => self.first_breach(bound, [(AmountKind::Request, request), (AmountKind::Limit, limit)]),
            Constraint::MaxLimitRequestRatio => beyond_ratio(bound, request, limit),
        }
    }

    /// `maxConstraint` and `minConstraint`: the first amount is required, and the other one is not.
    fn first_breach(self, bound: Amount, amounts: [(AmountKind, Held); 2]) -> Option<Breach> {
        let [(required, held), _] = amounts;
        if held.is_absent() {
            return Some(Breach::Missing(required));
        }
        let (kind, held) = amounts.into_iter().find(|(_, held)| self.is_broken_by(bound, *held))?;
        Some(Breach::Amount(kind, held.at_least()))
    }
}

impl Breach {
    /// Which amount is set to fix it.
    pub(super) fn kind_to_set(self) -> AmountKind {
        match self {
            Breach::Missing(kind) | Breach::Amount(kind, _) => kind,
            Breach::Ratio { .. } => AmountKind::Limit,
        }
    }
}

/// `limitRequestRatioConstraint`.
fn beyond_ratio(most: Amount, request: Held, limit: Held) -> Option<Breach> {
    let missing =
        [(AmountKind::Request, request), (AmountKind::Limit, limit)].into_iter().find(|(_, held)| held.is_zero());
    if let Some((kind, _)) = missing {
        return Some(Breach::Missing(kind));
    }
    let (request, limit) = (request.exact()?, limit.exact()?);
    (limit.ratio_to(request) * 1000.0 > most.ratio_to(Amount::MILLI)).then_some(Breach::Ratio { limit, request })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breach(constraint: Constraint, bound: &str, request: &str, limit: &str) -> Option<Breach> {
        let held = |text| Held { amount: Amount::parse(text), is_exact: true };
        constraint.breach(Amount::parse(bound).unwrap(), held(request), held(limit))
    }

    #[test]
    fn amounts_are_compared_as_limit_ranger_compares_them() {
        let of = |kind, text: &str| Some(Breach::Amount(kind, Amount::parse(text).unwrap()));
        let (no_request, no_limit) = (Breach::Missing(AmountKind::Request), Breach::Missing(AmountKind::Limit));
        for (constraint, bound, request, limit, expected) in [
            (Constraint::Max, "1", "1", "1", None),
            (Constraint::Max, "1", "", "1", None),
            (Constraint::Max, "1", "2", "", Some(no_limit)),
            (Constraint::Max, "1", "2", "3", of(AmountKind::Limit, "3")),
            (Constraint::Max, "1", "2", "1", of(AmountKind::Request, "2")),
            (Constraint::Min, "1", "1", "", None),
            (Constraint::Min, "1", "", "2", Some(no_request)),
            (Constraint::Min, "1", "0", "2", of(AmountKind::Request, "0")),
            (Constraint::Min, "2", "2", "1", of(AmountKind::Limit, "1")),
            (Constraint::MaxLimitRequestRatio, "2", "1", "2", None),
            (Constraint::MaxLimitRequestRatio, "1500m", "2", "3", None),
            (Constraint::MaxLimitRequestRatio, "2", "0", "2", Some(no_request)),
            (Constraint::MaxLimitRequestRatio, "2", "", "2", Some(no_request)),
            (Constraint::MaxLimitRequestRatio, "2", "1", "", Some(no_limit)),
            (Constraint::MaxLimitRequestRatio, "2", "1", "0", Some(no_limit)),
        ] {
            assert_eq!(breach(constraint, bound, request, limit), expected, "{constraint:?} {bound} {request} {limit}");
        }
        let ratio = breach(Constraint::MaxLimitRequestRatio, "1500m", "64Mi", "97Mi");
        assert!(matches!(ratio, Some(Breach::Ratio { .. })), "{ratio:?}");
    }

    #[test]
    fn nothing_is_reported_that_an_unknown_default_could_change() {
        let unknown = Held { amount: None, is_exact: false };
        let (one, two) = (Amount::parse("1").unwrap(), Amount::parse("2").unwrap());
        let known = Held { amount: Some(one), is_exact: true };
        for constraint in Constraint::ALL {
            assert_eq!(constraint.breach(one, unknown, unknown), None, "{constraint:?}");
            assert_eq!(
                constraint.breach(two, known, unknown),
                (constraint == Constraint::Min).then_some(Breach::Amount(AmountKind::Request, one))
            );
        }
        let at_least_two = Held { amount: Some(two), is_exact: false };
        assert!(Constraint::Max.breach(one, unknown, at_least_two).is_some(), "more than two is above one as well");
    }
}
