"""What a clause does to a keyword in it: denies it, asks about it, puts it in the past, or says it of somebody else."""

import re
from dataclasses import dataclass

_BREAKS = re.compile(r"[，,。．.！!？?；;、~～\n]|(?<=[\u4e00-\u9fff])\s+(?=[\u4e00-\u9fff])|但是|不过|可是|而是|然后")
_DENIAL = re.compile(r"(不是|并非|没有|没|不算|不太|不会|不|无|非|别|不要|不想|不用|不需要|不爱|不喜欢|才不|又不)$")
_DENIAL_REACH = 4
_FALSE_DENIAL = re.compile(
    r"是不是|要不要|有没有|会不会|能不能|可不可以|不止|不仅|不只|不光|不得不|差不多|不过|不知道|不错"
)
_PAST = re.compile(r"以前|之前|从前|曾经|原来|小时候|那会儿|那时候|去年|前年|当年|上学时")
_PAST_OVER = re.compile(r"现在|已经|如今|早就|后来|好了|不了|没了")
_SUPPOSED = re.compile(r"如果|要是|假如|万一|假设|倘若|的话")
_DEFINITION = re.compile(r"什么是|是什么|啥是|是啥|什么叫|怎么判断|怎么区分|区别|啥意思|什么意思|哪些人")
_SPAM = re.compile(
    r"点击?链接|免审|额度\d|加微信|加v|兼职|刷单|贷款|【[^】]{0,8}贷】|中奖|高价回收"
    r"|忽略(以上|之前|前面)|系统提示|system ?(prompt|:)|ignore (all|previous)"
)

_KIN = {
    "妈": "妈妈",
    "妈妈": "妈妈",
    "母亲": "妈妈",
    "爸": "爸爸",
    "爸爸": "爸爸",
    "老公": "老公",
    "孩子她爸": "老公",
    "孩子他爸": "老公",
    "老婆": "老婆",
    "媳妇": "老婆",
    "男朋友": "男友",
    "男友": "男友",
    "对象": "对象",
    "女朋友": "女友",
    "女友": "女友",
    "女儿": "孩子",
    "闺女": "孩子",
    "儿子": "孩子",
    "孩子": "孩子",
    "宝宝": "孩子",
    "娃": "孩子",
    "姐": "姐妹",
    "姐姐": "姐妹",
    "妹": "姐妹",
    "妹妹": "姐妹",
    "表妹": "姐妹",
    "表姐": "姐妹",
    "哥": "兄弟",
    "弟弟": "兄弟",
    "闺蜜": "闺蜜",
    "朋友": "朋友",
    "室友": "室友",
    "同事": "同事",
    "婆婆": "婆婆",
}
_OTHER = re.compile("(" + "|".join(sorted(_KIN, key=len, reverse=True)) + ")(?!推荐|安利|介绍|种草|圈)")
_SELF = re.compile(r"我(?!妈|爸|老公|老婆|媳妇|男|女|对象|闺|儿|孩|宝|娃|姐|妹|哥|弟|朋友|室友|同事|婆婆|家|们|的朋友)")


@dataclass(frozen=True)
class Clause:
    """A stretch of the text [start, end) and what holds in all of it."""

    start: int
    end: int
    text: str
    relation: str | None
    supposed: bool
    past: bool
    definition: bool


def clauses(text: str) -> list[Clause]:
    """The clauses of a normalised text in order. A relative named in one clause goes on until the writer says 我."""
    spans, start = [], 0
    for found in _BREAKS.finditer(text):
        spans.append((start, found.start()))
        start = found.end()
    spans.append((start, len(text)))
    out: list[Clause] = []
    relation: str | None = None
    over = bool(_PAST_OVER.search(text))
    for begin, end in spans:
        part = text[begin:end]
        if not part.strip():
            continue
        relation = _relation(part, relation)
        past = bool(_PAST.search(part)) and over
        out.append(
            Clause(begin, end, part, relation, bool(_SUPPOSED.search(part)), past, bool(_DEFINITION.search(part)))
        )
    return out


def _relation(part: str, before: str | None) -> str | None:
    other, own = _OTHER.search(part), _SELF.search(part)
    if other and not (own and own.start() > other.start()):
        return _KIN[other.group(1)]
    return None if own else before


def denied(clause: Clause, start: int) -> bool:
    """Whether a keyword beginning at offset `start` of the whole text is denied by the words just before it."""
    before = clause.text[: start - clause.start]
    harmless = [found.span() for found in _FALSE_DENIAL.finditer(before)]
    for cut in range(max(0, len(before) - _DENIAL_REACH), len(before) + 1):
        denial = _DENIAL.search(before[:cut])
        if denial and not any(begin < denial.end() and denial.start() < end for begin, end in harmless):
            return True
    return False


def is_spam(text: str) -> bool:
    """Advertising and prompt injection: gives no tag, whatever words it holds (labelling rule 8)."""
    return bool(_SPAM.search(text))
