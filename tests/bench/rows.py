"""The bench's table: one row a claim, with its limit and whether it held."""

from dataclasses import asdict, dataclass


@dataclass
class Row:
    what: str
    measured: float | None  # None: could not be measured here; `note` says why
    limit: float | None
    unit: str = "x"
    most: bool = True  # measured may be at most the limit; else at least
    exact: bool = False  # measured must equal the limit
    timed: bool = True  # depends on the machine's speed; a smoke run does not judge it
    note: str = ""

    @property
    def ok(self):
        if self.measured is None or self.limit is None:
            return None
        if self.exact:
            return self.measured == self.limit
        return self.measured <= self.limit if self.most else self.measured >= self.limit

    def limit_text(self):
        if self.limit is None:
            return ""
        sign = "=" if self.exact else "≤" if self.most else "≥"
        return f"{sign} {number(self.limit)} {self.unit}".strip()

    def verdict(self):
        return {True: "pass", False: "FAIL", None: "–"}[self.ok]


def number(value):
    if value is None:
        return "–"
    if float(value).is_integer():
        return f"{int(value)}"
    return f"{value:.3f}" if abs(value) < 1 else f"{value:.2f}" if abs(value) < 100 else f"{value:.0f}"


def as_markdown(rows):
    lines = ["| what | measured | limit | | how |", "|---|---:|---:|---|---|"]
    for row in rows:
        measured = f"{number(row.measured)} {row.unit}" if row.measured is not None else "–"
        lines.append(f"| {row.what} | {measured.strip()} | {row.limit_text()} | {row.verdict()} | "
                     f"{row.note} |")
    return "\n".join(lines) + "\n"


def as_json(rows):
    return [asdict(row) | {"ok": row.ok} for row in rows]


def failed(rows, smoke=False):
    return [row for row in rows if row.ok is False and not (smoke and row.timed)]
