//! The add-only recorder of a JSON patch (RFC 6902), and the only place that knows JSON pointers (RFC 6901).
//!
//! All operations are `add`. A parent that is absent or null is created once, with all its members. Items are added to an
//! existing array one by one, so that its own items keep their bytes and their order.

use std::fmt::{self, Write as _};

use crate::inject::container_list::ContainerList;
use crate::json::{write_escaped, write_string};

/// A patch that is being written.
#[derive(Debug)]
pub(in crate::inject) struct PatchBuilder {
    out: Vec<u8>,
    pointer: String,
}

/// A place in a Pod.
#[derive(Debug, Clone, Copy)]
pub(in crate::inject) enum Target {
    Metadata,
    Annotations,
    Volumes,
    ImagePullSecrets,
    InitContainers,
    Containers,
    Env(AppContainer),
    Mounts(AppContainer),
    Lifecycle(AppContainer),
    PreStop(AppContainer),
}

/// A container of the Pod.
#[derive(Debug, Clone, Copy)]
pub(in crate::inject) struct AppContainer {
    pub(in crate::inject) list: ContainerList,
    pub(in crate::inject) index: usize,
}

/// Items that are added to the front of an array, then items that are added to its end.
#[derive(Debug)]
pub(in crate::inject) struct ListBuilder<'d> {
    draft: &'d mut PatchBuilder,
    place: Target,
    present: bool,
    front: usize,
    items: usize,
}

/// Members that are added to an object.
#[derive(Debug)]
pub(in crate::inject) struct MembersBuilder<'d> {
    draft: &'d mut PatchBuilder,
    place: Target,
    parent: Parent,
    items: usize,
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
        PatchBuilder { out: Vec::with_capacity(bytes), pointer: String::with_capacity(64) }
    }

    /// The patch; `None` where nothing was added.
    pub(in crate::inject) fn finish(mut self) -> Option<Vec<u8>> {
        if self.out.is_empty() {
            return None;
        }
        self.out.push(b']');
        Some(self.out)
    }

    /// Adds a value at a place that is absent.
    pub(in crate::inject) fn add(&mut self, place: Target, value: impl FnOnce(&mut Vec<u8>)) {
        self.open(format_args!("{place}"));
        value(&mut self.out);
        self.close();
    }

    /// Starts an array; `present` is whether the Pod has it.
    pub(in crate::inject) fn list(&mut self, place: Target, present: bool) -> ListBuilder<'_> {
        ListBuilder { draft: self, place, present, front: 0, items: 0 }
    }

    /// Starts the annotations; `parent` is what the Pod has of them.
    pub(in crate::inject) fn annotations(&mut self, parent: Parent) -> MembersBuilder<'_> {
        MembersBuilder { draft: self, place: Target::Annotations, parent, items: 0 }
    }

    fn open(&mut self, path: fmt::Arguments<'_>) {
        self.out.push(if self.out.is_empty() { b'[' } else { b',' });
        self.out.extend_from_slice(br#"{"op":"add","path":""#);
        self.pointer.clear();
        let _ = self.pointer.write_fmt(path);
        write_escaped(&mut self.out, &self.pointer);
        self.out.extend_from_slice(br#"","value":"#);
    }

    fn close(&mut self) {
        self.out.push(b'}');
    }
}

impl ListBuilder<'_> {
    /// Adds an item to the front, after those that were added to the front before.
    pub(in crate::inject) fn front(&mut self, item: impl FnOnce(&mut Vec<u8>)) {
        debug_assert_eq!(self.front, self.items, "items for the front come first");
        let at = self.front;
        self.front += 1;
        self.item(Some(at), item);
    }

    /// Adds an item to the end.
    pub(in crate::inject) fn back(&mut self, item: impl FnOnce(&mut Vec<u8>)) {
        self.item(None, item);
    }

    /// Ends the array.
    pub(in crate::inject) fn finish(self) {
        if !self.present && self.items > 0 {
            self.draft.out.push(b']');
            self.draft.close();
        }
    }

    fn item(&mut self, at: Option<usize>, item: impl FnOnce(&mut Vec<u8>)) {
        let (place, draft) = (self.place, &mut *self.draft);
        match (self.present, at) {
            (true, Some(at)) => draft.open(format_args!("{place}/{at}")),
            (true, None) => draft.open(format_args!("{place}/-")),
            (false, _) if self.items == 0 => {
                draft.open(format_args!("{place}"));
                draft.out.push(b'[');
            }
            (false, _) => draft.out.push(b','),
        }
        item(&mut draft.out);
        if self.present {
            draft.close();
        }
        self.items += 1;
    }
}

impl MembersBuilder<'_> {
    /// Adds a member whose key is absent.
    pub(in crate::inject) fn add(&mut self, key: &str, value: impl FnOnce(&mut Vec<u8>)) {
        let (place, draft) = (self.place, &mut *self.draft);
        if self.parent == Parent::Present {
            draft.open(format_args!("{place}/{}", Token(key)));
            value(&mut draft.out);
            draft.close();
        } else {
            match (self.items, self.parent) {
                (0, Parent::NoMetadata) => {
                    draft.open(format_args!("{}", Target::Metadata));
                    draft.out.extend_from_slice(br#"{"annotations":{"#);
                }
                (0, _) => {
                    draft.open(format_args!("{place}"));
                    draft.out.push(b'{');
                }
                _ => draft.out.push(b','),
            }
            write_string(&mut draft.out, key);
            draft.out.push(b':');
            value(&mut draft.out);
        }
        self.items += 1;
    }

    /// Ends the object.
    pub(in crate::inject) fn finish(self) {
        if self.parent == Parent::Present || self.items == 0 {
            return;
        }
        self.draft.out.push(b'}');
        if self.parent == Parent::NoMetadata {
            self.draft.out.push(b'}');
        }
        self.draft.close();
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Metadata => f.write_str("/metadata"),
            Target::Annotations => f.write_str("/metadata/annotations"),
            Target::Volumes => f.write_str("/spec/volumes"),
            Target::ImagePullSecrets => f.write_str("/spec/imagePullSecrets"),
            Target::InitContainers => f.write_str("/spec/initContainers"),
            Target::Containers => f.write_str("/spec/containers"),
            Target::Env(container) => write!(f, "{container}/env"),
            Target::Mounts(container) => write!(f, "{container}/volumeMounts"),
            Target::Lifecycle(container) => write!(f, "{container}/lifecycle"),
            Target::PreStop(container) => write!(f, "{container}/lifecycle/preStop"),
        }
    }
}

impl fmt::Display for AppContainer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/spec/{}/{}", self.list, self.index)
    }
}

/// A reference token of a JSON pointer: `~` becomes `~0` and `/` becomes `~1`.
struct Token<'k>(&'k str);

impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some(at) = rest.find(['~', '/']) {
            f.write_str(&rest[..at])?;
            f.write_str(if rest[at..].starts_with('~') { "~0" } else { "~1" })?;
            rest = &rest[at + 1..];
        }
        f.write_str(rest)
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
                    members.add(key, |out| write_string(out, "v"));
                    members.add("other", |out| write_string(out, "w"));
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
    fn without_additions_there_is_no_patch() {
        let mut draft = PatchBuilder::with_capacity(0);
        draft.list(Target::Volumes, false).finish();
        draft.annotations(Parent::NoMetadata).finish();
        assert!(draft.finish().is_none());
    }
}
