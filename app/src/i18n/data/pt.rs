//! A conversation's data, in Brazilian Portuguese.

use super::DataWords;

pub(super) static WORDS: DataWords = DataWords {
    export: "Exportar conversa",
    export_lead: "Todas as mensagens em um arquivo. O registro de segurança guarda que você o levou.",
    form: "Em que forma",
    whatsapp: "Formato do WhatsApp",
    whatsapp_text: "Um arquivo ZIP com a conversa em texto e todos os arquivos, como o celular exporta.",
    html: "Página",
    html_text: "Para ler e imprimir.",
    json: "Dados",
    json_text: "JSON, para programas: com edições, reações e confirmações.",
    notes: "Com notas e o que a equipe fez, que o cliente nunca viu",
    download: "Baixar",
    clear: "Limpar conversa",
    clear_title: "Limpar esta conversa?",
    clear_text: "Todas as mensagens, notas e arquivos são apagados aqui, para toda a equipe, e não podem ser recuperados. O que espera para ser enviado não é enviado.",
    clear_kept: "A conversa em si continua, vazia. Os celulares ficam com o que têm; de lá nada volta.",
    clear_yes: "Limpar para todos aqui",
    cleared: "A conversa está vazia agora.",
};
