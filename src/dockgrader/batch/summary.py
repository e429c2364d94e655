"""What a person reads when a batch has ended: the scores, who could not be reached, why, and whom to write to."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence

from dockgrader.batch.results import Standing, StudentResult
from dockgrader.batch.roster import Student
from dockgrader.report.model import whole

_NAMES = 12
_YOU = frozenset(
    ("ssh.no-key", "ssh.config", "ssh.host-key-unknown", "ssh.max-startups", "ssh.penalised", "host.address")
)
_PREFIXES_OF_YOU = ("grader.", "evidence.", "check.", "fact.")
_TEXTS = {
    "en": {
        "graded": "Graded: {graded} of {total}.",
        "scores": "Scores: mean {mean}, median {median}, from {least} to {most} of {maximum}.",
        "unobserved": "Not observed: {count}. They have no score, which is not 0; --resume asks them again.",
        "missing": "Not tried: {count}. --resume goes on with them.",
        "student": "Write to the students: the machine is off, has another address, or lacks your key or Docker",
        "administrator": "Write to the network's administrator: a jump host or a name",
        "you": "Look here first: your keys, agent or configuration, or a machine that locks this address out",
        "more": "and {count} more",
        "such as": "such as",
    },
    "ru": {
        "graded": "Оценено: {graded} из {total}.",
        "scores": "Баллы: среднее {mean}, медиана {median}, от {least} до {most} из {maximum}.",
        "unobserved": "Не удалось проверить: {count}. Оценки у них нет, и это не 0; --resume опросит их снова.",
        "missing": "Ещё не проверялись: {count}. --resume продолжит с них.",
        "student": "Напишите студентам: машина выключена, сменила адрес, либо на ней нет вашего ключа или Docker",
        "administrator": "Напишите администратору сети: промежуточный хост или имя",
        "you": "Сначала проверьте у себя: ключи, агент, настройки, или машина временно не пускает этот адрес",
        "more": "и ещё {count}",
        "such as": "например",
    },
}


def whom(code: str, reason: str) -> str:
    """Who can do something about it: `student`, `administrator` or `you`."""
    if "(a jump host)" in reason or "jump host before" in reason or code == "ssh.host-unknown":
        return "administrator"
    return "you" if code in _YOU or code.startswith(_PREFIXES_OF_YOU) else "student"


def lines(results: Sequence[StudentResult], lang: str) -> Iterator[str]:
    """The summary, line by line; not yet safe for a terminal."""
    texts = _TEXTS[lang]
    scores = [result.score for result in results if result.score is not None]
    yield texts["graded"].format(graded=len(scores), total=len(results))
    if scores:
        yield texts["scores"].format(
            mean=whole(round(statistics.fmean(scores), 2)),
            median=whole(round(statistics.median(scores), 2)),
            least=whole(min(scores)),
            most=whole(max(scores)),
            maximum=whole(max(result.max_score for result in results)),
        )
    hidden = [result for result in results if result.status is Standing.UNOBSERVED]
    if hidden:
        yield texts["unobserved"].format(count=len(hidden))
    for who in ("student", "administrator", "you"):
        theirs = [result for result in hidden if whom(result.code, result.reason) == who]
        if theirs:
            yield f"  {texts[who]}:"
            yield from _by_code(theirs, texts)
    if missing := sum(result.status is Standing.MISSING for result in results):
        yield texts["missing"].format(count=missing)


def _by_code(results: Sequence[StudentResult], texts: dict[str, str]) -> Iterator[str]:
    by_code: dict[str, list[StudentResult]] = {}
    for result in results:
        by_code.setdefault(result.code, []).append(result)
    for code, alike in sorted(by_code.items(), key=lambda item: -len(item[1])):
        ids = [_addressed(result.student) for result in alike[:_NAMES]]
        if len(alike) > _NAMES:
            ids.append(texts["more"].format(count=len(alike) - _NAMES))
        yield f"    {code} ({len(alike)}): {', '.join(ids)}"
        yield f"      {texts['such as']}: {alike[0].reason}"


def _addressed(student: Student) -> str:
    """Whom to write to, as a mail program takes it where the roster has an address."""
    return f"{student.id} <{student.email}>" if student.email else student.id
