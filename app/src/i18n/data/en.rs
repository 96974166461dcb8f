//! A conversation's data, in English.

use super::DataWords;

pub(super) static WORDS: DataWords = DataWords {
    export: "Export conversation",
    export_lead: "All messages in one file. It stands in the security log that you took it.",
    form: "As what",
    whatsapp: "WhatsApp's format",
    whatsapp_text: "A ZIP archive with the chat as text and all files, as the phone exports it.",
    html: "Page",
    html_text: "To be read and printed.",
    json: "Data",
    json_text: "JSON, for programs: with changes, reactions and ticks.",
    notes: "With notes and what the team did, which the customer never saw",
    download: "Download",
    clear: "Clear conversation",
    clear_title: "Clear this conversation?",
    clear_text: "All messages, notes and files in it are deleted here, for the whole team, and cannot be brought back. What waits to be sent is not sent.",
    clear_kept: "The conversation itself stays, empty. Phones keep what they have; it does not come back from there.",
    clear_yes: "Clear for everyone here",
    cleared: "The conversation is empty now.",
};
