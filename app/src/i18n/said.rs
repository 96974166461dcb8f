//! What the server says about numbers, in the page's language. It says it in English, to logs, programs and a database
//! that all languages share, often with a provider's or the system's words inside. So its sentences are looked up here as
//! in a catalogue of gettext: each is known by its English. What is not here (a provider's own words) stays as it is.

use super::{Lang, fill};

/// English, Indonesian, Portuguese. Names in braces stand for what differs.
type Sentence = (&'static str, &'static str, &'static str);

/// A text of the server in the page's language.
pub(crate) fn said(text: &str, lang: Lang) -> String {
    if lang == Lang::En {
        return text.to_owned();
    }
    for (english, id, pt) in SENTENCES {
        if let Some(values) = values(english, text) {
            let ours = if lang == Lang::Id { id } else { pt };
            return fill(ours, &values);
        }
    }
    text.to_owned()
}

/// What stands in a text in place of the names of a sentence, if it is that sentence.
fn values<'a>(sentence: &'a str, text: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
    let mut pieces = sentence.split('{');
    let mut rest = text.strip_prefix(pieces.next()?)?;
    let mut values = Vec::new();
    let mut pieces = pieces.peekable();
    while let Some(piece) = pieces.next() {
        let (name, literal) = piece.split_once('}')?;
        let at = match (literal, pieces.peek()) {
            ("", None) => rest.len(),
            // The last words end the text.
            (_, None) => rest.strip_suffix(literal)?.len(),
            _ => rest.find(literal)?,
        };
        values.push((name, &rest[..at]));
        rest = &rest[at + literal.len()..];
    }
    rest.is_empty().then_some(values)
}

static SENTENCES: &[Sentence] = &[
    // A connection that does not work (`balas_providers::CheckError`).
    (
        "The address {url} cannot be reached ({detail}). Check the server's internet connection, its proxy and its DNS, then try again.",
        "Alamat {url} tidak dapat dijangkau ({detail}). Periksa koneksi internet server, proksi dan DNS-nya, lalu coba lagi.",
        "O endereço {url} não responde ({detail}). Verifique a conexão do servidor com a internet, o proxy e o DNS e tente de novo.",
    ),
    (
        "The address {url} cannot be reached ({detail}). Check that it is running, that the address and the port are right, and that this server may connect to it.",
        "Alamat {url} tidak dapat dijangkau ({detail}). Pastikan layanannya berjalan, alamat dan port-nya benar, dan server ini boleh terhubung ke sana.",
        "O endereço {url} não responde ({detail}). Verifique se está em execução, se o endereço e a porta estão certos e se este servidor pode se conectar a ele.",
    ),
    (
        "The address {url} cannot be reached ({detail}). That is this server's own bridge; it is started again by itself.",
        "Alamat {url} tidak dapat dijangkau ({detail}). Itu bridge milik server ini; ia dijalankan lagi dengan sendirinya.",
        "O endereço {url} não responde ({detail}). É a bridge deste servidor; ela é iniciada de novo sozinha.",
    ),
    (
        "Meta does not accept the access token. Copy it again; it must be complete and belong to a system user of the business that owns this number.",
        "Meta tidak menerima token akses. Salin lagi; token harus lengkap dan milik pengguna sistem dari bisnis yang memiliki nomor ini.",
        "A Meta não aceita o token de acesso. Copie-o de novo; ele precisa estar completo e pertencer a um usuário do sistema da empresa dona deste número.",
    ),
    (
        "The access token has expired. Make a permanent one: Meta Business Settings > Users > System users > Generate token.",
        "Token akses sudah kedaluwarsa. Buat yang permanen: Meta Business Settings > Users > System users > Generate token.",
        "O token de acesso expirou. Crie um permanente: Meta Business Settings > Users > System users > Generate token.",
    ),
    (
        "The access token may not do this. Generate it for a system user with both permissions whatsapp_business_messaging and whatsapp_business_management, and give that user access to the WhatsApp account.",
        "Token akses tidak berhak melakukan ini. Buat token untuk pengguna sistem dengan kedua izin whatsapp_business_messaging dan whatsapp_business_management, dan beri pengguna itu akses ke akun WhatsApp.",
        "O token de acesso não tem permissão para isso. Gere-o para um usuário do sistema com as permissões whatsapp_business_messaging e whatsapp_business_management e dê a esse usuário acesso à conta do WhatsApp.",
    ),
    (
        "The app secret does not belong to the app that made the access token. Copy it from App Dashboard > App settings > Basic > App secret of the same app.",
        "App secret bukan milik aplikasi yang membuat token akses. Salin dari App Dashboard > App settings > Basic > App secret pada aplikasi yang sama.",
        "O app secret não é do app que gerou o token de acesso. Copie-o de App Dashboard > App settings > Basic > App secret do mesmo app.",
    ),
    (
        "Meta knows no phone number with the id {id} that this token may use. Copy the “Phone number ID” (not the number itself) from WhatsApp > API Setup, and give the token's system user access to it.",
        "Meta tidak mengenal nomor dengan id {id} yang boleh dipakai token ini. Salin “Phone number ID” (bukan nomornya) dari WhatsApp > API Setup, dan beri pengguna sistem token itu akses ke sana.",
        "A Meta não conhece um número com o id {id} que este token possa usar. Copie o “Phone number ID” (não o número) de WhatsApp > API Setup e dê acesso a ele ao usuário do sistema do token.",
    ),
    (
        "Meta knows no WhatsApp business account with the id {id} that this token may use. Copy the “WhatsApp Business Account ID” from WhatsApp > API Setup.",
        "Meta tidak mengenal akun bisnis WhatsApp dengan id {id} yang boleh dipakai token ini. Salin “WhatsApp Business Account ID” dari WhatsApp > API Setup.",
        "A Meta não conhece uma conta empresarial do WhatsApp com o id {id} que este token possa usar. Copie o “WhatsApp Business Account ID” de WhatsApp > API Setup.",
    ),
    (
        "The number {number} does not belong to the WhatsApp business account {waba}, which has no number at all. Correct one of the two ids.",
        "Nomor {number} bukan milik akun bisnis WhatsApp {waba}, yang tidak punya nomor sama sekali. Perbaiki salah satu id.",
        "O número {number} não pertence à conta empresarial do WhatsApp {waba}, que não tem nenhum número. Corrija um dos dois ids.",
    ),
    (
        "The number {number} does not belong to the WhatsApp business account {waba}, which has only {found}. Correct one of the two ids.",
        "Nomor {number} bukan milik akun bisnis WhatsApp {waba}, yang hanya punya {found}. Perbaiki salah satu id.",
        "O número {number} não pertence à conta empresarial do WhatsApp {waba}, que só tem {found}. Corrija um dos dois ids.",
    ),
    (
        "Meta did not switch on deliveries for the business account {waba} ({detail}). Switch them on in App Dashboard > WhatsApp > Configuration, then test again.",
        "Meta tidak menyalakan pengiriman untuk akun bisnis {waba} ({detail}). Nyalakan di App Dashboard > WhatsApp > Configuration, lalu uji lagi.",
        "A Meta não ativou as entregas da conta empresarial {waba} ({detail}). Ative-as em App Dashboard > WhatsApp > Configuration e teste de novo.",
    ),
    (
        "No useful answer came just now ({detail}). Nothing is known to be wrong with the settings; try again in a minute.",
        "Barusan tidak ada jawaban yang berguna ({detail}). Pengaturannya tampaknya tidak salah; coba lagi dalam satu menit.",
        "Agora não veio nenhuma resposta útil ({detail}). Não parece haver nada errado com as configurações; tente de novo em um minuto.",
    ),
    (
        "No useful answer came just now ({detail}). Nothing is known to be wrong with the settings; try again in {n} minutes.",
        "Barusan tidak ada jawaban yang berguna ({detail}). Pengaturannya tampaknya tidak salah; coba lagi dalam {n} menit.",
        "Agora não veio nenhuma resposta útil ({detail}). Não parece haver nada errado com as configurações; tente de novo em {n} minutos.",
    ),
    (
        "No safe connection to {url} came about ({detail}). Give the gateway a certificate that this server trusts, or, if it stands on the same machine or in the same private network, write http:// instead of https://.",
        "Tidak ada koneksi aman ke {url} ({detail}). Beri gateway sertifikat yang dipercaya server ini, atau, jika gateway ada di mesin atau jaringan pribadi yang sama, tulis http:// alih-alih https://.",
        "Não houve conexão segura com {url} ({detail}). Dê ao gateway um certificado em que este servidor confie ou, se ele estiver na mesma máquina ou rede privada, escreva http:// em vez de https://.",
    ),
    (
        "What answers at {url} does not speak HTTP ({detail}). Check the port: the gateway's is 3000 unless it was changed.",
        "Yang menjawab di {url} tidak memakai HTTP ({detail}). Periksa port-nya: port gateway 3000 kecuali sudah diubah.",
        "O que responde em {url} não fala HTTP ({detail}). Verifique a porta: a do gateway é 3000, se não foi alterada.",
    ),
    (
        "{url} answers, but not like a GOWA gateway ({detail}). Enter the address of its REST API, with the path if it has one (APP_BASE_PATH), and check that no login page or proxy stands in between.",
        "{url} menjawab, tetapi tidak seperti gateway GOWA ({detail}). Masukkan alamat REST API-nya, dengan path jika ada (APP_BASE_PATH), dan pastikan tidak ada halaman masuk atau proksi di antaranya.",
        "{url} responde, mas não como um gateway GOWA ({detail}). Informe o endereço da API REST, com o caminho se houver (APP_BASE_PATH), e verifique se não há página de login ou proxy no meio.",
    ),
    (
        "{url} leads on to another address, {to}, where the password must not be sent. If that is the gateway, enter it instead.",
        "{url} mengarah ke alamat lain, {to}, dan kata sandi tidak boleh dikirim ke sana. Jika itu gateway-nya, masukkan alamat itu.",
        "{url} leva a outro endereço, {to}, para onde a senha não pode ser enviada. Se esse for o gateway, informe-o.",
    ),
    (
        "The gateway does not accept this user and password. Enter one of the pairs of its setting APP_BASIC_AUTH.",
        "Gateway tidak menerima pengguna dan kata sandi ini. Masukkan salah satu pasangan dari pengaturan APP_BASIC_AUTH-nya.",
        "O gateway não aceita este usuário e senha. Informe um dos pares da configuração APP_BASIC_AUTH.",
    ),
    (
        "The gateway works, but no phone is linked to it. Link one: scan the QR code with WhatsApp > Linked devices, or enter a pairing code there.",
        "Gateway berfungsi, tetapi belum ada ponsel yang tertaut. Tautkan: pindai kode QR dengan WhatsApp > Perangkat tertaut, atau masukkan kode pemasangan di sana.",
        "O gateway funciona, mas nenhum telefone está vinculado. Vincule um: leia o código QR em WhatsApp > Aparelhos conectados ou digite lá um código de pareamento.",
    ),
    (
        "The gateway is linked to the phone but has no connection to WhatsApp just now. It reconnects by itself; if this lasts, choose “Reconnect” or restart the gateway.",
        "Gateway tertaut ke ponsel tetapi sedang tidak terhubung ke WhatsApp. Ia menyambung lagi dengan sendirinya; jika lama, pilih “Hubungkan ulang” atau jalankan ulang gateway.",
        "O gateway está vinculado ao telefone, mas sem conexão com o WhatsApp no momento. Ele se reconecta sozinho; se demorar, escolha “Reconectar” ou reinicie o gateway.",
    ),
    (
        "A phone is linked already. Log it out first to link another one.",
        "Sudah ada ponsel yang tertaut. Keluarkan dulu untuk menautkan yang lain.",
        "Já há um telefone vinculado. Desconecte-o antes de vincular outro.",
    ),
    (
        "The gateway has no device “{device}”. It was deleted there, or its name was wrong: make it again there under this name, or delete this number and connect it anew.",
        "Gateway tidak punya perangkat “{device}”. Perangkat itu dihapus di sana, atau namanya salah: buat lagi di sana dengan nama ini, atau hapus nomor ini dan hubungkan lagi.",
        "O gateway não tem o dispositivo “{device}”. Ele foi excluído lá ou o nome estava errado: crie-o de novo lá com este nome ou exclua este número e conecte-o outra vez.",
    ),
    (
        "The gateway serves several numbers. Say which device this account is{found}.",
        "Gateway melayani beberapa nomor. Sebutkan perangkat mana akun ini{found}.",
        "O gateway atende vários números. Diga qual dispositivo é esta conta{found}.",
    ),
    (
        "The gateway is linked to {found}, not to {expected}. Log it out there and link the right phone, or connect {again} as a number of its own.",
        "Gateway tertaut ke {found}, bukan ke {expected}. Keluarkan di sana dan tautkan ponsel yang benar, atau hubungkan {again} sebagai nomor tersendiri.",
        "O gateway está vinculado a {found}, não a {expected}. Desconecte-o lá e vincule o telefone certo ou conecte {again} como um número próprio.",
    ),
    (
        "The gateway now speaks like {found}, but the account was set up for {expected}. Save its address again on the number's page: Balas then looks anew which version it is.",
        "Gateway kini berbicara seperti {found}, padahal akun ini disiapkan untuk {expected}. Simpan lagi alamatnya di halaman nomor: Balas lalu memeriksa versinya.",
        "O gateway agora fala como {found}, mas a conta foi configurada para {expected}. Salve o endereço de novo na página do número: o Balas verifica então qual é a versão.",
    ),
    // The life of a number (`balas_engine::accounts`).
    (
        "Nobody has scanned the QR code. Start the account again when the phone is at hand: WhatsApp > Linked devices > Link a device.",
        "Belum ada yang memindai kode QR. Jalankan lagi saat ponselnya ada: WhatsApp > Perangkat tertaut > Tautkan perangkat.",
        "Ninguém leu o código QR. Inicie a conta de novo com o telefone à mão: WhatsApp > Aparelhos conectados > Conectar um aparelho.",
    ),
    (
        "This number's device was deleted at the gateway. It was made again; link the phone with a new code.",
        "Perangkat nomor ini dihapus di gateway. Perangkatnya sudah dibuat lagi; tautkan ponsel dengan kode baru.",
        "O dispositivo deste número foi excluído no gateway. Ele foi criado de novo; vincule o telefone com um novo código.",
    ),
    (
        "The phone has ended the link. Start the account again and link it with a new code.",
        "Ponsel telah mengakhiri tautan. Jalankan lagi akun ini dan tautkan dengan kode baru.",
        "O telefone encerrou o vínculo. Inicie a conta de novo e vincule-a com um novo código.",
    ),
    (
        "Messages come in, but the gateway's deliveries do not arrive here: they are fetched every few minutes instead. Check that the gateway can reach this server's address, and that the webhook's address and secret are right there.",
        "Pesan masuk, tetapi kiriman gateway tidak sampai ke sini: pesan diambil setiap beberapa menit sebagai gantinya. Pastikan gateway dapat menjangkau alamat server ini, dan alamat serta rahasia webhook di sana benar.",
        "As mensagens chegam, mas as entregas do gateway não: elas são buscadas a cada poucos minutos. Verifique se o gateway alcança o endereço deste servidor e se o endereço e o segredo do webhook estão certos lá.",
    ),
    (
        "Meta delivers nothing here: no app is subscribed to the business account, and it cannot be subscribed with this token. Give the token's system user the permission whatsapp_business_management, or subscribe the app in Meta's App Dashboard > WhatsApp > Configuration.",
        "Meta tidak mengirim apa pun ke sini: tidak ada aplikasi yang berlangganan akun bisnis, dan dengan token ini tidak bisa. Beri pengguna sistem token izin whatsapp_business_management, atau langgankan aplikasinya di App Dashboard > WhatsApp > Configuration milik Meta.",
        "A Meta não entrega nada aqui: nenhum app está inscrito na conta empresarial, e com este token não é possível inscrevê-lo. Dê ao usuário do sistema do token a permissão whatsapp_business_management ou inscreva o app no App Dashboard > WhatsApp > Configuration da Meta.",
    ),
    ("It is not connected.", "Nomor ini tidak terhubung.", "Não está conectado."),
    (
        "{n} messages in a row could not be sent. The last one said: {text}",
        "{n} pesan berturut-turut tidak dapat dikirim. Yang terakhir menyebut: {text}",
        "{n} mensagens seguidas não puderam ser enviadas. A última disse: {text}",
    ),
    (
        "The bridge, which runs WhatsApp Web, has ended by itself ({why}) and was started again. If that happens often, look at the server's log and at its memory.",
        "Bridge, yang menjalankan WhatsApp Web, berhenti sendiri ({why}) dan dijalankan lagi. Jika sering terjadi, periksa log server dan memorinya.",
        "A bridge, que executa o WhatsApp Web, encerrou sozinha ({why}) e foi iniciada de novo. Se isso acontecer muito, veja o log do servidor e a memória.",
    ),
    // Numbers on the bridge.
    (
        "WhatsApp has blocked this number. Open WhatsApp on its phone: it says why, and how to ask for a review. When that is settled, start the number again.",
        "WhatsApp memblokir nomor ini. Buka WhatsApp di ponselnya: di sana tertulis sebabnya dan cara meminta peninjauan. Setelah selesai, jalankan lagi nomor ini.",
        "O WhatsApp bloqueou este número. Abra o WhatsApp no telefone: lá está o motivo e como pedir uma revisão. Quando isso se resolver, inicie o número de novo.",
    ),
    (
        "The bridge, which runs WhatsApp Web, is being started.",
        "Bridge, yang menjalankan WhatsApp Web, sedang dimulai.",
        "A bridge, que executa o WhatsApp Web, está sendo iniciada.",
    ),
    (
        "The bridge, which runs WhatsApp Web, has ended ({why}). It starts again by itself.",
        "Bridge, yang menjalankan WhatsApp Web, berhenti ({why}). Ia mulai lagi dengan sendirinya.",
        "A bridge, que executa o WhatsApp Web, encerrou ({why}). Ela reinicia sozinha.",
    ),
    ("The browser starts anew.", "Peramban dimulai ulang.", "O navegador está reiniciando."),
    (
        "Messages come in, but the bridge cannot deliver them here ({problem}). They wait on its disk; it tries again by itself.",
        "Pesan masuk, tetapi bridge tidak dapat mengirimnya ke sini ({problem}). Pesan menunggu di disknya; ia mencoba lagi dengan sendirinya.",
        "As mensagens chegam, mas a bridge não consegue entregá-las aqui ({problem}). Elas esperam no disco dela; ela tenta de novo sozinha.",
    ),
    (
        "{number} is connected in another account already, and a number can only be connected once. Log out here, and link another phone.",
        "{number} sudah terhubung di akun lain, dan satu nomor hanya bisa dihubungkan sekali. Keluar di sini, lalu tautkan ponsel lain.",
        "{number} já está conectado em outra conta, e um número só pode ser conectado uma vez. Desconecte aqui e vincule outro telefone.",
    ),
    (
        "{number} is connected in another workspace already, and a number can only be connected once. Log out here, and link another phone.",
        "{number} sudah terhubung di ruang kerja lain, dan satu nomor hanya bisa dihubungkan sekali. Keluar di sini, lalu tautkan ponsel lain.",
        "{number} já está conectado em outro espaço de trabalho, e um número só pode ser conectado uma vez. Desconecte aqui e vincule outro telefone.",
    ),
    (
        "The bridge, which runs WhatsApp Web, is not in {folder}. Copy the folder “bridge” of Balas there, or name where it is with --bridge.",
        "Bridge, yang menjalankan WhatsApp Web, tidak ada di {folder}. Salin folder “bridge” dari Balas ke sana, atau sebutkan tempatnya dengan --bridge.",
        "A bridge, que executa o WhatsApp Web, não está em {folder}. Copie a pasta “bridge” do Balas para lá ou diga onde está com --bridge.",
    ),
    (
        "The bridge's packages are not installed. Run `npm ci --omit=dev` in {folder}, then start the account again.",
        "Paket bridge belum terpasang. Jalankan `npm ci --omit=dev` di {folder}, lalu jalankan lagi akunnya.",
        "Os pacotes da bridge não estão instalados. Execute `npm ci --omit=dev` em {folder} e inicie a conta de novo.",
    ),
    (
        "There is no browser at {path}. Correct --chromium, or leave it out to use the system's Chromium.",
        "Tidak ada peramban di {path}. Perbaiki --chromium, atau hilangkan untuk memakai Chromium sistem.",
        "Não há navegador em {path}. Corrija --chromium ou deixe-o de fora para usar o Chromium do sistema.",
    ),
    (
        "Chromium is not installed. Install it (Debian and Ubuntu: apt install chromium), or name another browser with --chromium, then start the account again.",
        "Chromium belum terpasang. Pasang (Debian dan Ubuntu: apt install chromium), atau sebutkan peramban lain dengan --chromium, lalu jalankan lagi akunnya.",
        "O Chromium não está instalado. Instale-o (Debian e Ubuntu: apt install chromium) ou indique outro navegador com --chromium e inicie a conta de novo.",
    ),
    (
        "Node.js cannot be started as {node} ({error}). Install Node.js {version} or newer, or name it with --node, then start the account again.",
        "Node.js tidak dapat dijalankan sebagai {node} ({error}). Pasang Node.js {version} atau lebih baru, atau sebutkan dengan --node, lalu jalankan lagi akunnya.",
        "O Node.js não pode ser iniciado como {node} ({error}). Instale o Node.js {version} ou mais novo ou indique-o com --node e inicie a conta de novo.",
    ),
];

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    #[test]
    fn a_sentence_is_known_with_what_stands_in_it() {
        let text = "No safe connection to https://x.test:1 came about (invalid (peer) certificate). Give the gateway a \
                    certificate that this server trusts, or, if it stands on the same machine or in the same private \
                    network, write http:// instead of https://.";
        let ours = said(text, Lang::Pt);
        assert!(
            ours.starts_with(
                "Não houve conexão segura com https://x.test:1 (invalid (peer) certificate). Dê"
            ),
            "{ours}"
        );
        assert_eq!(said(text, Lang::En), text);
        assert_eq!(said("(#131000) Something went wrong", Lang::Id), "(#131000) Something went wrong");
        assert_eq!(said("It is not connected. And more", Lang::Id), "It is not connected. And more");
        assert_eq!(
            said("5 messages in a row could not be sent. The last one said: No.", Lang::Id),
            "5 pesan berturut-turut tidak dapat dikirim. Yang terakhir menyebut: No."
        );
    }

    #[test]
    fn every_sentence_has_the_same_values_in_each_language() {
        let names = |sentence: &str| {
            let mut names: Vec<String> = sentence
                .split('{')
                .skip(1)
                .filter_map(|piece| Some(piece.split_once('}')?.0.to_owned()))
                .collect();
            names.sort();
            names
        };
        for (english, id, pt) in SENTENCES {
            assert_eq!((names(english), names(english)), (names(id), names(pt)), "{english}");
            assert!(values(english, english).is_some(), "{english}");
        }
    }

    /// The server's sentences change where they are written; whoever does that hears of it here.
    #[test]
    fn the_server_still_says_so() {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
        let mut source = String::new();
        for room in ["providers/src", "engine/src/accounts", "engine/src/alerts", "engine/src/bridge"] {
            read(&crates.join(room), &mut source);
        }
        // As the compiler joins lines.
        let joined: String = source
            .split("\\\n")
            .enumerate()
            .map(|(n, line)| if n == 0 { line } else { line.trim_start() })
            .collect();
        let joined = joined.replace("\\\"", "\"");
        for (english, ..) in SENTENCES {
            for piece in english.split('{').flat_map(|piece| piece.rsplit('}').take(1)) {
                for words in piece.split(". ").map(|words| words.trim_matches(['.', ' '])) {
                    // Some pieces are put into a sentence.
                    let known =
                        ["another account", "another workspace", "which has ", "in "].iter().any(|put| {
                            words.split(put).all(|words| joined.contains(words.trim_end_matches(" only")))
                        });
                    assert!(known, "the server does not say “{words}” any more: {english}");
                }
            }
        }
    }

    fn read(folder: &Path, into: &mut String) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, into);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                into.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
}
