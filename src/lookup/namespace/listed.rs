//! Lists of objects, and what they lack.

use kube::Client;
use kube::api::ListParams;
use serde::de::DeserializeOwned;

use crate::lookup::response::{Bounds, LookupError, Page, page, parsed};

/// The objects of a kind in a namespace.
pub(super) struct ListedObjects<T> {
    pub(super) objects: Vec<T>,
    /// Why it lacks objects, if it does.
    pub(super) omitted: Option<String>,
}

/// The first objects at a path; none where the API server does not have the resource.
pub(super) async fn list<T: DeserializeOwned>(
    client: &Client,
    path: &str,
    most: u32,
    bounds: Bounds,
) -> ListedObjects<T> {
    match page(client, path, &ListParams::default().limit(most), bounds).await.and_then(|text| read(&text, most)) {
        Ok(listed) => listed,
        Err(LookupError::NotFound) => ListedObjects { objects: Vec::new(), omitted: None },
        Err(error) => ListedObjects { objects: Vec::new(), omitted: Some(error.to_string()) },
    }
}

fn read<T: DeserializeOwned>(text: &str, most: u32) -> Result<ListedObjects<T>, LookupError> {
    let page: Page<'_> = parsed(text)?;
    let objects: Vec<T> = page.items.iter().filter_map(|item| serde_json::from_str(item.get()).ok()).collect();
    let mut listed = ListedObjects { omitted: None, objects };
    let unreadable = page.items.len() - listed.objects.len();
    if unreadable > 0 {
        listed.omit(format!("{unreadable} cannot be read"));
    }
    if !page.metadata.token.is_empty() {
        listed.omit(format!("only the first {most} were read"));
    }
    Ok(listed)
}

impl<T> ListedObjects<T> {
    /// Keeps the objects that a function selects. `why` has the words for one that is left out; others are counted.
    pub(super) fn retain(&mut self, is_kept: impl Fn(&T) -> bool, why: impl Fn(&T) -> String) {
        let mut left_out = self.objects.extract_if(.., |object| !is_kept(object));
        let Some(first) = left_out.next().map(|object| why(&object)) else { return };
        let more = left_out.count();
        self.omit(if more > 0 { format!("{first}, and {more} more") } else { first });
    }

    fn omit(&mut self, why: String) {
        self.omitted = Some(match self.omitted.take() {
            Some(before) => format!("{before}, {why}"),
            None => why,
        });
    }
}
