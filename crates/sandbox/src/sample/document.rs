//! An invoice on one page, as PDF.

use std::fmt::Write as _;

/// What the page says, from the top: size, and text.
const LINES: [(u32, &str); 10] = [
    (22, "Toko Melati"),
    (10, "Jl. Malioboro 12, Yogyakarta"),
    (16, "Invoice TM-2061"),
    (11, "2 x Kawung cushion cover, 45 x 45 cm"),
    (11, "1 x Table runner, hand-drawn, 180 cm"),
    (11, "Shipping"),
    (13, "Total: Rp 742.000"),
    (11, "Paid by bank transfer. Thank you!"),
    (9, "This invoice was made by the sandbox of Balas and means nothing."),
    (9, "Page 1 of 1"),
];

/// The file in two parts; between them any number of spaces may stand.
pub(super) fn pdf() -> (Vec<u8>, Vec<u8>) {
    let mut page = String::from("BT 60 780 Td");
    for (size, line) in LINES {
        // Writing into a string cannot fail.
        let _ = write!(page, " /F1 {size} Tf ({line}) Tj 0 -{} Td", size * 2);
    }
    page.push_str(" ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
         /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{page}\nendstream", page.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut head = String::from("%PDF-1.4\n");
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (index, object) in objects.iter().enumerate() {
        let _ = writeln!(table, "{:010} 00000 n ", head.len());
        let _ = write!(head, "{} 0 obj\n{object}\nendobj\n", index + 1);
    }
    let begin = head.len();
    head.push_str(&table);
    // The spaces become a comment behind everything that is found by its place.
    let _ = write!(head, "trailer\n<< /Size {} /Root 1 0 R >>\n%", objects.len() + 1);
    (head.into_bytes(), format!("\nstartxref\n{begin}\n%%EOF\n").into_bytes())
}
