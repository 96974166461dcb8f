//! How the items of a list are rendered, hydrated and kept in order.

use std::collections::HashMap;

use leptos::{
    attr::{Attribute, any_attribute::AnyAttribute},
    prelude::*,
    reactive::owner::Owner,
    tachys::{
        hydration::Cursor,
        reactive_graph::{OwnedView, OwnedViewState},
        renderer::{CastFrom, Rndr, types},
        ssr::StreamBuilder,
        view::{Mountable, Position, PositionState, Render, add_attr::AddAnyAttr},
    },
};

use super::stay::stays;
use crate::browser::dom;

pub(super) struct Item {
    pub(super) key: u64,
    pub(super) view: Box<dyn FnOnce() -> AnyView + Send>,
}

impl Item {
    /// Its view, with what belongs to it.
    fn make(self, parent: &Owner) -> View {
        let owner = parent.with(Owner::new);
        OwnedView::new_with_owner(owner.with(self.view), owner)
    }
}

type View = OwnedView<AnyView>;
type State = OwnedViewState<<AnyView as Render>::State>;

/// The items as they shall stand.
pub(super) struct Rows {
    pub(super) items: Vec<Item>,
    /// What belongs to an item belongs to this.
    pub(super) owner: Owner,
}

impl Rows {
    /// All of them anew. They are made before any is rendered or hydrated, so that server and browser number what is in
    /// them alike.
    fn make(self) -> Vec<(u64, View)> {
        let Self { items, owner } = self;
        items.into_iter().map(|item| (item.key, item.make(&owner))).collect()
    }
}

/// The items as they stand.
pub(super) struct Standing {
    parent: Option<types::Element>,
    rows: Vec<(u64, State)>,
    /// Stands behind the last one.
    end: types::Placeholder,
}

impl Render for Rows {
    type State = Standing;

    fn build(self) -> Standing {
        let rows = self.make().into_iter().map(|(key, view)| (key, view.build())).collect();
        Standing { parent: None, rows, end: Rndr::create_placeholder() }
    }

    fn rebuild(self, standing: &mut Standing) {
        let Self { items, owner } = self;
        let was = std::mem::take(&mut standing.rows).into_iter().enumerate();
        let mut was: HashMap<u64, (usize, State)> =
            was.map(|(at, (key, state))| (key, (at, state))).collect();
        let kept: Vec<_> = items.iter().map(|item| was.remove(&item.key)).collect();
        for (_, (_, mut gone)) in was {
            gone.unmount();
        }
        let before: Vec<usize> = kept.iter().flatten().map(|(at, _)| *at).collect();
        let mut stays = stays(&before).into_iter();
        let mut rows = Vec::with_capacity(items.len());
        let mut placed = Vec::with_capacity(items.len());
        for (item, kept) in items.into_iter().zip(kept) {
            placed.push(kept.is_some() && stays.next().unwrap_or(false));
            let key = item.key;
            let state = kept.map_or_else(|| item.make(&owner).build(), |(_, state)| state);
            rows.push((key, state));
        }
        standing.rows = rows;
        if let Some(parent) = standing.parent.clone() {
            dom::keeping_focus(|| standing.place(&parent, &placed));
        }
    }
}

impl Standing {
    /// Puts what does not stand in its place there, from the last one on.
    fn place(&mut self, parent: &types::Element, placed: &[bool]) {
        for at in (0..self.rows.len()).rev().filter(|at| !placed[*at]) {
            let (head, tail) = self.rows.split_at_mut(at + 1);
            let Some((_, row)) = head.last_mut() else { continue };
            match tail.first() {
                Some((_, next)) => next.insert_before_this_or_marker(parent, row, Some(self.end.as_ref())),
                None => row.mount(parent, Some(self.end.as_ref())),
            }
        }
    }
}

impl Mountable for Standing {
    fn unmount(&mut self) {
        for (_, row) in &mut self.rows {
            row.unmount();
        }
        self.end.unmount();
    }

    fn mount(&mut self, parent: &types::Element, marker: Option<&types::Node>) {
        self.parent = Some(parent.clone());
        for (_, row) in &mut self.rows {
            row.mount(parent, marker);
        }
        self.end.mount(parent, marker);
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        match self.rows.first() {
            Some((_, row)) => row.insert_before_this(child),
            None => self.end.insert_before_this(child),
        }
    }

    fn elements(&self) -> Vec<types::Element> {
        self.rows.iter().flat_map(|(_, row)| row.elements()).collect()
    }
}

/// A list is no element: what attributes it is given, nobody has.
impl AddAnyAttr for Rows {
    type Output<SomeNewAttr: Attribute> = Self;

    fn add_any_attr<NewAttr: Attribute>(self, _: NewAttr) -> Self {
        self
    }
}

impl RenderHtml for Rows {
    // No item of a list waits for anything: what it shows was there before the list was.
    type AsyncOutput = Self;
    type Owned = Self;

    const MIN_LENGTH: usize = 0;

    fn dry_resolve(&mut self) {}

    async fn resolve(self) -> Self {
        self
    }

    fn to_html_with_buf(
        self,
        buf: &mut String,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        extra_attrs: Vec<AnyAttribute>,
    ) {
        for (_, view) in self.make() {
            view.to_html_with_buf(buf, position, escape, mark_branches, extra_attrs.clone());
            *position = Position::NextChild;
        }
        buf.push_str(END);
    }

    fn to_html_async_with_buf<const OUT_OF_ORDER: bool>(
        self,
        buf: &mut StreamBuilder,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        extra_attrs: Vec<AnyAttribute>,
    ) {
        for (_, view) in self.make() {
            let attrs = extra_attrs.clone();
            view.to_html_async_with_buf::<OUT_OF_ORDER>(buf, position, escape, mark_branches, attrs);
            *position = Position::NextChild;
        }
        buf.push_sync(END);
    }

    #[expect(clippy::expect_used, reason = "a list that was rendered stands in an element")]
    fn hydrate<const FROM_SERVER: bool>(self, cursor: &Cursor, position: &PositionState) -> Standing {
        let current = cursor.current();
        let parent = match position.get() {
            Position::FirstChild => Some(current),
            _ => Rndr::get_parent(&current),
        };
        let parent = parent.and_then(types::Element::cast_from).expect("a list stands in an element");
        let views = self.make().into_iter();
        let rows = views.map(|(key, view)| (key, view.hydrate::<FROM_SERVER>(cursor, position))).collect();
        let end = cursor.next_placeholder(position);
        position.set(Position::NextChild);
        Standing { parent: Some(parent), rows, end }
    }

    fn into_owned(self) -> Self {
        self
    }
}

/// What the placeholder behind the last item is in HTML.
const END: &str = "<!>";
