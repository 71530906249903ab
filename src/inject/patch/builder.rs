//! The add-only builder of a JSON patch (RFC 6902).
//!
//! It adds, and removes nothing but podgraft's own annotation of skipped companions. A parent that is missing or null is created once, with everything that is added to it. An array that exists
//! gets its items one by one, so that the items in it keep their bytes and their order.

use super::target::{PathEnd, Target};
use crate::json::{Separator, Sink};

/// A patch under construction.
#[derive(Debug)]
pub(in crate::inject) struct PatchBuilder {
    out: Vec<u8>,
}

/// Items that are added to the front of an array, then items that are added to its end.
#[derive(Debug)]
pub(in crate::inject) struct ListBuilder<'d> {
    draft: &'d mut PatchBuilder,
    place: Target,
    present: bool,
    front: usize,
    has_back: bool,
    items: Separator,
}

/// Members that are added to an object.
#[derive(Debug)]
pub(in crate::inject) struct MembersBuilder<'d> {
    draft: &'d mut PatchBuilder,
    place: Target,
    parent: Parent,
    members: Separator,
}

/// Which parents of `metadata.annotations` the Pod has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::inject) enum Parent {
    /// `metadata.annotations` itself.
    Present,
    /// `metadata` only.
    Absent,
    /// Not even `metadata`.
    NoMetadata,
}

impl PatchBuilder {
    pub(in crate::inject) fn with_capacity(bytes: usize) -> Self {
        PatchBuilder { out: Vec::with_capacity(bytes) }
    }

    /// The patch; `None` where nothing was added.
    pub(in crate::inject) fn finish(mut self) -> Option<Vec<u8>> {
        if self.out.is_empty() {
            return None;
        }
        self.out.text("]");
        Some(self.out)
    }

    /// Adds a value at a place that is absent.
    pub(in crate::inject) fn add(&mut self, place: Target, value: impl FnOnce(&mut Vec<u8>)) {
        self.open(place, PathEnd::Place);
        value(&mut self.out);
        self.close();
    }

    /// Starts an array; `present` is whether the Pod has it.
    pub(in crate::inject) fn list(&mut self, place: Target, present: bool) -> ListBuilder<'_> {
        ListBuilder { draft: self, place, present, front: 0, has_back: false, items: Separator::default() }
    }

    /// Starts the annotations; `parent` is what the Pod has of them.
    pub(in crate::inject) fn annotations(&mut self, parent: Parent) -> MembersBuilder<'_> {
        MembersBuilder { draft: self, place: Target::Annotations, parent, members: Separator::default() }
    }

    /// Starts the labels; `present` is whether the Pod has any. The Pod must have `metadata` by now.
    pub(in crate::inject) fn labels(&mut self, present: bool) -> MembersBuilder<'_> {
        let parent = if present { Parent::Present } else { Parent::Absent };
        MembersBuilder { draft: self, place: Target::Labels, parent, members: Separator::default() }
    }

    /// Removes podgraft's own annotation of skipped companions.
    pub(in crate::inject) fn remove_skipped(&mut self) {
        let start = if self.out.is_empty() { "[" } else { "," };
        self.out.text(start);
        self.out.text(r#"{"op":"remove","path":"/metadata/annotations/podgraft.dev~1skipped"}"#);
    }

    fn open(&mut self, place: Target, end: PathEnd<'_>) {
        // Each call that appends costs as much as the bytes that it copies, so that constants are appended together.
        let start = if self.out.is_empty() { r#"[{"op":"add","path":""# } else { r#",{"op":"add","path":""# };
        self.out.text(start);
        place.write(&mut self.out);
        end.write(&mut self.out);
    }

    fn close(&mut self) {
        self.out.text("}");
    }
}

impl ListBuilder<'_> {
    /// Adds an item to the front, after those that were added to the front before.
    pub(in crate::inject) fn front(&mut self, item: impl FnOnce(&mut Vec<u8>)) {
        debug_assert!(!self.has_back, "items for the front come first");
        let at = self.front;
        self.front += 1;
        self.item(Some(at), item);
    }

    /// Adds an item to the end.
    pub(in crate::inject) fn back(&mut self, item: impl FnOnce(&mut Vec<u8>)) {
        self.has_back = true;
        self.item(None, item);
    }

    /// Ends the array.
    pub(in crate::inject) fn finish(self) {
        if !self.present && self.items.is_after_first() {
            self.draft.out.text("]");
            self.draft.close();
        }
    }

    fn item(&mut self, at: Option<usize>, item: impl FnOnce(&mut Vec<u8>)) {
        let (place, draft) = (self.place, &mut *self.draft);
        if self.present {
            match at {
                Some(at) => draft.open(place, PathEnd::Item(at)),
                None => draft.open(place, PathEnd::Last),
            }
            item(&mut draft.out);
            return draft.close();
        }
        if !self.items.is_after_first() {
            draft.open(place, PathEnd::Place);
            draft.out.text("[");
        }
        self.items.write(&mut draft.out);
        item(&mut draft.out);
    }
}

impl MembersBuilder<'_> {
    /// Adds a member whose key is absent, or replaces one of podgraft's own.
    pub(in crate::inject) fn add(&mut self, key: &str, value: impl FnOnce(&mut Vec<u8>)) {
        let (place, draft) = (self.place, &mut *self.draft);
        if self.parent == Parent::Present {
            draft.open(place, PathEnd::Member(key));
            value(&mut draft.out);
            return draft.close();
        }
        if !self.members.is_after_first() {
            self.parent.open(place, draft);
        }
        self.members.write(&mut draft.out);
        draft.out.string(key);
        draft.out.text(":");
        value(&mut draft.out);
    }

    /// Ends the object.
    pub(in crate::inject) fn finish(self) {
        if !self.members.is_after_first() {
            return;
        }
        self.draft.out.text(if self.parent == Parent::NoMetadata { "}}" } else { "}" });
        self.draft.close();
    }
}

impl Parent {
    /// Opens the operation that creates the annotations, and `metadata` where that is missing as well.
    fn open(self, place: Target, draft: &mut PatchBuilder) {
        if self == Parent::NoMetadata {
            draft.open(Target::Metadata, PathEnd::Place);
            draft.out.text(r#"{"annotations":{"#);
        } else {
            draft.open(place, PathEnd::Place);
            draft.out.text("{");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patched(before: &str, write: impl FnOnce(&mut PatchBuilder)) -> String {
        let mut draft = PatchBuilder::with_capacity(0);
        write(&mut draft);
        let patch: json_patch::Patch = serde_json::from_slice(&draft.finish().unwrap()).unwrap();
        let mut pod = serde_json::from_str(before).unwrap();
        json_patch::patch(&mut pod, &patch).unwrap();
        pod.to_string()
    }

    #[test]
    fn an_existing_array_keeps_its_items_and_an_absent_one_is_created_once() {
        let write = |present| {
            move |draft: &mut PatchBuilder| {
                let mut list = draft.list(Target::Volumes, present);
                list.front(|out| out.push(b'1'));
                list.front(|out| out.push(b'2'));
                list.back(|out| out.push(b'3'));
                list.back(|out| out.push(b'4'));
                list.finish();
            }
        };
        assert_eq!(patched(r#"{"spec":{"volumes":[9]}}"#, write(true)), r#"{"spec":{"volumes":[1,2,9,3,4]}}"#);
        assert_eq!(patched(r#"{"spec":{"volumes":[]}}"#, write(true)), r#"{"spec":{"volumes":[1,2,3,4]}}"#);
        assert_eq!(patched(r#"{"spec":{"volumes":null}}"#, write(false)), r#"{"spec":{"volumes":[1,2,3,4]}}"#);
        assert_eq!(patched(r#"{"spec":{}}"#, write(false)), r#"{"spec":{"volumes":[1,2,3,4]}}"#);
    }

    #[test]
    fn any_key_of_an_annotation_is_written_unchanged() {
        for key in ["a/b", "a~b", "a~1b", "~01", "é🦀", "", "-", "quo\"te\\"] {
            let write = |parent| {
                move |draft: &mut PatchBuilder| {
                    let mut members = draft.annotations(parent);
                    members.add(key, |out| out.string("v"));
                    members.add("other", |out| out.string("w"));
                    members.finish();
                }
            };
            let expect = serde_json::json!({"metadata": {"annotations": {key: "v", "other": "w"}}}).to_string();
            assert_eq!(patched(r#"{"metadata":{"annotations":{}}}"#, write(Parent::Present)), expect);
            assert_eq!(patched(r#"{"metadata":{"annotations":null}}"#, write(Parent::Absent)), expect);
            assert_eq!(patched(r#"{"metadata":{}}"#, write(Parent::Absent)), expect);
            assert_eq!(patched(r"{}", write(Parent::NoMetadata)), expect);
        }
    }

    #[test]
    fn labels_are_added_one_by_one_and_the_annotation_of_skipped_companions_is_removed() {
        let write = |present| {
            move |draft: &mut PatchBuilder| {
                draft.remove_skipped();
                let mut labels = draft.labels(present);
                labels.add("a/b", |out| out.string("1"));
                labels.add("c", |out| out.string("2"));
                labels.finish();
            }
        };
        let annotations = r#""annotations":{"podgraft.dev/skipped":"x","y":"z"}"#;
        for (labels, present, expected) in [
            ("null", false, r#"{"a/b":"1","c":"2"}"#),
            (r#"{"d":"3","c":"0"}"#, true, r#"{"d":"3","c":"2","a/b":"1"}"#),
        ] {
            let before = format!(r#"{{"metadata":{{{annotations},"labels":{labels}}}}}"#);
            let after = format!(r#"{{"metadata":{{"annotations":{{"y":"z"}},"labels":{expected}}}}}"#);
            assert_eq!(patched(&before, write(present)), after);
        }
    }

    #[test]
    fn without_additions_there_is_no_patch() {
        let mut draft = PatchBuilder::with_capacity(0);
        draft.list(Target::Volumes, false).finish();
        draft.annotations(Parent::NoMetadata).finish();
        assert!(draft.finish().is_none());
    }
}
