//! A conversation's data, in Indonesian.

use super::DataWords;

pub(super) static WORDS: DataWords = DataWords {
    export: "Ekspor percakapan",
    export_lead: "Semua pesan dalam satu berkas. Log keamanan mencatat bahwa Anda mengambilnya.",
    form: "Sebagai apa",
    whatsapp: "Format WhatsApp",
    whatsapp_text: "Arsip ZIP berisi obrolan sebagai teks dan semua berkas, seperti ekspor dari ponsel.",
    html: "Halaman",
    html_text: "Untuk dibaca dan dicetak.",
    json: "Data",
    json_text: "JSON, untuk program: dengan perubahan, reaksi, dan centang.",
    notes: "Dengan catatan dan apa yang dilakukan tim, yang tidak pernah dilihat pelanggan",
    download: "Unduh",
    clear: "Kosongkan percakapan",
    clear_title: "Kosongkan percakapan ini?",
    clear_text: "Semua pesan, catatan, dan berkas di dalamnya dihapus di sini untuk seluruh tim dan tidak dapat dikembalikan. Yang menunggu dikirim tidak akan dikirim.",
    clear_kept: "Percakapannya sendiri tetap ada, kosong. Ponsel menyimpan yang dimilikinya; itu tidak akan kembali dari sana.",
    clear_yes: "Kosongkan untuk semua di sini",
    cleared: "Percakapan kini kosong.",
};
