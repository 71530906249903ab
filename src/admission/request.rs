//! Reads an AdmissionReview request (`admission.k8s.io/v1`), borrowing from the body.

use std::borrow::Cow;

use crate::inject::pod::Pod;
use crate::json::{JsonError, Reader, field};

/// The fields of an AdmissionRequest that are read.
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
    /// The object as JSON, unless it was read as a Pod in the same pass.
    pub(super) object: Option<&'a str>,
    /// `metadata.ownerReferences` of the Pod as JSON; empty where absent.
    pub(super) owner_references: &'a str,
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

/// The fields of an AdmissionReview.
#[derive(Default)]
struct Envelope<'a> {
    api_version: Cow<'a, str>,
    kind: Cow<'a, str>,
    has_request: bool,
    /// Read in place: it is large, and moving it costs more than reading most of its fields.
    request: AdmissionRequest<'a>,
}

impl<'a> AdmissionRequest<'a> {
    /// Reads the body of a review.
    ///
    /// # Errors
    /// The body is not an `AdmissionReview` of `admission.k8s.io/v1` with a request, or the Pod in it cannot be read.
    pub(super) fn read(body: &'a [u8]) -> Result<Self> {
        let mut reader = Reader::new(body)?;
        let mut review = Envelope::default();
        reader.fields(
            &mut review,
            &const {
                [
                    field("apiVersion", |review, r| r.string_or_empty().map(|text| review.api_version = text)),
                    field("kind", |review, r| r.string_or_empty().map(|text| review.kind = text)),
                    field("request", |review, r| {
                        review.request.read_fields(r).map(|is_object| review.has_request = is_object)
                    }),
                ]
            },
        )?;
        reader.end()?;
        if (&*review.api_version, &*review.kind) != ("admission.k8s.io/v1", "AdmissionReview") {
            return Err(JsonError::new("unsupported value: must be an AdmissionReview of admission.k8s.io/v1"));
        }
        if !review.has_request {
            return Err(JsonError::new("request: required value"));
        }
        let mut request = review.request;
        if request.uid.is_empty() {
            return Err(JsonError::new("request.uid: required value"));
        }
        request.read_pod()?;
        request.check_companion()?;
        Ok(request)
    }

    /// The object's name, or its `generateName`.
    pub(super) fn name(&self) -> &str {
        if self.object_name.is_empty() { &self.name } else { &self.object_name }
    }

    /// The Pod to be created, if the request is about one.
    pub(super) fn take_pod(&mut self) -> Option<Pod<'a>> {
        self.pod.take()
    }

    /// Returns whether there is a request.
    fn read_fields(&mut self, r: &mut Reader<'a>) -> Result<bool> {
        r.fields(
            self,
            &const {
                [
                    field("uid", |request, r| r.string_or_empty().map(|text| request.uid = text)),
                    field("kind", |request, r| GroupVersionKind::read::<false>(r).map(|kind| request.kind = kind)),
                    field("resource", |request, r| {
                        GroupVersionKind::read::<true>(r).map(|kind| request.resource = kind)
                    }),
                    field("subResource", |request, r| r.string_or_empty().map(|text| request.sub_resource = text)),
                    field("name", |request, r| r.string_or_empty().map(|text| request.name = text)),
                    field("namespace", |request, r| r.string_or_empty().map(|text| request.namespace = text)),
                    field("operation", |request, r| r.string_or_empty().map(|text| request.operation = text)),
                    field("userInfo", AdmissionRequest::read_user),
                    field("dryRun", |request, r| r.boolean().map(|yes| request.dry_run = yes)),
                    field("object", AdmissionRequest::read_object),
                ]
            },
        )
    }

    fn read_user(&mut self, r: &mut Reader<'a>) -> Result<()> {
        r.fields(
            self,
            &const { [field("username", |request, r| r.string_or_empty().map(|text| request.requester = text))] },
        )
        .map(|_| ())
    }

    fn read_object(&mut self, r: &mut Reader<'a>) -> Result<()> {
        // API servers write the object after the fields that identify it as a Pod: then one pass reads both.
        if self.creates_a_pod() && r.object_is_next() {
            Pod::read_into(&mut self.pod, r)?;
        } else {
            self.object = r.raw_unless_null()?;
        }
        Ok(())
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
        self.owner_references = pod.owner_references;
        self.check_namespace(&pod.namespace)
    }

    fn check_companion(&self) -> Result<()> {
        let Some(object) = self.object.filter(|_| self.is_of_podgraft()) else { return Ok(()) };
        let namespace = Reader::of(object).raw_at(&["metadata", "namespace"]).ok().flatten();
        let namespace = namespace.map_or(Ok(Cow::Borrowed("")), |text| Reader::of(text).string_or_empty());
        self.check_namespace(&namespace?)
    }

    /// API servers make the two namespaces equal before they call a webhook, so a review in which they differ is not from one.
    fn check_namespace(&self, of_object: &str) -> Result<()> {
        if of_object.is_empty() || of_object == self.namespace {
            return Ok(());
        }
        Err(JsonError::new("request.object.metadata.namespace: invalid value: must equal request.namespace"))
    }

    /// Whether the object is a companion.
    pub(super) fn is_of_podgraft(&self) -> bool {
        self.kind.group == "podgraft.dev"
    }

    fn creates_a_pod(&self) -> bool {
        let is_pod = self.kind.group.is_empty() && self.kind.version == "v1" && self.kind.name == "Pod";
        let of_pods = self.resource.name.is_empty() || self.resource.name == "pods";
        is_pod && of_pods && self.sub_resource.is_empty() && self.operation == "CREATE"
    }
}

impl<'a> GroupVersionKind<'a> {
    /// Reads a `GroupVersionKind`, or a `GroupVersionResource`, which has `resource` instead of `kind`.
    fn read<const RESOURCE: bool>(r: &mut Reader<'a>) -> Result<Self> {
        let (of_pods, name) = if RESOURCE {
            (r#"{"group":"","version":"v1","resource":"pods"}"#, "pods")
        } else {
            (r#"{"group":"","version":"v1","kind":"Pod"}"#, "Pod")
        };
        // As API servers write it in nearly every review: comparing it costs a twentieth of reading it.
        if r.take(of_pods) {
            return Ok(GroupVersionKind { group: "".into(), version: "v1".into(), name: name.into() });
        }
        let mut kind = GroupVersionKind::default();
        r.fields(
            &mut kind,
            &const {
                [
                    field("group", |kind, r| r.string_or_empty().map(|text| kind.group = text)),
                    field("version", |kind, r| r.string_or_empty().map(|text| kind.version = text)),
                    field(if RESOURCE { "resource" } else { "kind" }, |kind, r| {
                        r.string_or_empty().map(|text| kind.name = text)
                    }),
                ]
            },
        )?;
        Ok(kind)
    }
}
