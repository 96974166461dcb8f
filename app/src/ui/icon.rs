//! The icons: drawn for a grid of 24, lines of 1.75, no fill.

use leptos::prelude::*;

/// An icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(not(debug_assertions), expect(dead_code, reason = "some are seen on the kit's page only"))]
pub(crate) enum Icon {
    Accounts,
    Alert,
    Attach,
    Audio,
    Back,
    Check,
    CheckDouble,
    Clock,
    Close,
    Contact,
    Contacts,
    Copy,
    Deleted,
    Document,
    Down,
    Download,
    Edit,
    Emoji,
    Eye,
    EyeOff,
    Help,
    Image,
    Inbox,
    Info,
    Kit,
    Link,
    Location,
    Members,
    Mic,
    More,
    Note,
    Panel,
    Pause,
    Phone,
    Play,
    Plus,
    Poll,
    Question,
    Reply,
    Retry,
    Search,
    Send,
    Settings,
    SignOut,
    Sticker,
    Stop,
    Tag,
    Trash,
    Unsupported,
    Video,
    WifiOff,
}

impl Icon {
    /// Every icon, for the kit's page.
    #[cfg(debug_assertions)]
    pub(crate) const ALL: [Self; 51] = [
        Self::Accounts,
        Self::Alert,
        Self::Attach,
        Self::Audio,
        Self::Back,
        Self::Check,
        Self::CheckDouble,
        Self::Clock,
        Self::Close,
        Self::Contact,
        Self::Contacts,
        Self::Copy,
        Self::Deleted,
        Self::Document,
        Self::Down,
        Self::Download,
        Self::Edit,
        Self::Emoji,
        Self::Eye,
        Self::EyeOff,
        Self::Help,
        Self::Image,
        Self::Inbox,
        Self::Info,
        Self::Kit,
        Self::Link,
        Self::Location,
        Self::Members,
        Self::Mic,
        Self::More,
        Self::Note,
        Self::Panel,
        Self::Pause,
        Self::Phone,
        Self::Play,
        Self::Plus,
        Self::Poll,
        Self::Question,
        Self::Reply,
        Self::Retry,
        Self::Search,
        Self::Send,
        Self::Settings,
        Self::SignOut,
        Self::Sticker,
        Self::Stop,
        Self::Tag,
        Self::Trash,
        Self::Unsupported,
        Self::Video,
        Self::WifiOff,
    ];

    const fn path(self) -> &'static str {
        match self {
            Self::Accounts => {
                "M7 2.75h10a1.5 1.5 0 0 1 1.5 1.5v15.5a1.5 1.5 0 0 1-1.5 1.5H7a1.5 1.5 0 0 1-1.5-1.5V4.25A1.5 1.5 0 0 1 7 2.75zM10.5 18.25h3"
            }
            Self::Alert => "M12 8.5v4.5M12 16.4v.1M12 3.5 2.8 19.25h18.4z",
            Self::Attach => {
                "m20 11.5-8 8a5 5 0 0 1-7.1-7.1l8.4-8.4a3.35 3.35 0 0 1 4.75 4.75l-8.2 8.2a1.7 1.7 0 0 1-2.4-2.4l7.3-7.3"
            }
            Self::Audio => {
                "M9 18V6l10-2v12M9 18a2.75 2.75 0 1 1-5.5 0A2.75 2.75 0 0 1 9 18zM19 16a2.75 2.75 0 1 1-5.5 0A2.75 2.75 0 0 1 19 16z"
            }
            Self::Back => "M19 12H5.5M11.5 5.5 5 12l6.5 6.5",
            Self::Check => "m5 12.75 4.5 4.5L19 7.5",
            Self::CheckDouble => "m2.5 12.75 4.5 4.5L16.5 7.5M11.5 15.75l1.6 1.5L22 7.5",
            Self::Clock => "M12 7v5.25l3.25 2M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0z",
            Self::Close => "m6 6 12 12M18 6 6 18",
            Self::Contact => {
                "M4 5.5h16v13H4zM9.5 12a1.75 1.75 0 1 0 0-3.5 1.75 1.75 0 0 0 0 3.5zM6.75 15.75c.5-1.4 1.5-2.1 2.75-2.1s2.25.7 2.75 2.1M14.75 10h3M14.75 13.5h3"
            }
            Self::Contacts => {
                "M12 12.25a3.75 3.75 0 1 0 0-7.5 3.75 3.75 0 0 0 0 7.5zM4.75 20c.8-3.3 3.6-5 7.25-5s6.45 1.7 7.25 5"
            }
            Self::Copy => "M9 9h10.5v11.5H9zM15 9V3.5H4.5V15H9",
            Self::Deleted => "M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0zM5.75 5.75l12.5 12.5",
            Self::Document => "M14 3H6.5v18h11V6.5zM14 3v3.5h3.5M9.5 12h5M9.5 16h5",
            Self::Down => "M12 5v13.5M5.5 12.5 12 19l6.5-6.5",
            Self::Download => "M12 4v11M7 10.5l5 5 5-5M4.5 20h15",
            Self::Edit => "M4.5 19.5 5.75 14.75 16.25 4.25l3.5 3.5L9.25 18.25zM13.75 6.75l3.5 3.5",
            Self::Emoji => {
                "M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0zM8.25 14c.8 1.5 2.1 2.25 3.75 2.25s2.95-.75 3.75-2.25M9 9.4v.1M15 9.4v.1"
            }
            Self::Eye => {
                "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z"
            }
            Self::EyeOff => {
                "M4 4l16 16M9.9 5.7A9 9 0 0 1 12 5.5c6 0 9.5 6.5 9.5 6.5a17 17 0 0 1-3 3.7M6.2 7.6C3.8 9.3 2.5 12 2.5 12S6 18.5 12 18.5c1.6 0 3-.4 4.2-1.1M10 10a3 3 0 0 0 4.1 4.2"
            }
            Self::Help | Self::Question => {
                "M9.25 9a2.8 2.8 0 0 1 5.5.6c0 1.9-2.75 2.4-2.75 4.15M12 17.15v.1M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0z"
            }
            Self::Image => {
                "M3.5 5h17v14h-17zM8.5 11a1.75 1.75 0 1 0 0-3.5 1.75 1.75 0 0 0 0 3.5zM4 17.5l4.75-4.25 3 2.5L16 11.5l4.5 4.25"
            }
            Self::Inbox => "M3.5 13.5 6 5h12l2.5 8.5V19h-17zM3.5 13.5H9a3 3 0 0 0 6 0h5.5",
            Self::Info => "M12 11v5.5M12 7.6v.1M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0z",
            Self::Kit => "M4 4h7v7H4zM13.5 4H20v7h-6.5zM4 13.5h7V20H4zM13.5 13.5H20V20h-6.5z",
            Self::Link => {
                "M10 14a4 4 0 0 0 5.7 0l3.1-3.1a4 4 0 0 0-5.7-5.7l-1 1M14 10a4 4 0 0 0-5.7 0l-3.1 3.1a4 4 0 0 0 5.7 5.7l1-1"
            }
            Self::Location => {
                "M12 21.25S5 14.6 5 9.75a7 7 0 0 1 14 0c0 4.85-7 11.5-7 11.5zM12 12.25a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z"
            }
            Self::Members => {
                "M9 11.5a3.25 3.25 0 1 0 0-6.5 3.25 3.25 0 0 0 0 6.5zM2.75 19c.6-3 3-4.5 6.25-4.5s5.65 1.5 6.25 4.5M15.5 5.25a3.25 3.25 0 0 1 0 6M17.75 14.9c1.9.6 3.1 2 3.5 4.1"
            }
            Self::Mic => {
                "M12 14.5a3 3 0 0 0 3-3V6a3 3 0 0 0-6 0v5.5a3 3 0 0 0 3 3zM5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3"
            }
            Self::More => "M5.5 12v.1M12 12v.1M18.5 12v.1",
            Self::Note => "M5 4h14v10.5L13.5 20H5zM19 14.5h-5.5V20M8.5 8.5h7M8.5 12h4",
            Self::Panel => "M3.5 5h17v14h-17zM14.75 5v14",
            Self::Pause => "M8.5 5v14M15.5 5v14",
            Self::Phone => {
                "M5 4h4l1.75 4.5-2.4 1.6a11 11 0 0 0 5.55 5.55l1.6-2.4L20 15v4a1.5 1.5 0 0 1-1.6 1.5C10.4 20 4 13.6 3.5 5.6A1.5 1.5 0 0 1 5 4z"
            }
            Self::Play => "M8 5.25v13.5L19 12z",
            Self::Plus => "M12 5v14M5 12h14",
            Self::Poll => "M5 20v-7.5M12 20V4M19 20v-11",
            Self::Reply => "M9.5 6 4 11.5 9.5 17M4.5 11.5H14a6 6 0 0 1 6 6v1",
            Self::Retry => "M20 5v5h-5M19.5 10a8 8 0 1 0 .4 4",
            Self::Search => "M10.75 17a6.25 6.25 0 1 0 0-12.5 6.25 6.25 0 0 0 0 12.5zM15.5 15.5 20 20",
            Self::Send => "M4.5 12 3 4.5 21 12 3 19.5zM4.5 12H12",
            Self::Settings => {
                "M4 7h9.5M18.5 7H20M4 17h1.5M10.5 17H20M16 9.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM8 19.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z"
            }
            Self::SignOut => "M14 4.5H5.5v15H14M10 12h10.5M17 8.5l3.5 3.5-3.5 3.5",
            Self::Sticker => {
                "M20 13.5V5.5A1.5 1.5 0 0 0 18.5 4h-13A1.5 1.5 0 0 0 4 5.5v13A1.5 1.5 0 0 0 5.5 20h8zM20 13.5h-5a1.5 1.5 0 0 0-1.5 1.5v5"
            }
            Self::Stop => "M7.5 6.5h9a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1h-9a1 1 0 0 1-1-1v-9a1 1 0 0 1 1-1z",
            Self::Tag => "M4 4h7.75l8.25 8.25-7.75 7.75L4 11.75zM8.25 8.25v.1",
            Self::Trash => {
                "M4.5 6.75h15M9.5 6.75V4.5h5v2.25M6.25 6.75l.75 12.75h10l.75-12.75M10.25 10.5v5.5M13.75 10.5v5.5"
            }
            Self::Unsupported => "M4 4.5h16v15H4zM9.5 9.5l5 5M14.5 9.5l-5 5",
            Self::Video => "M3.5 6h12v12h-12zM15.5 10.5l5-3v9l-5-3",
            Self::WifiOff => {
                "M4 4l16 16M8.4 14.6a5 5 0 0 1 6.4-.5M5.2 11.3a9.5 9.5 0 0 1 4.3-2.4M13.5 8.6a9.6 9.6 0 0 1 5.3 2.7M2.3 8.2a14 14 0 0 1 3.6-2.4M10 4.6A14 14 0 0 1 21.7 8.2M12 18.4v.1"
            }
        }
    }
}

/// Draws an icon. It says nothing by itself: the words stand beside it, or in the label of its button.
pub(crate) fn icon(icon: Icon) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
            <path d=icon.path() />
        </svg>
    }
}
