//! Reads an AdmissionReview request (`admission.k8s.io/v1`), borrowing from the body.

use std::borrow::Cow;

use crate::inject::pod::Pod;
use crate::json::{FieldSet, JsonError, Reader};

/// What we ask of an AdmissionRequest.
#[derive(Debug, Default)]
pub(super) struct AdmissionRequest<'a> {
    /// Never empty.
    pub(super) uid: Cow<'a, str>,
    pub(super) namespace: Cow<'a, str>,
    /// `userInfo.username`.
    pub(super) requester: Cow<'a, str>,
    pub(super) dry_run: bool,
    pub(super) kind: GroupVersionKind<'a>,
    pub(super) operation: Cow<'a, str>,
    /// The object as JSON, unless it was read as a Pod at once.
    pub(super) object: Option<&'a str>,
    resource: GroupVersionKind<'a>,
    sub_resource: Cow<'a, str>,
    name: Cow<'a, str>,
    object_name: Cow<'a, str>,
    pod: Option<Pod<'a>>,
}

/// A group, a version, and a kind or resource.
#[derive(Debug, Default)]
pub(super) struct GroupVersionKind<'a> {
    pub(super) group: Cow<'a, str>,
    pub(super) version: Cow<'a, str>,
    /// The kind, or the resource.
    pub(super) name: Cow<'a, str>,
}

type Result<T> = std::result::Result<T, JsonError>;

impl<'a> AdmissionRequest<'a> {
    /// Reads the body of a review.
    pub(super) fn read(body: &'a [u8]) -> Result<Self> {
        let mut reader = Reader::new(body)?;
        let mut seen = FieldSet::default();
        let (mut version, mut kind, mut request) = (None, None, None);
        reader.object(|r, key| match key {
            "apiVersion" => seen.insert(0).and_then(|()| r.string()).map(|text| version = text),
            "kind" => seen.insert(1).and_then(|()| r.string()).map(|text| kind = text),
            "request" => seen.insert(2).and_then(|()| AdmissionRequest::read_request(r)).map(|read| request = read),
            _ => r.skip(),
        })?;
        reader.end()?;
        if version.as_deref() != Some("admission.k8s.io/v1") || kind.as_deref() != Some("AdmissionReview") {
            return Err(JsonError::new(
                "not an AdmissionReview of admission.k8s.io/v1, which is the only version spoken here",
            ));
        }
        let mut request = request.ok_or_else(|| JsonError::new("it has no request"))?;
        if request.uid.is_empty() {
            return Err(JsonError::new("its request has no uid"));
        }
        request.read_pod()?;
        Ok(request)
    }

    /// The object's name, or its `generateName`.
    pub(super) fn name(&self) -> &str {
        if self.object_name.is_empty() { &self.name } else { &self.object_name }
    }

    /// The Pod that is to be created, where this is about one.
    pub(super) fn take_pod(&mut self) -> Option<Pod<'a>> {
        self.pod.take()
    }

    fn read_request(r: &mut Reader<'a>) -> Result<Option<Self>> {
        let mut request = AdmissionRequest::default();
        let mut seen = FieldSet::default();
        let text = |text: Option<Cow<'a, str>>| text.unwrap_or_default();
        let there = r.object(|r, key| match key {
            "uid" => seen.insert(0).and_then(|()| r.string()).map(|t| request.uid = text(t)),
            "kind" => seen.insert(1).and_then(|()| GroupVersionKind::read(r)).map(|kind| request.kind = kind),
            "resource" => seen.insert(2).and_then(|()| GroupVersionKind::read(r)).map(|kind| request.resource = kind),
            "subResource" => seen.insert(3).and_then(|()| r.string()).map(|t| request.sub_resource = text(t)),
            "name" => seen.insert(4).and_then(|()| r.string()).map(|t| request.name = text(t)),
            "namespace" => seen.insert(5).and_then(|()| r.string()).map(|t| request.namespace = text(t)),
            "operation" => seen.insert(6).and_then(|()| r.string()).map(|t| request.operation = text(t)),
            "userInfo" => seen.insert(7).and_then(|()| request.read_user(r)),
            "dryRun" => seen.insert(8).and_then(|()| r.boolean()).map(|yes| request.dry_run = yes),
            "object" => {
                seen.insert(9)?;
                // API servers write the object behind what tells that it is a Pod: then it is read in the same pass.
                if request.creates_a_pod() && r.object_is_next() {
                    request.pod = Some(Pod::read_from(r)?);
                } else {
                    request.object = Some(r.raw()?).filter(|json| *json != "null");
                }
                Ok(())
            }
            _ => r.skip(),
        })?;
        Ok(there.then_some(request))
    }

    fn read_user(&mut self, r: &mut Reader<'a>) -> Result<()> {
        let mut seen = FieldSet::default();
        r.object(|r, key| match key {
            "username" => seen.insert(0).and_then(|()| r.string()).map(|t| self.requester = t.unwrap_or_default()),
            _ => r.skip(),
        })
        .map(|_| ())
    }

    fn read_pod(&mut self) -> Result<()> {
        if self.creates_a_pod()
            && let Some(json) = self.object.take()
        {
            self.pod = Some(Pod::read(json.as_bytes())?);
        }
        if !self.creates_a_pod() {
            self.pod = None;
        }
        let Some(pod) = &self.pod else { return Ok(()) };
        self.object_name = pod.name.clone();
        // An API server fills in the one from the other before it asks: somebody else is calling.
        if !pod.namespace.is_empty() && pod.namespace != self.namespace {
            return Err(JsonError::new("metadata.namespace of the Pod differs from the request's namespace"));
        }
        Ok(())
    }

    fn creates_a_pod(&self) -> bool {
        let is_pod = self.kind.group.is_empty() && self.kind.version == "v1" && self.kind.name == "Pod";
        let of_pods = self.resource.name.is_empty() || self.resource.name == "pods";
        is_pod && of_pods && self.sub_resource.is_empty() && self.operation == "CREATE"
    }
}

impl<'a> GroupVersionKind<'a> {
    fn read(r: &mut Reader<'a>) -> Result<Self> {
        let mut kind = GroupVersionKind::default();
        let mut seen = FieldSet::default();
        r.object(|r, key| match key {
            "group" => seen.insert(0).and_then(|()| r.string()).map(|t| kind.group = t.unwrap_or_default()),
            "version" => seen.insert(1).and_then(|()| r.string()).map(|t| kind.version = t.unwrap_or_default()),
            "kind" | "resource" => seen.insert(2).and_then(|()| r.string()).map(|t| kind.name = t.unwrap_or_default()),
            _ => r.skip(),
        })?;
        Ok(kind)
    }
}
