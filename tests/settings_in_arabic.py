"""What docs/ar/settings.md says around its tables, and the catalogue that its tables are said by."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

CATALOGUE = Path(__file__).resolve().parents[1] / "templates" / "locale" / "ar" / "settings.po"

HEAD = """\
# الإعدادات

كل ما يُضبط في `newsletter.toml`، قسمًا قسمًا. تُصنع الجداول من مخطّط الإعدادات نفسه بالأمر `make docs`، ويفحص
اختبار أنها هي. والاسم بالخط العريض هو اسم الإعداد في المكتب: هناك يُضبط أكثرها بلا ملفات، في صفحة «الإعدادات».

يكتب `newsletter init` في `newsletter.toml` ما قيل له ولا يزيد. وفي آخر الصفحة الإنجليزية [ملف فيه كل
قسم](../en/settings.md#a-file-to-copy-from) لتنسخ منه. ويجوز أن يُضبط المفتاح الواحد في أربعة أماكن، وآخرها يغلب:

1. الملف `newsletter.toml`
2. ملف `secrets/<section>.<key>`، مثل `secrets/database.url` (يصلح لكلمات المرور: لا يأخذ git هذا المجلد)
3. الملف &lrm;`.env` بجانب `newsletter.toml`، هكذا: &lrm;`NASHRA_<SECTION>__<KEY>=…`
4. متغيّرات البيئة بالاسم نفسه: `NASHRA_SENDER__OUTBOX=/var/mail/nashra`

وما يُعطى للأمر خيارًا يغلبها كلها. وتُكتب القوائم خارج ملف TOML وبينها فواصل (`,`). والإعداد الخطأ يُقال لك أين هو،
وما وُجد فيه، وما المطلوب.

بجانب كل رقم حدّاه. والمفتاح الذي لا قيمة معتادة له فارغ: لا يحدث ما يصفه، أو يُختار كما يقول معناه.
"""

COLUMNS = "| المفتاح | ما يقبله | المعتاد | معناه |"

TAIL = """
## المفاتيح السرية

يصنع `newsletter init` الملف `secrets/keys.toml` مرة واحدة، ولا يقرؤه إلا صاحبه، ولا يأخذه git. به تُوقَّع روابط
الرسائل: احفظ نسخة منه، فبدونها لا تُفتح روابط ما أُرسل. ولتبديل مفتاح التوقيع أضف تحت &lrm;`[tokens]` سطرًا بالرقم
التالي؛ فالأكبر هو الذي يوقّع، وروابط الذي قبله ما زالت تُفتح. ولا تُبق أكثر من اثنين.

## والمزيد عن بعضها

- مظهر الرسائل بالصور: [theme.md](theme.md). وما يُحفظ عن القراء وإلى متى: [privacy.md](privacy.md).
- بالإنجليزية: ما يبقى إن انقطعت الكهرباء وما ثمن `fsync` &rlm;([operating.md](../en/operating.md))، وكم اتصالًا تقبل
  خوادم البريد ([smtp.md](../en/smtp.md#connections))، وكيف يجري كل شيء [بالبريد](../en/serving.md#without-a-server)
  بدون &lrm;`[web] url`، وما تفعله `rhythms` و`topics` و`schedule` معًا ([rhythms.md](../en/rhythms.md))، وقوالب لكم
  ([templates.md](../en/templates.md)).
"""

KINDS: Mapping[str, str] = {
    "either": " أو ",
    "among": " أو ",
    "comma": "، ",
    "whole_number": "عدد صحيح",
    "number": "عدد",
    "between": " من {least} إلى {most}",
    "at_least": "{n} على الأقل",
    "at_most": "{n} على الأكثر",
    "list_of": "قائمة من: {kind}",
    "table": "جدول: اسم = {kind}",
    "text": "نص",
    "required": "(لا بد منه)",
}
"""How the Arabic page says what a setting may be."""

_CODE = re.compile(r"`[^`]+`")
_NEAR = 12
"""Letters before a name that does not stand at the very beginning, and is still seen there."""
_LEFT_MARK, _RIGHT_MARK = "&lrm;", "&rlm;"


def catalogue() -> dict[str, str]:
    """Every text of the Arabic catalogue of settings by its English."""
    from babel.messages.pofile import read_po

    with CATALOGUE.open("rb") as file:
        return {str(one.id): str(one.string) for one in read_po(file) if one.id}


def meaning(section: str, key: str, words: str, said: Mapping[str, str]) -> str:
    """What a setting means, with the name that the desk gives it in bold: within the words, or before them.

    Args:
        section: As the schema has it.
        key: Likewise.
        words: The meaning in Arabic.
        said: The catalogue.
    """
    label = said.get(f"{section}.{key}", "")
    if not label:
        return words
    found = re.search(rf"(?<!\w){re.escape(label)}(?!\w)", words)
    if found is None or found.start() > _NEAR:
        return f"**{label}**: {words}"
    return f"{words[: found.start()]}**{label}**{words[found.end() :]}"


def isolated(words: str) -> str:
    """Words in which code that begins or ends with a sign keeps it on its side.

    Args:
        words: In Arabic, with code in it.
    """

    def marked(found: re.Match[str]) -> str:
        code = found[0]
        before = _LEFT_MARK if not code[1].isalnum() else ""
        after = _LEFT_MARK if not code[-2].isalnum() else ""
        return f"{before}{code}{after}"

    # A bracket behind Latin letters belongs to the Arabic around it.
    return re.sub(r"(?<=`)(?= \()", _RIGHT_MARK, _CODE.sub(marked, words))
